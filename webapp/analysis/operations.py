"""The spans of one trace summed by service and operation: counts, times, percentiles. One line of a table each."""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.attribution import label
from webapp.analysis.runs import Numbers, run_lengths, run_starts
from webapp.model.columns import I64
from webapp.model.facts import TraceFacts
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


def operations_of(facts: TraceFacts) -> list[Operation]:
    """Most critical time first, then most time. Spans that were not received are left out."""
    forest = facts.forest
    nodes = np.flatnonzero(forest.source >= 0)
    duration_ns = forest.end_ns - forest.start_ns
    nodes = nodes[np.lexsort((nodes, duration_ns[nodes], forest.name[nodes], forest.service[nodes]))]
    starts = run_starts(forest.service[nodes], forest.name[nodes])
    lengths = run_lengths(starts, len(nodes))

    def sums(values: Numbers) -> list[int]:
        return [int(value) for value in np.add.reduceat(values[nodes].astype(np.int64), starts)]

    def percentile(part: float) -> I64:
        """By nearest rank: a duration that a span had."""
        rank = np.maximum(np.ceil(part * lengths).astype(np.int64) - 1, 0)
        chosen: I64 = duration_ns[nodes[starts + rank]]
        return chosen

    columns = zip(
        nodes[starts + lengths - 1].tolist(), lengths.tolist(), sums(forest.status == Status.ERROR),
        sums(duration_ns), sums(facts.self_ns), sums(facts.critical_ns),
        percentile(0.5).tolist(), percentile(0.95).tolist(), percentile(1.0).tolist(),
        strict=True,
    )  # fmt: skip
    found = [
        Operation(*label(forest, node), spans, errors, total, own, critical, p50, p95, longest, node)
        for node, spans, errors, total, own, critical, p50, p95, longest in columns
    ]
    return sorted(found, key=lambda one: (-one.critical_ns, -one.total_ns, one.service, one.name))
