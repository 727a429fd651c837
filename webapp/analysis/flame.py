"""The spans of one trace summed by call path: what a flame graph is drawn from. No drawing.

checkout             |==============================|   A frame is an operation reached along one path; calls that
 ├ order · create    |=========================|        took the same path are one frame. As wide as the time in it
 │  └ fraud · check  |==================|               and below it, the widest of siblings first.
 └ mail · send                               |==|
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.call_path import operation
from webapp.analysis.rows import TraceRows
from webapp.analysis.runs import gathered_from_above, run_lengths, run_starts
from webapp.model.columns import I32, I64
from webapp.model.spans import Status


@dataclass(frozen=True, slots=True)
class Frames:
    """One entry a frame, parents before children. `own_ns` is the time in the frame itself, `total_ns` with all below.

    `node` is its longest span, `start_ns` where it begins on the scale of the sums, `failed` how many spans failed.
    `of_node`, by node, is the frame of each span.
    """

    parent: I32
    depth: I32
    node: I64
    spans: I64
    failed: I64
    own_ns: I64
    total_ns: I64
    start_ns: I64
    of_node: I64

    def __len__(self) -> int:
        return len(self.parent)


def frames_of(rows: TraceRows, own_ns: I64) -> Frames:
    """`own_ns` is by node: critical times, or self times. Sums of the latter may exceed the response: spans overlap.

    No loop over levels: traces may be deeper than a page can wait for.
    """
    forest = rows.forest
    depth_of = np.empty(len(forest), np.int32)
    depth_of[rows.node] = rows.depth
    frame = _frames(_labels(rows), forest.parent, depth_of)
    count = int(frame.max(initial=-1)) + 1
    node = np.arange(len(forest))
    longest = node[np.lexsort((node, -(forest.end_ns - forest.start_ns), frame))]
    first = longest[run_starts(frame[longest])]
    above = forest.parent[first]
    parent = np.where(above >= 0, frame[above], -1).astype(np.int32)
    total = _summed(frame, _with_all_below(rows, own_ns), count)
    return Frames(
        parent=parent,
        depth=depth_of[first],
        node=first,
        spans=np.bincount(frame, minlength=count),
        failed=np.bincount(frame[forest.status == Status.ERROR], minlength=count),
        own_ns=_summed(frame, own_ns, count),
        total_ns=total,
        start_ns=placed(parent, total),
        of_node=frame,
    )


def _frames(label: I64, parent: I32, depth: I32) -> I64:
    """The frame of each node, numbered from the top: nodes with equal labels all the way up share one.

    Runs of labels twice as long get their names from pairs of names of before, until they reach the root.
    """
    name, up, reach = label, parent, 1
    while reach <= int(depth.max(initial=0)):
        further = np.where(up >= 0, name[up] + 1, 0)
        name = np.unique(name * (int(name.max()) + 2) + further, return_inverse=True)[1]
        up = np.where(up >= 0, up[up], -1)
        reach *= 2
    names = int(name.max(initial=0)) + 1
    frames: I64 = np.unique(depth.astype(np.int64) * names + name, return_inverse=True)[1]
    return frames


def _labels(rows: TraceRows) -> I64:
    """A number by node from 0, the same for the same service and operation."""
    forest = rows.forest
    numbers: dict[str, int] = {}
    operations = [numbers.setdefault(operation(name), len(numbers)) for name in forest.columns.names]
    operation_of = np.array([*operations, len(numbers)], np.int64)[forest.name]
    of_both = (forest.service.astype(np.int64) + 1) * (len(numbers) + 1) + operation_of
    labels: I64 = np.unique(of_both, return_inverse=True)[1]
    return labels


def _with_all_below(rows: TraceRows, own_ns: I64) -> I64:
    """By node: its own and that of all that is below it."""
    before = np.concatenate(([0], np.cumsum(own_ns[rows.node])))
    sums = np.empty(len(own_ns), np.int64)
    sums[rows.node] = before[rows.after] - before[:-1]
    return sums


def _summed(index: I64, values: I64, count: int) -> I64:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, index, values)
    return sums


def placed(parent: I32, total_ns: I64) -> I64:
    """Siblings beside each other from their parent's start on, the widest first."""
    order = np.lexsort((np.arange(len(parent)), -total_ns, parent))
    starts = run_starts(parent[order])
    before = np.cumsum(total_ns[order]) - total_ns[order]
    within_parent = np.empty(len(parent), np.int64)
    within_parent[order] = before - np.repeat(before[starts], run_lengths(starts, len(order)))
    start_ns: I64 = gathered_from_above(parent, within_parent, np.add)
    return start_ns
