"""Two traces, aligned from their roots down by service and operation (analysis.md section 11): what changed, and where.

A: root              B: root            The children of a matched pair are matched by what they are, the k-th of
   ├ auth                ├ auth         a kind with the k-th. A span between (wrap) is an inserted one, and what
   ├ check               ├ wrap         is below it goes on being matched. What is left is added or removed.
   └ check               │ └ check
                         └ stock        Each span of both traces is in exactly one row, so the differences in
                                        critical time sum to the difference of the response times.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest

from webapp.analysis.attribution import label
from webapp.analysis.call_path import operation
from webapp.model import display
from webapp.model.facts import TraceFacts

Key = tuple[str, str]  # service and operation

SAME, ADDED, REMOVED, INSERTED, UNWRAPPED = "same", "added", "removed", "inserted", "unwrapped"
_DEEPEST_WRAP = 2
_EXPLAINED = 0.5  # by one row: it alone is named
_NAMED = 3


@dataclass(slots=True)
class Row:
    """A span of A, of B, or of both (-1: not there). `parent` is a row number, -1 for none; `depth` is 0 at the top.

    A row with neither stands for its children: `count_a` spans of a kind against `count_b`.
    """

    key: Key
    a: int
    b: int
    parent: int
    depth: int
    change: str = SAME
    moved: bool = False
    offset_ns: int = 0  # from the beginning of its trace, of B if it is there: the order of siblings
    count_a: int = 0
    count_b: int = 0
    critical_a_ns: int = 0
    critical_b_ns: int = 0

    @property
    def delta_ns(self) -> int:
        """By how much B waits longer here, children not counted."""
        return self.critical_b_ns - self.critical_a_ns


@dataclass(frozen=True, slots=True)
class Cause:
    """What the spans of one service and operation add to the difference."""

    key: Key
    delta_ns: int
    calls_a: int
    calls_b: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`rows` from the top down, each after its parent. `causes`: the largest difference first, together all of it."""

    response_a_ns: int
    response_b_ns: int
    rows: list[Row]
    causes: list[Cause]
    headline: str = ""
    counts: dict[str, int] = field(default_factory=dict)


def compare(a: TraceFacts, b: TraceFacts) -> Comparison:
    """A is the one to measure by."""
    rows = _Alignment(_Side(a), _Side(b)).rows()
    causes = _causes(rows)
    counts = Counter(row.change for row in rows if row.a >= 0 or row.b >= 0)
    return Comparison(
        a.response_ns,
        b.response_ns,
        rows,
        causes,
        headline(a.response_ns, b.response_ns, causes),
        dict(counts),
    )


def headline(response_a_ns: int, response_b_ns: int, causes: list[Cause]) -> str:
    """“B is 3.10 s slower: 3.00 s of it in fraud-service · check”."""
    delta_ns = response_b_ns - response_a_ns
    if not any(cause.delta_ns for cause in causes):
        return f"A and B waited for the same, {display.duration(response_a_ns)}"
    if not delta_ns:
        same = display.duration(response_a_ns)
        return f"A and B took the same time, {same}; the largest change: {_named(causes[0])}"
    words = f"B is {display.duration(abs(delta_ns))} {'slower' if delta_ns > 0 else 'faster'}"
    same_way = [cause for cause in causes if cause.delta_ns * delta_ns > 0]
    first = same_way[0]
    if abs(first.delta_ns) >= _EXPLAINED * abs(delta_ns):
        if abs(first.delta_ns) <= abs(delta_ns):
            return f"{words}: {display.duration(abs(first.delta_ns))} of it in {' · '.join(first.key)}{_more_calls(first)}"
        return f"{words}: {_named(first)}, made up for elsewhere"
    return f"{words}: {'; '.join(map(_named, same_way[:_NAMED]))}"


def _named(cause: Cause) -> str:
    sign = "+" if cause.delta_ns > 0 else "−"
    return f"{' · '.join(cause.key)} {sign}{display.duration(abs(cause.delta_ns))}{_more_calls(cause)}"


def _more_calls(cause: Cause) -> str:
    if cause.calls_a == cause.calls_b:
        return ""
    return f" (×{cause.calls_a:,} → ×{cause.calls_b:,})"


def _causes(rows: list[Row]) -> list[Cause]:
    delta_ns: Counter[Key] = Counter()
    calls_a: Counter[Key] = Counter()
    calls_b: Counter[Key] = Counter()
    for row in rows:
        delta_ns[row.key] += row.delta_ns
        calls_a[row.key] += row.a >= 0
        calls_b[row.key] += row.b >= 0
    causes = [Cause(key, ns, calls_a[key], calls_b[key]) for key, ns in delta_ns.items()]
    return sorted(causes, key=lambda cause: (-abs(cause.delta_ns), cause.key))


class _Side:
    """One of the two traces: keys and children by node."""

    def __init__(self, facts: TraceFacts) -> None:
        forest = facts.forest
        self.critical_ns: list[int] = facts.critical_ns.tolist()
        self.root = int(forest.root[0])
        self.offset_ns: list[int] = (forest.start_ns - forest.start_ns[self.root]).tolist()
        self.keys = [_key(*label(forest, node)) for node in range(len(forest))]
        self._children: dict[int, list[int]] = defaultdict(list)
        order = sorted(
            range(len(forest)), key=lambda node: (forest.start_ns[node], forest.end_ns[node], node)
        )
        for node in order:
            self._children[int(forest.parent[node])].append(node)

    def children(self, node: int) -> list[int]:
        return self._children.get(node, [])

    @property
    def other_roots(self) -> list[int]:
        return [node for node in self._children[-1] if node != self.root]

    def keys_below(self, node: int) -> set[Key]:
        return {self.keys[child] for child in self.children(node)}


