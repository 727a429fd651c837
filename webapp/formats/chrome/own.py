"""Trace events of our own export, which carry whole spans in their arguments. How they are written is in `writing.py`."""

from collections.abc import Iterator
from typing import Any

import msgspec

from webapp.formats import units
from webapp.formats.chrome.processes import UNKNOWN, Processes
from webapp.formats.ids import Ids
from webapp.formats.notes import Notes
from webapp.formats.value_text import is_deep
from webapp.model.spans import NO_RESOURCE, NO_SCOPE, Attributes, Event, Link, Resource, Scope, Span

Json = dict[str, Any]


class _Carried(msgspec.Struct, frozen=True):
    """The arguments of an event `b`."""

    trace_id: str
    span_id: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    parent_span_id: str = ""
    kind: str = ""
    status: str = ""
    status_message: str = ""
    start_ns: int | None = None
    end_ns: int | None = None
    schema_url: str = ""
    scope: tuple[str, str, dict[str, Any]] = ("", "", {})
    links: list[tuple[str, str, dict[str, Any], str]] = []
    follows_from: bool = False
    shared: bool = False
    weight: float = 1.0
    trace_state: str = ""
    flags: int = 0
    written_trace_id: str = ""
    written_span_id: str = ""


class Own:
    """An open span is `b`; its events `n` and its end `e` follow under the same id."""

    def __init__(self, notes: Notes, processes: Processes) -> None:
        self._notes = notes
        self._processes = processes
        self._ids = Ids(notes)
        self._open: dict[str, tuple[Json, _Carried, list[Event], str]] = {}
        self._resources: dict[str, Resource] = {}

    def is_own(self, told: Json) -> bool:
        args = told.get("args")
        if told.get("cat") == "call" and told["ph"] in "sf" and self._processes.start_unix_ns is not None:
            return True
        if told.get("cat") != "span":
            return False
        begins = told["ph"] == "b" and isinstance(args, dict) and "span_id" in args and "attributes" in args
        return begins or (told["ph"] in "ne" and str(told.get("id")) in self._open)

    def add(self, told: Json, where: str) -> Iterator[Span]:
        key = str(told.get("id"))
        if told["ph"] == "b":
            try:
                carried = msgspec.convert(told["args"], _Carried)
            except msgspec.ValidationError:
                self._notes.reject("bad_record", where=where)
                return
            if is_deep(told["args"]):
                self._notes.reject("too_large", where=where)
                return
            if key in self._open:
                yield from self._span(key, 0)
            self._open[key] = (told, carried, [], where)
        elif told["ph"] == "n":
            self._open[key][2].append(self._event(told))
        elif told["ph"] == "e":
            yield from self._span(key, self._time(told))

    def rest(self) -> Iterator[Span]:
        for key in [*self._open]:
            yield from self._span(key, 0)

    def _time(self, told: Json) -> int:
        after_ns = units.scaled_ns(told.get("ts"), "us") or 0
        found = after_ns + (self._processes.start_unix_ns or 0)
        return units.clamp(found)

    def _event(self, told: Json) -> Event:
        args = told.get("args")
        exact, dropped = told.get("time_ns"), told.get("dropped_attributes")
        return Event(
            str(told.get("name", "")),
            units.clamp(exact) if isinstance(exact, int) else self._time(told),
            args if isinstance(args, dict) and not is_deep(args) else {},
            dropped if isinstance(dropped, int) else 0,
        )

    def _span(self, key: str, end_ns: int) -> Iterator[Span]:
        """Nothing without usable ids."""
        told, carried, events, where = self._open.pop(key)
        trace_id, span_id = self._ids.trace(carried.trace_id, where), self._ids.span(carried.span_id, where)
        if not trace_id or not span_id:
            self._notes.reject("bad_id", where=where)
            return
        service = self._processes.name(str(told.get("pid")))
        scope = Scope(*carried.scope)
        yield Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=self._ids.span(carried.parent_span_id, where),
            name=str(told.get("name", "")),
            service="" if service == UNKNOWN else service,
            start_ns=self._time(told) if carried.start_ns is None else units.clamp(carried.start_ns),
            end_ns=end_ns if carried.end_ns is None else units.clamp(carried.end_ns),
            kind=units.kind_number(carried.kind),
            status=units.status_number(carried.status),
            status_message=carried.status_message,
            attributes=carried.attributes,
            events=events,
            links=[Link(*link) for link in carried.links],
            resource=self._resource(carried.resource, carried.schema_url),
            scope=NO_SCOPE if scope == NO_SCOPE else scope,
            trace_state=carried.trace_state,
            flags=units.clamp(carried.flags),
            follows_from=carried.follows_from,
            shared=carried.shared,
            written_trace_id=carried.written_trace_id,
            written_span_id=carried.written_span_id,
            weight=carried.weight,
        )

    def _resource(self, attributes: Attributes, schema_url: str) -> Resource:
        if not attributes and not schema_url:
            return NO_RESOURCE
        if len(self._resources) > 10_000:
            self._resources.clear()
        return self._resources.setdefault(f"{schema_url} {attributes!r}", Resource(attributes, schema_url))
