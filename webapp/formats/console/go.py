"""A span as Go's stdouttrace prints it, in all its versions since 0.10. What lies around the spans is elsewhere."""

from collections.abc import Iterator
from typing import Any

from webapp.formats import moments, units
from webapp.formats.console.order import Order
from webapp.formats.console.typed import attributes
from webapp.formats.ids import Ids
from webapp.formats.notes import Notes
from webapp.formats.resources import Resources
from webapp.model.spans import NO_SCOPE, Attributes, Event, Link, Scope, Span, Status

Json = dict[str, Any]

_REMOTE_PARENT = 0x300  # OTLP's bits: it is known whether the parent is remote, and it is
_DROPPED = {
    "otel.dropped_attributes_count": ("DroppedAttributes", "DroppedAttributeCount"),
    "otel.dropped_events_count": ("DroppedEvents", "DroppedMessageEventCount"),
    "otel.dropped_links_count": ("DroppedLinks", "DroppedLinkCount"),
}
_NO_TIME = "0001-01-01T00:00:00"


def is_go(one: Json) -> bool:
    context = one.get("SpanContext")
    return isinstance(context, dict) and "TraceID" in context


class GoSpans:
    """Makes the spans of one source."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids = Ids(notes)
        self._resources = Resources()
        self._order = Order()

    def span(self, record: Json, where: str) -> Span | None:
        """None without usable ids."""
        context, parent = record["SpanContext"], _object(record.get("Parent"))
        trace_id = self._ids.trace(context.get("TraceID"), where)
        span_id = self._ids.span(context.get("SpanID"), where)
        if not trace_id or not span_id:
            return None
        parent_id = self._ids.span(parent.get("SpanID") or record.get("ParentSpanID"), where)
        start_ns, end_ns = self._times(record, (trace_id, span_id, parent_id), where)
        status, message = _status(record)
        found = attributes(record.get("Attributes"), self._notes, where)
        resource, service = self._resources.named(attributes(record.get("Resource"), self._notes, where))
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=parent_id,
            name=_text(record.get("Name")),
            service=service,
            start_ns=start_ns,
            end_ns=end_ns,
            kind=units.kind_number(record.get("SpanKind")),
            status=status,
            status_message=message,
            attributes=found | _dropped(record),
            events=[self._event(one, start_ns, where) for one in _events(record)],
            links=list(self._links(record, where)),
            resource=resource,
            scope=self._scope(record, where),
            trace_state=_state(context.get("TraceState")),
            flags=_flags(context.get("TraceFlags"), parent.get("Remote") or record.get("HasRemoteParent")),
            written_trace_id=units.written_form(context.get("TraceID"), trace_id),
            written_span_id=units.written_form(context.get("SpanID"), span_id),
        )

    def _times(self, record: Json, ids: tuple[str, str, str], where: str) -> tuple[int, int]:
        if _is_no_time(record.get("StartTime")) and _is_no_time(record.get("EndTime")):
            self._notes.warn("no_times", where=where)
            return self._order.times(*ids)
        return self._time(record.get("StartTime"), where), self._time(record.get("EndTime"), where)

    def _time(self, written: object, where: str) -> int:
        return 0 if written is None else moments.checked(units.time_ns(written, "ns"), self._notes, where)

    def _event(self, event: Json, start_ns: int, where: str) -> Event:
        at = event.get("Time")
        return Event(
            _text(event.get("Name")),
            start_ns if _is_no_time(at) else self._time(at, where),
            attributes(event.get("Attributes"), self._notes, where),
            units.whole_number(event.get("DroppedAttributeCount")) or 0,
        )

    def _links(self, record: Json, where: str) -> Iterator[Link]:
        for link in _objects(record.get("Links")):
            context = _object(link.get("SpanContext")) or link  # before 1.0 the ids stood in the link itself
            trace_id = self._ids.trace(context.get("TraceID"), where)
            span_id = self._ids.span(context.get("SpanID"), where)
            if trace_id or span_id:
                found = attributes(link.get("Attributes"), self._notes, where)
                yield Link(trace_id, span_id, found, _state(context.get("TraceState")))
            else:
                self._notes.warn("bad_attribute", where=where)

    def _scope(self, record: Json, where: str) -> Scope:
        written = _object(record.get("InstrumentationScope")) or _object(record.get("InstrumentationLibrary"))
        found = Scope(
            _text(written.get("Name")),
            _text(written.get("Version")),
            attributes(written.get("Attributes"), self._notes, where),
        )
        return NO_SCOPE if found == NO_SCOPE else found


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _events(record: Json) -> list[Json]:
    return _objects(record.get("Events")) or _objects(record.get("MessageEvents"))


def _is_no_time(written: object) -> bool:
    return isinstance(written, str) and written.startswith(_NO_TIME)


def _status(record: Json) -> tuple[int, str]:
    """`StatusCode` as a number is gRPC's: 0 is well, all else a failure."""
    status = record.get("Status")
    if isinstance(status, dict):
        return units.status_number(status.get("Code")), _text(status.get("Description"))
    code, message = record.get("StatusCode"), _text(record.get("StatusMessage"))
    if isinstance(code, int):
        return int(Status.ERROR if code else Status.UNSET), message
    return units.status_number(code), message


def _dropped(record: Json) -> Attributes:
    counts = {
        name: next((record[key] for key in keys if isinstance(record.get(key), int)), 0)
        for name, keys in _DROPPED.items()
    }
    return {name: count for name, count in counts.items() if count}


def _state(written: object) -> str:
    """Before 1.0 a list of keys and values."""
    if isinstance(written, str):
        return written
    pairs = [(_text(one.get("Key")), _object(one.get("Value")).get("Value")) for one in _objects(written)]
    return ",".join(f"{key}={value}" for key, value in pairs)


def _flags(written: object, remote_parent: object) -> int:
    """As hexadecimal text, before 1.0 as a number."""
    try:
        flags = int(written, 16) if isinstance(written, str) else units.whole_number(written) or 0
    except ValueError:
        flags = 0
    return (flags & 0xFF) | (_REMOTE_PARENT if remote_parent is True else 0)
