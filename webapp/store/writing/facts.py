"""What analysis found of a batch → traces, span facts, edges and sums; replaces what an earlier analysis said."""

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.columns import F64, I32, I64, SpanColumns
from webapp.model.facts import BatchFacts
from webapp.model.spans import Status
from webapp.store.reading.contents import salted
from webapp.store.sources import DUPLICATES
from webapp.store.writing.arrow import Column, insert, strings, uuids
from webapp.store.writing.buckets import buckets_of, slots_of
from webapp.store.writing.keys import KeyCatalog
from webapp.store.writing.names import Names
from webapp.store.writing.span_sums import count_spans
from webapp.store.writing.summaries import insert_summaries
from webapp.store.writing.sums import compact, count_edges, count_nodes, count_traces, take_back

_EDGE_WEIGHTS = """
INSERT INTO edge_weights
SELECT
  trace_id, slot, caller_id, callee_id, type, bucket, count(*) AS weighted, sum(weight - 1) AS calls,
  coalesce(sum(weight - 1) FILTER (error), 0) AS errors, sum(weight * weight - 1) AS squares
FROM fresh_calls
WHERE weight <> 1
GROUP BY ALL
ORDER BY trace_id
"""
# Only by another source than the span's own: when that one is removed, the span belongs to this one.
_REPEATED = """
INSERT INTO repeated_spans
SELECT DISTINCT kept.span_row, kept.trace_id, gone.source_id
FROM dropped_rows JOIN spans gone ON gone.span_row = dropped_rows.span_row
  JOIN spans kept ON kept.span_row = kept_row
WHERE gone.source_id <> kept.source_id
  AND gone.span_row BETWEEN ? AND ? AND kept.span_row BETWEEN ? AND ?
"""


def append_facts(
    writer: duckdb.DuckDBPyConnection, names: Names, keys: KeyCatalog, columns: SpanColumns, facts: BatchFacts
) -> None:
    """All of it in the transaction of `writer`. Doing it twice leaves the same as doing it once.

    That costs a look at all traces: it is spared where none of these was analysed before.
    """
    trace_ids = uuids(columns.trace_ids)
    writer.register("analysed_traces", pa.table({"trace_id": trace_ids}))
    replace = columns.analysed_before and take_back(writer)
    kept = ~np.isin(columns.row, facts.dropped)
    first_row = np.full(len(trace_ids), np.iinfo(np.int64).max)
    last_row = np.full(len(trace_ids), -1)
    np.minimum.at(first_row, columns.trace[kept], columns.row[kept])
    np.maximum.at(last_row, columns.trace, columns.row)
    if len(facts.dropped):
        _drop_duplicates(writer, keys, columns, facts)
    weight = _trace_weights(columns, facts)
    rows = insert_summaries(writer, facts.traces, first_row, last_row, weight, replace=replace)
    writer.register("fresh_traces", rows)
    count_traces(writer, "fresh_traces")
    if replace:
        _drop_span_facts(writer, columns)
    _insert_span_facts(writer, columns, facts, kept)
    count_spans(writer, "fresh_traces")
    writer.unregister("fresh_traces")
    _insert_edges(writer, names, facts, trace_ids, weight)
    _insert_nodes(writer, names, columns, facts, weight)
    _insert_warnings(writer, facts, trace_ids, first_row)
    _insert_shifts(writer, facts, trace_ids)
    writer.unregister("analysed_traces")


def _trace_weights(columns: SpanColumns, facts: BatchFacts) -> F64 | None:
    """Of each trace the weight of its root; None: all are 1."""
    if columns.weight is None:
        return None
    roots = np.array([int(summary.root_span_id[:16], 16) for summary in facts.traces], np.uint64)
    is_root = columns.span_id == roots[columns.trace]
    weight = np.full(len(roots), -1.0)
    np.maximum.at(weight, columns.trace[is_root], columns.weight[is_root])
    return np.where(weight < 0, 1.0, weight)


def _for_all(ns: I64, trace: I32, weight: F64 | None) -> I64:
    """Times of traces, each as often as its trace stands for."""
    return ns if weight is None else np.rint(ns * weight[trace]).astype(np.int64)


