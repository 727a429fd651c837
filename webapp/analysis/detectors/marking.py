"""The sums over calls that `suspects.py` compares with thresholds: of many traces at once, by arrays. No rules."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from webapp.analysis.runs import Numbers, run_lengths, run_starts
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import Forest
from webapp.model.spans import Kind, Status


class Marking:
    """Of each node what the detectors would ask of a `Scene`."""

    def __init__(self, forest: Forest, critical_ns: I64) -> None:
        self.forest, self.critical_ns = forest, critical_ns
        self.received: Bool = forest.source >= 0
        self.length_ns: I64 = forest.end_ns - forest.start_ns
        self.response_ns: I64 = self.length_ns[forest.root]

    @cached_property
    def calls(self) -> I64:
        """As `Scene.is_call` knows them."""
        forest = self.forest
        above = forest.parent
        answers = np.isin(forest.kind, (Kind.SERVER, Kind.UNSPECIFIED)) & self.received[above]
        answers &= forest.service != forest.service[above]
        answers &= ~np.isin(forest.kind[above], (Kind.CLIENT, Kind.PRODUCER))
        is_call = (forest.kind == Kind.CLIENT) | answers
        return np.flatnonzero(is_call & self.received & (above >= 0))

    @cached_property
    def is_query(self) -> Bool:
        forest = self.forest
        types = np.array([peer.type == "db" for peer in forest.columns.peers] + [False])
        peer = np.where(self.received, forest.columns.peer[forest.source], -1)
        is_query: Bool = types[peer]
        return is_query

    @cached_property
    def caller(self) -> I32:
        forest = self.forest
        asks = forest.kind == Kind.CLIENT
        return np.where(asks, forest.service, forest.service[forest.parent])

    @cached_property
    def entered(self) -> Bool:
        """The nodes with time of the path in them or below them."""
        entered = self.critical_ns > 0
        fresh: Numbers = np.flatnonzero(entered)
        while len(fresh):
            above = self.forest.parent[fresh]
            above = np.unique(above[above >= 0])
            fresh = above[~entered[above]]
            entered[fresh] = True
        return entered

    def named(self, wanted: Callable[[str], bool]) -> I64:
        """The received nodes whose names are wanted; each name is looked at once."""
        names = np.array([wanted(name) for name in self.forest.columns.names] + [False])
        return np.flatnonzero(names[self.forest.name] & self.received)

    def groups(self, nodes: I64, *keys: Numbers) -> "Groups":
        """Nodes that are equal in all keys, which are aligned with them."""
        order = np.lexsort(keys)
        return Groups(self, nodes[order], run_starts(*(key[order] for key in keys)))


@dataclass(frozen=True)
class Groups:
    of: Marking
    nodes: I64
    starts: I64

    @property
    def trace(self) -> I32:
        return self.of.forest.trace[self.nodes[self.starts]]

    @cached_property
    def count(self) -> I64:
        return run_lengths(self.starts, len(self.nodes))

    @cached_property
    def total_ns(self) -> I64:
        return self._reduced(np.add, self.of.length_ns[self.nodes])

    @cached_property
    def longest_ns(self) -> I64:
        return self._reduced(np.maximum, self.of.length_ns[self.nodes])

    @cached_property
    def failed(self) -> I64:
        return self._reduced(np.add, (self.of.forest.status[self.nodes] == Status.ERROR).astype(np.int64))

    def any(self, wanted: Bool) -> Bool:
        """Whether one of the group is wanted; `wanted` is by node."""
        return self._reduced(np.add, wanted[self.nodes].astype(np.int64)) > 0

    def most_open(self) -> I64:
        """At most how many of a group run at one moment; those that touch count as together."""
        forest, size = self.of.forest, len(self.nodes)
        group = np.repeat(np.arange(len(self.starts)), self.count)
        times = np.concatenate([forest.start_ns[self.nodes], forest.end_ns[self.nodes]])
        step = np.concatenate([np.ones(size, np.int64), np.full(size, -1)])
        order = np.lexsort((-step, times, np.concatenate([group, group])))
        return self._reduced(np.maximum, np.cumsum(step[order]), 2 * self.starts)

    def _reduced(self, how: np.ufunc, values: I64, starts: I64 | None = None) -> I64:
        found: I64 = (
            how.reduceat(values, self.starts if starts is None else starts) if len(self.starts) else values
        )
        return found
