"""Which rows of a trace are shown: depth, toggled nodes, nodes that must be seen. Time never hides a row."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from webapp.analysis.rows import TraceRows
from webapp.model.columns import I32, I64, Bool

OPEN_WHOLE = 2_000  # spans; a trace up to here opens with every row
FIRST_ROWS = 200  # a larger one opens with about so many …
FIRST_NODES = 50  # … and as many of the critical path and of the errors unfolded


@dataclass(frozen=True, slots=True)
class Opening:
    """How a trace opens: arguments for `visible`, and how many nodes of the path and errors stay folded away."""

    depth: int | None
    keep: I64
    path_left: int
    errors_left: int


@dataclass(frozen=True, slots=True)
class View:
    """The rows shown, top down. `open` is by row of the whole trace, all else by position in the view."""

    rows: TraceRows
    shown: I64  # rows of the trace
    node: I32
    folded: Bool  # has children, none of which is shown
    hidden: I64  # how many rows are folded away below
    hidden_errors: I64
    open: Bool

    def __len__(self) -> int:
        return len(self.shown)

    def position(self, node: int) -> int:
        """Where a node is in the view, -1 if it is folded away."""
        row = self.rows.row_of_node[node]
        place = int(np.searchsorted(self.shown, row))
        return place if place < len(self) and self.shown[place] == row else -1

    def to_unfold(self, node: int) -> list[int]:
        """The folded ancestors of a node, the outermost first: toggle these and it is shown."""
        return [above for above in self.rows.ancestors(node) if not self.open[self.rows.row_of_node[above]]]


def visible(rows: TraceRows, depth: int | None, fold: Collection[int] = (), keep: I64 | None = None) -> View:
    """Levels 0 to `depth` (None: all) are shown, and what leads to `keep`; `fold` turns single nodes the other way."""
    is_open = np.ones(len(rows), np.bool_) if depth is None else rows.depth < depth
    if keep is not None and len(keep):
        is_open |= rows.below(rows.marked(keep)) > 0
    toggled = rows.row_of_node[np.fromiter(fold, np.int64, len(fold))]
    is_open[toggled] ^= True
    closed = np.flatnonzero(~is_open & (rows.children > 0))
    level = np.zeros(len(rows) + 1, np.int32)
    level[closed + 1] = 1  # a row has at most one row just above it …
    level -= np.bincount(rows.after[closed], minlength=len(level)).astype(
        np.int32
    )  # … but may end many subtrees
    shown = np.flatnonzero(np.cumsum(level[:-1]) == 0)
    folded = (~is_open & (rows.children > 0))[shown]
    failed = rows.below(rows.failed_before)[shown]
    return View(
        rows=rows,
        shown=shown,
        node=rows.node[shown],
        folded=folded,
        hidden=np.where(folded, rows.after[shown] - shown - 1, 0),
        hidden_errors=np.where(folded, failed, 0),
        open=is_open,
    )


def opening(rows: TraceRows, path: I64, errors: I64) -> Opening:
    """How to show a trace first. `path` and `errors` are nodes, those to be unfolded first in front."""
    if len(rows) <= OPEN_WHOLE:
        return Opening(None, np.empty(0, np.int64), 0, 0)
    by_level = np.cumsum(np.bincount(rows.depth))
    depth = max(0, int(np.searchsorted(by_level, FIRST_ROWS, "right")) - 1)
    keep = np.union1d(path[:FIRST_NODES], errors[:FIRST_NODES])
    seen = np.zeros(len(rows), np.bool_)
    seen[visible(rows, depth, keep=keep).node] = True
    return Opening(depth, keep, int((~seen[path]).sum()), int((~seen[errors]).sum()))


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
