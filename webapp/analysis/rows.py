"""The tree of one trace as flat rows in preorder: what is above, below, next. Built once a trace and kept.

Which rows are shown is in `folding.py`, what they look like from afar in `preview.py`.
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.runs import run_starts, sorted_by
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import Forest
from webapp.model.spans import Status


@dataclass(frozen=True, slots=True)
class TraceRows:
    """Arrays by row, except `row_of_node`. Row r has below it the rows r + 1 to after[r] - 1."""

    forest: Forest
    node: I32
    row_of_node: I32
    parent: I32  # a row, -1 for roots
    after: I32
    depth: I32
    children: I32  # how many directly below
    failed_before: I64  # spans of status ERROR, counted as by `marked`

    def __len__(self) -> int:
        return len(self.node)

    def ancestors(self, node: int) -> list[int]:
        """Nodes, the root first."""
        row = int(self.row_of_node[node])
        above = np.flatnonzero(self.after[:row] > row)
        return [int(ancestor) for ancestor in self.node[above]]

    def marked(self, nodes: I64) -> I64:
        """How many of the nodes stand in rows 0 to r - 1, for r from 0 to the number of rows."""
        return _counted_before(np.bincount(self.row_of_node[nodes], minlength=len(self)))

    def below(self, marked: I64) -> I64:
        """Of what `marked` counts, how much is below each row."""
        return marked[self.after] - marked[1:]


def rows_of(forest: Forest) -> TraceRows:
    """Children by start, longer before shorter, then by id; of the roots the primary one first.

    The forest must hold one trace. No loop over spans, whatever the shape: preorder is the list "first child, else
    next sibling of the nearest ancestor that has one", ranked by doubling its steps.
    """
    count = len(forest)
    order = _siblings_in_order(forest)
    next_sibling, first_child = _links(forest.parent, order)
    past = next_sibling[_last_with_sibling(forest.parent, next_sibling)]  # the node behind the subtree
    rank = _ranks(np.where(first_child < count, first_child, past))
    row_of_node = rank[:count]
    node = np.empty(count, np.int32)
    node[row_of_node] = np.arange(count, dtype=np.int32)
    after = rank[past[node]]
    above = forest.parent[node]
    closed = np.cumsum(np.bincount(after, minlength=count + 1))[:count]
    return TraceRows(
        forest=forest,
        node=node,
        row_of_node=row_of_node,
        parent=np.where(above >= 0, row_of_node[above], -1).astype(np.int32),
        after=after,
        depth=(np.arange(count) - closed).astype(np.int32),
        children=np.bincount(above[above >= 0], minlength=count)[node].astype(np.int32),
        failed_before=_counted_before(forest.status[node] == Status.ERROR),
    )


def _counted_before(marks: I64 | Bool) -> I64:
    return np.concatenate(([0], np.cumsum(marks)))


def _siblings_in_order(forest: Forest) -> I64:
    start_ns = forest.start_ns.copy()
    start_ns[forest.root] = start_ns.min() - 1  # above all other roots
    return sorted_by(forest.parent + 1, start_ns, -forest.end_ns, forest.span_id, forest.suffix)


def _links(parent: I32, order: I64) -> tuple[I32, I32]:
    """Next sibling and first child of each node; `count` stands for none, and for itself."""
    count = len(parent)
    above = parent[order]
    same = above[1:] == above[:-1]
    next_sibling = np.full(count + 1, count, np.int32)
    next_sibling[order[:-1][same]] = order[1:][same]
    first_child = np.full(count + 1, count, np.int32)
    firsts = run_starts(above)
    firsts = firsts[above[firsts] >= 0]
    first_child[above[firsts]] = order[firsts]
    return next_sibling, first_child


def _last_with_sibling(parent: I32, next_sibling: I32) -> I32:
    """The nearest of a node and its ancestors behind which a sibling follows; `count` if there is none."""
    count = len(parent)
    up = np.append(np.where(parent < 0, count, parent), count).astype(np.int32)
    up = np.where(next_sibling < count, np.arange(count + 1, dtype=np.int32), up)
    while not np.array_equal(further := up[up], up):
        up = further
    return up


def _ranks(successor: I32) -> I32:
    """The place of each element in the one list that ends at the last element."""
    count = len(successor) - 1
    remaining = np.ones(count + 1, np.int32)
    remaining[count] = 0
    step = successor
    for _ in range(count.bit_length()):
        remaining = remaining + remaining[step]
        step = step[step]
    return count - remaining