def _key(service: str, name: str) -> Key:
    return service, operation(name)


class _Alignment:
    def __init__(self, a: _Side, b: _Side) -> None:
        self._a, self._b = a, b
        self._rows: list[Row] = []
        self._todo: list[Callable[[], None]] = []  # not at once: trees are deeper than calls may be

    def rows(self) -> list[Row]:
        """All, in the order of the trees."""
        self._pair(self._a.root, self._b.root, -1)
        self._match(self._a.other_roots, self._b.other_roots, -1, 0)
        while self._todo:
            self._todo.pop()()
        self._mark_moved()
        return _from_the_top(self._rows)

    def _row(self, key: Key, parent: int, change: str = SAME, *, a: int = -1, b: int = -1) -> int:
        depth = self._rows[parent].depth + 1 if parent >= 0 else 0
        row = Row(key, a, b, parent, depth, change)
        if a >= 0:
            row.count_a, row.critical_a_ns, row.offset_ns = 1, self._a.critical_ns[a], self._a.offset_ns[a]
        if b >= 0:
            row.count_b, row.critical_b_ns, row.offset_ns = 1, self._b.critical_ns[b], self._b.offset_ns[b]
        self._rows.append(row)
        return len(self._rows) - 1

    def _pair(self, a: int, b: int, parent: int) -> None:
        row = self._row(self._b.keys[b], parent, a=a, b=b)
        self._todo.append(partial(self._match, self._a.children(a), self._b.children(b), row, 0))

    def _match(self, a: Iterable[int], b: Iterable[int], parent: int, wraps: int) -> None:
        """Those of a kind with each other; wrappers are looked through; the rest is removed or added."""
        of_a, of_b = _by_key(a, self._a.keys), _by_key(b, self._b.keys)
        for key in of_a.keys() & of_b.keys():
            self._match_kind(key, of_a.pop(key), of_b.pop(key), parent)
        if wraps < _DEEPEST_WRAP:
            self._look_through(of_a, of_b, parent, wraps)
        for nodes in of_a.values():
            for node in nodes:
                self._alone(node, -1, parent)
        for nodes in of_b.values():
            for node in nodes:
                self._alone(-1, node, parent)

    def _match_kind(self, key: Key, a: list[int], b: list[int], parent: int) -> None:
        if len(a) != len(b):
            first_ns = min(self._a.offset_ns[a[0]], self._b.offset_ns[b[0]])
            parent = self._row(key, parent)
            group = self._rows[parent]
            group.count_a, group.count_b, group.offset_ns = len(a), len(b), first_ns
        for one, other in zip_longest(a, b, fillvalue=-1):
            if one >= 0 and other >= 0:
                self._pair(one, other, parent)
            else:
                self._alone(one, other, parent)

    def _look_through(
        self, of_a: dict[Key, list[int]], of_b: dict[Key, list[int]], parent: int, wraps: int
    ) -> None:
        """Spans of one side below which there is what the other side has here. In the order of their names, so that
        it does not matter which trace is A.
        """
        for key in sorted(of_a.keys() | of_b.keys()):
            inserted = key in of_b
            own, other, side = (of_b, of_a, self._b) if inserted else (of_a, of_b, self._a)
            for node in list(own.get(key, ())):
                reached = _reached(side, node, other.keys())
                if not reached:
                    continue
                own[key].remove(node)
                taken = [one for name in sorted(reached) for one in other.pop(name)]
                self._wrapper(node, taken, inserted=inserted, parent=parent, wraps=wraps)

    def _wrapper(self, node: int, other: list[int], *, inserted: bool, parent: int, wraps: int) -> None:
        if inserted:
            row = self._row(self._b.keys[node], parent, INSERTED, b=node)
            self._todo.append(partial(self._match, other, self._b.children(node), row, wraps + 1))
        else:
            row = self._row(self._a.keys[node], parent, UNWRAPPED, a=node)
            self._todo.append(partial(self._match, self._a.children(node), other, row, wraps + 1))

    def _alone(self, a: int, b: int, parent: int) -> None:
        """A span of one side and all below it."""
        side, node, change = (self._a, a, REMOVED) if a >= 0 else (self._b, b, ADDED)
        row = self._row(side.keys[node], parent, change, a=a, b=b)
        for child in side.children(node):
            below = (child, -1) if a >= 0 else (-1, child)
            self._todo.append(partial(self._alone, *below, row))

    def _mark_moved(self) -> None:
        """The same thing removed under one parent and added under another."""
        removed = {row.key for row in self._rows if row.change == REMOVED}
        added = {row.key for row in self._rows if row.change == ADDED}
        for row in self._rows:
            row.moved = row.change in (REMOVED, ADDED) and row.key in removed & added


def _by_key(nodes: Iterable[int], keys: list[Key]) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    for node in nodes:
        found.setdefault(keys[node], []).append(node)
    return found


def _reached(side: _Side, node: int, wanted: Iterable[Key]) -> set[Key]:
    """Which of the wanted kinds are below a span, at most two levels down."""
    wanted = set(wanted)
    found = side.keys_below(node) & wanted
    for child in side.children(node):
        found |= side.keys_below(child) & wanted
    return found


def _from_the_top(rows: list[Row]) -> list[Row]:
    below: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        below[row.parent].append(number)
    for numbers in below.values():
        numbers.sort(key=lambda number: (rows[number].offset_ns, rows[number].key, rows[number].change))
    ordered: list[Row] = []
    place: dict[int, int] = {-1: -1}
    stack = below[-1][::-1]
    while stack:
        number = stack.pop()
        place[number] = len(ordered)
        rows[number].parent = place[rows[number].parent]
        ordered.append(rows[number])
        stack += below[number][::-1]
    return ordered
