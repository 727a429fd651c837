"""The spans of one trace summed by service and operation: counts, times, percentiles. One line of a table each."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from webapp.analysis.attribution import label
from webapp.analysis.runs import Numbers, renumbered, run_lengths, run_starts, sorted_by
from webapp.model.columns import I64
from webapp.model.facts import Forest, TraceFacts
from webapp.model.spans import Status


@dataclass(frozen=True, slots=True)
class Operation:
    """`total_ns` sums durations, also of spans that run at the same time; percentiles are of single spans.

    `node` is the longest span.
    """

    service: str
    name: str
    spans: int
    errors: int
    total_ns: int
    self_ns: int
    critical_ns: int
    p50_ns: int
    p95_ns: int
    max_ns: int
    node: int


@dataclass(frozen=True, slots=True)
class Operations:
    """The same as columns, by service and name as numbers of the forest: a trace may have as many as it has spans."""

    forest: Forest
    spans: I64
    errors: I64
    total_ns: I64
    self_ns: I64
    critical_ns: I64
    p50_ns: I64
    p95_ns: I64
    max_ns: I64
    node: I64

    def __len__(self) -> int:
        return len(self.node)

    def lines(self, numbers: Iterable[int]) -> list[Operation]:
        names = (
            "spans",
            "errors",
            "total_ns",
            "self_ns",
            "critical_ns",
            "p50_ns",
            "p95_ns",
            "max_ns",
            "node",
        )
        columns = [getattr(self, name) for name in names]
        return [
            Operation(
                *label(self.forest, int(self.node[number])), *(int(column[number]) for column in columns)
            )
            for number in numbers
        ]


def operations_of(facts: TraceFacts, nodes: I64 | None = None) -> Operations:
    """Of all spans that were received, or of those `nodes`, which ascend. Most critical time first, then most time, then
    by name.
    """
    forest = facts.forest
    nodes = np.flatnonzero(forest.source >= 0) if nodes is None else nodes
    duration_ns = forest.end_ns - forest.start_ns
    operation = forest.service[nodes].astype(np.int64) * len(forest.columns.names) + forest.name[nodes]
    nodes = nodes[sorted_by(renumbered(operation), duration_ns[nodes])]
    starts = run_starts(forest.service[nodes], forest.name[nodes])
    lengths = run_lengths(starts, len(nodes))

    def sums(values: Numbers) -> I64:
        sum_of: I64 = np.add.reduceat(values[nodes].astype(np.int64), starts) if len(starts) else lengths
        return sum_of

    def percentile(part: float) -> I64:
        """By nearest rank: a duration that a span had."""
        rank = np.maximum(np.ceil(part * lengths).astype(np.int64) - 1, 0)
        chosen: I64 = duration_ns[nodes[starts + rank]]
        return chosen

    columns = (
        lengths, sums(forest.status == Status.ERROR), sums(duration_ns), sums(facts.self_ns), sums(facts.critical_ns),
        percentile(0.5), percentile(0.95), percentile(1.0), nodes[starts + lengths - 1],
    )  # fmt: skip
    critical_ns, total_ns = columns[4], columns[2]
    order = np.lexsort((*by_name(forest, columns[-1]), -total_ns, -critical_ns))
    return Operations(forest, *(column[order] for column in columns))


def by_name(forest: Forest, nodes: I64) -> tuple[I64, I64]:
    """Keys that sort nodes by service, then by operation, as `np.lexsort` takes them; what is missing first."""
    return _ranks(forest.columns.names)[forest.name[nodes]], _ranks(forest.columns.services)[
        forest.service[nodes]
    ]


def _ranks(words: list[str]) -> I64:
    """Of each word its place in alphabetical order, and -1 for what the number -1 stands for."""
    ranks = np.full(len(words) + 1, -1, np.int64)
    ranks[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    return ranks
