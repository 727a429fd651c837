"""The service graph of a window: nodes, calls between them, and where requests spent their time.

Up to 20,000 traces, and those that match a query, are read one by one; a longer window is read from sums by five
minutes, widened to whole ones; all there is, from totals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np

from webapp.model.facts import EDGE_TYPES
from webapp.model.results import Graph, GraphEdge, GraphNode
from webapp.query import Window
from webapp.store.buckets import SLOT_NS
from webapp.store.call_counts import CallCounts
from webapp.store.catalogue import Catalogue
from webapp.store.matching import found_traces, in_window
from webapp.store.protocols import find_protocols
from webapp.store.recent import Asked
from webapp.store.where import TRUE, Where

_ONE_BY_ONE = 20_000
_TOTALS = "edge_totals"
_LINK, _RPC, _EXTERNAL = (EDGE_TYPES.index(name) for name in ("link", "rpc", "external"))
_Counted = tuple[int, int, int, int]  # calls, errors, p50 and p95 in ns
_Edge = tuple[int, int, int, int, int, int, int]
_NOTHING: _Counted = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Part:
    """What to read: the tables, the condition on their rows, and the time that it really covers."""

    edges: str
    times: str
    nodes: str
    condition: Where
    traces: int
    from_ns: int
    to_ns: int


def read_graph(catalogue: Catalogue, asked: Asked) -> Graph:
    """Of the traces that match: all of them, or the newest when there are too many to look for."""
    cursor, queried = catalogue.cursor, asked.query.root is not None
    traces = found_traces(cursor, asked.found) if queried else _traces_in(asked.window)
    part = _found_part(traces, asked) if queried else _part(cursor, asked.window)
    graph = _graph(cursor, part)
    protocols = find_protocols(catalogue, traces)
    named = [replace(edge, protocol=_protocol(edge, protocols)) for edge in graph.edges]
    return replace(graph, edges=named, more=queried and not asked.found.complete)


def _protocol(edge: GraphEdge, protocols: Mapping[tuple[str, str], str]) -> str:
    """Databases and queues say it in their names."""
    for party in (edge.callee, edge.caller):
        if edge.type in ("db", "messaging") and ":" in party:
            return party.partition(":")[0]
    return protocols.get((edge.caller, edge.callee), "")


def _traces_in(window: Window) -> Where:
    inside = in_window(window)
    return Where(f"FROM traces t WHERE {inside.text}", inside.values)


def _found_part(traces: Where, asked: Asked) -> _Part:
    found = asked.found.rows
    first_ns, last_ns = (int(found.start_ns[-1]), int(found.start_ns[0])) if len(found) else (0, 0)
    from_ns = first_ns if asked.window.from_ns is None else asked.window.from_ns
    to_ns = last_ns + 1 if asked.window.to_ns is None else asked.window.to_ns
    among = Where(f"trace_id IN (SELECT t.trace_id {traces.text})", traces.values)
    return _Part("trace_edges", "trace_edges", "trace_nodes", among, len(found), from_ns, to_ns)


def _graph(cursor: duckdb.DuckDBPyConnection, part: _Part) -> Graph:
    nodes = cursor.execute("SELECT node_id, kind, name FROM nodes").fetchall()
    names: dict[int, tuple[str, str]] = {number: (kind, name) for number, kind, name in nodes}
    same = _same_nodes(names)
    count = max(names, default=0) + 1
    times = _edge_times(cursor, part, same)
    between, into = _calls(_read_calls(cursor, part, count), same, count)
    critical_ns = _critical_ns(cursor, part, same)
    whole_ns = sum(ns for node, ns in critical_ns.items() if names[node][0] == "service")
    used = {node for caller, callee, *_ in between for node in (caller, callee)} | set(critical_ns)
    edges = [
        _edge(
            names[caller][1],
            names[callee][1],
            EDGE_TYPES[kind],
            counted,
            times.get((caller, callee, kind), 0),
        )
        for caller, callee, kind, *counted in between
    ]
    return Graph(
        sorted(
            (
                _node(names[node], into.get(node, _NOTHING), critical_ns.get(node, 0), whole_ns)
                for node in used
            ),
            key=lambda node: (-node.critical_ns, -node.calls, node.name),
        ),
        sorted(
            (replace(edge, share=edge.critical_ns / max(1, whole_ns)) for edge in edges),
            key=lambda edge: (-edge.calls, edge.caller, edge.callee, edge.type),
        ),
        part.traces,
        part.from_ns,
        part.to_ns,
    )


def _edge(caller: str, callee: str, kind: str, counted: Sequence[int], critical_ns: int) -> GraphEdge:
    calls, errors, p50_ns, p95_ns = counted
    return GraphEdge(caller, callee, kind, calls, errors, p50_ns, p95_ns, critical_ns)


def _same_nodes(names: Mapping[int, tuple[str, str]]) -> dict[int, int]:
    """A peer that is named like a service which sends spans itself (elsewhere) is that service."""
    services = {name: number for number, (kind, name) in names.items() if kind == "service"}
    return {
        number: services[name]
        for number, (kind, name) in names.items()
        if kind == "external" and name in services
    }


def _node(name: tuple[str, str], counted: _Counted, critical_ns: int, whole_ns: int) -> GraphNode:
    calls, errors, p50_ns, p95_ns = counted
    share = critical_ns / whole_ns if whole_ns else 0.0
    return GraphNode(name[0], name[1], calls, errors, p50_ns, p95_ns, critical_ns, share)


def _part(cursor: duckdb.DuckDBPyConnection, window: Window) -> _Part:
    inside = in_window(window)
    traces, first_ns, last_ns = cursor.execute(
        f"SELECT count(*), coalesce(min(t.start_ns), 0), coalesce(max(t.start_ns), 0) FROM traces t WHERE {inside.text}",
        list(inside.values),
    ).fetchall()[0]
    from_ns = first_ns if window.from_ns is None else window.from_ns
    to_ns = last_ns + 1 if window.to_ns is None else window.to_ns
    if window == Window():
        return _Part(_TOTALS, "edge_times", "node_sums", TRUE, traces, from_ns, to_ns)
    if traces <= _ONE_BY_ONE:
        among = Where(f"trace_id IN (SELECT t.trace_id FROM traces t WHERE {inside.text})", inside.values)
        return _Part("trace_edges", "trace_edges", "trace_nodes", among, traces, from_ns, to_ns)
    first, end = from_ns // SLOT_NS, -(-to_ns // SLOT_NS)
    slots = Where("slot >= ? AND slot < ?", (first, end))
    counted = cursor.execute(
        f"SELECT coalesce(sum(traces), 0)::BIGINT FROM facet_sums WHERE facet = 'outcome' AND {slots.text}",
        list(slots.values),
    ).fetchall()[0][0]
    return _Part("edge_sums", "edge_times", "node_sums", slots, counted, first * SLOT_NS, end * SLOT_NS)


def _read_calls(cursor: duckdb.DuckDBPyConnection, part: _Part, nodes: int) -> CallCounts:
    """By (caller * nodes + callee) * types + type."""
    edge = f"(caller_id::BIGINT * {nodes} + callee_id) * {len(EDGE_TYPES)} + type AS edge"
    text = f"SELECT {edge}, bucket, calls, errors FROM {part.edges} WHERE {part.condition.text}"
    if part.edges != _TOTALS:
        text = f"""
            SELECT edge, bucket, sum(calls)::BIGINT AS calls, sum(errors)::BIGINT AS errors
            FROM ({text})
            GROUP BY ALL
        """
    found = cursor.execute(text, list(part.condition.values)).fetchnumpy()
    columns = (found[name].astype(np.int64, copy=False) for name in ("edge", "bucket", "calls", "errors"))
    return CallCounts.of(*columns)


def _calls(read: CallCounts, same: Mapping[int, int], nodes: int) -> tuple[list[_Edge], dict[int, _Counted]]:
    """Of each edge the caller, the callee, the type and what was counted; and by node what was counted of its callers."""
    node_of = np.arange(nodes)
    node_of[list(same)] = list(same.values())
    ends, kind = np.divmod(read.groups, len(EDGE_TYPES))
    caller, callee = np.divmod(ends, nodes)
    kind = np.where((node_of[callee] != callee) & (kind == _EXTERNAL), _RPC, kind)
    caller, callee = node_of[caller], node_of[callee]
    asked = kind != _LINK
    edges = read.by((caller * nodes + callee) * len(EDGE_TYPES) + kind) if same else read
    between = []
    for edge, counted in edges.counted().items():
        pair, type_number = divmod(edge, len(EDGE_TYPES))
        between.append((*divmod(pair, nodes), type_number, *counted))
    return between, read.at(asked).by(callee[asked]).counted()


def _edge_times(
    cursor: duckdb.DuckDBPyConnection, part: _Part, same: Mapping[int, int]
) -> dict[tuple[int, int, int], int]:
    """Critical time by caller, callee and type."""
    rows = cursor.execute(
        f"""
        SELECT caller_id, callee_id, type, sum(critical_ns)::BIGINT
        FROM {part.times}
        WHERE {part.condition.text}
        GROUP BY ALL
        """,
        list(part.condition.values),
    ).fetchall()
    times: dict[tuple[int, int, int], int] = {}
    for caller, callee, kind, ns in rows:
        type_number = _RPC if callee in same and kind == _EXTERNAL else kind
        edge = same.get(caller, caller), same.get(callee, callee), type_number
        times[edge] = times.get(edge, 0) + ns
    return times


def _critical_ns(cursor: duckdb.DuckDBPyConnection, part: _Part, same: Mapping[int, int]) -> dict[int, int]:
    """By node, of nodes that have spans. What a peer adds that is a service too is its caller's time already."""
    rows = cursor.execute(
        f"""
        SELECT node_id, sum(critical_ns)::BIGINT
        FROM {part.nodes}
        WHERE {part.condition.text}
        GROUP BY node_id
        HAVING sum(spans) > 0
        """,
        list(part.condition.values),
    ).fetchall()
    return {node: ns for node, ns in rows if node not in same}
