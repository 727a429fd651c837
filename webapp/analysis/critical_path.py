"""What the response waited for, second by second (analysis.md 2.2-2.4): the reference form, one trace, no recursion.

parent  |------------------------------|    Going back from the end: the child that finished last, then the
a          |-------|                        one that had finished when it began, and so on. A sibling still
b                      |-------|            running then (c) did not make it begin. What no child of this
c                |-------|                  chain covers is the parent's own: here before a, a to b, after b.
"""

import numpy as np

from webapp.analysis.blocking import Children, tolerance, waited_for
from webapp.analysis.runs import tops
from webapp.model.facts import Forest, Path, Where

SIBLING_PART = 10  # siblings may overlap by a tenth of the shorter one (and within the parent's tolerance)

_EXPAND = -1  # on the stack: not a segment yet, but a span with its window
_Step = tuple[int, int, int, int]  # node, start_ns, end_ns, Where or _EXPAND


def critical_path(forest: Forest, root: int) -> Path:
    """Contiguous from the root's start to its end; empty if the root has no length."""
    return PathFinder(forest).critical(root)


def completion_path(forest: Forest, root: int) -> Path:
    """Contiguous from the root's start to the last end in its tree, asynchronous work and waits for it included."""
    return PathFinder(forest).completion(root)


class PathFinder:
    """Reads times and children number by number, for all paths through a forest.

    `touching` False: a child that ends at the very moment the next one begins did not let it begin (`jaeger_path`).
    """

    def __init__(self, forest: Forest, children: Children | None = None, *, touching: bool = True) -> None:
        children = children or waited_for(forest)
        self._forest = forest
        self._touching = touching
        self._start = forest.start_ns.data  # plain numbers come out, and nothing is copied
        self._end = forest.end_ns.data
        self._id = forest.span_id.data
        self._suffix = forest.suffix.data
        self._children = children.nodes.data
        self._bounds = children.bounds.data

    def critical(self, root: int) -> Path:
        steps: list[_Step] = []
        self._walk(steps, self._window(root, self._start[root], self._end[root]))
        return _path(steps)

    def completion(self, root: int, last: int | None = None) -> Path:
        """Backwards from the last end: the work that ended there, then each ancestor up to where it was handed over.

        For a `Where.WAIT` segment the node is the one that was waited for. `last`: that of `last_to_end`, if known.
        """
        node = self.last_to_end(root) if last is None else last
        floor, cursor = self._start[root], self._end[node]
        if cursor <= self._end[root]:
            return self.critical(root)
        steps: list[_Step] = []
        below = -1
        while cursor > floor:
            here = max(floor, min(cursor, self._end[node]))
            if here < cursor:
                steps.append((below, here, cursor, Where.WAIT))
            start = max(floor, self._start[node])
            if start < here:
                self._walk(steps, self._handing_over(node, start, here, below))
            cursor = min(here, start)
            below, node = node, int(self._forest.parent[node])
        return _path(steps)

    def last_to_end(self, root: int) -> int:
        """The node of the root's tree with the last end; of equal ones the earliest start, then the smaller id."""
        forest = self._forest
        nodes = np.flatnonzero(tops(forest.parent) == root)
        nodes = nodes[forest.end_ns[nodes] == forest.end_ns[nodes].max()]
        rank = (forest.suffix[nodes], forest.span_id[nodes], forest.start_ns[nodes])
        return int(nodes[np.lexsort(rank)[0]])

    def _handing_over(self, node: int, start: int, here: int, below: int) -> list[_Step]:
        if below >= 0 and self._start[below] < self._end[node]:
            length = self._end[below] - self._start[below]
            return self._chain((node, start, self._end[node]), here, length)
        return self._window(node, start, here)

    def _walk(self, steps: list[_Step], first: list[_Step]) -> None:
        """Appends segments from the last to the first."""
        stack = first[::-1]
        while stack:
            step = stack.pop()
            if step[3] == _EXPAND:
                stack.extend(reversed(self._window(step[0], step[1], step[2])))
            else:
                steps.append(step)

    def _window(self, node: int, low: int, high: int) -> list[_Step]:
        return self._chain((node, low, high), high, -1) if high > low else []

    def _chain(self, window: tuple[int, int, int], cursor: int, next_length: int) -> list[_Step]:
        """The span's own segments up to `cursor` and its children on the path, from the last to the first.

        `next_length` is the length of the child that begins at the cursor, -1 if none does.
        """
        node, low, _ = window
        allowed = tolerance(self._end[node] - self._start[node])
        gap = Where.AFTER if next_length < 0 else Where.BETWEEN
        bounds, steps = self._bounds, []
        for minus_end, start, _, _, child in self._visible(window):
            end = -minus_end
            if end > cursor:
                shorter = min(end - start, next_length)
                if next_length >= 0 and end > cursor + min(allowed, shorter // SIBLING_PART):
                    continue  # still ran when the next one began
            if next_length >= 0 and not self._touching and end >= cursor:
                continue
            next_length = end - start
            end = min(end, cursor)
            if end < cursor:
                steps.append((node, end, cursor, int(gap)))
            expand = bounds[child] < bounds[child + 1]
            steps.append((child, start, end, _EXPAND if expand else int(Where.LEAF)))
            cursor, gap = start, Where.BETWEEN
        if cursor > low:
            own = Where.LEAF if gap == Where.AFTER else Where.BEFORE
            steps.append((node, low, cursor, int(own)))
        return steps

    def _visible(self, window: tuple[int, int, int]) -> list[tuple[int, int, int, int, int]]:
        """The children as far as the window shows them: last end first, then by start and id."""
        node, low, high = window
        starts, ends, ids, suffixes = self._start, self._end, self._id, self._suffix
        visible = []
        for child in self._children[self._bounds[node] : self._bounds[node + 1]]:
            start, end = starts[child], ends[child]
            if start < low:
                start = low
            if end > high:
                end = high
            if end > start:
                visible.append((-end, start, ids[child], suffixes[child], child))
        visible.sort()
        return visible


def _path(steps: list[_Step]) -> Path:
    columns = np.array(steps[::-1], np.int64).reshape(-1, 4)
    return Path(
        columns[:, 0].astype(np.int32),
        columns[:, 1].copy(),
        columns[:, 2].copy(),
        columns[:, 3].astype(np.uint8),
    )
