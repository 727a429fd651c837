"""Whose clocks disagree, and by how much: where the shift of a span differs from that of its parent, or was too large."""

import numpy as np

from webapp.model.facts import ClockShift, Forest


def clock_shifts(forest: Forest) -> list[ClockShift]:
    """One entry a trace and pair of clocks, in that order: all calls between two clocks share one shift."""
    child = np.flatnonzero((forest.parent >= 0) & (forest.offset_ns != 0))
    shift_ns = forest.offset_ns[child] - forest.offset_ns[forest.parent[child]]
    crossing = shift_ns != 0
    found = {
        ClockShift(int(forest.trace[node]), *_clocks(forest, node), ns)
        for node, ns in zip(child[crossing].tolist(), shift_ns[crossing].tolist(), strict=True)
    }
    found |= {ClockShift(int(forest.trace[node]), *_clocks(forest, node), ns) for node, ns in forest.too_far}
    return sorted(found)


def _clocks(forest: Forest, node: int) -> tuple[str, str]:
    """Of the parent and of the node: their hosts, or where one is not known their services."""
    columns, nodes = forest.columns, (int(forest.parent[node]), node)
    hosts = [int(columns.host[forest.source[each]]) if forest.source[each] >= 0 else -1 for each in nodes]
    if min(hosts) >= 0:
        return columns.hosts[hosts[0]], columns.hosts[hosts[1]]
    services = [int(forest.service[each]) for each in nodes]
    caller, callee = (columns.services[each] if each >= 0 else "" for each in services)
    return caller, callee
