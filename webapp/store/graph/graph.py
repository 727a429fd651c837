"""The service graph of a window: nodes, calls between them, and where requests spent their time.

Up to 20,000 traces, and those that match a query, are read one by one; a longer window is read from sums by five
minutes, widened to whole ones; all there is, from totals.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import duckdb
import numpy as np

from webapp.model.columns import I64
from webapp.model.facts import EDGE_TYPES
from webapp.model.results import Graph, GraphEdge, GraphNode, Merged
from webapp.query import Window
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.matching import found_traces, in_window
from webapp.store.conditions.where import TRUE, Where
from webapp.store.graph.call_counts import CallCounts, Counted, Weights
from webapp.store.graph.merging import Merging, merge
from webapp.store.graph.protocols import find_protocols
from webapp.store.searching.recent import Asked
from webapp.store.writing.buckets import SLOT_NS

_ONE_BY_ONE = 20_000
_LINK, _RPC, _EXTERNAL = (EDGE_TYPES.index(name) for name in ("link", "rpc", "external"))
_Edge = tuple[int, int, int]  # caller, callee, type
_Pair = tuple[str, str]
Protocols = Mapping[_Pair, str]
_Time = tuple[int, int, int, int]  # caller, callee, type, critical time in ns


@dataclass(frozen=True, slots=True)
class _Part:
    """What to read: the tables, the condition on their rows, and the time that it really covers."""

    edges: str
    nodes: str
    condition: Where
    traces: int
    from_ns: int
    to_ns: int

    @property
    def one_by_one(self) -> bool:
        return self.edges == "trace_edges"


def read_graph(catalogue: Catalogue, asked: Asked, groups: Mapping[str, str]) -> Graph:
    """Of the traces that match: all of them, or the newest when there are too many to look for. `groups`: by service
    the namespace as whose part it is drawn.
    """
    cursor, queried = catalogue.cursor, asked.query.root is not None
    traces = found_traces(cursor, asked.found) if queried else _traces_in(asked.window)
    part = _found_part(traces, asked) if queried else _part(cursor, asked.window)
    graph = _graph(cursor, part, groups, partial(_protocols, catalogue, asked, traces))
    return replace(graph, more=queried and not asked.found.complete)


def _protocols(catalogue: Catalogue, asked: Asked, traces: Where, pairs: frozenset[_Pair]) -> Protocols:
    """Of all traces of a window learnt anew when connections came or went, or the store has doubled."""
    if asked.query.root is not None:
        return find_protocols(catalogue, traces)
    name = "protocols", asked.window, catalogue.trace_bounds()[0].bit_length(), pairs
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


def _protocol(pair: _Pair, kind: str, protocols: Protocols) -> str:
    """Databases and queues say it in their names."""
    for party in reversed(pair):
        if kind in ("db", "messaging") and ":" in party:
            return party.partition(":")[0]
    return protocols.get(pair, "")


def _traces_in(window: Window) -> Where:
    inside = in_window(window)
    return Where(f"FROM traces t WHERE {inside.text}", inside.values)


def _found_part(traces: Where, asked: Asked) -> _Part:
    found = asked.found.rows
    first_ns, last_ns = (int(found.start_ns[-1]), int(found.start_ns[0])) if len(found) else (0, 0)
    from_ns = first_ns if asked.window.from_ns is None else asked.window.from_ns
    to_ns = last_ns + 1 if asked.window.to_ns is None else asked.window.to_ns
    among = Where(f"trace_id IN (SELECT t.trace_id {traces.text})", traces.values)
    return _Part("trace_edges", "trace_nodes", among, len(found), from_ns, to_ns)


def _graph(
    cursor: duckdb.DuckDBPyConnection,
    part: _Part,
    groups: Mapping[str, str],
    find: Callable[[frozenset[_Pair]], Protocols],
) -> Graph:
    """`find` knows the protocols by caller and callee, as stored."""
    nodes = cursor.execute("SELECT node_id, kind, name FROM nodes").fetchall()
    known: dict[int, tuple[str, str]] = {number: (kind, name) for number, kind, name in nodes}
    count = max(known, default=0) + 1
    read, times_ns = _read_calls(cursor, part, count)
    caller, callee, _ = _ends(read, count)
    merging = merge(known, zip(caller.tolist(), callee.tolist(), strict=True), groups)
    times = _edge_times(times_ns if part.one_by_one else _stored_times(cursor, part), merging)
    between, into = _calls(read, merging, count)
    critical_ns = _critical_ns(cursor, part, merging)
    names = merging.names
    whole_ns = sum(ns for node, ns in critical_ns.items() if names[node][0] in ("service", "namespace"))
    used = {node for edge, _ in between for node in edge[:2]} | set(critical_ns)
    own_calls = read.by(callee).counted() if merging.members else {}
    merged = merging.merged({node: counted.calls for node, counted in own_calls.items()})
    pairs = frozenset((names[caller][1], names[callee][1]) for (caller, callee, _), _ in between)
    protocols = _drawn(find(pairs), merged)
    edges = [
        _edge(
            (names[edge[0]][1], names[edge[1]][1]), edge[2], counted, times.get(edge, 0), whole_ns, protocols
        )
        for edge, counted in between
    ]
    drawn = [
        _node(names[node], into.get(node, Counted()), critical_ns.get(node, 0), whole_ns) for node in used
    ]
    return Graph(
        sorted(drawn, key=lambda node: (-node.critical_ns, -node.calls, node.name)),
        sorted(edges, key=lambda edge: (-edge.calls, edge.caller, edge.callee, edge.type)),
        part.traces,
        part.from_ns,
        part.to_ns,
        merged=merged,
    )


def _edge(
    pair: _Pair, type_number: int, counted: Counted, critical_ns: int, whole_ns: int, protocols: Protocols
) -> GraphEdge:
    calls, errors, p50_ns, p95_ns, spans, weighted, worth = counted
    kind, share = EDGE_TYPES[type_number], critical_ns / max(1, whole_ns)
    times, protocol = (p50_ns, p95_ns, critical_ns), _protocol(pair, kind, protocols)
    return GraphEdge(*pair, kind, calls, errors, *times, share, protocol, spans, weighted, worth)


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
        return _Part("edge_totals", "node_sums", TRUE, traces, from_ns, to_ns)
    if traces <= _ONE_BY_ONE:
        among = Where(f"trace_id IN (SELECT t.trace_id FROM traces t WHERE {inside.text})", inside.values)
        return _Part("trace_edges", "trace_nodes", among, traces, from_ns, to_ns)
    first, end = from_ns // SLOT_NS, -(-to_ns // SLOT_NS)
    slots = Where("slot >= ? AND slot < ?", (first, end))
    counted = cursor.execute(
        f"SELECT coalesce(sum(traces), 0)::BIGINT FROM facet_sums WHERE facet = 'outcome' AND {slots.text}",
        list(slots.values),
    ).fetchall()[0][0]
    return _Part("edge_sums", "node_sums", slots, counted, first * SLOT_NS, end * SLOT_NS)


def _read_calls(cursor: duckdb.DuckDBPyConnection, part: _Part, nodes: int) -> tuple[CallCounts, list[_Time]]:
    """By (caller * nodes + callee) * types + type; and the critical time, where the same table has it."""
    edge = f"(caller_id::BIGINT * {nodes} + callee_id) * {len(EDGE_TYPES)} + type AS edge"
    each = "bucket::BIGINT AS bucket, calls::BIGINT AS calls, errors::BIGINT AS errors"
    text = f"SELECT {edge}, {each}{', critical_ns' if part.one_by_one else ''} FROM {part.edges} WHERE {part.condition.text}"
    if part.edges == "edge_sums":  # many slots: to add them up is faster where they lie
        text = f"""
            SELECT edge, bucket, sum(calls)::BIGINT AS calls, sum(errors)::BIGINT AS errors
            FROM ({text})
            GROUP BY ALL
        """
    found = cursor.sql(text, params=list(part.condition.values)).to_arrow_table()
    groups, *counts = (found[name].to_numpy() for name in ("edge", "bucket", "calls", "errors"))
    read = CallCounts.of(groups, *counts)
    times: list[_Time] = []
    if part.one_by_one and len(groups):
        summed = np.zeros(len(read.groups), np.int64)
        np.add.at(summed, np.searchsorted(read.groups, groups), found["critical_ns"].to_numpy())
        ends = (column.tolist() for column in _ends(read, nodes))
        times = list(zip(*ends, summed.tolist(), strict=True))
    return _weighed(cursor, part, edge, read), times


def _weighed(cursor: duckdb.DuckDBPyConnection, part: _Part, edge: str, read: CallCounts) -> CallCounts:
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


def _calls(
    read: CallCounts, merging: Merging, nodes: int
) -> tuple[list[tuple[_Edge, Counted]], dict[int, Counted]]:
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
        caller_id, callee_id = divmod(pair, count)
        between.append(((caller_id, callee_id, type_number), counted))
    return between, read.at(asked).by(callee[asked]).counted()


def _stored_times(cursor: duckdb.DuckDBPyConnection, part: _Part) -> list[_Time]:
    return cursor.execute(
        f"""
        SELECT caller_id, callee_id, type, sum(critical_ns)::BIGINT
        FROM edge_times
        WHERE {part.condition.text}
        GROUP BY ALL
        """,
        list(part.condition.values),
    ).fetchall()


def _edge_times(rows: Iterable[_Time], merging: Merging) -> dict[_Edge, int]:
    """Critical time by caller, callee and type, of what is drawn."""
    times: dict[_Edge, int] = {}
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
