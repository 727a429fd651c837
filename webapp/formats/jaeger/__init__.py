"""Jaeger JSON: what its HTTP API answers and what its UI downloads and uploads, one trace or many.

Undoes the Collector's translation from OTLP, so that a trace is the same whichever way it came.
Tags are in `tags.py`, writing in `writing.py`; other shapes of Jaeger's storages are formats of their own.
"""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from webapp.formats import json_stream, moments, otel_tags, units
from webapp.formats.head import Head
from webapp.formats.jaeger import tags as jaeger_tags
from webapp.formats.jaeger.tags import NO_SERVICE, Carried, JsonObject, objects
from webapp.formats.jaeger.writing import write as write
from webapp.formats.notes import Notes
from webapp.model.spans import NO_RESOURCE, Attributes, Event, Link, Resource, Span

NAME = "jaeger"
EXAMPLE = '{"data": [{"traceID": "…", "spans": [{"spanID": "…", "operationName": "…"}], "processes": {}}]}'


def looks_like(head: Head) -> str | None:
    first = head.first
    inner = first.get("data")
    if any(_is_trace(one) for one in objects([inner] if isinstance(inner, dict) else inner)):
        return "Jaeger JSON: traces in `data`"
    if "data" in first and first.keys() >= {"total", "limit", "offset", "errors"}:
        return "Jaeger JSON: an answer of its API"
    return "Jaeger JSON: a trace of `spans` with `spanID`" if _is_trace(first) else None


def _is_trace(one: JsonObject) -> bool:
    spans = one.get("spans")
    if not isinstance(spans, list):
        return False
    if objects(spans):
        return "spanID" in objects(spans)[0]
    return "traceID" in one and "processes" in one


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    for document in json_stream.documents(stream, notes, opened=("data",), records=("data", "spans")):
        value = json_stream.loads(document, notes)
        for trace in _traces(value, notes, document.where):
            yield from _Trace(trace, notes, document.where).spans()


def _traces(value: object, notes: Notes, where: str) -> Iterator[JsonObject]:
    """Traces however they are wrapped: in lists, in answers of the API, in both."""
    wrapped = [value]
    while wrapped:
        one = wrapped.pop()
        if isinstance(one, list):
            wrapped.extend(reversed(one))
        elif isinstance(one, dict) and isinstance(one.get("spans"), list):
            yield one
        elif isinstance(one, dict) and "data" in one:
            wrapped.append(one["data"])
        elif one is not None:
            notes.reject("bad_record", where=where)


class _Reference(NamedTuple):
    trace_id: str
    span_id: str
    follows_from: bool


