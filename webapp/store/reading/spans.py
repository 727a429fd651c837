"""Rows of the spans table → Span objects, equal to those that were appended."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.calls import tells_of_call
from webapp.model.columns import I64
from webapp.model.spans import Attributes, Resource, Scope, Span
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.connection import READ_SECONDS
from webapp.store.reading.columns import id_list
from webapp.store.reading.traces import rows_of
from webapp.store.writing.anyvalue import decode_attributes, decode_events, decode_links

# Fields of a span that lie in a column of the same name, NULL for the field's empty value.
_SAME = ("kind", "status", "start_ns", "end_ns", "follows_from", "shared", "flags", "weight")
_TEXTS = ("status_message", "trace_state", "written_trace_id", "written_span_id")
_LISTS: dict[str, Callable[[str], list[Any]]] = {"events": decode_events, "links": decode_links}
_MANY = 10_000  # spans: to read more, as a file of a large trace needs it …
_FILE_SECONDS = 120.0  # … may take longer


def patience_for(rows: Sequence[int] | None) -> float:
    """Seconds that reading so many rows may take; None: all of a trace."""
    return READ_SECONDS if rows is not None and len(rows) <= _MANY else _FILE_SECONDS


def read_spans(catalogue: Catalogue, trace_id: str, rows: Sequence[int] | None = None) -> list[Span]:
    """The spans of a trace in the order of `rows`; those that are not stored are left out. None: all, in row order."""
    cursor = catalogue.cursor
    extent = rows_of(catalogue, trace_id) if rows is None else rows and (min(rows), max(rows))
    if not extent:
        return []
    chosen = "ORDER BY span_row" if rows is None else f"AND span_row IN {id_list(rows)}"
    found = cursor.sql(
        f"SELECT * FROM spans WHERE trace_id = ?::UUID AND span_row BETWEEN ? AND ? {chosen}",
        params=[trace_id, *extent],
    ).to_arrow_table()
    spans = _build(catalogue, trace_id, found)
    if rows is None:
        return spans
    by_row = dict(zip(found["span_row"].to_pylist(), spans, strict=True))
    return [by_row[row] for row in rows if row in by_row]


Asked = dict[int, tuple[Attributes, str]]  # by row


def read_asked(catalogue: Catalogue, rows: I64) -> Asked:
    """What spans say of whom they ask for what, and their status messages."""
    if not len(rows):
        return {}
    cursor = catalogue.cursor
    cursor.register("asked_rows", pa.table({"span_row": rows}))
    found = cursor.execute(
        f"""
        SELECT span_row, {", ".join(asked_columns(catalogue))}
        FROM spans SEMI JOIN asked_rows USING (span_row)
        WHERE span_row BETWEEN ? AND ?
        """,
        [int(rows.min()), int(rows.max())],
    ).fetchnumpy()
    cursor.unregister("asked_rows")
    return asked_in(catalogue, found)


def asked_columns(catalogue: Catalogue) -> list[str]:
    """What `asked_in` reads beside the row."""
    return ["status_message", "attributes_rest", *(column for column, _ in _telling(catalogue))]


def asked_in(catalogue: Catalogue, found: Mapping[str, NDArray[Any]]) -> Asked:
    attributes: list[Attributes] = [
        decode_attributes(text) if text else {} for text in found["attributes_rest"].tolist()
    ]
    for column, key in _telling(catalogue):
        for place, value in enumerate(found[column].tolist()):
            if value is not None:
                attributes[place][key] = value
    messages = [text or "" for text in found["status_message"].tolist()]
    return dict(zip(found["span_row"].tolist(), zip(attributes, messages, strict=True), strict=True))


def _telling(catalogue: Catalogue) -> list[tuple[str, str]]:
    return [(column, key) for column, key in catalogue.span_columns() if tells_of_call(key)]


def read_values(
    catalogue: Catalogue, trace_id: str, rows: Sequence[int], keys: Sequence[str]
) -> dict[int, Attributes]:
    """By row, the attributes of spans with these keys, or those of their resource. Reads no other column."""
    lie = {key: catalogue.columns(key) for key in keys}
    columns = [(one.column, key) for key, found in lie.items() for one in found if one.column]
    in_rest = any(one.in_rest for found in lie.values() for one in found)
    names = [
        "span_row",
        "resource_id",
        *(name for name, _ in columns),
        *(["attributes_rest"] if in_rest else []),
    ]
    found = catalogue.cursor.sql(
        f"""
        SELECT {", ".join(names)} FROM spans
        WHERE trace_id = ?::UUID AND span_row BETWEEN ? AND ? AND span_row IN {id_list(rows)}
        """,
        params=[trace_id, min(rows), max(rows)],
    ).to_arrow_table()
    resources = _resources(catalogue.cursor, found["resource_id"].to_pylist())
    rest = found["attributes_rest"].to_pylist() if in_rest else [None] * len(found)
    values: dict[int, Attributes] = {}
    for place, (row, text) in enumerate(zip(found["span_row"].to_pylist(), rest, strict=True)):
        carried = resources[place].attributes | (decode_attributes(text) if text else {})
        values[row] = {key: carried[key] for key in keys if key in carried}
    for name, key in columns:
        for row, value in zip(found["span_row"].to_pylist(), found[name].to_pylist(), strict=True):
            if value is not None:
                values[row][key] = value
    return values


def _build(catalogue: Catalogue, trace_id: str, found: pa.Table) -> list[Span]:
    cursor = catalogue.cursor
    fields: dict[str, list[Any]] = {name: found[name].to_pylist() for name in _SAME}
    fields["span_id"] = [f"{number:016x}" for number in found["span_id"].to_pylist()]
    fields["parent_span_id"] = [
        f"{number:016x}" if number else "" for number in found["parent_id"].to_pylist()
    ]
    for name in _TEXTS:
        fields[name] = [text or "" for text in found[name].to_pylist()]
    for name, decode in _LISTS.items():
        fields[name] = [decode(text) if text else [] for text in found[name].to_pylist()]
    fields["service"], fields["name"] = _names(cursor, found["operation_id"].to_numpy().tolist())
    fields["resource"] = _resources(cursor, found["resource_id"].to_numpy().tolist())
    fields["scope"] = _scopes(cursor, found["scope_id"].to_numpy().tolist())
    fields["attributes"] = _attributes(catalogue, found)
    names = list(fields)
    return [
        Span(trace_id=trace_id, **dict(zip(names, values, strict=True)))
        for values in zip(*fields.values(), strict=True)
    ]


def _attributes(catalogue: Catalogue, found: pa.Table) -> list[Attributes]:
    texts = found["attributes_rest"].to_pylist()
    attributes: list[Attributes] = [decode_attributes(text) if text else {} for text in texts]
    for column, key in catalogue.span_columns():
        if column not in found.column_names:  # added since `found` was read
            continue
        cells = found[column]
        rows = np.flatnonzero(cells.is_valid()).tolist()
        for row, value in zip(rows, cells.drop_null().to_pylist(), strict=True):
            attributes[row][key] = value
    return attributes


def _names(cursor: duckdb.DuckDBPyConnection, ids: list[int]) -> tuple[list[str], list[str]]:
    """Services and names of operations."""
    found = cursor.execute(
        f"""
        SELECT operation_id, service, name
        FROM operations JOIN services USING (service_id)
        WHERE operation_id IN {id_list(set(ids))}
        """
    ).fetchall()
    operations = {number: (service, name) for number, service, name in found}
    return [operations[number][0] for number in ids], [operations[number][1] for number in ids]


def _resources(cursor: duckdb.DuckDBPyConnection, ids: list[int]) -> list[Resource]:
    """The resource of each id, one object for all that share it."""
    query = "SELECT resource_id, attributes, schema_url FROM resources WHERE resource_id IN "
    found = cursor.execute(query + id_list(set(ids))).fetchall()
    resources = {number: Resource(decode_attributes(text), schema_url) for number, text, schema_url in found}
    return [resources[number] for number in ids]


def _scopes(cursor: duckdb.DuckDBPyConnection, ids: list[int]) -> list[Scope]:
    query = "SELECT scope_id, name, version, attributes FROM scopes WHERE scope_id IN "
    found = cursor.execute(query + id_list(set(ids))).fetchall()
    scopes = {number: Scope(name, version, decode_attributes(text)) for number, name, version, text in found}
    return [scopes[number] for number in ids]
