"""Whole traces, or what one source brought, out of the tables: as if those spans and log lines had never come.

Of traces that keep spans of other sources these get new rows, so that they are analysed like traces that just came.
All of it in the transaction of `writer`, in which the view `analysed_traces` names the traces.
"""

import duckdb

from webapp.store.writing.buckets import SLOT_NS
from webapp.store.writing.keys import KeyCatalog
from webapp.store.writing.pending import set_setting, setting
from webapp.store.writing.sums import take_back

_TOUCHED = f"""
CREATE TEMP TABLE IF NOT EXISTS touched_slots (slot BIGINT);
INSERT INTO touched_slots
SELECT start_ns // {SLOT_NS} FROM traces SEMI JOIN analysed_traces USING (trace_id)
UNION
SELECT slot FROM trace_edges SEMI JOIN analysed_traces USING (trace_id)
"""
# Rows of the traces: from their summaries, and what came since. `heir` is the source that a span belongs to afterwards.
_AFFECTED = """
CREATE OR REPLACE TEMP TABLE affected_rows AS
WITH own AS (
  SELECT span_row, trace_id, source_id
  FROM spans SEMI JOIN analysed_traces USING (trace_id)
  WHERE span_row BETWEEN $first AND $last
  UNION ALL
  SELECT span_row, trace_id, source_id
  FROM spans SEMI JOIN analysed_traces USING (trace_id)
  WHERE span_row >= $settled
)
SELECT own.*, {heir} AS heir
FROM own
"""
_HEIR = """
CASE
  WHEN EXISTS (
    FROM log_traces l WHERE l.trace_id = own.trace_id AND span_row BETWEEN inferred_first AND inferred_last
  ) THEN NULL
  WHEN source_id <> $source THEN source_id
  ELSE (
    SELECT min(r.source_id) FROM repeated_spans r WHERE r.span_row = own.span_row AND r.source_id <> $source
  )
END
"""
_SOURCES = """
UPDATE sources
SET spans = sources.spans - went.spans, traces = sources.traces - went.traces
FROM (
  SELECT source_id, count(*) AS spans, count(DISTINCT trace_id) AS traces
  FROM affected_rows
  WHERE heir IS NULL OR heir <> source_id
  GROUP BY source_id
) AS went
WHERE sources.source_id = went.source_id;
UPDATE sources
SET spans = sources.spans + came.spans, duplicates = sources.duplicates - came.spans, traces = NULL
FROM (
  SELECT heir, count(*) AS spans FROM affected_rows WHERE heir <> source_id GROUP BY heir
) AS came
WHERE source_id = heir
"""
_MOVED = """
CREATE OR REPLACE TEMP TABLE moved_rows AS
SELECT
  span_row, heir, ? + row_number() OVER (ORDER BY span_row) - 1 AS new_row,
  if(span_row > coalesce(until_row, -1), coalesce(w.factor, ?), 1) AS factor
FROM affected_rows LEFT JOIN weighed_traces w USING (trace_id)
WHERE heir IS NOT NULL
"""
_MOVE = """
INSERT INTO spans
SELECT s.* REPLACE (m.new_row AS span_row, m.heir AS source_id, s.weight * m.factor AS weight)
FROM spans s JOIN moved_rows m ON m.span_row = s.span_row
WHERE s.span_row BETWEEN ? AND ?
"""
_LOST_REPEATS = """
DELETE FROM repeated_spans
WHERE span_row IN (SELECT span_row FROM affected_rows)
  AND (source_id = ? OR span_row NOT IN (SELECT span_row FROM moved_rows))
"""
_MOVED_REPEATS = """
UPDATE repeated_spans SET span_row = new_row FROM moved_rows WHERE repeated_spans.span_row = moved_rows.span_row;
DELETE FROM repeated_spans
USING moved_rows
WHERE repeated_spans.span_row = new_row AND source_id = heir
"""
_LEFT_LINES = """
CREATE OR REPLACE TEMP TABLE left_lines AS
SELECT trace_id, count(*) AS lines
FROM log_lines SEMI JOIN analysed_traces USING (trace_id)
GROUP BY trace_id;
UPDATE log_traces
SET lines = left_lines.lines, fresh = true, inferred_first = NULL, inferred_last = NULL
FROM left_lines
WHERE log_traces.trace_id = left_lines.trace_id;
DELETE FROM log_traces
WHERE trace_id IN (SELECT trace_id FROM analysed_traces) AND trace_id NOT IN (SELECT trace_id FROM left_lines)
"""


