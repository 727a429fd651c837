"""Rows of a foreign table as spans. Values are plain Python (`arrow.py`), columns go by field (`tables.py`)."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from webapp.formats import moments, units
from webapp.formats.notes import Notes
from webapp.formats.tables import arrow as tables_arrow
from webapp.formats.tables import letters
from webapp.model.spans import Attributes, Event, Link, Resource, Scope, Span

Columns = Mapping[str, list[Any]]
Row = dict[str, Any]

Parts = Mapping[str, tuple[str, ...]]

# field of a parallel list -> what the same is called in a list of records
_EVENT_PARTS = {
    "event_times": ("timestamp", "time", "timeunixnano", "timens"),
    "event_names": ("name",),
    "event_attributes": ("attributes",),
}
_LINK_PARTS = {
    "link_trace_ids": ("traceid",),
    "link_span_ids": ("spanid",),
    "link_states": ("tracestate",),
    "link_attributes": ("attributes",),
}


class Rows:
    """`clocks` names the unit of each time field; times of fields that are not in it are judged by their size."""

    def __init__(self, clocks: Mapping[str, str], notes: Notes) -> None:
        self._clocks = clocks
        self._notes = notes
        self._where = ""

    def spans(self, columns: Columns, first_row: int) -> Iterator[Span]:
        resources: dict[str, Resource] = {}
        names = list(columns)
        for number, values in enumerate(zip(*columns.values(), strict=True), first_row):
            self._where = f"row {number}"
            row = dict(zip(names, values, strict=True))
            trace_id = tables_arrow.identifier(row["trace_id"], 32)
            span_id = tables_arrow.identifier(row["span_id"], 16)
            if not trace_id or not span_id:
                self._notes.reject("bad_id", where=self._where)
                continue
            service = tables_arrow.text(row.get("service"))
            key = f"{service}\0{row.get('resource')}"
            if key not in resources:
                resources[key] = self._resource(row.get("resource"), service)
            yield self._span(row, trace_id, span_id, resources[key])

    def _span(self, row: Row, trace_id: str, span_id: str, resource: Resource) -> Span:
        text = tables_arrow.text
        start_ns = self._time("start", row["start"])
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=tables_arrow.identifier(row.get("parent_span_id"), 16),
            name=text(row["name"]),
            service=text(resource.attributes.get("service.name")),
            kind=units.kind_number(_worded(row.get("kind"))),
            start_ns=start_ns,
            end_ns=self._end(row, start_ns),
            status=units.status_number(_worded(row.get("status"))),
            status_message=text(row.get("status_message")),
            attributes=self._attributes(row.get("attributes")),
            events=self._events(row),
            links=self._links(row),
            resource=resource,
            scope=Scope(text(row.get("scope_name")), text(row.get("scope_version"))),
            trace_state=text(row.get("trace_state")),
            flags=units.whole_number(row.get("flags")) or 0,
        )

    def _resource(self, written: object, service: str) -> Resource:
        attributes = self._attributes(written)
        if service and "service.name" not in attributes:
            attributes = {"service.name": service, **attributes}
        return Resource(attributes)

    def _attributes(self, written: object) -> Attributes:
        try:
            return tables_arrow.attributes(written)
        except (ValueError, TypeError):
            self._notes.warn("bad_attribute", where=self._where)
            return {}

    def _time(self, field: str, written: object) -> int:
        value = _worded(written)
        if value is None:
            return 0
        found = units.iso_ns(value) if isinstance(value, str) else None
        if found is None:
            found = units.scaled_ns(value, self._clocks.get(field) or self._judged(value))
        return moments.checked(found, self._notes, self._where)

    def _judged(self, value: object) -> str:
        self._notes.warn("time_unit", where=self._where)
        return units.unit_by_size(value)

    def _end(self, row: Row, start_ns: int) -> int:
        if row.get("duration") is None:
            return self._time("end", row.get("end"))
        length = units.duration_ns(_worded(row["duration"]), "ns")
        if not start_ns:
            return 0
        return moments.checked(None if length is None else start_ns + length, self._notes, self._where)

    def _events(self, row: Row) -> list[Event]:
        return [
            Event(tables_arrow.text(name), self._time("event_times", time), self._attributes(attributes))
            for time, name, attributes in self._parts(row, "events", _EVENT_PARTS)
        ]

    def _links(self, row: Row) -> list[Link]:
        identifier = tables_arrow.identifier
        links = [
            Link(
                identifier(trace_id, 32),
                identifier(span_id, 16),
                self._attributes(attributes),
                tables_arrow.text(state),
            )
            for trace_id, span_id, state, attributes in self._parts(row, "links", _LINK_PARTS)
        ]
        return [link for link in links if link.trace_id and link.span_id]

    def _parts(self, row: Row, field: str, parts: Parts) -> Iterator[tuple[Any, ...]]:
        """Events or links: parallel lists in columns of their own, or one list of records (also as JSON text)."""
        if not parts.keys().isdisjoint(row):
            return zip_longest(*(row.get(part) or () for part in parts))
        try:
            records = tables_arrow.records(row.get(field))
        except (ValueError, TypeError):
            self._notes.warn("bad_attribute", where=self._where)
            records = []
        known = [{letters(key): value for key, value in record.items()} for record in records]
        return (tuple(_first_of(one, names) for names in parts.values()) for one in known)


def _first_of(record: Row, names: tuple[str, ...]) -> object:
    return next((record[name] for name in names if name in record), None)


def _worded(value: object) -> object:
    return tables_arrow.text(value) if isinstance(value, bytes) else value
