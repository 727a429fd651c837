"""Time a span spends while none of the children it waits for is running (analysis.md section 3), many traces at once."""

import numpy as np

from webapp.analysis.blocking import Children, waited_for
from webapp.analysis.runs import positions, run_starts, running_max
from webapp.model.columns import I64
from webapp.model.facts import Forest


def self_times(forest: Forest, children: Children | None = None) -> I64:
    """Duration less the union of the waited-for children; asynchronous children take nothing away."""
    children = children or waited_for(forest)
    self_ns = forest.end_ns - forest.start_ns
    nodes = children.nodes
    if not len(nodes):
        return self_ns
    parent = forest.parent[nodes]
    opens, closes = forest.start_ns[parent], forest.end_ns[parent]
    start, end = np.maximum(forest.start_ns[nodes], opens), np.minimum(forest.end_ns[nodes], closes)
    groups = run_starts(parent)
    position = positions(groups, len(nodes))
    covered_until = opens.copy()
    covered_until[1:] = np.where(position[1:] > 0, running_max(end, position)[:-1], opens[1:])
    newly_covered = np.maximum(0, end - np.maximum(start, covered_until))
    self_ns[parent[groups]] -= np.add.reduceat(newly_covered, groups)
    return self_ns
