"""Rows of our own Parquet (`schema.py`) as spans, a batch of columns at a time. Foreign tables: `tables.py`."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from webapp.formats import units
from webapp.formats.notes import Notes
from webapp.formats.parquet import values as parquet_values
from webapp.formats.parquet.schema import SCHEMA
from webapp.model.spans import Attributes, Event, Link, Resource, Scope, Span

# what stands for null or a missing column; the only float is the weight
_EMPTY: dict[Any, Any] = {pa.int32(): 0, pa.int64(): 0, pa.bool_(): False, pa.float64(): 1.0}


def spans_of(batch: pa.RecordBatch, notes: Notes, first_row: int) -> list[Span]:
    """Raises pyarrow.ArrowException when a column has a type that cannot become ours."""
    columns = {field.name: _values(batch, field) for field in SCHEMA}
    for name, digits in (("trace_id", 32), ("span_id", 16), ("parent_span_id", 16)):
        columns[name] = _ids(columns[name], digits)
    decoder = _Decoder(notes, first_row)
    resources = [
        decoder.resource(text, url)
        for text, url in zip(columns["resource_attributes"], columns["resource_schema_url"], strict=True)
    ]
    scopes = [
        decoder.scope(*parts)
        for parts in zip(
            columns["scope_name"], columns["scope_version"], columns["scope_attributes"], strict=True
        )
    ]
    columns["attributes"] = [decoder.attributes(text) for text in columns["attributes"]]
    columns["events"] = [decoder.events(rows) if rows else [] for rows in columns["events"]]
    columns["links"] = [decoder.links(rows) if rows else [] for rows in columns["links"]]
    columns |= {"resource": resources, "scope": scopes}
    spans = _spans(columns)
    whole = [span for span in spans if span.trace_id and span.span_id]
    for _ in range(len(spans) - len(whole)):
        notes.reject("bad_id", where=f"rows from {first_row}")
    return whole


# fmt: off
_FIELDS = (
    "trace_id", "span_id", "parent_span_id", "written_trace_id", "written_span_id", "name", "service", "kind",
    "start_ns", "end_ns", "status", "status_message", "attributes", "events", "links", "resource", "scope",
    "trace_state", "flags", "follows_from", "shared", "weight",
)


def _spans(columns: dict[str, list[Any]]) -> list[Span]:
    """Spelled out because `Span(**fields)` takes half as long again, and this is where the time goes."""
    return [
        Span(
            trace_id=trace_id, span_id=span_id, parent_span_id=parent, written_trace_id=written_trace,
            written_span_id=written_span, name=name, service=service, kind=kind, start_ns=start, end_ns=end,
            status=status, status_message=message, attributes=attributes, events=events, links=links,
            resource=resource, scope=scope, trace_state=state, flags=flags, follows_from=follows,
            shared=shared, weight=weight,
        )
        for (
            trace_id, span_id, parent, written_trace, written_span, name, service, kind, start, end,
            status, message, attributes, events, links, resource, scope, state, flags, follows, shared, weight,
        ) in zip(*(columns[field] for field in _FIELDS), strict=True)
    ]
# fmt: on


def wrong_column(schema: pa.Schema) -> str:
    """The first column whose type cannot become ours, in words; "" if all can."""
    for field in SCHEMA:
        index = schema.get_field_index(field.name)
        if index >= 0:
            kind = schema.field(index).type
            try:
                pa.nulls(0, kind).cast(field.type)
            except pa.ArrowException:
                return f"{field.name} is {kind} instead of {field.type}"
    return ""


def _values(batch: pa.RecordBatch, field: "pa.Field[Any]") -> list[Any]:
    index = batch.schema.get_field_index(field.name)
    empty = _EMPTY.get(field.type, "" if pa.types.is_string(field.type) else ())
    if index < 0:
        return [empty] * batch.num_rows
    column = batch.column(index)
    if column.type != field.type:
        column = column.cast(field.type)
    values = column.to_pylist()
    return [empty if value is None else value for value in values] if column.null_count else values


def _ids(texts: list[str], digits: int) -> list[str]:
    """As they are when all are ids as we write them, else one by one; "" for what is none."""
    array = pa.array(texts)
    good = pc.match_substring_regex(array, f"^([0-9a-f]{{{digits}}})?$")
    zeros = pc.equal(array, pa.scalar("0" * digits))
    if pc.all(good).as_py() and not pc.any(zeros).as_py():
        return texts
    found = (units.read_id(text, digits) for text in texts)
    return [one.hex if one else "" for one in found]


class _Decoder:
    """Attribute texts of one batch; resources and scopes made once each."""

    def __init__(self, notes: Notes, first_row: int) -> None:
        self._notes = notes
        self._where = f"rows from {first_row}"
        self._resources: dict[tuple[str, str], Resource] = {}
        self._scopes: dict[tuple[str, str, str], Scope] = {}

    def attributes(self, text: str) -> Attributes:
        try:
            return parquet_values.from_text(text or "{}")
        except (ValueError, RecursionError):
            self._notes.warn("bad_attribute", where=self._where)
            return {}

    def resource(self, text: str, schema_url: str) -> Resource:
        key = (text, schema_url)
        if key not in self._resources:
            self._resources[key] = Resource(self.attributes(text), schema_url)
        return self._resources[key]

    def scope(self, name: str, version: str, text: str) -> Scope:
        key = (name, version, text)
        if key not in self._scopes:
            self._scopes[key] = Scope(name, version, self.attributes(text))
        return self._scopes[key]

    def events(self, rows: list[dict[str, Any] | None]) -> list[Event]:
        return [
            Event(
                name=row["name"] or "",
                time_ns=row["time_ns"] or 0,
                attributes=self.attributes(row["attributes"]),
                dropped_attributes=row["dropped_attributes"] or 0,
            )
            for row in rows
            if row
        ]

    def links(self, rows: list[dict[str, Any] | None]) -> list[Link]:
        return [
            Link(
                trace_id=row["trace_id"] or "",
                span_id=row["span_id"] or "",
                attributes=self.attributes(row["attributes"]),
                trace_state=row["trace_state"] or "",
            )
            for row in rows
            if row
        ]
