"""Two opened traces and their comparison as one thing to ask: which row an id names, which rows a state shows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from webapp.analysis.compare_folding import ComparisonView, to_reveal, view_of
from webapp.views.compare.cache import Compared
from webapp.views.compare.state import CompareState
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.lane import Lane

PAGE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Pair:
    a: OpenTrace
    b: OpenTrace
    made: Compared

    def row_id(self, row: int) -> str:
        """As `CompareState` writes it."""
        rows, several = self.made.found.rows, ""
        while rows.a[row] < 0 and rows.b[row] < 0:
            row, several = row + 1, several + "g"
        if rows.b[row] >= 0:
            return several + self.b.span_id(int(rows.b[row]))
        return f"{several}x{self.a.span_id(int(rows.a[row]))}"

    def row_of(self, row_id: str) -> int | None:
        """The row that an id names, that of the first one for a line of unchanged rows; None if there is none."""
        text = row_id.removeprefix("u")
        of_group = text.startswith("g")
        text = text.removeprefix("g")
        trace, row_of = (self.a, self.made.row_of_a) if text.startswith("x") else (self.b, self.made.row_of_b)
        node = trace.node_of(text.removeprefix("x"))
        if node is None:
            return None
        row = int(row_of[node])
        return int(self.made.found.rows.parent[row]) if of_group else row

    def view(self, state: CompareState) -> ComparisonView:
        return view_of(
            self.made.found,
            self.made.changed,
            everything=state.rows == "all",
            toggled=self._rows(i for i in state.fold if not i.startswith("u")),
            shown=self._rows(i for i in state.fold if i.startswith("u")),
        )

    def revealing(self, state: CompareState, row: int) -> CompareState:
        """The state whose page shows a row, and has it open."""
        closed, runs = to_reveal(self.made.found, self.made.changed, row)
        turned = [*map(self.row_id, closed), *(f"u{self.row_id(run)}" for run in runs if state.rows != "all")]
        shown = state.changed(fold=tuple(turned), row=0)
        if not self.made.found.rows.group[row]:
            shown = shown.changed(open=(self.row_id(row),))
        position = max(0, self.view(shown).position(row))
        return replace(shown, row=position // PAGE_ROWS * PAGE_ROWS)

    def lanes(self) -> tuple[Lane, Lane]:
        """Both traces on one scale of time, each from the start of its own root on."""
        before_ns = min(int(trace.begin_ns - _root_ns(trace)) for trace in (self.a, self.b))
        after_ns = max(int(trace.begin_ns + trace.length_ns - _root_ns(trace)) for trace in (self.a, self.b))
        length_ns = max(1, after_ns - before_ns)
        return Lane(_root_ns(self.a) + before_ns, length_ns), Lane(_root_ns(self.b) + before_ns, length_ns)

    def _rows(self, row_ids: Iterable[str]) -> list[int]:
        """One look at a trace for each id; there are at most a hundred."""
        found = {self.row_of(row_id) for row_id in row_ids}
        return sorted(row for row in found if row is not None and row >= 0)


def _root_ns(trace: OpenTrace) -> int:
    forest = trace.facts.forest
    return int(forest.start_ns[forest.root[0]])


def members(pair: Pair, row: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rows that a row stands for which holds several calls; else the row itself."""
    rows = pair.made.found.rows
    if not (rows.a[row] < 0 and rows.b[row] < 0):
        return np.array([row])
    first: int = row + 1
    return first + np.flatnonzero(rows.parent[first : int(rows.after[row])] == row)