def _drop_duplicates(
    writer: duckdb.DuckDBPyConnection, keys: KeyCatalog, columns: SpanColumns, facts: BatchFacts
) -> None:
    """Delete the spans that repeat another exactly, and charge them to their sources. Who else brought one is kept."""
    writer.register("dropped_rows", _dropped(columns, facts.dropped))
    keys.take_off(writer, "dropped_rows")
    keys.flush(writer)
    writer.execute(_REPEATED, [int(columns.row.min()), int(columns.row.max())] * 2)
    writer.execute(
        """
        UPDATE sources
        SET spans = sources.spans - gone.spans, duplicates = sources.duplicates + gone.spans
        FROM (
          SELECT source_id, count(*) AS spans FROM spans SEMI JOIN dropped_rows USING (span_row) GROUP BY source_id
        ) AS gone
        WHERE sources.source_id = gone.source_id
        """
    )
    writer.execute("DELETE FROM spans WHERE span_row IN (SELECT span_row FROM dropped_rows)")
    writer.unregister("dropped_rows")


def _dropped(columns: SpanColumns, rows: I64) -> pa.Table:
    """By `span_row`, with the row of the equal span that is kept."""
    order = np.lexsort((columns.row, columns.content, columns.span_id, columns.trace))
    row = columns.row[order]
    gone = np.isin(row, rows)
    kept = row[np.maximum.accumulate(np.where(gone, 0, np.arange(len(row))))]
    return pa.table({"span_row": row[gone], "kept_row": kept[gone]})


def _drop_span_facts(writer: duckdb.DuckDBPyConnection, columns: SpanColumns) -> None:
    """Of an earlier analysis."""
    writer.register("analysed_rows", pa.table({"span_row": columns.row}))
    writer.execute(
        "DELETE FROM span_facts WHERE span_row BETWEEN ? AND ? AND span_row IN (SELECT span_row FROM analysed_rows)",
        [int(columns.row.min()), int(columns.row.max())],
    )
    writer.unregister("analysed_rows")


def _insert_span_facts(
    writer: duckdb.DuckDBPyConnection, columns: SpanColumns, facts: BatchFacts, kept: NDArray[np.bool_]
) -> None:
    order = np.flatnonzero(kept)
    order = order[np.argsort(columns.row[order])]
    rows: dict[str, Column] = {
        "span_row": pa.array(columns.row[order]),
        "critical_ns": pa.array(facts.spans.critical_ns[order]),
        "self_ns": pa.array(facts.spans.self_ns[order]),
        "depth": pa.array(facts.spans.depth[order].astype(np.uint32)),
        "path_id": pa.array(facts.spans.path_id[order]),
        "on_path": pa.array(facts.spans.on_path[order]),
    }
    insert(writer, "span_facts", rows)


def _insert_edges(
    writer: duckdb.DuckDBPyConnection, names: Names, facts: BatchFacts, trace_ids: Column, weight: F64 | None
) -> None:
    edges = facts.edges
    used = np.unique(np.append(edges.caller, edges.callee))
    node_ids = np.zeros(len(edges.nodes), np.uint32)
    node_ids[used] = names.nodes.ids_of([edges.nodes[number] for number in used.tolist()])
    critical_ns = edges.critical_ns if len(edges.critical_ns) else np.zeros(len(edges.caller), np.int64)
    calls = {
        "trace_id": trace_ids.take(edges.trace),
        "slot": slots_of(edges.start_ns),
        "caller_id": node_ids[edges.caller],
        "callee_id": node_ids[edges.callee],
        "type": edges.type,
        "bucket": buckets_of(edges.duration_ns),
        "error": edges.error,
        "critical_ns": _for_all(critical_ns, edges.trace, weight),
        "weight": np.ones(len(edges.caller)) if edges.weight is None else edges.weight,
    }
    writer.register("fresh_calls", pa.table(calls))
    writer.execute(
        """
        CREATE OR REPLACE TEMP TABLE fresh_edges AS
        SELECT
          * EXCLUDE (error, critical_ns, weight), count(*) AS calls, count(*) FILTER (error) AS errors,
          sum(critical_ns)::BIGINT AS critical_ns
        FROM fresh_calls
        GROUP BY ALL
        ORDER BY trace_id
        """
    )
    if edges.weight is not None:
        writer.execute(_EDGE_WEIGHTS)
    writer.unregister("fresh_calls")
    writer.execute("INSERT INTO trace_edges BY NAME SELECT * FROM fresh_edges")
    count_edges(writer, "fresh_edges")
    compact(writer)


