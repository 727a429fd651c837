"""Python lists → Arrow → rows of a table: the one way by which anything is inserted."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from webapp.store.writing.anyvalue import clean

Column: TypeAlias = "pa.Array[Any]"


def strings(values: Sequence[str | None]) -> Column:
    """VARCHAR; what UTF-8 cannot hold is replaced."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([value if value is None else clean(value) for value in values], pa.string())


def uuids(hex_ids: Sequence[str]) -> Column:
    """UUID column of ids of 32 hex digits."""
    sixteen_bytes = pa.py_buffer(bytes.fromhex("".join(hex_ids)))
    storage = pa.Array.from_buffers(pa.binary(16), len(hex_ids), [None, sixteen_bytes])
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def insert(
    writer: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, Column], *, replace: bool = False
) -> pa.Table:
    """Append rows, or `replace` those of equal primary key. Columns that are not given take their default."""
    rows = pa.table(dict(columns))
    if not rows.num_rows:
        return rows
    writer.register("fresh_rows", rows)
    try:
        verb = "INSERT OR REPLACE" if replace else "INSERT"
        writer.execute(f"{verb} INTO {table} BY NAME SELECT * FROM fresh_rows")
    finally:
        writer.unregister("fresh_rows")
    return rows
