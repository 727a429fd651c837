"""The service graph of a window: nodes, calls between them, and where requests spent their time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any

import duckdb
import numpy as np

from webapp.model.collector import collector_at_rest
from webapp.model.facts import EDGE_TYPES
from webapp.model.results import Graph, GraphEdge, GraphNode, Merged
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.matching import found_traces
from webapp.store.conditions.where import Where
from webapp.store.graph.call_counts import CallCounts, Counted
from webapp.store.graph.calls import (
    Part,
    critical_ns_of_nodes,
    edges_of,
    ends_of,
    part_found,
    part_of,
    read_calls,
    traces_in,
)
from webapp.store.graph.merging import Merging, Node, merge
from webapp.store.graph.protocols import find_protocols
from webapp.store.searching.recent import Asked

_LINK, _RPC, _EXTERNAL = (EDGE_TYPES.index(name) for name in ("link", "rpc", "external"))
_Pair = tuple[str, str]
Protocols = Mapping[_Pair, str]


@dataclass(frozen=True, slots=True)
class _Between:
    """Edges that are drawn: their nodes and types, and the fields of `Counted`, each of all edges."""

    callers: list[int]
    callees: list[int]
    types: list[int]
    counted: list[list[Any]]

    def names(self, of: Mapping[int, Node]) -> tuple[list[str], list[str]]:
        """Of callers and callees."""
        return [of[node][1] for node in self.callers], [of[node][1] for node in self.callees]


def read_graph(catalogue: Catalogue, asked: Asked, groups: Mapping[str, str]) -> Graph:
    """Of the traces that match: all of them, or the newest when there are too many to look for. `groups`: by service
    the namespace as whose part it is drawn.
    """
    return asked.once(("graph", *sorted(groups.items())), lambda: _read_graph(catalogue, asked, groups))


def _read_graph(catalogue: Catalogue, asked: Asked, groups: Mapping[str, str]) -> Graph:
    cursor, queried = catalogue.cursor, asked.query.root is not None
    traces = found_traces(cursor, asked.found) if queried else traces_in(asked.window)
    part = part_found(traces, asked) if queried else part_of(cursor, asked.window)
    with collector_at_rest():  # thousands of edges are made
        graph = _graph(cursor, part, groups, partial(_protocols, catalogue, asked, traces, part.traces))
    return replace(graph, more=queried and not asked.found.complete)


def _protocols(
    catalogue: Catalogue, asked: Asked, traces: Where, count: int, pairs: frozenset[_Pair]
) -> Protocols:
    """Of all traces of a window learnt anew when connections came or went, or their number has doubled."""
    if asked.query.root is not None:
        return find_protocols(catalogue, traces)
    name = "protocols", asked.window, count.bit_length(), pairs
    return catalogue.remembered_names(name, lambda: find_protocols(catalogue, traces))


def _drawn(protocols: Protocols, merged: Mapping[str, Merged]) -> Protocols:
    """By the nodes that are drawn; of those that stand for several the protocol of one connection."""
    if not merged:
        return protocols
    drawn_as = {member: name for name, several in merged.items() for member, _ in several.members}
    named: dict[_Pair, str] = {}
    for (caller, callee), protocol in sorted(protocols.items()):
        named.setdefault((drawn_as.get(caller, caller), drawn_as.get(callee, callee)), protocol)
    return named


def _graph(
    cursor: duckdb.DuckDBPyConnection,
    part: Part,
    groups: Mapping[str, str],
    find: Callable[[frozenset[_Pair]], Protocols],
) -> Graph:
    """`find` knows the protocols by caller and callee, as stored."""
    nodes = cursor.execute("SELECT node_id, kind, name FROM nodes").fetchall()
    known: dict[int, Node] = {number: (kind, name) for number, kind, name in nodes}
    count = max(known, default=0) + 1
    read = read_calls(cursor, part, count)
    caller, callee, _ = ends_of(read.groups, count)
    merging = merge(known, zip(caller.tolist(), callee.tolist(), strict=True), groups)
    between, into = _calls(read, merging, count)
    critical_ns = _critical_ns(critical_ns_of_nodes(cursor, part), merging)
    names = merging.names
    whole_ns = sum(ns for node, ns in critical_ns.items() if names[node][0] in ("service", "namespace"))
    own_calls = read.by(callee).counted() if merging.members else {}
    merged = merging.merged({node: counted.calls for node, counted in own_calls.items()})
    pairs = frozenset(zip(*between.names(names), strict=True))
    edges = _edges(between, names, whole_ns, _drawn(find(pairs), merged))
    used = {*between.callers, *between.callees, *critical_ns}
    drawn = [
        _node(names[node], into.get(node, Counted()), critical_ns.get(node, 0), whole_ns) for node in used
    ]
    return Graph(
        sorted(drawn, key=lambda node: (-node.critical_ns, -node.calls, node.name)),
        sorted(sorted(edges), key=attrgetter("calls"), reverse=True),
        part.traces,
        part.from_ns,
        part.to_ns,
        merged=merged,
        peers=frozenset(known[node][1] for node in merging.same.keys() & set(callee.tolist())),
    )


def _edges(
    between: _Between, names: Mapping[int, Node], whole_ns: int, protocols: Protocols
) -> Iterable[GraphEdge]:
    """Databases and queues say their protocols in their names."""
    said = {
        number: name.partition(":")[0]
        for number, (kind, name) in names.items()
        if kind in ("db", "messaging") and ":" in name
    }
    callers, callees = between.names(names)
    types = [EDGE_TYPES[number] for number in between.types]
    calls, errors, p50_ns, p95_ns, critical_ns, *sure = between.counted
    shares = [ns / max(1, whole_ns) for ns in critical_ns]
    told = [
        said.get(callee) or said.get(caller) or protocols.get(pair, "")
        for caller, callee, pair in zip(
            between.callers, between.callees, zip(callers, callees, strict=True), strict=True
        )
    ]
    return map(
        GraphEdge._make,
        zip(callers, callees, types, calls, errors, p50_ns, p95_ns, critical_ns, shares, told, *sure, strict=True),
    )  # fmt: skip


def _node(name: Node, counted: Counted, critical_ns: int, whole_ns: int) -> GraphNode:
    calls, errors, p50_ns, p95_ns, _, spans, weighted, worth = counted
    share = critical_ns / whole_ns if whole_ns else 0.0
    return GraphNode(*name, calls, errors, p50_ns, p95_ns, critical_ns, share, spans, weighted, worth)


def _calls(read: CallCounts, merging: Merging, nodes: int) -> tuple[_Between, dict[int, Counted]]:
    """What was counted by edge that is drawn, and by node of its callers."""
    count = max(merging.names, default=0) + 1
    node_of, is_same, is_group = np.arange(count), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    node_of[list(merging.onto)] = list(merging.onto.values())
    is_same[list(merging.same)] = True
    is_group[list(merging.keys)] = True
    caller, callee, kind = ends_of(read.groups, nodes)
    kind = np.where(is_same[callee] & (kind == _EXTERNAL), _RPC, kind)
    caller, callee = node_of[caller], node_of[callee]
    outer = ~(is_group[caller] & (caller == callee))  # calls within a namespace are not drawn
    asked = outer & (kind != _LINK)
    edges, counted = read.at(outer).by(edges_of((caller, callee, kind), count)[outer]).columns()
    callers, callees, types = (ends.tolist() for ends in ends_of(edges, count))
    between = _Between(callers, callees, types, counted)
    return between, read.at(asked).by(callee[asked]).counted()


def _critical_ns(rows: Iterable[tuple[int, int]], merging: Merging) -> dict[int, int]:
    """By node that is drawn. What a peer adds that is a service too, or in the namespace of its callers, is its caller's
    time already.
    """
    times: dict[int, int] = {}
    for node, ns in rows:
        drawn = merging.onto.get(node, node)
        counts = node not in merging.same and (
            drawn not in merging.keys or merging.names[node][0] == "service"
        )
        if counts:
            times[drawn] = times.get(drawn, 0) + ns
    return times