def _insert_nodes(
    writer: duckdb.DuckDBPyConnection,
    names: Names,
    columns: SpanColumns,
    facts: BatchFacts,
    weight: F64 | None,
) -> None:
    """Time of services as analysis shares it out; time of peers is that of the calls nobody else reports on."""
    services, *counts = _shares(facts)
    calls = np.flatnonzero(_unanswered_calls(columns))
    peer_ids = names.nodes.ids_of([(peer.type, peer.name) for peer in columns.peers])
    id_of = {service: names.nodes.id_of(("service", service)) for service in dict.fromkeys(services)}
    service_ids = np.fromiter(map(id_of.__getitem__, services), np.uint32, len(services))
    of_trace = np.repeat(np.arange(len(facts.traces)), [len(each.services) for each in facts.traces])
    trace = np.concatenate([of_trace, columns.trace[calls]])
    start_ns = np.array([summary.start_ns for summary in facts.traces], np.int64)
    spans, errors, critical_ns = (np.array(each, np.int64) for each in counts)
    ones = np.ones(len(calls), np.int64)
    failed = columns.status[calls] == Status.ERROR
    rows = {
        "trace_id": uuids(columns.trace_ids).take(trace),
        "slot": slots_of(start_ns)[trace],
        "node_id": np.concatenate([service_ids, peer_ids[columns.peer[calls]]]),
        "spans": np.concatenate([spans, ones]),
        "errors": np.concatenate([errors, failed]),
        "critical_ns": _for_all(np.concatenate([critical_ns, facts.spans.critical_ns[calls]]), trace, weight),
    }
    writer.register("fresh_shares", pa.table(rows))
    writer.execute(
        """
        CREATE OR REPLACE TEMP TABLE fresh_nodes AS
        SELECT trace_id, slot, node_id, sum(spans) AS spans, sum(errors) AS errors, sum(critical_ns) AS critical_ns
        FROM fresh_shares
        GROUP BY ALL
        ORDER BY trace_id
        """
    )
    writer.unregister("fresh_shares")
    writer.execute("INSERT INTO trace_nodes BY NAME SELECT * FROM fresh_nodes")
    count_nodes(writer, "fresh_nodes")


def _shares(facts: BatchFacts) -> Iterator[Sequence[Any]]:
    """Services, spans, errors and critical times of all traces, one after the other."""
    shares = [share for each in facts.traces for share in each.services]
    return zip(*shares, strict=True) if shares else iter(((), (), (), ()))


def _unanswered_calls(columns: SpanColumns) -> NDArray[np.bool_]:
    """Spans that name a peer and have no children: the peer sent no spans of its own."""
    calls = columns.peer >= 0
    parents = salted(columns.parent_id, columns.trace)
    calls[calls] = ~np.isin(salted(columns.span_id[calls], columns.trace[calls]), parents)
    return calls


def _insert_warnings(
    writer: duckdb.DuckDBPyConnection, facts: BatchFacts, trace_ids: Column, first_row: I64
) -> None:
    """All but what each source counts by itself, and a later analysis would not find again."""
    found = [
        (number, warning)
        for number, each in enumerate(facts.warnings)
        for warning in each
        if warning.code != DUPLICATES
    ]
    if not found:
        return
    trace = np.array([number for number, _ in found], np.int32)
    rows = {
        "trace_id": trace_ids.take(trace),
        "span_row": pa.array(first_row[trace]),
        "code": strings([warning.code for _, warning in found]),
        "message": strings([warning.message for _, warning in found]),
        "place": strings([warning.where for _, warning in found]),
        "span_id": strings([warning.span_id for _, warning in found]),
        "count": pa.array([warning.count for _, warning in found], pa.uint32()),
    }
    writer.register("fresh_warnings", pa.table(rows))
    writer.execute(
        """
        INSERT INTO trace_warnings BY NAME
        SELECT fresh_warnings.* EXCLUDE (span_row), source_id
        FROM fresh_warnings JOIN spans USING (span_row)
        """
    )
    writer.unregister("fresh_warnings")


def _insert_shifts(writer: duckdb.DuckDBPyConnection, facts: BatchFacts, trace_ids: Column) -> None:
    if not facts.shifts:
        return
    trace, callers, callees, shift_ns = (list(each) for each in zip(*facts.shifts, strict=True))
    rows: dict[str, Column] = {
        "trace_id": trace_ids.take(pa.array(trace, pa.int32())),
        "caller": strings(callers),
        "callee": strings(callees),
        "shift_ns": pa.array(shift_ns, pa.int64()),
    }
    insert(writer, "clock_shifts", rows)
