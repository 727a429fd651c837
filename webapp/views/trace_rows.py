"""Rows of the waterfall ready to be written: words, marks and the numbers of their bars. The HTML is `trace_row_html.py`."""

from dataclasses import dataclass, replace

import numpy as np

from webapp.analysis.folding import View
from webapp.analysis.preview import NEW_SERVICE
from webapp.model import display
from webapp.model.columns import I64
from webapp.model.facts import Forest
from webapp.model.spans import Status
from webapp.model.warnings import CODES
from webapp.views.trace_cache import Handovers, OpenTrace, Segments, handovers
from webapp.views.trace_lane import Bar, Lane, Thread
from webapp.views.trace_state import TraceState

DEEPEST = 12  # levels that are indented; the sheet says the depth of rows below
MISSING = "(missing)"
_MOST_EVENTS = 24  # dots on a bar; the opened span lists all
_MOST_WORDS = 56  # characters of an error's message beside its bar
_CLIPPED_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Tag:
    kind: str  # "", warn
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """`id` as in URLs. `error`: "", cause (nothing below fails) or passed (it failed because something below did)."""

    id: str
    index: int  # position among the rows shown, from 0
    level: int
    place: int  # among its siblings, from 1
    siblings: int  # itself among them
    indent: int
    expanded: bool | None  # None: nothing below
    opened: bool
    slot: int
    service: str  # "" where the call stays within the service
    name: str
    children: int
    hidden: int
    hidden_errors: int
    total: str
    own: str
    duration_ns: int
    error: str
    message: str
    tags: list[Tag]
    bar: Bar
    words: str
    found: bool | None  # None: nothing is sought
    received: bool


@dataclass(frozen=True, slots=True)
class Window:
    """What a run of rows is made from: the trace, which rows, and what the state adds."""

    trace: OpenTrace
    state: TraceState
    view: View
    lane: Lane
    found: I64 | None = None  # nodes that the search in the trace finds


def lane_of(trace: OpenTrace, state: TraceState) -> Lane:
    first_ns = min(state.t0_ns or 0, trace.length_ns - 1)
    last_ns = min(state.t1_ns if state.t1_ns is not None else trace.length_ns, trace.length_ns)
    return Lane(trace.begin_ns + first_ns, max(1, last_ns - first_ns))


def rows_in(window: Window, first: int, count: int) -> list[Row]:
    """Rows `first` to `first + count` of the view, fewer at its end."""
    trace, state, view = window.trace, window.state, window.view
    count = max(0, min(count, len(view) - first))
    segments = trace.segments(state.path)
    passing = Handovers(*(np.empty(0, np.int64),) * 3)
    if segments and not state.errors:  # a filtered view has no row for every span on the path
        passing = handovers(view, trace.chosen_path(state.path))
    threads = window.lane.threads(passing, first, count)
    found = set(window.found.tolist()) if window.found is not None else None
    maker = _RowMaker(window, segments, found)
    return [maker.row(first + k, threads[k]) for k in range(count)]


