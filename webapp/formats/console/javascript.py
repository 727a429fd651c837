"""Spans that JavaScript's ConsoleSpanExporter prints with `console.dir`, between a program's own lines.

How Node prints values is in `inspected.py`. It cuts what nests deeper than three levels: that is noted, not recovered.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from webapp.formats import moments, units
from webapp.formats.console.inspected import Abridged, as_printed, is_abridged, parse, plain
from webapp.formats.console.wrapped import unwrapped, unwrapped_head
from webapp.formats.head import Head
from webapp.formats.ids import Ids
from webapp.formats.notes import Notes
from webapp.formats.resources import Resources
from webapp.formats.value_text import is_deep
from webapp.model.spans import NO_SCOPE, Attributes, Event, Kind, Link, Scope, Span

Json = dict[str, Any]

NAME = "js-console"
EXAMPLE = "{\n  traceId: '5b8e…', parentId: undefined, name: 'GET /', id: 'eee1…', kind: 1, timestamp: 1700000000000000\n}"

_LONGEST_RECORD = 32_000_000
_BLOCK = 1_000_000
_LOOKS = re.compile(
    rb"^[ \t]*\{\r?\n(?:(?![ \t]*\{\r?$).*\n){0,60}?[ \t]*traceId: (?:\x1b\[\d+m)?'", re.MULTILINE
)
_OPENS = re.compile(r"(\s*)\{")


def looks_like(head: Head) -> str | None:
    return (
        "JavaScript ConsoleSpanExporter: printed spans with `traceId:`"
        if _LOOKS.search(unwrapped_head(head).start)
        else None
    )


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    spans = _Spans(notes)
    for text, where in _printed(unwrapped(stream), notes):
        try:
            record = parse(text)
        except (ValueError, RecursionError):
            notes.reject("bad_record", where=where)
            continue
        if isinstance(record, dict) and "traceId" in record:
            found = spans.span(record, where)
            if found is None:
                notes.reject("bad_id", where=where)
            else:
                yield found
        else:
            notes.warn("other_signal", where=where)


def _printed(stream: BinaryIO, notes: Notes) -> Iterator[tuple[str, str]]:
    """What lies between a line `{` and the next `}` of the same indent."""
    lines: list[str] = []
    indent, first, size = "", 0, 0
    for number, line in enumerate(_lines(stream, notes), start=1):
        if opens := _OPENS.fullmatch(line):
            if lines and opens[1] == indent:
                notes.reject("bad_record", where=f"line {first}")
                lines = []
            if not lines:
                indent, first, size = opens[1], number, 0
                lines.append(line)
                continue
        if not lines:
            if line.strip():
                notes.warn("other_text", where=f"line {number}")
            continue
        lines.append(line)
        size += len(line)
        if line == f"{indent}}}":
            yield "\n".join(lines), f"line {first}"
            lines = []
        elif size > _LONGEST_RECORD:
            notes.reject("too_large", where=f"line {first}")
            lines = []
    if lines:
        notes.reject("truncated", where=f"line {first}")


def _lines(stream: BinaryIO, notes: Notes) -> Iterator[str]:
    """Without colours; of a longer one than any record the beginning and the rest apart."""
    while raw := stream.readline(_LONGEST_RECORD):
        text = raw.decode("utf-8", "replace")
        if "\ufffd" in text and b"\xef\xbf\xbd" not in raw:
            notes.warn("not_utf8")
        yield plain(text).rstrip("\r\n")


class _Spans:
    """Makes the spans of one source."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids = Ids(notes)
        self._resources = Resources()

    def span(self, record: Json, where: str) -> Span | None:
        """None without usable ids."""
        trace_id = self._ids.trace(record.get("traceId"), where)
        span_id = self._ids.span(record.get("id"), where)
        if not trace_id or not span_id:
            return None
        parent = record.get("parentId") or _object(record.get("parentSpanContext")).get("spanId")
        start_ns = moments.from_us(record.get("timestamp"), self._notes, where)
        status = _object(record.get("status"))
        written = self._attributes(_object(record.get("resource")).get("attributes"), where)
        resource, service = self._resources.named(written)
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=self._ids.span(parent, where),
            name=_text(record.get("name")),
            service=service,
            start_ns=start_ns,
            end_ns=moments.after(start_ns, record.get("duration"), self._notes, where),
            kind=_kind(record.get("kind")),
            status=units.status_number(status.get("code")),
            status_message=_text(status.get("message")),
            attributes=self._attributes(record.get("attributes"), where),
            events=[self._event(one, where) for one in _objects(record.get("events"))],
            links=list(self._links(record, where)),
            resource=resource,
            scope=_scope(record),
            trace_state=_text(record.get("traceState")),
            written_trace_id=units.written_form(record.get("traceId"), trace_id),
            written_span_id=units.written_form(record.get("id"), span_id),
        )

    def _attributes(self, written: object, where: str) -> Attributes:
        if isinstance(written, Abridged):
            self._notes.warn("abridged", where=where)
        found: Attributes = {}
        for key, value in written.items() if isinstance(written, dict) else ():
            if is_deep(value):
                self._notes.warn("too_large", where=where)
                continue
            if is_abridged(value):
                self._notes.warn("abridged", where=where)
            found[key] = as_printed(value)
        return found

    def _event(self, event: Json, where: str) -> Event:
        found = self._attributes(event.get("attributes"), where)
        dropped = units.whole_number(event.get("droppedAttributesCount")) or 0
        return Event(_text(event.get("name")), self._hr_time(event.get("time"), where), found, dropped)

    def _hr_time(self, written: object, where: str) -> int:
        """Seconds and nanoseconds; old versions printed `[Array]` instead."""
        if not isinstance(written, list) or len(written) != 2:
            return 0
        seconds, rest = (units.scaled_ns(part, unit) for part, unit in zip(written, ("s", "ns"), strict=True))
        whole = None if seconds is None or rest is None else seconds + rest
        return moments.checked(whole, self._notes, where)

    def _links(self, record: Json, where: str) -> Iterator[Link]:
        for link in _objects(record.get("links")):
            context = _object(link.get("context"))
            trace_id = self._ids.trace(context.get("traceId"), where)
            span_id = self._ids.span(context.get("spanId"), where)
            if trace_id or span_id:
                yield Link(trace_id, span_id, self._attributes(link.get("attributes"), where))
            else:
                self._notes.warn("bad_attribute", where=where)


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return str(value) if isinstance(value, str) else ""


def _kind(written: object) -> int:
    """JavaScript counts from INTERNAL = 0."""
    known = isinstance(written, int) and 0 <= written < int(Kind.CONSUMER)
    return int(written) + 1 if known and isinstance(written, int) else 0


def _scope(record: Json) -> Scope:
    written = _object(record.get("instrumentationScope")) or _object(record.get("instrumentationLibrary"))
    found = Scope(_text(written.get("name")), _text(written.get("version")))
    return NO_SCOPE if found == NO_SCOPE else found
