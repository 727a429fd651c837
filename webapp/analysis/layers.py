"""Which column a node of a directed graph stands in, and in which order, so that few edges cross.

The classic four steps of layered drawing (Sugiyama and others 1981), small: cycles, columns, stand-ins where an edge
passes a column, sweeps. No coordinates: `layout.py` has those. Nodes are numbers; the result depends on them only.
"""

from bisect import bisect, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 12
_SWAP_BELOW = 200  # nodes, stand-ins included: above, swapping neighbours costs more than it shows
_SWAP_ROUNDS = 10

Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layers:
    """`columns` list nodes top down; numbers from `count` on are stand-ins. `chains` follow the edges as given,
    from caller to callee with the stand-ins between; `returning` are the edges that run against the columns.
    """

    count: int
    columns: list[list[int]]
    chains: dict[Edge, list[int]]
    returning: set[Edge]

    def neighbours(self) -> tuple[list[list[int]], list[list[int]]]:
        """Of each node those it is joined to in the column before, and in the column behind."""
        total = sum(map(len, self.columns))
        before: list[list[int]] = [[] for _ in range(total)]
        behind: list[list[int]] = [[] for _ in range(total)]
        for edge, chain in self.chains.items():
            steps = chain[::-1] if edge in self.returning else chain
            for left, right in pairwise(steps):
                behind[left].append(right)
                before[right].append(left)
        return before, behind


def layered(count: int, edges: Sequence[Edge], first: set[int], last: set[int]) -> Layers:
    """Nodes 0 to count - 1. Those in `first` have the first column to themselves; those in `last` that call
    nobody stand in the last one. Edges from a node to itself must not be given.
    """
    returning = _returning(count, edges)
    forward = [edge[::-1] if edge in returning else edge for edge in edges]
    column = _columns(count, forward, first, last)
    columns: list[list[int]] = [[] for _ in range(max(column, default=-1) + 1)]
    for node in range(count):
        columns[column[node]].append(node)
    chains, total = {}, count
    for edge, (left, right) in zip(edges, forward, strict=True):
        passed = range(column[left] + 1, column[right])
        chain = [left, *range(total, total + len(passed)), right]
        total += len(passed)
        for place, stand_in in zip(passed, chain[1:-1], strict=True):
            columns[place].append(stand_in)
        chains[edge] = chain[::-1] if edge in returning else chain
    layers = Layers(count, columns, chains, returning)
    _untangle(layers)
    return layers


def _returning(count: int, edges: Sequence[Edge]) -> set[Edge]:
    """Edges to a node that the search is still below; without them there is no cycle. Sources are searched first."""
    callees: list[list[int]] = [[] for _ in range(count)]
    for caller, callee in sorted(edges, reverse=True):
        callees[caller].append(callee)
    called = {callee for _, callee in edges}
    fresh, above, done = 0, 1, 2
    state = [fresh] * count
    found = set()
    for start in sorted(range(count), key=lambda node: node in called):
        stack = [(start, start)]
        while stack:
            caller, node = stack.pop()
            if node == -1:
                state[caller] = done
            elif state[node] == above and caller != node:
                found.add((caller, node))
            elif state[node] == fresh:
                state[node] = above
                stack.append((node, -1))
                stack.extend((node, callee) for callee in callees[node])
    return found


def _columns(count: int, edges: Sequence[Edge], first: set[int], last: set[int]) -> list[int]:
    """Every node as far right as the longest way to it."""
    callees: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for caller, callee in edges:
        callees[caller].append(callee)
        waiting[callee] += 1
    column = [int(bool(first) and node not in first) for node in range(count)]
    ready = [node for node in range(count) if not waiting[node]]
    while ready:
        node = ready.pop()
        for callee in callees[node]:
            column[callee] = max(column[callee], column[node] + 1)
            waiting[callee] -= 1
            if not waiting[callee]:
                ready.append(callee)
    rightmost = max(column, default=0)
    return [rightmost if node in last and not callees[node] else column[node] for node in range(count)]


def _untangle(layers: Layers) -> None:
    """Sweeps to and fro, every node to the mean place of its neighbours, and keeps the best order that came by."""
    before, behind = layers.neighbours()
    columns = layers.columns
    best, fewest = [column[:] for column in columns], crossings(columns, behind)
    for sweep in range(_SWEEPS):
        rightwards = sweep % 2 == 0
        order = range(1, len(columns)) if rightwards else range(len(columns) - 2, -1, -1)
        for place in order:
            beside = columns[place - 1 if rightwards else place + 1]
            if sweep % 4 > 1:
                columns[place].reverse()  # nodes of equal mean change places, or they would never
            _sort_by_mean(columns[place], beside, before if rightwards else behind)
        if len(before) < _SWAP_BELOW:
            _swap_neighbours(columns, before, behind)
        if (now := crossings(columns, behind)) < fewest:
            best, fewest = [column[:] for column in columns], now
    columns[:] = best


def _sort_by_mean(column: list[int], beside: list[int], joined: list[list[int]]) -> None:
    place = {node: index for index, node in enumerate(beside)}
    mean = {
        node: sum(place[other] for other in joined[node]) / len(joined[node]) if joined[node] else index
        for index, node in enumerate(column)
    }
    column.sort(key=mean.__getitem__)


def crossings(columns: list[list[int]], behind: list[list[int]]) -> int:
    total = 0
    for column, following in pairwise(columns):
        place = {node: index for index, node in enumerate(following)}
        seen: list[int] = []
        for node in column:
            ends = sorted(place[other] for other in behind[node])
            total += sum(len(seen) - bisect(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _swap_neighbours(columns: list[list[int]], before: list[list[int]], behind: list[list[int]]) -> None:
    """As long as exchanging two nodes that follow each other makes fewer crossings."""
    place = {node: index for column in columns for index, node in enumerate(column)}

    def crossed(upper: int, lower: int) -> int:
        return sum(
            place[above] > place[below]
            for joined in (before, behind)
            for above in joined[upper]
            for below in joined[lower]
        )

    for _ in range(_SWAP_ROUNDS):
        swapped = False
        for column in columns:
            for index in range(len(column) - 1):
                upper, lower = column[index], column[index + 1]
                if crossed(lower, upper) < crossed(upper, lower):
                    column[index], column[index + 1] = lower, upper
                    place[lower], place[upper] = index, index + 1
                    swapped = True
        if not swapped:
            return
