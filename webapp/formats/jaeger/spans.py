"""Spans of Jaeger's records, which are in the spelling of its HTTP API (`spelling.py`). No files, no wrappers.

Undoes the Collector's translation from OTLP, so that a trace is the same whichever way it came.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from webapp.formats import moments, otel_tags, units
from webapp.formats.jaeger import tags as jaeger_tags
from webapp.formats.jaeger.spelling import canonical, respelled
from webapp.formats.jaeger.tags import NO_SERVICE, Carried, JsonObject, objects
from webapp.formats.notes import Notes
from webapp.model.spans import NO_RESOURCE, Attributes, Event, Link, Resource, Span

_KEPT = 10_000  # ids and resources known by how they are written
_ID_SPACE = 2**64
_FOLLOWS_FROM = ("FOLLOWS_FROM", "1")


@dataclass(frozen=True, slots=True)
class Group:
    """Records that came together. `trace_id`, `process`: of those that do not say.

    `whole`: all spans of a trace are here, so that a reference to none of them leads out of it.
    """

    records: list[Any]
    where: str
    trace_id: object = None
    process: object = None
    processes: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = False


class _Reference(NamedTuple):
    trace_id: str
    span_id: str
    follows_from: bool


class Spans:
    """Those of one file; what repeats in it is made once."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids: dict[tuple[object, int], str] = {}
        self._resources: dict[str, Resource] = {}
        self._seen: dict[
            int, tuple[JsonObject, Resource]
        ] = {}  # by identity; holding it keeps that from another
        self._where = ""

    def of(self, group: Group) -> Iterator[Span]:
        self._where = group.where
        known = {self._id(one.get("spanID"), 16) for one in objects(group.records)} if group.whole else None
        for number, written in enumerate(group.records):
            place = f"{group.where}, span {number + 1}" if len(group.records) > 1 else group.where
            if not isinstance(written, dict):
                self._notes.reject("bad_record", where=place)
                continue
            record = canonical(written)
            trace_id = self._id(record.get("traceID"), 32) or self._id(group.trace_id, 32)
            span_id = self._id(record.get("spanID"), 16)
            if not trace_id or not span_id:
                self._notes.reject("bad_id", where=place)
                continue
            parent, links = self._references(record, trace_id, known, place)
            resource = self._resource(_process(record, group), place)
            yield self._span(record, (trace_id, span_id), parent, links, resource, place)

    def _span(
        self,
        record: JsonObject,
        ids: tuple[str, str],
        parent: _Reference,
        links: list[Link],
        resource: Resource,
        place: str,
    ) -> Span:
        tags = jaeger_tags.attributes(record.get("tags"), self._notes, place)
        carried = Carried(tags)
        if record.get("warnings"):
            tags[jaeger_tags.WARNINGS] = record["warnings"]
        start_ns = self._time(record.get("startTime"), place)
        return Span(
            trace_id=ids[0],
            span_id=ids[1],
            parent_span_id=parent.span_id,
            follows_from=parent.follows_from,
            name=_text(record.get("operationName")),
            service=_text(resource.attributes.get("service.name")) or units.UNKNOWN_SERVICE,
            kind=carried.kind,
            start_ns=start_ns,
            end_ns=self._end(start_ns, record.get("duration"), place),
            status=carried.status,
            status_message=carried.message,
            attributes=tags,
            events=[self._event(log, place) for log in self._objects(record.get("logs"), place)],
            links=links,
            resource=resource,
            scope=carried.scope,
            trace_state=carried.state,
            flags=units.clamp(units.whole_number(record.get("flags")) or 0),
            written_trace_id=units.written_form(record.get("traceID"), ids[0]),
            written_span_id=units.written_form(record.get("spanID"), ids[1]),
        )

    def _time(self, written: object, place: str) -> int:
        """In µs or as text; absent is unknown."""
        return 0 if written is None else moments.checked(units.time_ns(written, "us"), self._notes, place)

    def _end(self, start_ns: int, length: object, place: str) -> int:
        if length is None:
            return 0
        length_ns = units.duration_ns(length, "us")
        return moments.checked(None if length_ns is None else start_ns + length_ns, self._notes, place)

    def _references(
        self, record: JsonObject, trace_id: str, known: Collection[str] | None, place: str
    ) -> tuple[_Reference, list[Link]]:
        """One reference at most is the parent, all others are links."""
        listed = self._objects(record.get("references"), place)
        found = [self._reference(one, trace_id) for one in listed]
        found = [one for one in found if one.span_id]
        within = [one for one in found if one.trace_id == trace_id]
        old_style = self._id(record.get("parentSpanID"), 16)
        parent = _parent(within, old_style, known)
        links = [_link(one) for one in found if one is not parent]
        return parent or _Reference(trace_id, old_style, follows_from=False), links

    def _reference(self, one: JsonObject, trace_id: str) -> _Reference:
        kind = str(one.get("refType")).upper().replace("-", "_")
        return _Reference(
            self._id(one.get("traceID"), 32) or trace_id,
            self._id(one.get("spanID"), 16),
            follows_from=kind in _FOLLOWS_FROM,
        )

    def _resource(self, written: object, place: str) -> Resource:
        if not isinstance(written, dict):
            return NO_RESOURCE
        if id(written) in self._seen:
            return self._seen[id(written)][1]
        key = repr(written)
        if key not in self._resources:
            _bounded(self._resources)
            self._resources[key] = self._new_resource(respelled(written), place)
        _bounded(self._seen)
        self._seen[id(written)] = (written, self._resources[key])
        return self._resources[key]

    def _new_resource(self, process: JsonObject, place: str) -> Resource:
        tags = jaeger_tags.attributes(process.get("tags"), self._notes, place)
        service = _text(process.get("serviceName"))
        named: Attributes = {"service.name": service} if service not in ("", NO_SERVICE) else {}
        return Resource(named | tags)

    def _event(self, log: JsonObject, place: str) -> Event:
        fields = jaeger_tags.attributes(log.get("fields"), self._notes, place)
        name = next((fields.pop(key) for key in ("event", "message") if isinstance(fields.get(key), str)), "")
        return Event(_text(name), self._time(log.get("timestamp"), place), fields)

    def _objects(self, listed: object, place: str) -> list[JsonObject]:
        found = objects(listed)
        if listed and (not isinstance(listed, list) or len(found) < len(listed)):
            self._notes.warn("bad_attribute", where=place)
        return found

    def _id(self, written: object, digits: int) -> str:
        """What is no id (seen in hand-made files) is hashed to one, so that its spans stay together."""
        if not isinstance(written, (str, int)) or isinstance(written, bool):
            return ""
        found = self._ids.get((written, digits))
        if found is None:
            _bounded(self._ids)
            found = self._ids[(written, digits)] = self._new_id(written, digits)
        return found

    def _new_id(self, written: str | int, digits: int) -> str:
        """Numbers are the signed ones of Cassandra."""
        number = written % _ID_SPACE if isinstance(written, int) and -_ID_SPACE < written < 0 else written
        found = units.read_id(number, digits)
        if found:
            if found.unusual and len(str(written)) > digits:  # Jaeger itself leaves leading zeros out
                self._notes.warn("id_padded", where=self._where)
            return found.hex
        text = str(written).strip()
        if not text.removeprefix("0x").strip("0-"):
            return ""
        self._notes.warn("id_hashed", where=units.id_place(self._where, digits, text))
        return units.hashed_id(text, digits)


def _process(record: JsonObject, group: Group) -> object:
    """Downloads from the UI and records of storages carry it within the span."""
    return group.processes.get(str(record.get("processID")), record.get("process") or group.process)


def _parent(within: list[_Reference], old_style: str, known: Collection[str] | None) -> _Reference | None:
    """As Jaeger decides: the one that `parentSpanID` names, else the first CHILD_OF, else the first of all.

    Where the trace is whole, one that is there goes before one that is not, which must be a CHILD_OF then.
    """
    if old_style:
        return next((one for one in within if one.span_id == old_style), None)
    here = [one for one in within if known is None or one.span_id in known]
    child_of = (one for one in here if not one.follows_from)
    absent = (one for one in within if not one.follows_from)
    return next(child_of, None) or next(iter(here), None) or next(absent, None)


def _link(one: _Reference) -> Link:
    kind: Attributes = {} if one.follows_from else {otel_tags.REFERENCE_TYPE: "child_of"}
    return Link(one.trace_id, one.span_id, kind)


def _bounded(cache: dict[Any, Any]) -> None:
    if len(cache) >= _KEPT:
        cache.clear()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
