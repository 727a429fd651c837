"""The calls that a service graph is drawn from: those of a window, or of traces that match a query.

Up to 20,000 traces, and those that match a query, are read one by one; a longer window is read from sums by five
minutes, widened to whole ones; all there is, from totals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from webapp.model.columns import I64
from webapp.model.facts import EDGE_TYPES
from webapp.query import Window
from webapp.store.conditions.matching import in_window
from webapp.store.conditions.where import TRUE, Where, every
from webapp.store.graph.call_counts import CallCounts, Weights
from webapp.store.searching.recent import Asked
from webapp.store.writing.buckets import SLOT_NS

_ONE_BY_ONE = 20_000
_ENDS = "caller_id, callee_id, type"


@dataclass(frozen=True, slots=True)
class Part:
    """What to read: the tables, the conditions on their rows, and the time that it really covers.

    `of_nodes` also says when the traces began, as only `nodes` knows: calls may lie at other times than their traces.
    """

    edges: str
    nodes: str
    condition: Where
    of_nodes: Where
    traces: int
    from_ns: int
    to_ns: int


def traces_in(window: Window) -> Where:
    """FROM and WHERE, as t."""
    inside = in_window(window)
    return Where(f"FROM traces t WHERE {inside.text}", inside.values)


def part_found(traces: Where, asked: Asked) -> Part:
    """Of the traces that were found."""
    found = asked.found.rows
    first_ns, last_ns = (int(found.start_ns[-1]), int(found.start_ns[0])) if len(found) else (0, 0)
    return _one_by_one(traces, len(found), _bounds(asked.window, first_ns, last_ns))


def part_of(cursor: duckdb.DuckDBPyConnection, window: Window) -> Part:
    """Of all traces of a window."""
    inside = traces_in(window)
    traces, first_ns, last_ns = cursor.execute(
        f"SELECT count(*), coalesce(min(t.start_ns), 0), coalesce(max(t.start_ns), 0) {inside.text}",
        list(inside.values),
    ).fetchall()[0]
    from_ns, to_ns = _bounds(window, first_ns, last_ns)
    if window == Window():
        return Part("edge_totals", "node_sums", TRUE, TRUE, traces, from_ns, to_ns)
    if traces <= _ONE_BY_ONE:
        return _one_by_one(inside, traces, (from_ns, to_ns))
    first, end = from_ns // SLOT_NS, -(-to_ns // SLOT_NS)
    slots = Where("slot >= ? AND slot < ?", (first, end))
    counted = cursor.execute(
        f"SELECT coalesce(sum(traces), 0)::BIGINT FROM facet_sums WHERE facet = 'outcome' AND {slots.text}",
        list(slots.values),
    ).fetchall()[0][0]
    return Part("edge_sums", "node_sums", slots, slots, counted, first * SLOT_NS, end * SLOT_NS)


def _one_by_one(traces: Where, count: int, bounds: tuple[int, int]) -> Part:
    among = Where(f"trace_id IN (SELECT t.trace_id {traces.text})", traces.values)
    began = Where("slot BETWEEN ? AND ?", (bounds[0] // SLOT_NS, bounds[1] // SLOT_NS))
    return Part("trace_edges", "trace_nodes", among, every([began, among]), count, *bounds)


def _bounds(window: Window, first_ns: int, last_ns: int) -> tuple[int, int]:
    return (
        first_ns if window.from_ns is None else window.from_ns,
        last_ns + 1 if window.to_ns is None else window.to_ns,
    )


def read_calls(cursor: duckdb.DuckDBPyConnection, part: Part, nodes: int) -> CallCounts:
    """By edge: (caller * nodes + callee) * types + type. `nodes`: more than the greatest number of a node."""
    match part.edges:
        case "edge_totals":
            read = _totals(_read(cursor, part, "errors, critical_ns, buckets, counts"), nodes)
        case "edge_sums":
            read = _slots(cursor, part, nodes)
        case _:
            read = _rows(_read(cursor, part, "errors::BIGINT, critical_ns, bucket, calls::BIGINT"), nodes)
    return _weighed(cursor, part, nodes, read)


def ends_of(edges: I64, nodes: int) -> tuple[I64, I64, I64]:
    """Caller, callee and type."""
    ends, kind = np.divmod(edges, len(EDGE_TYPES))
    caller, callee = np.divmod(ends, nodes)
    return caller, callee, kind


def edges_of(ends: Sequence[NDArray[Any]], nodes: int) -> I64:
    """The other way round."""
    caller, callee, kind = (each.astype(np.int64) for each in ends)
    return (caller * nodes + callee) * len(EDGE_TYPES) + kind


def _read(cursor: duckdb.DuckDBPyConnection, part: Part, columns: str) -> pa.Table:
    text = f"SELECT {_ENDS}, {columns} FROM {part.edges} WHERE {part.condition.text}"
    found: pa.Table = cursor.sql(text, params=list(part.condition.values)).to_arrow_table()
    return found


def _rows(found: pa.Table, nodes: int) -> CallCounts:
    *ends, errors, critical_ns, bucket, calls = (column.to_numpy() for column in found.columns)
    return CallCounts.of(edges_of(ends, nodes), errors, critical_ns, bucket.astype(np.int64), calls)


def _totals(found: pa.Table, nodes: int) -> CallCounts:
    *ends, errors, critical_ns = (column.to_numpy() for column in found.columns[:-2])
    buckets, counts = found.columns[-2:]
    bucket, calls = (pc.list_flatten(lists).to_numpy() for lists in (buckets, counts))
    rows = pc.list_value_length(buckets).to_numpy()
    return CallCounts.of(edges_of(ends, nodes), errors, critical_ns, bucket.astype(np.int64), calls, rows)


def _slots(cursor: duckdb.DuckDBPyConnection, part: Part, nodes: int) -> CallCounts:
    """Added up where they lie, since there are many; the critical time has a table of its own."""
    among, values = part.condition.text, list(part.condition.values)
    found = cursor.sql(
        f"""
        SELECT {_ENDS}, sum(errors)::BIGINT, 0::BIGINT, bucket, sum(calls)::BIGINT
        FROM edge_sums
        WHERE {among}
        GROUP BY {_ENDS}, bucket
        """,
        params=values,
    ).to_arrow_table()
    times = cursor.sql(
        f"SELECT {_ENDS}, sum(critical_ns)::BIGINT FROM edge_times WHERE {among} GROUP BY {_ENDS}",
        params=values,
    ).to_arrow_table()
    *ends, critical_ns = (column.to_numpy() for column in times.columns)
    return _rows(found, nodes).timed(edges_of(ends, nodes), critical_ns)


def _weighed(cursor: duckdb.DuckDBPyConnection, part: Part, nodes: int, read: CallCounts) -> CallCounts:
    if not cursor.execute("SELECT 1 FROM edge_weights LIMIT 1").fetchall():
        return read
    found = cursor.sql(
        f"""
        SELECT {_ENDS}, bucket, sum(weighted)::DOUBLE, sum(calls), sum(errors), sum(squares)
        FROM edge_weights
        WHERE {part.condition.text}
        GROUP BY {_ENDS}, bucket
        """,
        params=list(part.condition.values),
    ).to_arrow_table()
    *ends, bucket, weighted, calls, errors, squares = (column.to_numpy() for column in found.columns)
    more = Weights(weighted, calls, errors, squares)
    return read.weighed(edges_of(ends, nodes), bucket.astype(np.int64), more)


def critical_ns_of_nodes(cursor: duckdb.DuckDBPyConnection, part: Part) -> list[tuple[int, int]]:
    """By node that has spans, its own and that of its callers where it is a peer."""
    return cursor.execute(
        f"""
        SELECT node_id, sum(critical_ns)::BIGINT
        FROM {part.nodes}
        WHERE {part.of_nodes.text}
        GROUP BY node_id
        HAVING sum(spans) > 0
        """,
        list(part.of_nodes.values),
    ).fetchall()
