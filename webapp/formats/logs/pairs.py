"""Lines that say where a span starts and ends → that span. Only here do log lines become recorded spans.

Either line may come first (Loki answers backwards) or alone. Times are those of the lines; a duration field
helps where one line is missing.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from webapp.formats.logs.durations import Durations
from webapp.formats.logs.reading import Entry, Field
from webapp.formats.notes import Notes
from webapp.formats.units import UNKNOWN_SERVICE, is_clock_time, kind_number
from webapp.formats.value_text import as_text
from webapp.model.logs import FAILED_LEVELS, LogLine
from webapp.model.spans import Attributes, Resource, Span, Status

MOST_OPEN = 50_000  # spans of which only one line was seen
_START = r"(?:start(?:s|ed|ing)?|begin(?:s|ning)?|began|begun|open(?:s|ed|ing)?|enter(?:s|ed|ing)?|creat(?:ed|ing))"
_END = (
    r"(?:end(?:s|ed|ing)?|finish(?:es|ed|ing)?|complet(?:e|es|ed|ing)|stop(?:s|ped|ping)?|clos(?:e|es|ed|ing)"
    r"|exit(?:s|ed|ing)?)"
)
_MARKS = {
    "start": re.compile(rf"{_START} (?:of )?(?:a |the |new )*span\b(.*)|span {_START}\b(.*)", re.IGNORECASE),
    "end": re.compile(rf"{_END} (?:of )?(?:a |the )*span\b(.*)|span {_END}\b(.*)", re.IGNORECASE),
}
_OF_OPERATION = {
    "start": re.compile(rf"(?:{_START} operation|operation {_START})\b", re.IGNORECASE),
    "end": re.compile(rf"(?:{_END} operation|operation {_END})\b", re.IGNORECASE),
}
_NOT_WORD = re.compile(r"[^\w]+|_+")
_LABEL = re.compile(r"^\s*\[[^\]]*\]")  # `[tracer] Starting span`
_SAYS_WHAT = ("event", "type", "event_type", "eventType", "phase", "kind", "action")
_KIND_KEYS = ("span.kind", "span_kind", "spanKind", "kind")
_UNIT_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_NO_ERROR = ("", "0", "false", "none", "null", "<nil>", "nil", "ok")


class _Half(NamedTuple):
    mark: str
    line: LogLine
    entry: Entry
    operation: str


class Pairs:
    """The spans of one source whose two lines have not both been seen."""

    def __init__(self, notes: Notes, most_open: int = MOST_OPEN) -> None:
        self._notes = notes
        self._most_open = most_open
        self._open: dict[tuple[str, str], _Half] = {}
        self._durations = Durations()
        self._resources: dict[tuple[str, str], Resource] = {}

    def take(self, entry: Entry, line: LogLine) -> Iterator[Span] | None:
        """The spans that this line completes; None if it does not speak of its span's start or end."""
        found = _mark_of(entry, line)
        if found is None:
            return None
        mark, operation = found
        return self._add(_Half(mark, line, entry, operation))

    def rest(self) -> Iterator[Span]:
        """Of those whose other line never came."""
        while self._open:
            yield self._give_up()

    def _add(self, half: _Half) -> Iterator[Span]:
        key = (half.line.trace_id, half.line.span_id)
        other = self._open.pop(key, None)
        if other is not None and other.mark != half.mark:
            start, end = (half, other) if half.mark == "start" else (other, half)
            yield self._whole(start, end)
            return
        if other is not None:
            yield self._alone(other)
        if len(self._open) >= self._most_open:
            oldest = next(iter(self._open.values()))
            if oldest.mark == "start" or "duration" not in oldest.entry.fields:
                self._notes.warn("spans_open", where=half.entry.where)
            yield self._give_up()
        self._open[key] = half

    def _give_up(self) -> Span:
        return self._alone(self._open.pop(next(iter(self._open))))

    def _alone(self, half: _Half) -> Span:
        line, entry = half.line, half.entry
        if half.mark == "start":
            return self._span(line.time_ns, 0, half)
        start_ns = entry.moment("start", self._notes)
        end_ns = entry.moment("end", self._notes) or line.time_ns
        length_ns = self._durations.read(entry.fields["duration"]) if "duration" in entry.fields else None
        if not start_ns and length_ns is not None and is_clock_time(end_ns - length_ns):
            start_ns = end_ns - length_ns
        return self._span(start_ns, end_ns, half)

    def _whole(self, start: _Half, end: _Half) -> Span:
        start_ns = start.line.time_ns or end.entry.moment("start", self._notes)
        end_ns = end.line.time_ns
        field = end.entry.fields.get("duration")
        if field and start_ns and end_ns >= start_ns:
            end_ns = self._checked(field, start_ns, end_ns, end)
        elif field and start_ns and not end_ns:
            end_ns = start_ns + (self._durations.read(field) or 0)
        return self._span(start_ns, end_ns, start, end)

    def _checked(self, field: Field, start_ns: int, end_ns: int, end: _Half) -> int:
        """The end by the lines' times; by the field where those are coarser and do not disagree."""
        measured_ns, resolution_ns = end_ns - start_ns, _resolution_ns(start_ns, end_ns)
        if not self._durations.agrees(field, measured_ns, resolution_ns):
            unit = self._durations.unit_of(field)
            told = f"by those it is in {_UNIT_WORDS[unit]}" if unit else "which were believed"
            message = f"`{field.path}` disagrees with the times of the lines: {told}."
            self._notes.warn("duration_disagrees", message, where=end.entry.where, span_id=end.line.span_id)
        length_ns = self._durations.read(field)
        is_coarse = resolution_ns >= 1_000_000
        if is_coarse and length_ns is not None and abs(length_ns - measured_ns) <= resolution_ns:
            return start_ns + length_ns
        return end_ns

    def _span(self, start_ns: int, end_ns: int, first: _Half, last: _Half | None = None) -> Span:
        halves = [first] if last is None else [first, last]
        line = first.line
        attributes: Attributes = {}
        for half in halves:
            attributes |= half.entry.others(
                without=("trace_id", "span_id", "parent_id", "service", "operation")
            )
        status, message = _status(halves)
        service = next((half.line.service for half in halves if half.line.service), UNKNOWN_SERVICE)
        return Span(
            trace_id=line.trace_id,
            span_id=line.span_id,
            name=next((half.operation for half in halves if half.operation), ""),
            service=service,
            start_ns=start_ns,
            end_ns=end_ns,
            parent_span_id=next(
                (half.line.parent_span_id for half in halves if half.line.parent_span_id), ""
            ),
            kind=next((kind for key in _KIND_KEYS if (kind := kind_number(attributes.get(key)))), 0),
            status=status,
            status_message=message,
            attributes=attributes,
            resource=self._resource(service, first.entry.text("host") or first.entry.text("pod")),
            written_trace_id=line.written_trace_id,
            written_span_id=line.written_span_id,
        )

    def _resource(self, service: str, host: str) -> Resource:
        made = {"service.name": service} | ({"host.name": host} if host else {})
        return self._resources.setdefault((service, host), Resource(dict(made)))