class _RowMaker:
    """Makes one row after the other; holds what they share."""

    def __init__(self, window: Window, segments: Segments | None, found: set[int] | None) -> None:
        self._window = window
        self._segments = segments
        self._found = found
        self._forest = window.trace.facts.forest
        self._open = frozenset(window.state.span)

    def row(self, position: int, threads: list[Thread]) -> Row:
        window, trace, forest = self._window, self._window.trace, self._forest
        view, rows = window.view, trace.rows
        place, node = int(view.shown[position]), int(view.node[position])
        received = bool(forest.source[node] >= 0)
        duration_ns = int(forest.end_ns[node] - forest.start_ns[node])
        total = display.duration(duration_ns)
        folded = bool(view.folded[position])
        error, message = self._error(node)
        span_id = trace.span_id(node)
        service = forest.columns.services[forest.service[node]] if received else MISSING
        name = forest.columns.names[forest.name[node]] if received else "span not received"
        label = f"{total} · {_shortened(message)}" if message and error == "cause" else total
        bar = self._bar(place, node, label, threads, folded)
        depth = int(rows.depth[place])
        return Row(
            id=span_id,
            index=position,
            level=depth + 1,
            place=int(trace.place[place]),
            siblings=int(trace.siblings[place]),
            indent=min(depth, DEEPEST + 1),
            expanded=None if not rows.children[place] else not folded,
            opened=span_id in self._open,
            slot=int(trace.preview.slot[place]),
            service=service if trace.preview.flags[place] & NEW_SERVICE else "",
            name=name,
            children=int(rows.children[place]),
            hidden=int(view.hidden[position]),
            hidden_errors=int(view.hidden_errors[position]),
            total=total,
            own=display.duration(int(trace.facts.self_ns[node])),
            duration_ns=duration_ns,
            error=error,
            message=message,
            tags=_tags(forest, node) + _log_tags(trace, node),
            bar=bar,
            words=self._words(node, name, service, total, _shortened(message) if error else ""),
            found=None if self._found is None else node in self._found,
            received=received,
        )

    def _error(self, node: int) -> tuple[str, str]:
        forest = self._forest
        if forest.status[node] != Status.ERROR:
            return "", ""
        told = forest.columns.error_texts.get(int(forest.source[node]))
        message = " ".join(told.message.split()) if told else ""
        return ("cause" if self._window.trace.causes[node] else "passed"), message

    def _bar(self, place: int, node: int, text: str, threads: list[Thread], folded: bool) -> Bar:
        forest, lane = self._forest, self._window.lane
        start_ns, end_ns = int(forest.start_ns[node]), int(forest.end_ns[node])
        nothing = np.empty(0, np.int64)
        if self._segments is None:
            solid = (np.array([start_ns]), np.array([end_ns]))
        elif forest.source[node] < 0:
            solid = (nothing, nothing)
        else:  # what is folded away is drawn into the row that folds it
            solid = self._segments.within(
                place, int(self._window.trace.rows.after[place]) if folded else place + 1
            )
        bar = lane.bar(start_ns, end_ns, solid, text, threads)
        times = self._window.trace.events_of(node)[:_MOST_EVENTS].tolist()
        dots = [round(lane.x(time_ns), 3) for time_ns in times]
        return replace(bar, events=[x for x in dots if 0 <= x <= 100]) if dots and not bar.outside else bar

    def _words(self, node: int, name: str, service: str, total: str, message: str) -> str:
        """What a screen reader says of the row; the bars are decoration."""
        trace, forest = self._window.trace, self._forest
        starts = display.duration(int(forest.start_ns[node]) - trace.begin_ns)
        path = "on critical path" if trace.facts.critical_ns[node] > 0 else "not on critical path"
        failed = forest.status[node] == Status.ERROR
        error = (f"error: {message}" if message else "error") if failed else "no error"
        error += "".join(f", {tag.text}" for tag in _log_tags(trace, node))
        return f"{name}, {service}, {total}, starts at {starts}, {path}, {error}"


def _shortened(message: str) -> str:
    return message if len(message) <= _MOST_WORDS else message[: _MOST_WORDS - 1] + "…"


def _tags(forest: Forest, node: int) -> list[Tag]:
    tags = []
    parent = int(forest.parent[node])
    offset_ns = int(forest.offset_ns[node])
    if offset_ns != (int(forest.offset_ns[parent]) if parent >= 0 else 0):
        words = display.offset(offset_ns)
        tags.append(
            Tag("", f"clock {words}", f"The clock of this host disagrees; its times were shifted by {words}.")
        )
    if parent >= 0 and forest.source[parent] < 0:
        tags.append(
            Tag("warn", "parent missing", "Its parent was not received; a placeholder stands for it.")
        )
    if forest.unfinished[node]:
        tags.append(Tag("warn", "no end", "The span has no end; it is drawn to the end of its children."))
    if (clipped_ns := _clipped_ns(forest, node, parent)) >= _CLIPPED_NS:
        words = display.duration(clipped_ns)
        meaning = f"It runs {words} beyond its parent; only the part inside can be on the critical path."
        tags.append(Tag("", f"clipped {words}", meaning))
    return tags


def _log_tags(trace: OpenTrace, node: int) -> list[Tag]:
    if trace.facts.forest.columns.inferred and trace.facts.forest.source[node] >= 0:
        return [Tag("", "from logs", CODES["inferred_from_logs"])]
    if count := trace.logs.count(node):
        words = display.plural(count, "log line")
        return [Tag("", words, f"{words} of this span or of its time: open it to read them.")]
    return []


def _clipped_ns(forest: Forest, node: int, parent: int) -> int:
    if parent < 0 or not forest.blocking[node] or forest.source[parent] < 0:
        return 0
    early_ns = int(forest.start_ns[parent] - forest.start_ns[node])
    late_ns = int(forest.end_ns[node] - forest.end_ns[parent])
    return max(0, early_ns) + max(0, late_ns)
