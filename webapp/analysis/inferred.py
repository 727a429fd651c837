"""Spans for a trace of which only log lines are known: one a span id, else one a service, covering its lines.

What they cannot know they do not claim: a span lasts from its first line to its last, and its parent is the
smallest span around it. No storing; the lines of traces that have spans are `log_places.py`'s.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from webapp.analysis.log_names import first_text, name_of
from webapp.model.ids import hashed_id
from webapp.model.logs import FAILED_LEVELS, LogLine
from webapp.model.spans import UNKNOWN_SERVICE, Attributes, Event, Resource, Span, Status

MARK, MARKED = (
    "tailrace.inferred_from",
    "logs",
)  # the attribute by which such a span is known, also in exports
# how many lines are no events: of the span, and of the trace those that it was not inferred from
_LEFT_OUT, _LEFT_OUT_OF_TRACE = "tailrace.log_lines_left_out", "tailrace.log_lines_left_out_of_trace"
_MOST_EVENTS = 10_000  # of one span
_MOST_ATTRIBUTES = 64
_SEARCHED_AROUND = 64  # spans that began earlier and may lie around one
_HOST_KEYS = ("host.name", "hostname", "host", "pod_name", "pod", "kubernetes.pod_name")


class Inferred(NamedTuple):
    """`line`: the first of the lines it was made of."""

    span: Span
    line: int


class _Group(NamedTuple):
    """The lines of one span, in time. `place`: the number of its first line."""

    span_id: str
    lines: list[LogLine]
    place: int
    untimed: int  # lines beside these that do not say when

    @property
    def start_ns(self) -> int:
        return self.lines[0].time_ns

    @property
    def end_ns(self) -> int:
        return self.lines[-1].time_ns


def infer(lines: Sequence[LogLine], left_out: int = 0) -> list[Inferred]:
    """`lines` of one trace, in time; those of unknown time come first. `left_out`: later lines that are not given."""
    groups = sorted(_groups(lines), key=lambda group: (group.start_ns, -group.end_ns, group.place))
    known = {group.span_id for group in groups}
    return [
        Inferred(_span(group, _told_parent(group, known) or parent, left_out), group.place)
        for group, parent in zip(groups, _parents(groups), strict=True)
    ]


def _groups(lines: Sequence[LogLine]) -> Iterator[_Group]:
    by_id: dict[str, list[LogLine]] = defaultdict(list)
    first: dict[str, int] = {}
    derived: dict[str, str] = {}
    for place, line in enumerate(lines):
        span_id = line.span_id
        if not span_id:
            if line.service not in derived:
                derived[line.service] = _derived_id(line)
            span_id = derived[line.service]
        first.setdefault(span_id, place)
        by_id[span_id].append(line)
    for span_id, own in by_id.items():
        timed = [line for line in own if line.time_ns] or own
        yield _Group(span_id, timed, first[span_id], len(own) - len(timed))


def _derived_id(line: LogLine) -> str:
    """The same for the same trace and service, whatever is loaded when."""
    return hashed_id(f"{line.trace_id}/{line.service}", 16)


def _told_parent(group: _Group, known: set[str]) -> str:
    told = next((line.parent_span_id for line in group.lines if line.parent_span_id), "")
    return told if told in known else ""


def _parents(groups: Sequence[_Group]) -> Iterator[str]:
    """Of each in order of start: the smallest of the earlier that lasts at least as long, else the first of all.

    gateway  ──────────────────
    orders     ────────────         in gateway
    payments     ────────────       only gateway lies around it
    mail                        ──  nothing does: under the first
    """
    around: list[_Group] = []
    for group in groups:
        while around and around[-1].end_ns < group.start_ns:
            around.pop()
        found = next(
            (each for each in around[: -_SEARCHED_AROUND - 1 : -1] if each.end_ns >= group.end_ns), None
        )
        if found is None and group is not groups[0]:
            found = groups[0]
        yield found.span_id if found else ""
        around.append(group)


def _span(group: _Group, parent_span_id: str, left_out: int) -> Span:
    lines = group.lines
    service = next((line.service for line in lines if line.service), UNKNOWN_SERVICE)
    failed = [line for line in lines if line.level in FAILED_LEVELS]
    attributes = _common(lines)
    attributes[MARK] = MARKED
    if left_out:
        attributes[_LEFT_OUT_OF_TRACE] = left_out
    if no_events := max(0, len(lines) - _MOST_EVENTS) + group.untimed:
        attributes[_LEFT_OUT] = no_events
    first = lines[0]
    return Span(
        trace_id=first.trace_id,
        span_id=group.span_id,
        parent_span_id=parent_span_id if parent_span_id != group.span_id else "",
        name=name_of(lines),
        service=service,
        start_ns=group.start_ns,
        end_ns=group.end_ns,
        status=int(Status.ERROR if failed else Status.UNSET),
        status_message=_error(failed[-1]) if failed else "",
        attributes=attributes,
        events=[_event(line) for line in lines[:_MOST_EVENTS]],
        resource=_resource(service, attributes),
        written_trace_id=first.written_trace_id,
        written_span_id=first.written_span_id,
    )


def _common(lines: Sequence[LogLine]) -> Attributes:
    """What the lines say that none contradicts."""
    found: Attributes = {}
    contradicted: set[str] = set()
    for line in lines[:_MOST_EVENTS]:
        for key, value in line.attributes.items():
            if key in contradicted or (key not in found and len(found) >= _MOST_ATTRIBUTES):
                continue
            if found.setdefault(key, value) != value:
                contradicted.add(key)
                del found[key]
    return found


def _resource(service: str, attributes: Attributes) -> Resource:
    named: Attributes = {"service.name": service}
    if host := first_text(attributes, _HOST_KEYS):
        named["host.name"] = host
    return Resource(named)


def _error(line: LogLine) -> str:
    """The line's message, and the error it holds."""
    told = first_text(line.attributes, ("error", "err", "error.message", "exception", "exception.message"))
    return ": ".join(part for part in (line.message, told) if part)


def _event(line: LogLine) -> Event:
    attributes = ({"level": line.level} if line.level else {}) | line.attributes
    return Event(line.message or "log line", line.time_ns, attributes)
