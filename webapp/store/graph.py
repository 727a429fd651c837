"""The service graph of a window: nodes, calls between them, and where requests spent their time.

Up to 20,000 traces, and those that match a query, are read one by one; a longer window is read from sums by five
minutes, widened to whole ones; all there is, from totals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import duckdb
import numpy as np

from webapp.model.columns import I64
from webapp.model.facts import EDGE_TYPES
from webapp.model.results import Graph, GraphEdge, GraphNode
from webapp.query import Window
from webapp.store.buckets import SLOT_NS
from webapp.store.call_counts import CallCounts, Counted, Weights
from webapp.store.catalogue import Catalogue
from webapp.store.graph_merging import Merging, merge
from webapp.store.matching import found_traces, in_window
from webapp.store.protocols import find_protocols
from webapp.store.recent import Asked
from webapp.store.where import TRUE, Where

_ONE_BY_ONE = 20_000
_TOTALS = "edge_totals"
_LINK, _RPC, _EXTERNAL = (EDGE_TYPES.index(name) for name in ("link", "rpc", "external"))
_Edge = tuple[int, int, int, Counted]


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


def read_graph(catalogue: Catalogue, asked: Asked, groups: Mapping[str, str]) -> Graph:
    """Of the traces that match: all of them, or the newest when there are too many to look for. `groups`: by service
    the namespace as whose part it is drawn.
    """
    cursor, queried = catalogue.cursor, asked.query.root is not None
    traces = found_traces(cursor, asked.found) if queried else _traces_in(asked.window)
    part = _found_part(traces, asked) if queried else _part(cursor, asked.window)
    graph = _graph(cursor, part, groups)
    protocols = _drawn(find_protocols(catalogue, traces), graph)
    named = [replace(edge, protocol=_protocol(edge, protocols)) for edge in graph.edges]
    return replace(graph, edges=named, more=queried and not asked.found.complete)


def _drawn(protocols: Mapping[tuple[str, str], str], graph: Graph) -> dict[tuple[str, str], str]:
    """By the nodes that are drawn; of those that stand for several the protocol of one connection."""
    drawn_as = {member: name for name, merged in graph.merged.items() for member, _ in merged.members}
    named: dict[tuple[str, str], str] = {}
    for (caller, callee), protocol in sorted(protocols.items()):
        named.setdefault((drawn_as.get(caller, caller), drawn_as.get(callee, callee)), protocol)
    return named


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


def _graph(cursor: duckdb.DuckDBPyConnection, part: _Part, groups: Mapping[str, str]) -> Graph:
    nodes = cursor.execute("SELECT node_id, kind, name FROM nodes").fetchall()
    known: dict[int, tuple[str, str]] = {number: (kind, name) for number, kind, name in nodes}
    count = max(known, default=0) + 1
    read = _read_calls(cursor, part, count)
    caller, callee, _ = _ends(read, count)
    merging = merge(known, zip(caller.tolist(), callee.tolist(), strict=True), groups)
    times = _edge_times(cursor, part, merging)
    between, into = _calls(read, merging, count)
    critical_ns = _critical_ns(cursor, part, merging)
    names = merging.names
    whole_ns = sum(ns for node, ns in critical_ns.items() if names[node][0] in ("service", "namespace"))
    used = {node for caller, callee, *_ in between for node in (caller, callee)} | set(critical_ns)
    edges = [
        _edge(
            names[caller][1], names[callee][1], kind, counted, times.get((caller, callee, kind), 0), whole_ns
        )
        for caller, callee, kind, counted in between
    ]
    own_calls = {node: counted.calls for node, counted in read.by(callee).counted().items()}
    return Graph(
        sorted(
            (
                _node(names[node], into.get(node, Counted()), critical_ns.get(node, 0), whole_ns)
                for node in used
            ),
            key=lambda node: (-node.critical_ns, -node.calls, node.name),
        ),
        sorted(edges, key=lambda edge: (-edge.calls, edge.caller, edge.callee, edge.type)),
        part.traces,
        part.from_ns,
        part.to_ns,
        merged=merging.merged(own_calls),
    )


def _edge(
    caller: str, callee: str, kind: int, counted: Counted, critical_ns: int, whole_ns: int
) -> GraphEdge:
    calls, errors, p50_ns, p95_ns, spans, weighted, worth = counted
    share = critical_ns / max(1, whole_ns)
    return GraphEdge(
        caller,
        callee,
        EDGE_TYPES[kind],
        calls,
        errors,
        p50_ns,
        p95_ns,
        critical_ns,
        share,
        "",
        spans,
        weighted,
        worth,
    )


def _node(name: tuple[str, str], counted: Counted, critical_ns: int, whole_ns: int) -> GraphNode:
    calls, errors, p50_ns, p95_ns, spans, weighted, worth = counted
    share = critical_ns / whole_ns if whole_ns else 0.0
    return GraphNode(
        name[0], name[1], calls, errors, p50_ns, p95_ns, critical_ns, share, spans, weighted, worth
    )


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
    read = CallCounts.of(*columns)
    more = cursor.execute(
        f"""
        SELECT
          {edge}, bucket, sum(weighted)::DOUBLE AS weighted, sum(calls) AS calls, sum(errors) AS errors,
          sum(squares) AS squares
        FROM edge_weights
        WHERE {part.condition.text}
        GROUP BY ALL
        """,
        list(part.condition.values),
    ).fetchnumpy()
    sums = Weights(more["weighted"], more["calls"], more["errors"], more["squares"])
    return read.weighed(more["edge"].astype(np.int64), more["bucket"].astype(np.int64), sums)


def _ends(read: CallCounts, nodes: int) -> tuple[I64, I64, I64]:
    """Caller, callee and type of each group that was counted."""
    ends, kind = np.divmod(read.groups, len(EDGE_TYPES))
    caller, callee = np.divmod(ends, nodes)
    return caller, callee, kind


def _calls(read: CallCounts, merging: Merging, nodes: int) -> tuple[list[_Edge], dict[int, Counted]]:
    """Of each edge the caller, the callee, the type and what was counted; and by node what was counted of its callers."""
    count = max(merging.names, default=0) + 1
    node_of, is_same, is_group = np.arange(count), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    node_of[list(merging.onto)] = list(merging.onto.values())
    is_same[list(merging.same)] = True
    is_group[list(merging.keys)] = True
    caller, callee, kind = _ends(read, nodes)
    kind = np.where(is_same[callee] & (kind == _EXTERNAL), _RPC, kind)
    caller, callee = node_of[caller], node_of[callee]
    outer = ~(is_group[caller] & (caller == callee))  # calls within a namespace are not drawn
    asked = outer & (kind != _LINK)
    edges = read.at(outer).by(((caller * count + callee) * len(EDGE_TYPES) + kind)[outer])
    between = []
    for edge, counted in edges.counted().items():
        pair, type_number = divmod(edge, len(EDGE_TYPES))
        between.append((*divmod(pair, count), type_number, counted))
    return between, read.at(asked).by(callee[asked]).counted()


def _edge_times(
    cursor: duckdb.DuckDBPyConnection, part: _Part, merging: Merging
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
    onto = merging.onto
    for caller, callee, kind, ns in rows:
        type_number = _RPC if callee in merging.same and kind == _EXTERNAL else kind
        edge = onto.get(caller, caller), onto.get(callee, callee), type_number
        times[edge] = times.get(edge, 0) + ns
    return times


def _critical_ns(cursor: duckdb.DuckDBPyConnection, part: _Part, merging: Merging) -> dict[int, int]:
    """By node, of nodes that have spans. What a peer adds that is a service too, or in the namespace of its callers,
    is its caller's time already.
    """
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
    times: dict[int, int] = {}
    for node, ns in rows:
        drawn = merging.onto.get(node, node)
        counts = node not in merging.same and (
            drawn not in merging.keys or merging.names[node][0] == "service"
        )
        if counts:
            times[drawn] = times.get(drawn, 0) + ns
    return times
