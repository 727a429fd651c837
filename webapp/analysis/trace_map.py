"""The calls of one trace summed by caller, callee and protocol, and the parties between which they go. No drawing.

Each nanosecond of the critical path belongs to one call: the nearest at or above the span that spent it.

user ──HTTP──> gateway ──HTTP──> orders ──postgresql──> postgresql:orders
                  └────gRPC────> stock
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from webapp.analysis.call_times import call_times
from webapp.analysis.runs import run_starts, stable_order
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import EDGE_TYPES, EdgeCalls, TraceFacts
from webapp.model.results import GraphEdge, GraphNode


@dataclass(frozen=True, slots=True)
class Connection:
    """`spans`: nodes of the forest that tell of the calls. `edge.type` is one of EDGE_TYPES."""

    edge: GraphEdge
    protocol: str
    critical_ns: int
    spans: I32


@dataclass(frozen=True, slots=True)
class TraceMap:
    """Most critical time first, then most calls."""

    nodes: list[GraphNode]
    connections: list[Connection]


def map_of(
    facts: TraceFacts, calls: EdgeCalls, protocols: Sequence[str], protocol: I64, kept: Bool | None = None
) -> TraceMap:
    """`protocol` has for each call its place in `protocols`. `kept`: only the calls and the time of these nodes."""
    place, parties = _parties(calls)
    spent_ns = facts.critical_ns if kept is None else np.where(kept, facts.critical_ns, 0)
    critical_ns = call_times(facts.forest, calls, spent_ns)
    if kept is not None:
        chosen_calls = kept[calls.span]
        calls, protocol = _part(calls, chosen_calls), protocol[chosen_calls]
        critical_ns = critical_ns[chosen_calls]
    caller, callee = place[calls.caller], place[calls.callee]
    types, pairs = len(EDGE_TYPES) * len(protocols), len(parties)
    group = (caller * pairs + callee) * types + protocol * len(EDGE_TYPES) + calls.type
    by_duration = np.argsort(calls.duration_ns)
    order = by_duration[stable_order(group[by_duration])]
    starts = run_starts(group[order])
    connections = []
    for chosen in np.split(order, starts[1:]) if len(order) else []:
        first = chosen[0]
        edge = GraphEdge(
            parties[caller[first]][1],
            parties[callee[first]][1],
            EDGE_TYPES[calls.type[first]],
            *_counted(calls, chosen),
        )
        owned_ns = int(critical_ns[chosen].sum())
        connections.append(Connection(edge, protocols[protocol[first]], owned_ns, calls.span[chosen]))
    used = np.union1d(caller, callee).tolist()
    shares = _shares(facts, kept)
    used += [
        at
        for at, (kind, name) in enumerate(parties)
        if kind == "service" and name in shares and at not in used
    ]
    by_callee = by_duration[stable_order(callee[by_duration])]
    bounds = np.searchsorted(callee[by_callee], np.arange(len(parties) + 1))
    nodes = []
    for at in used:
        kind, name = parties[at]
        into = by_callee[bounds[at] : bounds[at + 1]]
        owned_ns = shares[name] if kind == "service" and name in shares else int(critical_ns[into].sum())
        nodes.append(
            GraphNode(kind, name, *_counted(calls, into), owned_ns, owned_ns / max(1, facts.response_ns))
        )
    return TraceMap(
        sorted(nodes, key=lambda node: (-node.critical_ns, -node.calls, node.name)),
        sorted(
            connections, key=lambda one: (-one.critical_ns, -one.edge.calls, one.edge.caller, one.edge.callee)
        ),
    )


def _parties(calls: EdgeCalls) -> tuple[I64, list[tuple[str, str]]]:
    """Of each node of the calls its place among those with names of their own: what is called by the name of a
    service is that service.
    """
    parties: dict[str, int] = {}
    kinds: list[tuple[str, str]] = []
    place = np.empty(len(calls.nodes), np.int64)
    for number, (kind, name) in enumerate(calls.nodes):  # services come first
        place[number] = parties.setdefault(name, len(parties))
        if place[number] == len(kinds):
            kinds.append((kind, name))
    return place, kinds


def _counted(calls: EdgeCalls, chosen: I64) -> tuple[int, int, int, int]:
    """Calls, errors, p50 and p95 (by nearest rank) of calls that are sorted by duration."""
    if not len(chosen):
        return 0, 0, 0, 0
    durations_ns = calls.duration_ns[chosen]
    p50, p95 = (int(durations_ns[max(0, int(np.ceil(part * len(chosen))) - 1)]) for part in (0.5, 0.95))
    return len(chosen), int(calls.error[chosen].sum()), p50, p95


def _part(calls: EdgeCalls, chosen: Bool) -> EdgeCalls:
    columns = {column.name: getattr(calls, column.name) for column in fields(calls)}
    parts: dict[str, Any] = {
        name: of[chosen]
        for name, of in columns.items()
        if isinstance(of, np.ndarray) and len(of) == len(chosen)
    }
    return replace(calls, **parts)


def _shares(facts: TraceFacts, kept: Bool | None) -> dict[str, int]:
    """By service its time on the critical path."""
    if kept is None:
        return {share.service: share.critical_ns for share in facts.services}
    forest = facts.forest
    nodes = np.flatnonzero(kept & (forest.source >= 0))
    services, place = np.unique(forest.service[nodes], return_inverse=True)
    spent_ns = np.zeros(len(services), np.int64)
    np.add.at(spent_ns, place, facts.critical_ns[nodes])
    return {
        forest.columns.services[code]: ns
        for code, ns in zip(services.tolist(), spent_ns.tolist(), strict=True)
    }
