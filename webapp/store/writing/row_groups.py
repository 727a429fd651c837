"""Encoded spans put together and cut, so that inserts fill row groups of DuckDB to the last row.

Rows that fill none are written to the log, and compressed only at the checkpoint: that takes twice the time.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from webapp.store.writing.attributes import AttributeKey
from webapp.store.writing.encode import Encoded, with_defaults

ROW_GROUP = 122_880
_LISTS = {"operation": "operations", "resource": "resources", "scope": "scopes", "peer": "peers"}


def joined(parts: Sequence[Encoded], source_counts: Sequence[int]) -> Encoded:
    """One below the other: the numbers of a part follow those of the parts before, of its sources too."""
    names = list(dict.fromkeys(name for part in parts for name, _ in part.keys))
    words = {field: [word for part in parts for word in getattr(part, field)] for field in _LISTS.values()}
    behind = dict.fromkeys(["source", *_LISTS], 0)
    tables: list[pa.Table] = []
    for part, source_count in zip(parts, source_counts, strict=True):
        if part.rows.num_rows:
            tables.append(_renumbered(part, names, behind))
        behind["source"] += source_count
        for column, field in _LISTS.items():
            behind[column] += len(getattr(part, field))
    rows = with_defaults(pa.concat_tables(tables, promote_options="default")) if tables else pa.table({})
    strays = [stray for part in parts for stray in part.strays]
    return Encoded(rows, _counted(rows, names), strays, **words)


def trace_ids_of(encoded: Encoded) -> set[str]:
    """Of all its spans; it has some."""
    ids: Any = encoded.rows["trace_id"].combine_chunks()  # an extension array
    return {trace_id.hex() for trace_id in ids.storage.unique().to_pylist()}


def cut(encoded: Encoded, size: int) -> tuple[Encoded, Encoded]:
    """The first `size` rows, at least one, and the others. Strays are counted with the first."""
    names = [name for name, _ in encoded.keys]
    first, second = encoded.rows.slice(0, size), encoded.rows.slice(size)
    return (
        replace(encoded, rows=first, keys=_counted(first, names)),
        replace(encoded, rows=second, keys=_counted(second, names), strays=[]),
    )


def _renumbered(part: Encoded, names: Sequence[AttributeKey], behind: dict[str, int]) -> pa.Table:
    numbers = {name: str(number) for number, name in enumerate(names)}
    places = {str(number): numbers[name] for number, (name, _) in enumerate(part.keys)}
    columns = {places.get(name, name): part.rows[name] for name in part.rows.column_names}
    moved = {name: pc.add(columns[name], pa.scalar(by, pa.uint32())) for name, by in behind.items()}
    return pa.table(columns | moved)


def _counted(rows: pa.Table, names: Sequence[AttributeKey]) -> list[tuple[AttributeKey, int]]:
    return [(name, rows.num_rows - rows[str(number)].null_count) for number, name in enumerate(names)]
