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
from webapp.analysis.runs import (
    gathered_from_above,
    renumbered,
    run_lengths,
    run_starts,
    sorted_by,
    stable_order,
)
from webapp.model.columns import I32, I64
from webapp.model.spans import Status


@dataclass(frozen=True, slots=True)
class Frames:
    """One entry a frame, parents before children. `own_ns` is the time in the frame itself, `total_ns` with all below.

    `node` is its longest span, `failed` how many spans failed. `of_node`, by node, is the frame of each span.
    """

    parent: I32
    depth: I32
    node: I64
    spans: I64
    failed: I64
    own_ns: I64
    total_ns: I64
    of_node: I64

    def __len__(self) -> int:
        return len(self.parent)


@dataclass(frozen=True, slots=True)
class Paths:
    """What of the frames is the same whatever time they sum: worked out once for a trace. `by_frame` has the nodes of
    frame k from `bounds[k]` to `bounds[k + 1]`; the rest as in `Frames`.
    """

    parent: I32
    depth: I32
    node: I64
    failed: I64
    of_node: I64
    by_frame: I64
    bounds: I64


def paths_of(rows: TraceRows) -> Paths:
    """No loop over levels: traces may be deeper than a page can wait for."""
    forest = rows.forest
    depth_of = np.empty(len(forest), np.int32)
    depth_of[rows.node] = rows.depth
    frame = _frames(_labels(rows), forest.parent, depth_of)
    by_frame = stable_order(frame)
    starts = run_starts(frame[by_frame])
    length_ns = (forest.end_ns - forest.start_ns)[by_frame]
    longest_ns = np.maximum.reduceat(length_ns, starts) if len(starts) else starts
    longest = by_frame[length_ns == np.repeat(longest_ns, run_lengths(starts, len(frame)))]
    first = longest[run_starts(frame[longest])]
    above = forest.parent[first]
    return Paths(
        parent=np.where(above >= 0, frame[above], -1).astype(np.int32),
        depth=depth_of[first],
        node=first,
        failed=np.bincount(frame[forest.status == Status.ERROR], minlength=len(starts)),
        of_node=frame,
        by_frame=by_frame,
        bounds=np.append(starts, len(frame)),
    )


def frames_of(rows: TraceRows, own_ns: I64, paths: Paths | None = None) -> Frames:
    """`own_ns` is by node: critical times, or self times. Sums of the latter may exceed the response: spans overlap."""
    paths = paths or paths_of(rows)
    count = len(paths.parent)
    return Frames(
        parent=paths.parent,
        depth=paths.depth,
        node=paths.node,
        spans=np.diff(paths.bounds),
        failed=paths.failed,
        own_ns=_summed(paths.of_node, own_ns, count),
        total_ns=_summed(paths.of_node, _with_all_below(rows, own_ns), count),
        of_node=paths.of_node,
    )


def _frames(label: I64, parent: I32, depth: I32) -> I64:
    """The frame of each node, numbered from the top: nodes with equal labels all the way up share one."""
    levels, labels = int(depth.max(initial=0)) + 1, int(label.max(initial=0)) + 1
    chance = np.random.default_rng(1)
    weight = chance.integers(1, 2**63, labels, np.uint64) | np.uint64(1)
    place = chance.integers(1, 2**63, levels, np.uint64)
    bits = np.uint64(64 - levels.bit_length())
    told = weight[label] * (place[depth] | np.uint64(1))
    told ^= told >> np.uint64(31)
    sums = gathered_from_above(parent, told, np.add)
    key = (depth.astype(np.uint64) << bits) | (sums >> (np.uint64(64) - bits))
    frame: I64 = np.unique(key, return_inverse=True)[1]
    above = np.where(parent >= 0, frame[parent], -1)
    first = np.empty(int(frame.max(initial=-1)) + 1, np.int64)
    first[frame] = np.arange(len(frame))
    same = (label[first][frame] == label) & (above[first][frame] == above)
    return frame if same.all() else _frames_by_pairs(label, parent, depth)


def _frames_by_pairs(label: I64, parent: I32, depth: I32) -> I64:
    """The same without chance, for where two paths came to one sum: runs of labels twice as long get their names from
    pairs of names of before, until they reach the root.
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
    return renumbered(of_both)


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
    """Siblings beside each other from their parent's start on, the widest first; those without width at its start."""
    wide = np.flatnonzero(total_ns)
    order = wide[sorted_by(parent[wide] + 1, -total_ns[wide])]
    starts = run_starts(parent[order])
    before = np.cumsum(total_ns[order]) - total_ns[order]
    within_parent = np.zeros(len(parent), np.int64)
    within_parent[order] = before - np.repeat(before[starts], run_lengths(starts, len(order)))
    start_ns: I64 = gathered_from_above(parent, within_parent, np.add)
    return start_ns
