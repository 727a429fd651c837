"""Two trees of spans laid on each other from their roots down: which span of B is which of A (analysis.md section 11).

A: root              B: root            The children of a matched pair are matched by what they are, the k-th of
   ├ auth                ├ auth         a kind with the k-th. A span between (wrap) is an inserted one, and what
   ├ check               ├ wrap         is below it goes on being matched. What is left is added or removed.
   └ check               │ └ check
                         └ stock        Each span of both traces is in exactly one row.

What the differences amount to is in `compare.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from webapp.analysis.attribution import MISSING
from webapp.analysis.call_path import operation
from webapp.model.columns import I32, I64, U8, Bool
from webapp.model.facts import Forest

Key = tuple[str, str]  # service and operation
_DEEPEST_WRAP = 2
_NOBODY: list[int] = []


class Change(IntEnum):
    SAME = 0
    ADDED = 1
    REMOVED = 2
    INSERTED = 3  # only in B, around spans that both have
    UNWRAPPED = 4  # only in A, around spans that both have


@dataclass(frozen=True, slots=True)
class AlignedRows:
    """Rows from the top down, each after its parent: arrays by row. Row r has below it r + 1 to after[r] - 1.

    `a`, `b`: nodes of the traces, -1 where there is none. A row with neither stands for its children: spans of one
    kind, `count_a` of them against `count_b`. `key` indexes into `keys`. `moved`: what is removed here is added
    elsewhere, or the other way round.
    """

    keys: list[Key]
    a: I32
    b: I32
    parent: I32
    after: I32
    depth: I32
    change: U8
    key: I32
    moved: Bool
    count_a: I32
    count_b: I32

    def __len__(self) -> int:
        return len(self.a)

    @property
    def group(self) -> Bool:
        is_group: Bool = (self.a < 0) & (self.b < 0)
        return is_group


def align(a: Forest, b: Forest) -> AlignedRows:
    """The forests must hold one trace each."""
    keys, key_a, key_b = _keys(a, b)
    return _Alignment(keys, _Side(a, key_a), _Side(b, key_b)).rows()


def _keys(*forests: Forest) -> tuple[list[Key], list[int], list[int]]:
    """All keys of both traces in order, and which of them each node has."""
    written, used = [], []
    for forest in forests:
        services, names = [*forest.columns.services, MISSING], [*forest.columns.names, MISSING]
        pair, which = np.unique(
            forest.service.astype(np.int64) * len(names) + forest.name % len(names), return_inverse=True
        )
        operations = {name: operation(names[name]) for name in set((pair % len(names)).tolist())}
        used.append([(services[p // len(names)], operations[p % len(names)]) for p in pair.tolist()])
        written.append(which)
    keys = sorted({key for pairs in used for key in pairs})
    number = {key: place for place, key in enumerate(keys)}
    of_node = [
        np.array([number[key] for key in pairs])[which].tolist()
        for pairs, which in zip(used, written, strict=True)
    ]
    return keys, of_node[0], of_node[1]


class _Side:
    """One of the two traces: what each node is, when it starts from its root on, and its children by start."""

    def __init__(self, forest: Forest, key: list[int]) -> None:
        self.key = key
        self.root = int(forest.root[0])
        self.offset_ns: list[int] = (forest.start_ns - forest.start_ns[self.root]).tolist()
        order = np.lexsort((forest.end_ns, forest.start_ns, forest.parent))
        bounds = np.searchsorted(forest.parent[order], np.arange(-1, len(forest) + 1))
        self._order: list[int] = order.tolist()
        self._bounds: list[int] = bounds.tolist()

    def children(self, node: int) -> list[int]:
        return self._order[self._bounds[node + 1] : self._bounds[node + 2]]

    @property
    def other_roots(self) -> list[int]:
        return [node for node in self.children(-1) if node != self.root]

    def by_key(self, nodes: Iterable[int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for node in nodes:
            found.setdefault(self.key[node], []).append(node)
        return found

    def reached(self, node: int, wanted: Mapping[int, object]) -> set[int]:
        """Which of the wanted kinds are below a span, at most two levels down."""
        children = self.children(node)
        found = {self.key[child] for child in children if self.key[child] in wanted}
        for child in children:
            found.update(self.key[below] for below in self.children(child) if self.key[below] in wanted)
        return found


class _Alignment:
    """Makes rows in the order in which they are met; what is below a row waits in a list, for trees are deeper
    than calls may be.
    """

    def __init__(self, keys: list[Key], a: _Side, b: _Side) -> None:
        self._keys, self._a, self._b = keys, a, b
        self._rows: list[tuple[int, int, int, int, int, int]] = []  # parent, offset_ns, key, change, a, b
        self._todo: list[tuple[list[int], list[int], int, int]] = []  # of A, of B, parent, wraps

    def rows(self) -> AlignedRows:
        self._pair(self._a.root, self._b.root, -1)
        self._match(self._a.other_roots, self._b.other_roots, -1, 0)
        while self._todo:
            self._match(*self._todo.pop())
        return _from_the_top(self._keys, np.array(self._rows, np.int64))

    def _row(self, key: int, offset_ns: int, parent: int, change: Change, a: int = -1, b: int = -1) -> int:
        self._rows.append((parent, offset_ns, key, change, a, b))
        return len(self._rows) - 1

    def _row_a(self, node: int, parent: int, change: Change) -> int:
        return self._row(self._a.key[node], self._a.offset_ns[node], parent, change, a=node)

    def _row_b(self, node: int, parent: int, change: Change, a: int = -1) -> int:
        return self._row(self._b.key[node], self._b.offset_ns[node], parent, change, a=a, b=node)

    def _later(self, a: list[int], b: list[int], parent: int, wraps: int) -> None:
        if a or b:
            self._todo.append((a, b, parent, wraps))

    def _pair(self, a: int, b: int, parent: int) -> None:
        row = self._row_b(b, parent, Change.SAME, a)
        self._later(self._a.children(a), self._b.children(b), row, 0)

    def _removed(self, nodes: Iterable[int], parent: int) -> None:
        for node in nodes:
            self._later(self._a.children(node), _NOBODY, self._row_a(node, parent, Change.REMOVED), 0)

    def _added(self, nodes: Iterable[int], parent: int) -> None:
        for node in nodes:
            self._later(_NOBODY, self._b.children(node), self._row_b(node, parent, Change.ADDED), 0)

    def _match(self, a: list[int], b: list[int], parent: int, wraps: int) -> None:
        """Those of a kind with each other; wrappers are looked through; the rest is removed or added."""
        of_a, of_b = self._a.by_key(a), self._b.by_key(b)
        for key in of_a.keys() & of_b.keys():
            self._match_kind(key, of_a.pop(key), of_b.pop(key), parent)
        if wraps < _DEEPEST_WRAP and of_a and of_b:
            self._look_through(of_a, of_b, parent, wraps)
        for nodes in of_a.values():
            self._removed(nodes, parent)
        for nodes in of_b.values():
            self._added(nodes, parent)

    def _match_kind(self, key: int, a: list[int], b: list[int], parent: int) -> None:
        if len(a) != len(b):
            first_ns = min(self._a.offset_ns[a[0]], self._b.offset_ns[b[0]])
            parent = self._row(key, first_ns, parent, Change.SAME)
        both = min(len(a), len(b))
        for one, other in zip(a, b, strict=False):
            self._pair(one, other, parent)
        self._removed(a[both:], parent)
        self._added(b[both:], parent)

    def _look_through(
        self, of_a: dict[int, list[int]], of_b: dict[int, list[int]], parent: int, wraps: int
    ) -> None:
        """Spans of one side below which there is what the other side has here. In the order of their names, so that
        it does not matter which trace is A.
        """
        for key in sorted(of_a.keys() | of_b.keys()):
            inserted = key in of_b
            own, other, side = (of_b, of_a, self._b) if inserted else (of_a, of_b, self._a)
            around = set()
            for node in own.get(key, ()):
                if reached := side.reached(node, other):
                    around.add(node)
                    taken = [one for name in sorted(reached) for one in other.pop(name)]
                    self._wrapper(node, taken, inserted=inserted, parent=parent, wraps=wraps)
            if around:
                own[key] = [node for node in own[key] if node not in around]

    def _wrapper(self, node: int, other: list[int], *, inserted: bool, parent: int, wraps: int) -> None:
        if inserted:
            row = self._row_b(node, parent, Change.INSERTED)
            self._later(other, self._b.children(node), row, wraps + 1)
        else:
            row = self._row_a(node, parent, Change.UNWRAPPED)
            self._later(self._a.children(node), other, row, wraps + 1)


def _from_the_top(keys: list[Key], made: I64) -> AlignedRows:
    """The rows in the order of the tree; siblings by start."""
    place, parent, depth = _preorder(made)
    _, _, key, change, a, b = made[place].T
    after = _ends(parent)
    group = (a < 0) & (b < 0)
    counts = [
        np.where(group, np.bincount(parent[(side >= 0) & (parent >= 0)], minlength=len(a)), side >= 0)
        for side in (a, b)
    ]
    removed, added = (np.isin(change, kind) for kind in (Change.REMOVED, Change.ADDED))
    moved = (removed & np.isin(key, key[added])) | (added & np.isin(key, key[removed]))
    a, b, parent, after, depth, key, count_a, count_b = (
        array.astype(np.int32) for array in (a, b, parent, after, depth, key, *counts)
    )
    return AlignedRows(
        keys, a, b, parent, after, depth, change.astype(np.uint8), key, moved, count_a, count_b
    )


def _preorder(made: I64) -> tuple[I64, I64, I64]:
    """Which of the rows made stands in each place, the place of its parent, and its depth."""
    parents, offset_ns, key, change = made[:, :4].T
    order = np.lexsort((change, key, offset_ns, parents))
    bounds = np.searchsorted(parents[order], np.arange(-1, len(made) + 1)).tolist()
    below = order.tolist()
    rows: list[int] = []
    above: list[int] = []
    depth: list[int] = []
    stack = [(row, -1, 0) for row in reversed(below[bounds[0] : bounds[1]])]
    while stack:
        row, parent, level = stack.pop()
        place = len(rows)
        rows.append(row)
        above.append(parent)
        depth.append(level)
        first, end = bounds[row + 1], bounds[row + 2]
        if end > first:
            stack += [(child, place, level + 1) for child in reversed(below[first:end])]
    return np.array(rows), np.array(above), np.array(depth)


def _ends(parent: I64) -> I64:
    """The row behind the subtree of each row."""
    above = parent.tolist()
    size = [1] * len(above)
    for row in range(len(above) - 1, -1, -1):
        if above[row] >= 0:
            size[above[row]] += size[row]
    return np.arange(len(above)) + np.array(size, np.int64)
