"""OTLP records that do not fit their types, read part by part: what is bad is left out, the rest becomes a message.

Slow and rare. A span is never lost for an attribute, nor a batch for a span.
"""

from typing import Any

import msgspec

from webapp.formats.json_stream import Document, loads
from webapp.formats.notes import Notes
from webapp.formats.otlp.values import plain
from webapp.formats.otlp.wire import (
    AnyValue,
    KeyValue,
    WireEvent,
    WireLink,
    WireResource,
    WireScope,
    WireSpan,
    WireStatus,
    in_camel,
)
from webapp.formats.units import clamp, is_clock_time, time_ns, whole_number
from webapp.model.spans import Value


class Tolerant:
    """Reads the parts of one document; what it leaves out is noted with that document's place."""

    def __init__(self, notes: Notes, document: Document) -> None:
        self.notes = notes
        self.document = document

    def untyped(self, raw: bytes) -> dict[str, Any] | None:
        """Keys in camelCase. None, and counted as rejected, if this is no JSON object."""
        place = self.document
        value = loads(Document(in_camel(raw), place.line, place.byte, place.part), self.notes)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.notes.reject("bad_record", where=self.document.where)
        return None

    def span(self, raw: bytes) -> WireSpan | None:
        span = self.untyped(raw)
        if span is None:
            return None
        return WireSpan(
            trace_id=_text(span.get("traceId")),
            span_id=_text(span.get("spanId")),
            parent_span_id=_text(span.get("parentSpanId")),
            name=_text(span.get("name")),
            kind=_enum(span.get("kind")),
            start_time_unix_nano=self.time(span.get("startTimeUnixNano")),
            end_time_unix_nano=self.time(span.get("endTimeUnixNano")),
            attributes=self.attributes(span.get("attributes")),
            events=[self.event(one) for one in self.objects(span.get("events"))],
            links=[self.link(one) for one in self.objects(span.get("links"))],
            status=_status(span.get("status")),
            trace_state=_text(span.get("traceState")),
            flags=_count(span.get("flags")),
            dropped_attributes_count=_count(span.get("droppedAttributesCount")),
            dropped_events_count=_count(span.get("droppedEventsCount")),
            dropped_links_count=_count(span.get("droppedLinksCount")),
        )

    def resource(self, raw: bytes) -> WireResource:
        return WireResource(self.attributes((self.untyped(raw) or {}).get("attributes")))

    def scope(self, raw: bytes) -> WireScope:
        scope = self.untyped(raw) or {}
        return WireScope(
            _text(scope.get("name")), _text(scope.get("version")), self.attributes(scope.get("attributes"))
        )

    def event(self, event: dict[str, Any]) -> WireEvent:
        return WireEvent(
            self.time(event.get("timeUnixNano")),
            _text(event.get("name")),
            self.attributes(event.get("attributes")),
            _count(event.get("droppedAttributesCount")),
        )

    def link(self, link: dict[str, Any]) -> WireLink:
        return WireLink(
            _text(link.get("traceId")),
            _text(link.get("spanId")),
            _text(link.get("traceState")),
            self.attributes(link.get("attributes")),
        )

    def objects(self, value: object) -> list[dict[str, Any]]:
        """The objects of a list; anything else in its place is left out."""
        values = value if isinstance(value, list) else [] if value is None else [value]
        found = [one for one in values if isinstance(one, dict)]
        if len(found) < len(values):
            self.notes.warn("bad_attribute", where=self.document.where, count=len(values) - len(found))
        return found

    def attributes(self, value: object) -> list[KeyValue]:
        """A list of keys and values, or a plain map."""
        if isinstance(value, dict):
            return [KeyValue(key, self.any_value(part)) for key, part in value.items()]
        pairs = self.objects(value)
        named = [pair for pair in pairs if isinstance(pair.get("key"), str)]
        if len(named) < len(pairs):
            self.notes.warn("bad_attribute", where=self.document.where, count=len(pairs) - len(named))
        return [KeyValue(pair["key"], self.any_value(pair.get("value"))) for pair in named]

    def any_value(self, value: object) -> AnyValue:
        try:
            return _any_value(value)
        except RecursionError:
            self.notes.warn("bad_attribute", where=self.document.where)
            return AnyValue()

    def time(self, value: object) -> int:
        found = time_ns(value, "ns")
        if found is not None and is_clock_time(found):
            return found
        if value not in (None, ""):
            self.notes.warn("bad_time", where=self.document.where)
        return 0


def _any_value(value: object) -> AnyValue:
    """Composites stay undecoded, as in the fast way."""
    wrapped = value if isinstance(value, dict) else {}
    if wrapped.get("arrayValue") is not None:
        return AnyValue(array_value=_raw(wrapped["arrayValue"]))
    if wrapped.get("kvlistValue") is not None:
        return AnyValue(kvlist_value=_raw(wrapped["kvlistValue"]))
    if wrapped.get("bytesValue") is not None:
        return AnyValue(bytes_value=_text(wrapped["bytesValue"]))
    return _scalar(plain(value))


def _scalar(found: Value) -> AnyValue:
    match found:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=found)
        case str():
            return AnyValue(string_value=found)
        case int():
            return AnyValue(int_value=found)
        case float():
            return AnyValue(double_value=found)
        case list():
            return AnyValue(array_value=_raw(found))
        case _:
            return AnyValue(kvlist_value=_raw(found))


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _count(value: object) -> int:
    return clamp(whole_number(value) or 0)


def _enum(value: object) -> int | str:
    return value if isinstance(value, int | str) else 0


def _status(value: object) -> WireStatus:
    """Also a bare code."""
    if isinstance(value, dict):
        return WireStatus(_enum(value.get("code")), _text(value.get("message")))
    return WireStatus(_enum(value))
