"""The service graph of a window: nodes, calls between them, and where requests spent their time.

Up to 20,000 traces are read one by one; a longer window is read from sums by five minutes, widened to whole ones.
"""

from dataclasses import dataclass

import duckdb

from webapp.model.facts import EDGE_TYPES
from webapp.model.results import Graph, GraphEdge, GraphNode
from webapp.query import Window
from webapp.store.buckets import PER_DOUBLING, SLOT_NS
from webapp.store.matching import in_window
from webapp.store.where import TRUE, Where

_ONE_BY_ONE = 20_000
_LINK, _RPC, _EXTERNAL = (EDGE_TYPES.index(name) for name in ("link", "rpc", "external"))
# A peer that is named like a service which sends spans itself (elsewhere) is that service.
_SAME_NODE = """
    SELECT peer.node_id AS peer_id, service.node_id
    FROM nodes peer JOIN nodes service ON service.name = peer.name AND service.kind = 'service'
    WHERE peer.kind = 'external'
"""
_NOTHING = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Part:
    """What to read: the tables, the condition on their rows, and the time that it really covers."""

    edges: str
    nodes: str
    condition: Where
    traces: int
    from_ns: int
    to_ns: int


def read_graph(cursor: duckdb.DuckDBPyConnection, window: Window) -> Graph:
    part = _part(cursor, window)
    names: dict[int, tuple[str, str]] = {
        number: (kind, name)
        for number, kind, name in cursor.execute("SELECT node_id, kind, name FROM nodes").fetchall()
    }
    between = _calls(cursor, part, "caller_id, callee_id, type", TRUE)
    into = {row[0]: row[1:] for row in _calls(cursor, part, "callee_id", Where(f"type != {_LINK}", ()))}
    critical_ns = _critical_ns(cursor, part)
    whole_ns = sum(ns for node, ns in critical_ns.items() if names[node][0] == "service")
    used = {node for caller, callee, *_ in between for node in (caller, callee)} | set(critical_ns)
    nodes = [
        _node(names[node], into.get(node, _NOTHING), critical_ns.get(node, 0), whole_ns) for node in used
    ]
    edges = [
        GraphEdge(names[caller][1], names[callee][1], EDGE_TYPES[kind], *counted)
        for caller, callee, kind, *counted in between
    ]
    return Graph(
        sorted(nodes, key=lambda node: (-node.critical_ns, -node.calls, node.name)),
        sorted(edges, key=lambda edge: (-edge.calls, edge.caller, edge.callee, edge.type)),
        part.traces,
        part.from_ns,
        part.to_ns,
    )


def _node(name: tuple[str, str], counted: tuple[int, ...], critical_ns: int, whole_ns: int) -> GraphNode:
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
        return _Part("edge_sums", "node_sums", TRUE, traces, from_ns, to_ns)
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


def _calls(
    cursor: duckdb.DuckDBPyConnection, part: _Part, grouped: str, condition: Where
) -> list[tuple[int, ...]]:
    """The columns of `grouped`, then calls, errors, p50 and p95 in ns.

    A percentile is an estimate from counts by duration bucket, spread evenly over the (logarithmic) width of each.
    """
    place = (
        "arg_min(bucket + ({rank} * total - (upto - calls)) / calls, bucket) FILTER (upto >= {rank} * total)"
    )
    p50, p95 = (
        f"round(2 ** ({place.format(rank=rank)} / {PER_DOUBLING}))::BIGINT" for rank in ("0.5", "0.95")
    )
    return cursor.execute(
        f"""
        WITH same AS ({_SAME_NODE}), read AS (
          SELECT
            coalesce(a.node_id, e.caller_id) AS caller_id, coalesce(b.node_id, e.callee_id) AS callee_id,
            if(b.node_id IS NOT NULL AND e.type = {_EXTERNAL}, {_RPC}, e.type) AS type, e.bucket, e.calls, e.errors
          FROM {part.edges} e
          LEFT JOIN same a ON a.peer_id = e.caller_id
          LEFT JOIN same b ON b.peer_id = e.callee_id
          WHERE {part.condition.text}
        ), counted AS (
          SELECT {grouped}, bucket, sum(calls)::BIGINT AS calls, sum(errors)::BIGINT AS errors
          FROM read
          WHERE {condition.text}
          GROUP BY ALL
          HAVING sum(calls) > 0
        ), placed AS (
          SELECT
            *,
            sum(calls) OVER (PARTITION BY {grouped} ORDER BY bucket) AS upto,
            sum(calls) OVER (PARTITION BY {grouped}) AS total
          FROM counted
        )
        SELECT {grouped}, sum(calls)::BIGINT, sum(errors)::BIGINT, {p50}, {p95}
        FROM placed
        GROUP BY {grouped}
        """,
        [*part.condition.values, *condition.values],
    ).fetchall()


def _critical_ns(cursor: duckdb.DuckDBPyConnection, part: _Part) -> dict[int, int]:
    """By node, of nodes that have spans. What a peer adds that is a service too is its caller's time already."""
    rows = cursor.execute(
        f"""
        SELECT n.node_id, sum(n.critical_ns)::BIGINT
        FROM {part.nodes} n ANTI JOIN ({_SAME_NODE}) same ON same.peer_id = n.node_id
        WHERE {part.condition.text}
        GROUP BY n.node_id
        HAVING sum(n.spans) > 0
        """,
        list(part.condition.values),
    ).fetchall()
    return dict(rows)
