"""Encoded spans → the spans table: numbers become ids, keys become columns. No transaction of its own."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from webapp.store.sources import count_spans
from webapp.store.writing.anyvalue import clean
from webapp.store.writing.arrow import Column, insert
from webapp.store.writing.attributes import AttributeKey, with_more
from webapp.store.writing.encode import Encoded
from webapp.store.writing.interned import Ids
from webapp.store.writing.keys import RARE, KeyCatalog
from webapp.store.writing.names import Names

_NUMBERED = frozenset({"source", "operation", "resource", "scope", "peer"})


def append_encoded(
    writer: duckdb.DuckDBPyConnection,
    names: Names,
    keys: KeyCatalog,
    encoded: Encoded,
    source_ids: Sequence[int],
) -> None:
    """Insert spans of one or several sources; `source_ids` are the ids of their `source` numbers."""
    size = encoded.rows.num_rows
    if not size:
        return
    arrays = {name: encoded.rows[name].combine_chunks() for name in encoded.rows.column_names}
    first_row = _take_rows(writer, size)
    sources = np.array(source_ids, np.uint32)[arrays["source"].to_numpy()]
    columns = {
        "span_row": pa.array(np.arange(first_row, first_row + size)),
        "source_id": pa.array(sources),
        **_ids(arrays, encoded, names),
        **{name: arrays[name] for name in arrays if not name.isdigit() and name not in _NUMBERED},
    }
    _add_columns(writer, keys, encoded, first_row)
    columns |= _attributes(arrays, keys, encoded)
    insert(writer, "spans", columns)
    count_spans(writer, sources)
    names.flush(writer, keys)
    keys.flush(writer)


def _take_rows(writer: duckdb.DuckDBPyConnection, number: int) -> int:
    found = writer.execute("SELECT value FROM settings WHERE name = 'next_row'").fetchall()
    first = int(found[0][0]) if found else 0
    writer.execute("INSERT OR REPLACE INTO settings VALUES ('next_row', ?)", [first + number])
    return first


def _ids(arrays: dict[str, Column], encoded: Encoded, names: Names) -> dict[str, Column]:
    def look_up(ids: Ids, name: str) -> Column:
        return pa.array(ids).take(arrays[name])

    operations, services = names.operation_ids(encoded.operations)
    return {
        "operation_id": look_up(operations, "operation"),
        "service_id": look_up(services, "operation"),
        "resource_id": look_up(names.resource_ids(encoded.resources), "resource"),
        "scope_id": look_up(names.scope_ids(encoded.scopes), "scope"),
        "peer_id": look_up(names.nodes.ids_of(encoded.peers), "peer"),
    }


def _add_columns(
    writer: duckdb.DuckDBPyConnection, keys: KeyCatalog, encoded: Encoded, stored_rows: int
) -> None:
    """For what is frequent and new, the most frequent first. What UTF-8 cannot hold cannot be looked up either."""
    wanted = [
        (count, name)
        for name, count in encoded.keys
        if count * RARE >= encoded.rows.num_rows and clean(name[0]) == name[0] and not keys.column_of(*name)
    ]
    wanted.sort(key=lambda pair: -pair[0])
    keys.add_columns(writer, [name for _, name in wanted], stored_rows)


def _attributes(arrays: dict[str, Column], keys: KeyCatalog, encoded: Encoded) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    homeless: dict[AttributeKey, Column] = {}
    for number, (name, count) in enumerate(encoded.keys):
        column = keys.column_of(*name)
        if column:
            columns[column] = arrays[str(number)]
        elif count:
            homeless[name] = arrays[str(number)]
        if count:
            keys.count(*name, count, in_rest=not column)
    for name, count in encoded.strays:
        keys.count(*name, count, in_rest=True)
    if homeless:
        rest = arrays.get("attributes_rest")
        columns["attributes_rest"] = with_more(rest, homeless, encoded.rows.num_rows)
    return columns
