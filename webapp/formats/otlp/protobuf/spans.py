"""OTLP protobuf messages made into spans. Taking them out of a file is in `reading.py`."""

import re
from collections.abc import Iterable, Iterator
from sys import intern
from typing import Any

from webapp.formats import otel_tags
from webapp.formats.notes import Notes
from webapp.formats.otlp.log_records import LogRecords, level_of
from webapp.formats.otlp.spans import forget_if_full, service_in, take_loose_parent, take_shared
from webapp.formats.units import (
    INT64_MAX,
    UNKNOWN_SERVICE,
    read_id,
    status_number,
    written_form,
)
from webapp.formats.value_text import as_text
from webapp.model.logs import LogLine
from webapp.model.spans import NO_RESOURCE, NO_SCOPE, Attributes, Event, Link, Resource, Scope, Span, Value

_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
_is_hex = re.compile(rb"[0-9a-fA-F]+").fullmatch

Message = Any  # upb makes its classes at run time


class Converter:
    """Makes the spans of one source. A place is where the bytes of a message lie in the file."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self._logs = LogRecords(notes)
        self._traces: dict[bytes, tuple[str, str]] = {}
        self._resources: dict[tuple[bytes, str], tuple[Resource, str]] = {}

    def resource(self, message: Message, schema_url: str) -> tuple[Resource, str]:
        """With the service it names. One object for all that are equal."""
        key = message.SerializeToString(), schema_url
        found = self._resources.get(key)
        if found is None:
            read = _attributes(message.attributes)
            made = Resource(read, schema_url) if read or schema_url else NO_RESOURCE
            found = made, service_in(read) or UNKNOWN_SERVICE
            forget_if_full(self._resources)
            self._resources[key] = found
        return found

    def spans(
        self, messages: Iterable[Message], resource: tuple[Resource, str], scope: Scope, where: str
    ) -> Iterator[Span]:
        """One of them without usable ids is counted as rejected."""
        process, service = resource
        for one in messages:
            trace = self._traces.get(one.trace_id) or self._trace(one.trace_id, where)
            span_id, written = self._id(one.span_id, 16, where)
            if not trace[0] or not span_id:
                self.notes.reject("bad_id", where=where, span_id=span_id)
                continue
            parent = self._id(one.parent_span_id, 16, where)[0] if one.parent_span_id else ""
            start_ns, end_ns = one.start_time_unix_nano, one.end_time_unix_nano
            if start_ns > INT64_MAX or end_ns > INT64_MAX:
                start_ns, end_ns = self._time(start_ns, where), self._time(end_ns, where)
            found = _attributes(one.attributes)
            dropped = one.dropped_attributes_count, one.dropped_events_count, one.dropped_links_count
            if any(dropped):
                otel_tags.put_dropped(found, dropped)
            links = [self._link(link, where) for link in one.links]
            status, kind = one.status, one.kind
            yield Span(
                trace_id=trace[0],
                span_id=span_id,
                name=one.name,
                # some exporters put the true service on the span, and their own name into the resource
                service=service_in(found) or service,
                start_ns=start_ns,
                end_ns=end_ns,
                parent_span_id=parent,
                kind=kind if 0 <= kind <= 5 else 0,
                status=status_number(status.code) if status.code else 0,
                status_message=status.message,
                attributes=found,
                events=[self._event(event, where) for event in one.events],
                links=links,
                resource=process,
                scope=scope,
                trace_state=one.trace_state,
                flags=one.flags,
                follows_from=bool(links) and take_loose_parent(links, trace[0], parent),
                shared=otel_tags.SHARED in found and take_shared(found),
                written_trace_id=trace[1],
                written_span_id=written,
            )

    def lines(
        self, messages: Iterable[Message], resource: tuple[Resource, str], scope: Scope, where: str
    ) -> Iterator[LogLine]:
        """Of log records."""
        told = ((_told(one), _attributes(one.attributes)) for one in messages)
        return self._logs.lines(told, resource[0].attributes, scope.name, where)

    def _trace(self, raw: bytes, where: str) -> tuple[str, str]:
        """The id and how it was written."""
        forget_if_full(self._traces)
        self._traces[raw] = found = self._id(raw, 32, where)
        return found

    def _id(self, raw: bytes, digits: int, where: str) -> tuple[str, str]:
        """An empty one for what is absent or zero. What is written is bytes: we spell them in hex."""
        text = raw.hex()
        if len(text) == digits:
            return ("", "") if raw in (_NO_SPAN, _NO_TRACE) else (text, "")
        if len(raw) == digits and _is_hex(raw):  # some exporters send the digits themselves
            text = raw.decode()
        found = read_id(text, digits)
        if found is None:
            return "", ""
        if found.unusual:
            self.notes.warn("id_padded", where=where, span_id=found.hex if digits == 16 else "")
        return found.hex, written_form(text, found.hex)

    def _time(self, time_ns: int, where: str) -> int:
        if time_ns <= INT64_MAX:
            return time_ns
        self.notes.warn("bad_time", where=where)
        return 0

    def _event(self, event: Message, where: str) -> Event:
        time_ns = self._time(event.time_unix_nano, where)
        return Event(event.name, time_ns, _attributes(event.attributes), event.dropped_attributes_count)

    def _link(self, link: Message, where: str) -> Link:
        trace = self._traces.get(link.trace_id) or self._trace(link.trace_id, where)
        span_id, _ = self._id(link.span_id, 16, where)
        return Link(trace[0], span_id, _attributes(link.attributes), link.trace_state)


def _told(record: Message) -> dict[str, Any]:
    body = record.body.string_value or _other(record.body)
    return {
        "timestamp": record.time_unix_nano or record.observed_time_unix_nano,
        "level": record.severity_text or level_of(record.severity_number),
        "message": body if isinstance(body, str | dict) else as_text(body),
        "event.name": record.event_name,
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
    }


def scope_of(message: Message) -> Scope:
    made = Scope(message.name, message.version, _attributes(message.attributes))
    return NO_SCOPE if made == NO_SCOPE else made


def _attributes(pairs: Iterable[Message]) -> Attributes:
    """The hot loop of a load: strings first, since most values are strings; one copy of each key, since few differ."""
    found: Attributes = {}
    for pair in pairs:
        value = pair.value
        found[intern(pair.key)] = value.string_value or _other(value)
    return found


def _other(value: Message) -> Value:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [each.string_value or _other(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    found: Value = getattr(value, kind)
    return found
