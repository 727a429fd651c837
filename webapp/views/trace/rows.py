"""Rows of the waterfall ready to be written: words, marks and the numbers of their bars. The HTML is `trace/row_html.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from webapp.analysis.folding import View
from webapp.model import display
from webapp.model.columns import I64
from webapp.model.spans import Attributes
from webapp.views.trace.alike import sums_of
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.cells import Cell, CellMaker
from webapp.views.trace.lane import Bar, Lane, Thread
from webapp.views.trace.paths import Handovers, Segments, handovers
from webapp.views.trace.row_facts import RowFacts, facts_of
from webapp.views.trace.row_tags import Tag, handled_tags, log_tags, span_tags
from webapp.views.trace.state import TraceState

DEEPEST = 12  # levels that are indented; the sheet says the depth of rows below
MISSING = "(missing)"
_MOST_EVENTS = 24  # dots on a bar; the opened span lists all
_MOST_WORDS = 56  # characters of an error's message beside its bar


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
    cells: list[Cell]  # of the chosen columns
    duration_ns: int
    error: str
    message: str
    tags: list[Tag]
    bar: Bar
    words: str
    found: bool | None  # None: nothing is sought
    received: bool
    peer: str = ""  # "→ postgresql:shop": whom it calls, who sent no spans
    alike: int = 0  # so many siblings are alike, of which this is the first …
    stands: str = (
        ""  # … and for which this row stands, with what that means; "" if they have rows of their own
    )


@dataclass(frozen=True, slots=True)
class Window:
    """What a run of rows is made from: the trace, which rows, and what the state adds."""

    trace: OpenTrace
    state: TraceState
    view: View
    lane: Lane
    found: I64 | None = None  # nodes that the search in the trace finds
    values: Mapping[int, Attributes] = field(
        default_factory=dict
    )  # of the attributes that are columns, by node


def lane_of(trace: OpenTrace, state: TraceState, view: View) -> Lane:
    """The zoom; else the time of the subtree that is shown."""
    first_ns, last_ns = 0, trace.length_ns
    if view.top:
        nodes = view.rows.node[view.top : int(view.rows.after[view.top])]
        first_ns = int(trace.facts.forest.start_ns[nodes].min()) - trace.begin_ns
        last_ns = int(trace.facts.forest.end_ns[nodes].max()) - trace.begin_ns
    first_ns = min(first_ns if state.t0_ns is None else state.t0_ns, trace.length_ns - 1)
    last_ns = min(last_ns if state.t1_ns is None else state.t1_ns, trace.length_ns)
    return Lane(trace.begin_ns + first_ns, max(1, last_ns - first_ns))


def rows_in(window: Window, first: int, count: int) -> list[Row]:
    """Rows `first` to `first + count` of the view, fewer at its end."""
    trace, state, view = window.trace, window.state, window.view
    count = max(0, min(count, len(view) - first))
    segments = trace.segments(state.path)
    passing = Handovers(*(np.empty(0, np.int64),) * 3)
    if segments and view.kept is None:  # else not every span on the path has a row
        passing = handovers(view, trace.chosen_path(state.path))
    threads = window.lane.threads(passing, first, count)
    found = set(window.found.tolist()) if window.found is not None else None
    maker = _RowMaker(window, segments, found)
    return list(map(maker.row, facts_of(trace, view, first, count), threads))


class _RowMaker:
    """Makes one row after the other; holds what they share."""

    def __init__(self, window: Window, segments: Segments | None, found: set[int] | None) -> None:
        self._window = window
        self._segments = segments
        self._found = found
        self._forest = window.trace.facts.forest
        self._open = frozenset(window.state.span)
        self._cells = CellMaker(window.trace, window.state, window.values)
        self._gaps = window.trace.gaps(window.state.path) if segments else None
        runs = found is not None and bool((window.view.run >= 0).any())
        self._found_before = (
            window.trace.rows.marked(window.found) if runs and window.found is not None else None
        )

    def row(self, of: RowFacts, threads: list[Thread]) -> Row:
        return self._span(of, threads) if of.run < 0 else self._run(of, threads)

    def _run(self, of: RowFacts, threads: list[Thread]) -> Row:
        """The first of siblings that are alike, made to stand for all of them."""
        trace, alike = self._window.trace, self._window.trace.alike
        sums = sums_of(trace, alike, of.run)
        begin_ns, end_ns = of.start_ns, int(alike.end_ns[of.run])
        covered = (sums.starts_ns, sums.ends_ns)
        after = int(alike.after[of.run])
        solid = covered if self._segments is None else self._segments.within(of.place, after)
        lane = self._window.lane
        last_ns = int(self._forest.end_ns[trace.rows.node[of.place : after]].max())
        bar = lane.bar(begin_ns, end_ns, solid, sums.label, threads, last_ns, sums.total)
        path = "on critical path" if len(solid[0]) and self._segments else "not on critical path"
        starts_ns = begin_ns - trace.begin_ns
        first = self._span(of._replace(tagged=False, eventful=False, failed=False), [])
        who = f"{of.alike:,} alike: {first.name}, {self._forest.columns.services[of.service]}"
        error = f"{sums.failed:,} failed" if sums.failed else "no error"
        return replace(
            first,
            opened=False,
            expanded=False,
            children=0,
            hidden=of.hidden + 1,
            total=sums.total,
            own=display.duration(sums.own_ns),
            cells=self._cells.of_run(sums.own_ns, starts_ns, end_ns - trace.begin_ns, sums.nodes),
            duration_ns=sums.total_ns,
            error=("cause" if sums.caused else "passed") if sums.failed else "",
            message=f"{sums.failed:,} of {sums.count:,}" if sums.failed else "",
            tags=[],
            bar=replace(bar, pieces=lane.stretches(*covered)),
            words=f"{who}, {sums.label}, starts at {display.duration(starts_ns)}, {path}, {error}",
            found=None
            if self._found_before is None
            else bool(self._found_before[after] > self._found_before[of.place]),
            stands=sums.meaning,
        )

    def _span(self, of: RowFacts, threads: list[Thread]) -> Row:
        trace, forest, node = self._window.trace, self._forest, of.node
        duration_ns = of.end_ns - of.start_ns
        total = display.duration(duration_ns)
        error, message = self._error(node) if of.failed else ("", "")
        span_id = trace.span_id(node)
        service = forest.columns.services[of.service] if of.received else MISSING
        name = forest.columns.names[of.name] if of.received else "span not received"
        gaps = self._gaps.of(of.place) if self._gaps and self._forest.source[node] >= 0 else []
        notes = [_shortened(message)] if message and error == "cause" else []
        notes += [unexplained(gaps)] if gaps else []
        spoken = [service, *([unexplained(gaps)] if gaps else [])]
        peer = f"→ {forest.columns.peers[of.peer].name}" if of.peer >= 0 else ""
        logs = log_tags(trace, node)
        handled = handled_tags(forest, node) if of.failed else []
        return Row(
            id=span_id,
            index=of.position,
            level=of.depth + 1,
            place=of.rank,
            siblings=of.siblings,
            indent=min(of.depth, DEEPEST + 1),
            expanded=None if not of.children else not of.folded,
            opened=span_id in self._open,
            slot=of.slot,
            service=service if of.names_service else "",
            name=name,
            children=of.children,
            hidden=of.hidden,
            hidden_errors=of.hidden_errors,
            total=total,
            own=display.duration(of.self_ns),
            cells=self._cells.of_span(of) if of.received else self._cells.of_missing(),
            duration_ns=duration_ns,
            error=error,
            message=message,
            tags=(span_tags(forest, node) if of.tagged else []) + handled + logs,
            bar=self._bar(of, " · ".join([total, *notes]), threads, gaps),
            words=self._words(of, ", ".join([name, *spoken, total]), message, handled + logs),
            peer=peer,
            found=None if self._found is None else node in self._found,
            received=of.received,
            alike=of.alike,
        )

    def _error(self, node: int) -> tuple[str, str]:
        told = self._forest.columns.error_texts.get(int(self._forest.source[node]))
        message = " ".join(told.message.split()) if told else ""
        return ("cause" if self._window.trace.causes[node] else "passed"), message

    def _bar(self, of: RowFacts, text: str, threads: list[Thread], gaps: list[tuple[int, int]]) -> Bar:
        lane, nothing = self._window.lane, np.empty(0, np.int64)
        if self._segments is None:
            solid = (np.array([of.start_ns]), np.array([of.end_ns]))
        elif not of.received:
            solid = (nothing, nothing)
        else:  # what is folded away is drawn into the row that folds it
            solid = self._segments.within(of.place, of.after if of.folded else of.place + 1)
        bar = lane.bar(of.start_ns, of.end_ns, solid, text, threads, of.last_ns, text.partition(" · ")[0])
        if gaps and not bar.outside:
            bar = replace(bar, gaps=[lane.gap(start_ns, end_ns) for start_ns, end_ns in gaps])
        if not of.eventful or bar.outside:
            return bar
        times = self._window.trace.events_of(of.node)[:_MOST_EVENTS].tolist()
        dots = [round(lane.x(time_ns), 3) for time_ns in times]
        return replace(bar, events=[x for x in dots if 0 <= x <= 100])

    def _words(self, of: RowFacts, what: str, message: str, logs: list[Tag]) -> str:
        """What a screen reader says of the row; the bars are decoration."""
        starts = display.duration(of.start_ns - self._window.trace.begin_ns)
        path = "on critical path" if of.waited_for else "not on critical path"
        told = f"error: {_shortened(message)}" if message else "error"
        error = ", ".join([told if of.failed else "no error", *(tag.text for tag in logs)])
        return f"{what}, starts at {starts}, {path}, {error}"


def unexplained(gaps: list[tuple[int, int]]) -> str:
    return f"no span explains {display.duration(sum(end_ns - start_ns for start_ns, end_ns in gaps))}"


def _shortened(message: str) -> str:
    return message if len(message) <= _MOST_WORDS else message[: _MOST_WORDS - 1] + "…"
