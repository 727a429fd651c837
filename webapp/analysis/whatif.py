"""How long the response would take if some spans were faster (analysis.md section 5), the observed order of calls kept.

A span begins when the last of the siblings that had ended before it is done, and the same lag after it:

p  |------------------------|   With b at half its length c decides when d begins: at c's end, after the lag that
a    |------|                   was observed behind b. What is sped up is the own time of the chosen spans: their
b            |-------|          lags and tails, all of it where there are no children.
c            |----|
d                      |--|     A maximum of sums: each further percent gains at most what the one before it gained.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from webapp.analysis.blocking import Children, waited_for
from webapp.analysis.runs import gathered_from_above, tops
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import Forest, Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """`critical_ns`: by node, what the response would then wait for. It sums to `response_ns`, but for rounding."""

    response_ns: int
    critical_ns: dict[int, float]


class Schedule:
    """In which order the spans below a root waited for each other. `path` is the root's critical path."""

    def __init__(self, forest: Forest, root: int | I32, path: Path, children: Children | None = None) -> None:
        """`root`: one, or the primary roots of many traces; then ask for `responses`."""
        children = children or waited_for(forest)
        depth = gathered_from_above(forest.parent, (forest.parent >= 0).astype(np.int64), np.add)
        start_ns = gathered_from_above(forest.parent, forest.start_ns, np.maximum)
        end_ns = gathered_from_above(forest.parent, _cut_to_path(forest, path, depth), np.minimum)
        waited = forest.parent < 0
        waited[children.nodes] = start_ns[children.nodes] < end_ns[children.nodes]
        waited = gathered_from_above(forest.parent, waited, np.logical_and)
        self.roots = np.atleast_1d(root)
        self.waited: Bool = waited & np.isin(tops(forest.parent), root)
        self.start_ns: list[int] = start_ns.tolist()
        self.end_ns: list[int] = end_ns.tolist()
        self._parent, self._depth = forest.parent, depth
        self._nodes: list[int] = children.nodes.tolist()
        self._bounds: list[int] = children.bounds.tolist()
        self._was_waited_for: list[bool] = self.waited.tolist()

    def faster(self, chosen: Bool, part: float) -> Outcome:
        """If the own time of the `chosen` nodes were shorter by `part`, from 0 to 1."""
        return _Replay(self, chosen & self.waited, part).outcome(int(self.roots[0]))

    def responses(self, chosen: Bool, part: float) -> I64:
        """The same for each root, without saying what it would wait for."""
        replay = _Replay(self, chosen & self.waited, part)
        return np.array([replay.response_ns(root) for root in self.roots.tolist()], np.int64)

    def children(self, node: int) -> list[int]:
        """Those it waited for, by start."""
        below = self._nodes[self._bounds[node] : self._bounds[node + 1]]
        return [child for child in below if self._was_waited_for[child]]

    def up_from(self, chosen: Bool) -> list[int]:
        """The chosen nodes and all above them, the deepest first."""
        return _up_from(np.flatnonzero(chosen), self._parent, self._depth)


def _up_from(nodes: I64, parent: I32, depth: I64) -> list[int]:
    marked = np.zeros(len(parent), np.bool_)
    while len(nodes):
        marked[nodes] = True
        nodes = np.unique(parent[nodes])
        nodes = nodes[nodes >= 0]
        nodes = nodes[~marked[nodes]]
    found = np.flatnonzero(marked)
    deepest_first: list[int] = found[np.argsort(-depth[found], kind="stable")].tolist()
    return deepest_first


def _cut_to_path(forest: Forest, path: Path, depth: I64) -> I64:
    """Ends, those of spans on the path where the path leaves them: within the tolerance before the next one began."""
    last_ns = dict(zip(path.node.tolist(), path.end_ns.tolist(), strict=True))  # segments are in time order
    end_ns, parent = forest.end_ns.copy(), forest.parent.tolist()
    for node in _up_from(path.node.astype(np.int64), forest.parent, depth):
        end_ns[node] = last_ns[node]
        above = parent[node]
        if above >= 0:
            last_ns[above] = max(last_ns.get(above, last_ns[node]), last_ns[node])
    return end_ns


class _Replay:
    """The lengths that change, from the deepest up; all others are as observed."""

    def __init__(self, schedule: Schedule, chosen: Bool, part: float) -> None:
        self._schedule = schedule
        self._factor = dict.fromkeys(np.flatnonzero(chosen).tolist(), 1 - part)
        self._changed: dict[int, float] = {}
        for node in schedule.up_from(chosen):
            *_, length = self._placed(node)
            self._changed[node] = length

    def response_ns(self, root: int) -> int:
        return round(self._length(root))

    def outcome(self, root: int) -> Outcome:
        critical_ns: dict[int, float] = {}
        nodes = [root]
        while nodes:
            node = nodes.pop()
            waited = list(self._chain(node))
            own_ns = self._length(node) - sum(self._length(child) for child in waited)
            if own_ns > 0:
                critical_ns[node] = own_ns
            nodes.extend(waited)
        return Outcome(self.response_ns(root), critical_ns)

    def _length(self, node: int) -> float:
        observed = self._schedule.end_ns[node] - self._schedule.start_ns[node]
        return self._changed.get(node, float(observed))

    def _chain(self, node: int) -> Iterator[int]:
        """The children that then decide when the node ends, from the last to the first."""
        children, before, new_ends, _ = self._placed(node)
        at = max(range(len(children)), key=new_ends.__getitem__, default=-1)
        while at >= 0:
            yield children[at]
            at = before[at]

    def _placed(self, node: int) -> tuple[list[int], list[int], list[float], float]:
        """The children by start, of each the place of the one it waits for (-1: none) and its end from the node's
        start on; and the node's length.
        """
        ends, starts, factor = self._schedule.end_ns, self._schedule.start_ns, self._factor.get(node, 1.0)
        children = self._schedule.children(node)
        by_end = sorted(range(len(children)), key=lambda at: ends[children[at]])
        before, new_ends = [-1] * len(children), [0.0] * len(children)
        ended, last, last_end, observed_ns = 0, -1, 0.0, starts[node]
        for at, child in enumerate(children):
            while ended < at and ends[children[by_end[ended]]] <= starts[child]:
                other = by_end[ended]
                observed_ns = ends[children[other]]
                if new_ends[other] > last_end or last < 0:
                    last, last_end = other, new_ends[other]
                ended += 1
            before[at] = last
            new_ends[at] = last_end + factor * (starts[child] - observed_ns) + self._length(child)
        tail = ends[node] - (ends[children[by_end[-1]]] if children else starts[node])
        return children, before, new_ends, max(new_ends, default=0.0) + factor * tail
