"""The log lines beside the spans of a trace, as the trace page keeps them. How one looks is in `moments.py`."""

from dataclasses import dataclass, field

import numpy as np

from webapp.analysis.log_places import places_of
from webapp.model.columns import I64
from webapp.model.facts import Forest
from webapp.model.logs import LogLine
from webapp.store import Store

MOST_LINES = 5_000  # of one trace that are kept beside it


@dataclass(frozen=True, slots=True)
class TraceLogs:
    """Lines in time; those of a node are `by_node` from `bounds[node]` to `bounds[node + 1]`.

    `total` counts those that are left out too.
    """

    lines: list[LogLine] = field(default_factory=list)
    total: int = 0
    by_node: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    bounds: I64 = field(default_factory=lambda: np.zeros(1, np.int64))

    def beside(self, node: int) -> list[LogLine]:
        if not self.lines:
            return []
        return [self.lines[k] for k in self.by_node[self.bounds[node] : self.bounds[node + 1]].tolist()]

    def count(self, node: int) -> int:
        return int(self.bounds[node + 1] - self.bounds[node]) if self.lines else 0


def logs_beside(store: Store, trace_id: str, forest: Forest) -> TraceLogs:
    """None where the spans were made of the lines: then those are their events."""
    if forest.columns.inferred:
        return TraceLogs()
    lines, total = store.lines.of(trace_id, MOST_LINES)
    if not lines:
        return TraceLogs()
    places = places_of(forest, lines)
    by_node = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[by_node], np.arange(len(forest) + 1))
    return TraceLogs(lines, total, by_node, bounds.astype(np.int64))