class _Trace:
    def __init__(self, trace: JsonObject, notes: Notes, where: str) -> None:
        self._trace = trace
        self._notes = notes
        self._where = where
        self._ids: dict[tuple[str, int], str] = {}
        self._resources: dict[int, Resource] = {}
        processes = trace.get("processes")
        self._processes = processes if isinstance(processes, dict) else {}
        self._trace_id = self._id(trace.get("traceID"), 32)
        self._known = {self._id(span.get("spanID"), 16) for span in objects(trace["spans"])}

    def spans(self) -> Iterator[Span]:
        for number, record in enumerate(self._trace["spans"]):
            place = f"{self._where}, span {number + 1}"
            if not isinstance(record, dict):
                self._notes.reject("bad_record", where=place)
                continue
            trace_id = self._id(record.get("traceID"), 32) or self._trace_id
            span_id = self._id(record.get("spanID"), 16)
            if trace_id and span_id:
                yield self._span(record, trace_id, span_id, place)
            else:
                self._notes.reject("bad_id", where=place)

    def _span(self, record: JsonObject, trace_id: str, span_id: str, place: str) -> Span:
        tags = jaeger_tags.attributes(record.get("tags"), self._notes, place)
        carried = Carried(tags)
        if record.get("warnings"):
            tags[jaeger_tags.WARNINGS] = record["warnings"]
        parent, links = self._references(record, trace_id)
        resource = self._resource(record, place)
        start_ns = moments.from_us(record.get("startTime"), self._notes, place)
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=parent.span_id,
            follows_from=parent.follows_from,
            name=_text(record.get("operationName")),
            service=_text(resource.attributes.get("service.name")) or units.UNKNOWN_SERVICE,
            kind=carried.kind,
            start_ns=start_ns,
            end_ns=moments.after(start_ns, record.get("duration"), self._notes, place),
            status=carried.status,
            status_message=carried.message,
            attributes=tags,
            events=[self._event(log, place) for log in objects(record.get("logs"))],
            links=links,
            resource=resource,
            scope=carried.scope,
            trace_state=carried.state,
            flags=units.clamp(units.whole_number(record.get("flags")) or 0),
            written_trace_id=units.written_form(record.get("traceID"), trace_id),
            written_span_id=units.written_form(record.get("spanID"), span_id),
        )

    def _references(self, record: JsonObject, trace_id: str) -> tuple[_Reference, list[Link]]:
        """The parent is the first reference to a span of this trace that is here, else the first CHILD_OF to one
        that is not; all others are links.
        """
        found = [self._reference(one, trace_id) for one in objects(record.get("references"))]
        found = [one for one in found if one.span_id]
        within = [one for one in found if one.trace_id == trace_id]
        here = (one for one in within if one.span_id in self._known)
        absent = (one for one in within if not one.follows_from)
        parent = next(here, None) or next(absent, None)
        links = [_link(one) for one in found if one is not parent]
        old_style = _Reference(trace_id, self._id(record.get("parentSpanID"), 16), follows_from=False)
        return parent or old_style, links

    def _reference(self, one: JsonObject, trace_id: str) -> _Reference:
        return _Reference(
            self._id(one.get("traceID"), 32) or trace_id,
            self._id(one.get("spanID"), 16),
            follows_from=one.get("refType") == "FOLLOWS_FROM",
        )

    def _resource(self, record: JsonObject, place: str) -> Resource:
        """Downloads from the UI carry the process within the span."""
        written = self._processes.get(str(record.get("processID")), record.get("process"))
        if not isinstance(written, dict):
            return NO_RESOURCE
        found = self._resources.get(id(written))
        if found is None:
            tags = jaeger_tags.attributes(written.get("tags"), self._notes, place)
            service = _text(written.get("serviceName"))
            named: Attributes = {"service.name": service} if service not in ("", NO_SERVICE) else {}
            found = self._resources[id(written)] = Resource(named | tags)
        return found

    def _event(self, log: JsonObject, place: str) -> Event:
        fields = jaeger_tags.attributes(log.get("fields"), self._notes, place)
        name = next((fields.pop(key) for key in ("event", "message") if isinstance(fields.get(key), str)), "")
        return Event(_text(name), moments.from_us(log.get("timestamp"), self._notes, place), fields)

    def _id(self, written: object, digits: int) -> str:
        """What is no hexadecimal id (seen in hand-made files) is hashed to one, so that its spans stay together."""
        if not isinstance(written, (str, int)) or isinstance(written, bool):
            return ""
        key = (str(written), digits)
        if key not in self._ids:
            self._ids[key] = self._new_id(written, digits)
        return self._ids[key]

    def _new_id(self, written: str | int, digits: int) -> str:
        found = units.read_id(written, digits)
        if found:
            if found.unusual and len(str(written)) > digits:  # Jaeger itself leaves leading zeros out
                self._notes.warn("id_padded", where=self._where)
            return found.hex
        text = str(written).strip()
        if not text.strip("0-"):
            return ""
        self._notes.warn("id_hashed", where=self._where)
        return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=digits // 2).hexdigest()


def _link(one: _Reference) -> Link:
    kind: Attributes = {} if one.follows_from else {otel_tags.REFERENCE_TYPE: "child_of"}
    return Link(one.trace_id, one.span_id, kind)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
