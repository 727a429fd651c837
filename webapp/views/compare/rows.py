"""The rows of a comparison as the page shows them: marks, numbers, twin bars, the bar of the difference. No HTML."""

from dataclasses import dataclass, replace

import numpy as np

from webapp.analysis.alignment import Change
from webapp.analysis.attribution import MISSING, label
from webapp.analysis.call_path import operation
from webapp.analysis.compare_folding import ComparisonView
from webapp.model import display
from webapp.model.columns import I32, I64
from webapp.model.facts import TraceFacts
from webapp.model.spans import Status
from webapp.views.compare.pair import PAGE_ROWS, Pair, members
from webapp.views.compare.state import CompareState
from webapp.views.present import slot
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.head import NOBODY
from webapp.views.trace.lane import Bar, Label, Lane
from webapp.views.trace.state import TraceState

DEEPEST = 13
_PX = 4.0  # pixels a percent of the lane, on a narrow screen: only to guess whether a label fits
_MOST_PIECES = 60  # of a bar's solid parts
_NARROWEST = 1.5  # percent of its half that the bar of a difference takes at least
_MARKS = {
    Change.ADDED: ("added", "+ added", "Only B has it"),
    Change.REMOVED: ("removed", "− removed", "Only A has it"),
    Change.INSERTED: ("added", "+ put between", "Only B has it, around spans that both have"),
    Change.UNWRAPPED: ("removed", "− taken out", "Only A has it, around spans that both have"),
}
_MOVED = {
    Change.ADDED: ("added", "+ moved here", "B has it here, A somewhere else"),
    Change.REMOVED: ("removed", "− moved away", "A has it here, B somewhere else"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    kind: str  # added, removed, error, count, other
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Side:
    """What one trace has in a row; `duration_ns` is a sum where it is several calls."""

    letter: str
    duration_ns: int
    calls: int
    bar: Bar
    failed: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """In percent of the width of a bar with its zero in the middle."""

    ns: int
    text: str
    share: str  # of all change
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class CompareRow:
    """`unchanged`: the line stands for so many rows, else 0. `below`: rows folded away."""

    id: str
    level: int
    indent: int
    slot: int
    service: str  # "" where it is that of the row above
    name: str
    marks: list[Mark]
    expanded: bool | None
    below: int
    opened: bool
    a: Side | None
    b: Side | None
    difference: Difference
    turn_url: str
    open_url: str
    unchanged: int


def difference(ns: int, largest_ns: int, change_ns: int) -> Difference:
    width = max(_NARROWEST, 50 * abs(ns) / max(1, largest_ns)) if ns else 0
    text = display.offset(ns) if ns else "0"
    share = display.share(abs(ns) / change_ns) if ns and change_ns else ""
    return Difference(ns, text, share, round(50 - width if ns < 0 else 50, 2), round(width, 2))


def compare_rows(pair: Pair, view: ComparisonView, state: CompareState) -> list[CompareRow]:
    """Those of one page."""
    largest_ns = int(np.abs(view.delta_ns).max(initial=0))
    maker = _RowMaker(pair, state, largest_ns)
    part = range(state.row, min(len(view), state.row + PAGE_ROWS))
    return [maker.row(view, position) for position in part]


class _RowMaker:
    """Makes one row after the other; holds what they share."""

    def __init__(self, pair: Pair, state: CompareState, largest_ns: int) -> None:
        self._pair, self._state, self._largest_ns = pair, state, largest_ns
        self._rows = pair.made.found.rows
        self._change_ns = pair.made.found.change_ns
        self._lane_a, self._lane_b = pair.lanes()

    def row(self, view: ComparisonView, position: int) -> CompareRow:
        rows, row, unchanged = self._rows, int(view.row[position]), int(view.unchanged[position])
        row_id, folded = self._pair.row_id(row), bool(view.folded[position])
        service, operation_name = rows.keys[rows.key[row]]
        above = int(rows.parent[row])
        below = int(rows.after[row]) - row - 1
        a, b = (None, None) if unchanged else self._sides(row, folded)
        depth = int(rows.depth[row])
        turned = f"u{row_id}" if unchanged else row_id
        return CompareRow(
            id=row_id,
            level=depth + 1,
            indent=min(depth, DEEPEST),
            slot=NOBODY if service == MISSING else slot(service),
            service="" if above >= 0 and rows.keys[rows.key[above]][0] == service else service,
            name=self._name(row) or operation_name,
            marks=[] if unchanged else self._marks(row, a, b),
            expanded=None if unchanged or not below else not folded,
            below=below if folded else 0,
            opened=row_id in self._state.open,
            a=a,
            b=b,
            difference=difference(int(view.delta_ns[position]), self._largest_ns, self._change_ns),
            turn_url=self._state.toggle_url("fold", turned),
            open_url=self._state.toggle_url("fold" if rows.group[row] else "open", row_id),
            unchanged=unchanged,
        )

    def _name(self, row: int) -> str:
        """As the span writes it; "" for several."""
        if self._rows.b[row] >= 0:
            return label(self._pair.b.facts.forest, int(self._rows.b[row]))[1]
        return label(self._pair.a.facts.forest, int(self._rows.a[row]))[1] if self._rows.a[row] >= 0 else ""

    def _sides(self, row: int, folded: bool) -> tuple[Side | None, Side | None]:
        of_row, rows = members(self._pair, row), self._rows
        several = bool(rows.group[row])
        end = int(rows.after[row]) if folded or several else row + 1  # what it stands for is drawn into it
        made = self._pair.made
        return (
            _side("A", self._pair.a, self._lane_a, rows.a[of_row], made.path_a.within(row, end)),
            _side("B", self._pair.b, self._lane_b, rows.b[of_row], made.path_b.within(row, end)),
        )

    def _marks(self, row: int, a: Side | None, b: Side | None) -> list[Mark]:
        rows, marks = self._rows, []
        change = Change(int(rows.change[row]))
        if rows.group[row]:
            count_a, count_b = display.count(int(rows.count_a[row])), display.count(int(rows.count_b[row]))
            marks.append(
                Mark("count", f"×{count_a} → ×{count_b}", f"A calls it {count_a} times, B {count_b}")
            )
        if change != Change.SAME:
            marks.append(Mark(*(_MOVED if rows.moved[row] else _MARKS)[change]))
        if row == 0 and (renamed := _renamed(self._pair)):
            marks.append(Mark("other", f"A: {renamed}", "The roots have different names"))
        failed = [side.letter for side in (a, b) if side and side.failed]
        if failed:
            words = "both" if len(failed) == 2 else failed[0] + (" only" if a and b else "")
            marks.append(Mark("error", f"error in {words}", "Which of the two failed here"))
        return marks


def _side(letter: str, trace: OpenTrace, lane: Lane, nodes: I32, solid: tuple[I64, I64]) -> Side | None:
    nodes = nodes[nodes >= 0]
    if not len(nodes):
        return None
    forest = trace.facts.forest
    start_ns, end_ns = forest.start_ns[nodes], forest.end_ns[nodes]
    total_ns = int((end_ns - start_ns).sum())
    bar = lane.bar(int(start_ns.min()), int(end_ns.max()), solid, "", [])
    bar = replace(bar, solid=_few(bar.solid), label=_label(f"{letter} {display.duration(total_ns)}", bar))
    return Side(letter, total_ns, len(nodes), bar, bool((forest.status[nodes] == Status.ERROR).any()))


def _few(pieces: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of very many calls: pieces that lie near each other as one."""
    if len(pieces) <= _MOST_PIECES:
        return pieces
    joined = pieces[:1]
    for x, width in pieces[1:]:
        begin, length = joined[-1]
        if x - begin - length < 100 / _MOST_PIECES:
            joined[-1] = (begin, round(x + width - begin, 3))
        else:
            joined.append((x, width))
    return joined


def _label(text: str, bar: Bar) -> Label:
    """After the bar or before it, where it fits into a narrow lane; else inside, on a chip."""
    width = round(6.2 * len(text) + 12)
    need = width / _PX
    right = bar.x + bar.width
    if right + need <= 100:
        return Label(text, round(right, 3), "after", 0)
    return Label(text, bar.x, "before", 0) if bar.x >= need else Label(text, max(0.0, bar.x), "inside", width)


def _renamed(pair: Pair) -> str:
    """What A calls its root, where B calls it otherwise."""
    of_a, of_b = (root_label(trace.facts) for trace in (pair.a, pair.b))
    return "" if (of_a[0], operation(of_a[1])) == (of_b[0], operation(of_b[1])) else " · ".join(of_a)


def root_label(facts: TraceFacts) -> tuple[str, str]:
    return label(facts.forest, int(facts.forest.root[0]))


def span_url(trace: OpenTrace, node: int) -> str:
    """The trace's page, at the span."""
    return TraceState(trace.trace_id).url(f"show/{trace.span_id(node)}")