def take_out(writer: duckdb.DuckDBPyConnection, keys: KeyCatalog, source_id: int | None) -> tuple[int, int]:
    """Of the traces in `analysed_traces` all, or what that source brought; how many traces and spans that were."""
    writer.execute(_TOUCHED)
    _find_rows(writer, "NULL::UINTEGER" if source_id is None else _HEIR, source_id)
    take_back(writer)
    writer.execute(
        "CREATE OR REPLACE TEMP TABLE leaving_rows AS SELECT span_row FROM affected_rows WHERE heir IS NULL"
    )
    [(traces, spans)] = writer.execute(
        "SELECT count(DISTINCT trace_id), count(*) FROM affected_rows WHERE heir IS NULL"
    ).fetchall()
    keys.take_off(writer, "leaving_rows")
    keys.flush(writer)
    writer.execute(_SOURCES)
    gone_lines = _take_out_lines(writer, source_id)
    _move(writer, gone_lines)
    _drop_rows(writer, source_id)
    if source_id is None:
        _drop_traces(writer, "weighed_traces")
    return int(traces), int(spans)


def weigh(writer: duckdb.DuckDBPyConnection, factor: float) -> None:
    """From now on the traces stand for so many times as many; those that do so already go on as they were told."""
    writer.execute(_TOUCHED)
    _find_rows(writer, "source_id")
    take_back(writer)
    _move(writer, 0, factor)
    _drop_rows(writer, None)
    writer.execute(
        "INSERT INTO weighed_traces SELECT trace_id, ?, 0 FROM analysed_traces ANTI JOIN weighed_traces USING (trace_id)",
        [factor],
    )
    _settle_weights(writer)


def _settle_weights(writer: duckdb.DuckDBPyConnection) -> None:
    """All rows that these traces have now are weighed."""
    writer.execute(
        "UPDATE weighed_traces SET until_row = ? WHERE trace_id IN (SELECT trace_id FROM analysed_traces)",
        [setting(writer, "next_row") - 1],
    )


def _drop_traces(writer: duckdb.DuckDBPyConnection, table: str) -> None:
    writer.execute(f"DELETE FROM {table} WHERE trace_id IN (SELECT trace_id FROM analysed_traces)")


def _find_rows(writer: duckdb.DuckDBPyConnection, heir: str, source_id: int | None = None) -> None:
    settled = setting(writer, "settled_row")
    [(first, last)] = writer.execute(
        "SELECT min(first_row), max(last_row) FROM traces SEMI JOIN analysed_traces USING (trace_id)"
    ).fetchall()
    bounds = {
        "first": 0 if first is None else first,
        "last": -1 if last is None else min(last, settled - 1),
        "settled": settled,
    }
    source = {} if source_id is None else {"source": source_id}
    writer.execute(_AFFECTED.format(heir=heir), bounds | source)


def _take_out_lines(writer: duckdb.DuckDBPyConnection, source_id: int | None) -> int:
    """How many log lines."""
    if not writer.execute("SELECT 1 FROM log_traces LIMIT 1").fetchall():
        return 0
    among = "trace_id IN (SELECT trace_id FROM analysed_traces)"
    count = f"SELECT coalesce(sum(lines), 0)::BIGINT FROM log_traces WHERE {among}"
    [(before,)] = writer.execute(count).fetchall()
    if source_id is None:
        for table in ("log_lines", "log_traces"):
            writer.execute(f"DELETE FROM {table} WHERE {among}")
    else:
        writer.execute(f"DELETE FROM log_lines WHERE source_id = ? AND {among}", [source_id])
        writer.execute(_LEFT_LINES)
    [(after,)] = writer.execute(count).fetchall()
    return int(before - after)


def _move(writer: duckdb.DuckDBPyConnection, gone_lines: int, factor: float = 1.0) -> None:
    """The spans that stay to new rows: behind so many that the version of no trace is one that it had before."""
    first_row = setting(writer, "next_row") + gone_lines
    writer.execute(_MOVED, [first_row, factor])
    [(lowest, highest, moved)] = writer.execute(
        "SELECT min(span_row), max(span_row), count(*) FROM moved_rows"
    ).fetchall()
    if moved:
        writer.execute(_MOVE, [lowest, highest])
        set_setting(writer, "next_row", first_row + moved)
        _settle_weights(writer)


def _drop_rows(writer: duckdb.DuckDBPyConnection, source_id: int | None) -> None:
    """Under their old numbers, and what is known of their traces."""
    for table in ("traces", "findings", "late_children"):
        _drop_traces(writer, table)
    [(first, last)] = writer.execute("SELECT min(span_row), max(span_row) FROM affected_rows").fetchall()
    if first is None:
        return
    for table in ("spans", "span_facts"):
        writer.execute(
            f"""
            DELETE FROM {table}
            WHERE span_row BETWEEN ? AND ? AND span_row IN (SELECT span_row FROM affected_rows)
            """,
            [first, last],
        )
    writer.execute(_LOST_REPEATS, [-1 if source_id is None else source_id])
    writer.execute(_MOVED_REPEATS)
