"""The critical paths of many traces at once: what `critical_path.py` does span by span, level by level over arrays.

A level holds the spans of one depth that are on a path, each with its window. Their children in view are put in
order together, every child gets a pointer to the sibling that would precede it on the path, and the pointers are
followed from the last child of every window at once, in steps of doubling length.
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.blocking import Children, tolerances
from webapp.analysis.critical_path import SIBLING_PART, PathFinder
from webapp.analysis.runs import first_at_least, run_lengths, run_starts
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import Forest, Path, Where

_DEEPEST = (
    300  # traces with deeper trees are walked span by span: a level costs the same for one span as for many
)


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Times of nodes: windows still to be looked into, or segments when `where` is known."""

    node: I64
    start_ns: I64
    end_ns: I64

    def only(self, chosen: Bool | I64) -> "_Stretches":
        return _Stretches(self.node[chosen], self.start_ns[chosen], self.end_ns[chosen])


@dataclass(frozen=True, slots=True)
class _Siblings:
    """Children as their windows show them, those of one window adjacent and in the order of the walk: last end first."""

    window: I64
    stretch: _Stretches

    def __len__(self) -> int:
        return len(self.window)


def critical_paths(forest: Forest, children: Children, depth: I32) -> Path:
    """The segments of every primary root, those of all traces together and in no particular order."""
    deepest = np.zeros(len(forest.root), np.int32)
    np.maximum.at(deepest, forest.trace, depth)
    walk = _Walk(forest, children)
    walk.run(forest.root[deepest <= _DEEPEST])
    paths = [walk.path()]
    if (deepest > _DEEPEST).any():
        finder = PathFinder(forest, children)
        paths += [finder.critical(root) for root in forest.root[deepest > _DEEPEST].tolist()]
    return Path(*(np.concatenate([getattr(path, name) for path in paths]) for name in Path.__slots__))


class _Walk:
    def __init__(self, forest: Forest, children: Children) -> None:
        self._forest = forest
        self._children = children
        self._tolerance_ns = tolerances(forest.end_ns - forest.start_ns)
        self._found: list[tuple[_Stretches, Where]] = []

    def path(self) -> Path:
        if not self._found:
            none = np.empty(0, np.int64)
            return Path(none.astype(np.int32), none, none, none.astype(np.uint8))
        parts = [part for part, _ in self._found]
        where = np.repeat([where for _, where in self._found], [len(part.node) for part in parts])
        return Path(
            np.concatenate([part.node for part in parts]).astype(np.int32),
            np.concatenate([part.start_ns for part in parts]),
            np.concatenate([part.end_ns for part in parts]),
            where.astype(np.uint8),
        )

    def run(self, roots: I32) -> None:
        forest = self._forest
        windows = _Stretches(roots.astype(np.int64), forest.start_ns[roots], forest.end_ns[roots])
        windows = windows.only(windows.end_ns > windows.start_ns)
        while len(windows.node):
            siblings = self._in_view(windows)
            has_children = np.zeros(len(windows.node), np.bool_)
            has_children[siblings.window] = True
            self._found.append((windows.only(~has_children), Where.LEAF))
            windows = self._chain(windows, siblings, self._on_path(windows, siblings))

    def _in_view(self, windows: _Stretches) -> _Siblings:
        first = self._children.bounds[windows.node]
        counts = self._children.bounds[windows.node + 1] - first
        window = np.repeat(np.arange(len(first)), counts)
        behind = np.cumsum(counts) - counts
        node = self._children.nodes[np.arange(len(window)) + (first - behind)[window]]
        start_ns = np.maximum(self._forest.start_ns[node], windows.start_ns[window])
        end_ns = np.minimum(self._forest.end_ns[node], windows.end_ns[window])
        seen = np.flatnonzero(end_ns > start_ns)
        window, stretch = window[seen], _Stretches(node, start_ns, end_ns).only(seen)
        ids, suffixes = self._forest.span_id[stretch.node], self._forest.suffix[stretch.node]
        order = np.lexsort((suffixes, ids, stretch.start_ns, -stretch.end_ns, window))
        return _Siblings(window[order], stretch.only(order))

    def _on_path(self, windows: _Stretches, siblings: _Siblings) -> I64:
        """The siblings that pointers lead to from the first of each window."""
        firsts = run_starts(siblings.window)
        count = len(siblings)
        jump = np.append(self._predecessors(windows, siblings, firsts), count)
        marked = np.zeros(count + 1, np.bool_)
        marked[firsts] = True
        while (jump[firsts] < count).any():
            marked[jump[np.flatnonzero(marked)]] = True
            jump = jump[jump]
        return np.flatnonzero(marked[:count])

    def _predecessors(self, windows: _Stretches, siblings: _Siblings, firsts: I64) -> I64:
        """The first of the later siblings that had ended, within tolerance, when this one began; `count` if none had."""
        count, stretch = len(siblings), siblings.stretch
        part_ns = (stretch.end_ns - stretch.start_ns) // SIBLING_PART
        tolerance_ns = self._tolerance_ns[windows.node][siblings.window]
        behind = np.repeat(firsts + run_lengths(firsts, count), run_lengths(firsts, count))
        latest = stretch.start_ns + np.minimum(tolerance_ns, part_ns)
        found = first_at_least(-stretch.end_ns, np.arange(1, count + 1), behind, -latest)
        undecided = np.flatnonzero(found < behind)
        while len(undecided):  # the tolerance of the earlier sibling may be the smaller one
            candidate = found[undecided]
            overlaps = stretch.end_ns[candidate] > stretch.start_ns[undecided] + part_ns[candidate]
            undecided = undecided[overlaps]
            found[undecided] += 1
            undecided = undecided[found[undecided] < behind[undecided]]
        return np.where(found < behind, found, count)

    def _chain(self, windows: _Stretches, siblings: _Siblings, chosen: I64) -> _Stretches:
        """Notes the segments between the chosen children of each window, and returns the windows of those children."""
        window, stretch = siblings.window[chosen], siblings.stretch.only(chosen)
        firsts = run_starts(window)
        is_first = np.zeros(len(chosen), np.bool_)
        is_first[firsts] = True
        until_ns = np.roll(stretch.start_ns, 1)  # where the sibling that follows in time began
        until_ns[firsts] = windows.end_ns[window[firsts]]
        end_ns = np.minimum(stretch.end_ns, until_ns)
        own = _Stretches(windows.node[window], end_ns, until_ns)
        has_gap = until_ns > end_ns
        self._found.append((own.only(has_gap & is_first), Where.AFTER))
        self._found.append((own.only(has_gap & ~is_first), Where.BETWEEN))
        lasts = firsts + run_lengths(firsts, len(chosen)) - 1
        before = _Stretches(own.node[lasts], windows.start_ns[window[lasts]], stretch.start_ns[lasts])
        self._found.append((before.only(before.end_ns > before.start_ns), Where.BEFORE))
        return _Stretches(stretch.node, stretch.start_ns, end_ns)
