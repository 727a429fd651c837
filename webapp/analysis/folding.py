"""Which rows of a trace are shown: depth, toggled nodes, nodes that must be seen, runs of siblings that are alike.

Time never hides a row.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from webapp.analysis.alike import Alike
from webapp.analysis.rows import TraceRows
from webapp.model.columns import I32, I64, Bool

OPEN_WHOLE = 2_000  # spans; a trace up to here opens with every row
FIRST_ROWS = 200  # a larger one opens with about so many …
FIRST_NODES = 50  # … and as many of the critical path and of the errors unfolded
_NONE = np.empty(0, np.bool_)


@dataclass(frozen=True, slots=True)
class Opening:
    """How a trace opens: arguments for `visible`, and how many nodes of the path and errors stay folded away."""

    depth: int | None
    keep: I64
    path_left: int
    errors_left: int


@dataclass(frozen=True, slots=True)
class View:
    """The rows shown, top down. `open` is by row of the whole trace, `closed` by run, all else by position in the view.

    A folded run of siblings that are alike is shown as one row in the place of its first member.
    """

    rows: TraceRows
    shown: I64  # rows of the trace
    node: I32
    folded: Bool  # it stands for more: has children, none of which is shown, or is a folded run
    hidden: I64  # how many rows it stands for beside itself
    hidden_errors: I64  # among them; of a folded run among all
    open: Bool
    top: int  # the row whose subtree is shown, 0 for the whole trace
    alike: Alike | None  # None: no runs are told apart
    closed: Bool
    run: I64  # the folded run that a row stands for, -1
    kept: int | None = (
        None  # so many nodes are all that is shown, with what leads to them; None: nothing is left out
    )

    def __len__(self) -> int:
        return len(self.shown)

    def position(self, node: int) -> int:
        """Where a node has a row of its own in the view, -1 if it is folded away."""
        place = self._place(int(self.rows.row_of_node[node]))
        return -1 if place >= 0 and self.run[place] >= 0 else place

    def stands_for(self, node: int) -> int:
        """The position of a node, or of the folded run that it is a member of; -1 if neither is shown."""
        row = int(self.rows.row_of_node[node])
        run = -1 if self.alike is None else int(self.alike.run[row])
        return self._place(
            int(self.alike.first[run]) if self.alike and run >= 0 and self.closed[run] else row
        )

    def to_unfold(self, node: int) -> list[int]:
        """The folded ancestors of a node, the outermost first: toggle these, and `runs_to_unfold`, and it is shown."""
        row = self.rows.row_of_node
        return [n for n in self.rows.ancestors(node) if row[n] >= self.top and not self.open[row[n]]]

    def runs_to_unfold(self, node: int) -> list[int]:
        """The first members of the folded runs that hide a node."""
        if self.alike is None:
            return []
        row = self.rows.row_of_node[[*self.rows.ancestors(node), node]]
        runs = self.alike.run[row[row > self.top]]
        runs = runs[runs >= 0]
        firsts: list[int] = self.rows.node[self.alike.first[runs[self.closed[runs]]]].tolist()
        return firsts

    def _place(self, row: int) -> int:
        place = int(np.searchsorted(self.shown, row))
        return place if place < len(self) and self.shown[place] == row else -1


def visible(
    rows: TraceRows,
    depth: int | None,
    fold: Collection[int] = (),
    keep: I64 | None = None,
    *,
    alike: Alike | None = None,
    closed: Bool = _NONE,
    top: int = 0,
) -> View:
    """Levels 0 to `depth` (None: all) are shown, and what leads to `keep`; `fold` turns single nodes the other way.

    `closed` says which runs of `alike` are folded. `top` is the row whose subtree is shown, 0 for the whole trace.
    """
    end = int(rows.after[top]) if top else len(rows)
    is_open = np.ones(len(rows), np.bool_) if depth is None else rows.depth < depth + rows.depth[top]
    if keep is not None and len(keep):
        is_open |= rows.below(rows.marked(keep)) > 0
    toggled = rows.row_of_node[np.fromiter(fold, np.int64, len(fold))]
    is_open[toggled] ^= True
    first = np.flatnonzero(~is_open & (rows.children > 0))
    first = first[(first >= top) & (first < end)]
    level = np.zeros(len(rows) + 1, np.int32)
    level[first + 1] = 1  # a row has at most one row just above it …
    level -= _counts(rows.after[first], level)  # … but may end many subtrees
    if alike is not None:
        runs = np.flatnonzero(closed & (alike.first > top) & (alike.first < end))
        level[alike.first[runs] + 1] += 1
        level -= _counts(alike.after[runs], level)
    shown = top + np.flatnonzero(np.cumsum(level[top:end]) == 0)
    run = np.full(len(shown), -1)
    if alike is not None and len(alike):
        run = alike.run[shown].astype(np.int64)  # members of a folded run but the first are not shown
        run[(run < 0) | ~closed[run] | (shown <= top)] = -1
    stands = run >= 0
    folded = (~is_open & (rows.children > 0))[shown] | stands
    after = (
        np.where(stands, alike.after[run], rows.after[shown]) if stands.any() and alike else rows.after[shown]
    )
    failed = rows.failed_before[after] - rows.failed_before[shown + ~stands]
    return View(
        rows=rows,
        shown=shown,
        node=rows.node[shown],
        folded=folded,
        hidden=np.where(folded, after - shown - 1, 0),
        hidden_errors=np.where(folded, failed, 0),
        open=is_open,
        top=top,
        alike=alike,
        closed=closed,
        run=run,
    )


def _counts(places: I64 | I32, like: I32) -> I32:
    return np.bincount(places, minlength=len(like)).astype(np.int32)


def only(view: View, nodes: I64) -> View:
    """Of the rows of a view those of some nodes and what leads to them; runs are no longer told apart."""
    rows, first = view.rows, view.top
    row = rows.row_of_node[nodes]
    nodes = nodes[_within(row, first, int(rows.after[first]) if first else len(rows))]
    leads = rows.below(rows.marked(nodes)) > 0
    leads[rows.row_of_node[nodes]] = True
    kept = leads[view.shown]
    return replace(
        view,
        shown=view.shown[kept],
        node=view.node[kept],
        folded=view.folded[kept],
        hidden=view.hidden[kept],
        hidden_errors=view.hidden_errors[kept],
        alike=None,
        run=view.run[kept],
        kept=len(nodes),
    )


def opening(rows: TraceRows, path: I64, errors: I64, alike: Alike | None = None, top: int = 0) -> Opening:
    """How to show a trace, or the subtree of a row, first. `path` and `errors` are nodes, those to be unfolded first
    in front. Runs are folded as they are by themselves.
    """
    end = int(rows.after[top]) if top else len(rows)
    if end - top <= OPEN_WHOLE:
        return Opening(None, np.empty(0, np.int64), 0, 0)
    if top:
        path, errors = (nodes[_within(rows.row_of_node[nodes], top, end)] for nodes in (path, errors))
    closed = alike.folds if alike else _NONE
    whole = visible(rows, None, alike=alike, closed=closed, top=top)
    by_level = np.cumsum(np.bincount(rows.depth[whole.shown] - rows.depth[top]))
    depth = max(0, int(np.searchsorted(by_level, FIRST_ROWS, "right")) - 1)
    keep = np.union1d(path[:FIRST_NODES], errors[:FIRST_NODES])
    seen = np.zeros(len(rows), np.bool_)
    seen[visible(rows, depth, keep=keep, alike=alike, closed=closed, top=top).node] = True
    return Opening(depth, keep, int((~seen[path]).sum()), int((~seen[errors]).sum()))


def _within(row: I32, top: int, end: int) -> Bool:
    return (row >= top) & (row < end)


def find_next(rows: TraceRows, matches: I64, node: int | None, backwards: bool = False) -> int | None:
    """The match behind (or before) `node` in row order, round the end of the trace; None without matches.

    Rows that are folded away count: `View.to_unfold` says what hides them.
    """
    if not len(matches):
        return None
    found = np.sort(rows.row_of_node[matches])
    here = -1 if node is None else int(rows.row_of_node[node])
    if backwards:
        place = int(np.searchsorted(found, here if node is not None else len(rows))) - 1
    else:
        place = int(np.searchsorted(found, here, "right")) % len(found)
    return int(rows.node[found[place]])
