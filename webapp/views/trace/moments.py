"""What happened within an opened span: its events, the gaps between them, and the log lines beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from webapp.model import display
from webapp.model.facts import Forest
from webapp.model.logs import FAILED_LEVELS, LogLine
from webapp.model.spans import Event
from webapp.views.meaning.failure import failure_of
from webapp.views.meaning.shape import Meaning
from webapp.views.trace.attributes import Attribute, attributes_of
from webapp.views.trace.cache import OpenTrace

MOST_EVENTS, MOST_LOGS = 200, 200  # that a page carries; all are in the JSON
GAP_SHARE, GAP_NS = 0.2, 10_000_000  # silence from a fifth of the span, and 10 ms, up is named
_MOST_SHORT = 48  # characters of attributes that fit behind a name
_MOST_FIELDS = 300  # characters of a log line's fields that need no table


@dataclass(frozen=True, slots=True)
class Moment:
    """An event, or a gap: then `name` says what was not recorded. `failure`: the exception that an event tells of."""

    time: str
    name: str
    gap: bool
    short: str  # attributes in a line, when they fit
    attributes: list[Attribute]
    failure: Meaning | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """A log line. `tone`: "bad" for failures, "warn" for warnings. `service`: "" where it is the span's own."""

    time: str
    level: str
    tone: str
    message: str
    service: str
    short: str  # its fields in some lines, when they fit
    attributes: list[Attribute]


def moments_of(trace: OpenTrace, node: int, events: Sequence[Event]) -> list[Moment]:
    """Events in time, and between them the stretches in which neither the span nor a child recorded anything."""
    forest = trace.facts.forest
    offset_ns, start_ns = int(forest.offset_ns[node]), int(forest.start_ns[node])
    placed = sorted(((event.time_ns + offset_ns, event) for event in events), key=lambda pair: pair[0])
    moments = [(time_ns, _moment(time_ns - start_ns, event)) for time_ns, event in placed[:MOST_EVENTS]]
    if events:
        moments += _gaps(forest, node, [time_ns for time_ns, _ in placed])
    return [moment for _, moment in sorted(moments, key=lambda pair: pair[0])]


def _moment(after_ns: int, event: Event) -> Moment:
    failure = failure_of(event)
    told = failure.told if failure else ()
    attributes = attributes_of({key: value for key, value in event.attributes.items() if key not in told})
    short = attributes[0].plain if len(event.attributes) == 1 and attributes else _in_a_line(attributes)
    fits = len(short) <= _MOST_SHORT and "\n" not in short
    return Moment(
        display.offset(after_ns),
        event.name,
        False,
        short if fits else "",
        [] if fits else attributes,
        failure,
    )


def _in_a_line(attributes: Sequence[Attribute]) -> str:
    return " ".join(f"{item.key}={item.plain}" for item in attributes)


def part_of(ns: int, whole_ns: int) -> str:
    return display.share(ns / whole_ns) if whole_ns > 0 else "0%"


def _gaps(forest: Forest, node: int, times_ns: Iterable[int]) -> list[tuple[int, Moment]]:
    """The longest stretches without event or running child, each placed just behind what it follows."""
    start_ns, end_ns = int(forest.start_ns[node]), int(forest.end_ns[node])
    whole_ns = end_ns - start_ns
    children = np.flatnonzero(forest.parent == node)
    busy = list(zip(forest.start_ns[children].tolist(), forest.end_ns[children].tolist(), strict=True))
    busy += [(time_ns, time_ns) for time_ns in times_ns] + [(end_ns, end_ns)]
    gaps, cursor = [], start_ns
    for begins, ends in sorted(busy):
        silent_ns = min(begins, end_ns) - cursor
        if silent_ns >= GAP_NS and silent_ns >= GAP_SHARE * whole_ns:
            words = f"nothing recorded: {part_of(silent_ns, whole_ns)} of this span"
            gaps.append((cursor + 1, Moment(display.duration(silent_ns), words, True, "", [])))
        cursor = max(cursor, ends)
    return gaps


def logs_of(trace: OpenTrace, node: int, service: str) -> list[Logged]:
    """The first of the lines that stand beside a span, in time from its start."""
    forest = trace.facts.forest
    began_ns = int(forest.start_ns[node] - forest.offset_ns[node])
    return [_logged(line, began_ns, service) for line in trace.logs.beside(node)[:MOST_LOGS]]


def _logged(line: LogLine, began_ns: int, service: str) -> Logged:
    tone = "bad" if line.level in FAILED_LEVELS else "warn" if line.level == "warn" else ""
    attributes = attributes_of(line.attributes)
    short = _in_a_line(attributes)
    fits = len(short) <= _MOST_FIELDS and "\n" not in short
    return Logged(
        display.offset(line.time_ns - began_ns) if line.time_ns else "",
        line.level,
        tone,
        line.message or "(no message)",
        line.service if line.service != service else "",
        short if fits else "",
        [] if fits else attributes,
    )