def _mark_of(entry: Entry, line: LogLine) -> tuple[str, str] | None:
    """Start or end, and the name of the operation."""
    if not line.span_id:
        return None
    operation = entry.text("operation")
    for text in (line.message, *(as_text(line.attributes.get(key, "")) for key in _SAYS_WHAT)):
        words = _NOT_WORD.sub(" ", _LABEL.sub("", text[:300])).strip()
        for mark, pattern in _MARKS.items():
            if found := pattern.match(words):
                return mark, operation or _tail(text, found)
        for mark, pattern in _OF_OPERATION.items():
            if operation and pattern.match(words):
                return mark, operation
    return None


def _tail(text: str, found: re.Match[str]) -> str:
    """What a message names behind its words: `Starting span: checkout`."""
    behind = (found[1] or found[2] or "").strip()
    first = behind.split(" ")[0]
    return text[text.find(first) :].strip(" \"'`.…") if first and text.count(first) == 1 else behind


def _status(halves: list[_Half]) -> tuple[int, str]:
    for half in reversed(halves):
        error = half.entry.text("error").strip()
        if error.lower() not in _NO_ERROR:
            return int(Status.ERROR), "" if error.lower() == "true" else error
        status = as_text(half.line.attributes.get("status", "")).lower()
        if half.line.level in FAILED_LEVELS or status in ("error", "failed", "failure"):
            return int(Status.ERROR), ""
    return 0, ""


def _resolution_ns(*times_ns: int) -> int:
    """How fine the times are written: a second, a millisecond, or finer."""
    for size in (1_000_000_000, 1_000_000, 1_000):
        if all(time_ns % size == 0 for time_ns in times_ns):
            return size
    return 1
