"""Keeps the sums right: adds what an analysis found, takes back what an earlier analysis of the same traces found."""

import duckdb

from webapp.store.writing.buckets import MINUTE_NS, PER_DOUBLING, SLOT_NS
from webapp.store.writing.span_sums import count_spans

_DURATIONS = """
INSERT INTO duration_sums
SELECT
  start_ns // {minute} AS minute,
  floor({per_doubling} * log2(greatest(duration_ns, 1)))::UTINYINT AS bucket,
  {sign} * count(*),
  {sign} * count(*) FILTER (failed),
  CASE WHEN {sign} > 0 THEN arg_max(trace_id, duration_ns) END,
  CASE WHEN {sign} > 0 THEN max(duration_ns) END
FROM {traces}
GROUP BY ALL
"""
_FACETS = """
INSERT INTO facet_sums
WITH shown AS (
  SELECT start_ns // {slot} AS slot, failed, 'service' AS facet, unnest(services).service AS service, '' AS name
  FROM {traces}
  UNION ALL
  SELECT start_ns // {slot}, failed, 'root', root_service, root_name
  FROM {traces}
  UNION ALL
  SELECT start_ns // {slot}, failed, 'bottleneck', verdict_service, verdict_name
  FROM {traces}
  WHERE verdict_service <> ''
  UNION ALL
  SELECT
    start_ns // {slot}, failed, 'outcome', '',
    CASE WHEN failed THEN 'failed' WHEN errors > 0 THEN 'errors' ELSE 'ok' END
  FROM {traces}
)
SELECT slot, facet, service, name, {sign} * count(*), {sign} * count(*) FILTER (failed)
FROM shown
GROUP BY ALL
"""
_EDGES = """
INSERT INTO edge_sums
SELECT slot, caller_id, callee_id, type, bucket, {sign} * sum(calls), {sign} * sum(errors)
FROM {edges}
GROUP BY ALL
"""
_TOTALS = """
INSERT INTO edge_totals
SELECT
  caller_id, callee_id, type, sum(calls)::BIGINT, sum(errors)::BIGINT, sum(critical_ns)::BIGINT,
  list(bucket ORDER BY bucket), list(calls ORDER BY bucket)
FROM (
  SELECT
    caller_id, callee_id, type, bucket, {sign} * sum(calls)::BIGINT AS calls, {sign} * sum(errors) AS errors,
    {sign} * sum(critical_ns) AS critical_ns
  FROM {edges}
  GROUP BY ALL
)
GROUP BY caller_id, callee_id, type
"""
_EDGE_TIMES = """
INSERT INTO edge_times
SELECT slot, caller_id, callee_id, type, {sign} * sum(critical_ns)
FROM {edges}
GROUP BY ALL
HAVING sum(critical_ns) <> 0
"""
_COMPACT = """
CREATE OR REPLACE TEMP TABLE compact_totals AS
WITH summed AS (
  SELECT caller_id, callee_id, type, sum(calls)::BIGINT, sum(errors)::BIGINT, sum(critical_ns)::BIGINT
  FROM edge_totals
  GROUP BY caller_id, callee_id, type
), counted AS (
  SELECT caller_id, callee_id, type, bucket, sum(calls)::BIGINT AS calls
  FROM (SELECT caller_id, callee_id, type, unnest(buckets) AS bucket, unnest(counts) AS calls FROM edge_totals)
  GROUP BY ALL
), spread AS (
  SELECT caller_id, callee_id, type, list(bucket ORDER BY bucket), list(calls ORDER BY bucket)
  FROM counted
  WHERE calls <> 0
  GROUP BY caller_id, callee_id, type
)
FROM summed JOIN spread USING (caller_id, callee_id, type)
ORDER BY caller_id, callee_id, type;
DELETE FROM edge_totals;
INSERT INTO edge_totals FROM compact_totals;
DROP TABLE compact_totals;
"""
_FEW = 20_000  # rows of edge_totals that are read in a moment
_NODES = """
INSERT INTO node_sums
SELECT slot, node_id, {sign} * sum(spans), {sign} * sum(errors), {sign} * sum(critical_ns)
FROM {nodes}
GROUP BY ALL
"""


def count_traces(writer: duckdb.DuckDBPyConnection, traces: str, *, sign: int = 1) -> None:
    for statement in (_DURATIONS, _FACETS):
        writer.execute(
            statement.format(
                traces=traces, sign=sign, minute=MINUTE_NS, slot=SLOT_NS, per_doubling=PER_DOUBLING
            )
        )


def count_edges(writer: duckdb.DuckDBPyConnection, edges: str, *, sign: int = 1) -> None:
    for statement in (_EDGES, _TOTALS, _EDGE_TIMES):
        writer.execute(statement.format(edges=edges, sign=sign))


def add_durations(writer: duckdb.DuckDBPyConnection, traces: str) -> None:
    writer.execute(_DURATIONS.format(traces=traces, sign=1, minute=MINUTE_NS, per_doubling=PER_DOUBLING))


def compact(writer: duckdb.DuckDBPyConnection, *, loaded: bool = False) -> None:
    """Once so many rows came since the last time that reading them takes longer; after a load, if any came."""
    rows, before = writer.execute(
        """
        SELECT (SELECT count(*) FROM edge_totals),
          coalesce((SELECT value FROM settings WHERE name = 'compact_totals'), 0)
        """
    ).fetchall()[0]
    if rows > (before if loaded else max(_FEW, 2 * before)):
        compact_totals(writer)


def compact_totals(writer: duckdb.DuckDBPyConnection) -> None:
    """One row for each edge."""
    writer.execute(_COMPACT)
    writer.execute("INSERT OR REPLACE INTO settings SELECT 'compact_totals', count(*) FROM edge_totals")


def count_nodes(writer: duckdb.DuckDBPyConnection, nodes: str, *, sign: int = 1) -> None:
    writer.execute(_NODES.format(nodes=nodes, sign=sign))


def take_back(writer: duckdb.DuckDBPyConnection) -> bool:
    """Undo what is stored of the traces in `analysed_traces`; whether there was anything."""
    writer.execute(
        """
        CREATE OR REPLACE TEMP TABLE replaced_traces AS
        SELECT * FROM traces SEMI JOIN analysed_traces USING (trace_id)
        """
    )
    if not writer.execute("SELECT count(*) FROM replaced_traces").fetchall()[0][0]:
        return False
    count_traces(writer, "replaced_traces", sign=-1)
    count_spans(writer, "replaced_traces", sign=-1)
    count_edges(writer, "trace_edges SEMI JOIN replaced_traces USING (trace_id)", sign=-1)
    count_nodes(writer, "trace_nodes SEMI JOIN replaced_traces USING (trace_id)", sign=-1)
    for table in ("trace_edges", "edge_weights", "trace_nodes", "trace_warnings", "clock_shifts"):
        writer.execute(f"DELETE FROM {table} WHERE trace_id IN (SELECT trace_id FROM replaced_traces)")
    return True
