"""Call paths of many traces as one tree (analysis.md 6.2), and which traces to look at to learn it.

The store keeps a number for the path of each span. Its service and operation, and the path above it, are read off a few
whole traces that have all those paths between them: the same rules that gave the numbers give them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from webapp.analysis.attribution import label
from webapp.analysis.call_path import depths as depths_of
from webapp.analysis.call_path import operation, path_ids
from webapp.analysis.tree import repair
from webapp.model.cohorts import F64, PathTimes
from webapp.model.columns import I32, I64, U64, SpanColumns

OTHER, MISSING = "(other)", "(missing)"
MOST_TRACES, MOST_SPANS = 100, 10_000  # that are read to learn the names of paths
_WIDEST = 200  # children of one path; the smaller ones are summed up


@dataclass(frozen=True, slots=True)
class PathName:
    """`parent`: the number of the path above, None for a root."""

    parent: int | None
    service: str
    name: str


@dataclass(frozen=True, slots=True)
class PathTree:
    """One entry a path, parents before children. `service` and `name` are "(other)" and "(missing)" for what they sum up."""

    path_id: list[int]
    parent: I32
    depth: I32
    service: list[str]
    name: list[str]

    def __len__(self) -> int:
        return len(self.path_id)


def telling_traces(times: PathTimes, spans: I64) -> list[int]:
    """Numbers of traces that have the paths with the most critical time between them, each path in its smallest trace."""
    order = np.lexsort((spans[times.trace], times.path))
    firsts = order[np.searchsorted(times.path[order], np.arange(len(times.path_ids)))]
    total = np.bincount(times.path, times.critical_ns, len(times.path_ids))
    by_trace = np.argsort(times.trace, kind="stable")
    bounds = np.searchsorted(times.trace[by_trace], np.arange(len(spans) + 1))
    known = np.zeros(len(times.path_ids), np.bool_)
    chosen: list[int] = []
    left = MOST_SPANS
    for path in np.argsort(-total, kind="stable").tolist():
        trace = int(times.trace[firsts[path]])
        if known[path] or spans[trace] > left:
            continue
        chosen.append(trace)
        left -= int(spans[trace])
        known[times.path[by_trace[bounds[trace] : bounds[trace + 1]]]] = True
        if len(chosen) == MOST_TRACES:
            break
    return chosen


def path_names(columns: SpanColumns) -> dict[int, PathName]:
    """Of every path in these traces, placeholders included."""
    forest = repair(columns)
    depth = depths_of(forest)
    path = path_ids(forest, depth)
    by_depth = np.argsort(depth, kind="stable")
    found, first = np.unique(path[by_depth], return_index=True)
    top = by_depth[
        first
    ]  # the first frame of a path has another path above it; the last one names what answers
    within = by_depth[depth[by_depth] < 128][::-1]
    found_last, last = np.unique(path[within], return_index=True)
    named = within[last[np.searchsorted(found_last, found)]]
    above = forest.parent[top]
    names: dict[int, PathName] = {}
    for number, node, parent in zip(found.tolist(), named.tolist(), above.tolist(), strict=True):
        service, name = label(forest, node)
        names[number] = PathName(int(path[parent]) if parent >= 0 else None, service, operation(name))
    return names


def path_tree(names: Mapping[int, PathName], weight: Mapping[int, float]) -> PathTree:
    """Of the paths with a weight and all above them; the last two entries stand for other paths and for spans not
    received. The weight says which of too many children of one path are kept.
    """
    kept = _kept(names, weight)
    children: dict[int | None, list[int]] = {}
    for path in kept:
        children.setdefault(names[path].parent, []).append(path)
    order: list[tuple[int, int, int]] = []
    waiting = [(path, -1, 0) for path in sorted(children.get(None, ()), reverse=True)]
    while waiting:
        path, parent, depth = waiting.pop()
        waiting.extend(
            (child, len(order), depth + 1) for child in sorted(children.get(path, ()), reverse=True)
        )
        order.append((path, parent, depth))
    return PathTree(
        [*(path for path, _, _ in order), 0, 1],
        np.array([*(parent for _, parent, _ in order), -1, -1], np.int32),
        np.array([*(depth for *_, depth in order), 0, 0], np.int32),
        [*(names[path].service for path, _, _ in order), OTHER, MISSING],
        [*(names[path].name for path, _, _ in order), "paths not told apart", "spans not received"],
    )


def _kept(names: Mapping[int, PathName], weight: Mapping[int, float]) -> list[int]:
    below: dict[int, float] = {}  # of each path, its own weight and that of all below it
    for path, own in weight.items():
        step: int | None = path
        seen: set[int] = set()
        while step is not None and step in names and step not in seen:
            seen.add(step)
            below[step] = below.get(step, 0.0) + own
            step = names[step].parent
    siblings: dict[int | None, list[int]] = {}
    for path in below:
        siblings.setdefault(names[path].parent, []).append(path)
    kept: set[int | None] = {None}
    waiting: list[int | None] = [None]
    while waiting:
        children = siblings.get(waiting.pop(), [])
        children.sort(key=lambda path: (-below[path], path))
        kept.update(children[:_WIDEST])
        waiting.extend(children[:_WIDEST])
    return [path for path in below if path in kept]


def entries_of(tree: PathTree, path_ids_of: U64) -> I64:
    """The entry of the tree that each path is summed in; `path_ids_of` ascends."""
    entries = np.full(len(path_ids_of), len(tree) - 2, np.int64)
    named = np.array(tree.path_id[:-2], np.uint64)
    places = np.minimum(np.searchsorted(path_ids_of, named), max(0, len(path_ids_of) - 1))
    there = path_ids_of[places] == named if len(path_ids_of) else np.zeros(len(named), np.bool_)
    entries[places[there]] = np.flatnonzero(there)
    return entries


def with_all_below(tree: PathTree, values: F64) -> F64:
    """By entry: its own value and those of all entries below it."""
    total = values.copy()
    for depth in range(int(tree.depth.max(initial=0)), 0, -1):
        at = np.flatnonzero(tree.depth == depth)
        np.add.at(total, tree.parent[at], total[at])
    return total
