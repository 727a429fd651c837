"""The spans of one trace summed by call path: what a flame graph is drawn from. No drawing.

checkout             |==============================|   A frame is an operation reached along one path; calls that
 ├ order · create    |=========================|        took the same path are one frame. As wide as the time in it
 │  └ fraud · check  |==================|               and below it, the widest of siblings first.
 └ mail · send                               |==|
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from webapp.analysis.call_path import operation
from webapp.analysis.rows import TraceRows
from webapp.analysis.runs import run_starts
from webapp.model.columns import I32, I64
from webapp.model.spans import Status


@dataclass(frozen=True, slots=True)
class Frames:
    """One entry a frame, parents before children. `own_ns` is the time in the frame itself, `total_ns` with all below.

    `node` is its longest span, `start_ns` where it begins on the scale of the sums, `failed` how many spans failed.
    """

    parent: I32
    depth: I32
    node: I64
    spans: I64
    failed: I64
    own_ns: I64
    total_ns: I64
    start_ns: I64

    def __len__(self) -> int:
        return len(self.parent)


def frames_of(rows: TraceRows, own_ns: I64) -> Frames:
    """`own_ns` is by node: critical times, or self times. Sums of the latter may exceed the response: spans overlap."""
    forest = rows.forest
    frame, parent, depth = _frames(rows)
    count = len(parent)
    node = np.arange(len(forest))
    own = _summed(frame, own_ns, count)
    total = own.copy()
    for at in reversed(_levels(depth)[1:]):
        np.add.at(total, parent[at], total[at])
    longest = node[np.lexsort((node, -(forest.end_ns - forest.start_ns), frame))]
    first = longest[run_starts(frame[longest])]
    return Frames(
        parent=parent,
        depth=depth,
        node=first,
        spans=np.bincount(frame, minlength=count),
        failed=np.bincount(frame[forest.status == Status.ERROR], minlength=count),
        own_ns=own,
        total_ns=total,
        start_ns=_placed(parent, depth, total),
    )


def _frames(rows: TraceRows) -> tuple[I64, I32, I32]:
    """The frame of each node; of each frame the one above it, and its depth."""
    forest = rows.forest
    label = _labels(rows)
    labels = int(label.max(initial=0)) + 1
    depth_of = np.empty(len(forest), np.int32)
    depth_of[rows.node] = rows.depth
    order = np.argsort(depth_of, kind="stable")
    bounds = np.searchsorted(depth_of[order], np.arange(int(depth_of.max(initial=0)) + 2))
    frame = np.full(len(forest), -1, np.int64)
    parents: list[I64] = []
    depths: list[I32] = []
    known = 0
    for level in range(len(bounds) - 1):
        nodes = order[bounds[level] : bounds[level + 1]]
        above = forest.parent[nodes]
        frame_above = np.where(above >= 0, frame[above], -1)
        keys, code = np.unique((frame_above + 1) * labels + label[nodes], return_inverse=True)
        frame[nodes] = known + code
        parents.append(keys // labels - 1)
        depths.append(np.full(len(keys), level, np.int32))
        known += len(keys)
    return frame, np.concatenate(parents).astype(np.int32), np.concatenate(depths)


def _levels(depth: I32) -> list[slice]:
    """The frames of each depth, from the top: they are numbered in that order."""
    bounds = [*run_starts(depth).tolist(), len(depth)]
    return [slice(first, end) for first, end in pairwise(bounds)]


def _labels(rows: TraceRows) -> I64:
    """A number by node, the same for the same service and operation."""
    forest = rows.forest
    numbers: dict[str, int] = {}
    operations = [numbers.setdefault(operation(name), len(numbers)) for name in forest.columns.names]
    operation_of = np.array([*operations, len(numbers)], np.int64)[forest.name]
    return forest.service.astype(np.int64) * (len(numbers) + 1) + operation_of + len(numbers) + 1


def _summed(index: I64, values: I64, count: int) -> I64:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, index, values)
    return sums


def _placed(parent: I32, depth: I32, total_ns: I64) -> I64:
    """Siblings beside each other from their parent's start on, the widest first."""
    start_ns = np.zeros(len(parent), np.int64)
    for numbers in _levels(depth):
        at = np.arange(numbers.start, numbers.stop)
        at = at[np.lexsort((at, -total_ns[at], parent[at]))]
        starts = run_starts(parent[at])
        before = np.cumsum(total_ns[at]) - total_ns[at]
        base = np.repeat(before[starts], np.diff(starts, append=len(at)))
        above = parent[at]
        start_ns[at] = before - base + np.where(above >= 0, start_ns[above], 0)
    return start_ns
