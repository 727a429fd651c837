"""Sums of spans by operation and by process: added when a trace is analysed, taken back before it is again.

They are made of the stored spans alone, so what was added for a span can be worked out once more to take it back.
"""

import duckdb

from webapp.store.writing.buckets import PER_DOUBLING, SLOT_NS, SLOTS_AN_HOUR

ENTRY = "(s.kind IN (2, 5) OR s.parent_id = 0)"  # as a query: kind=server OR kind=consumer OR root


def critical_ns(weight: str) -> str:
    """Of the span with facts f, for all traces that its own stands for by this expression."""
    return f"if({weight} = 1, f.critical_ns, round(f.critical_ns * {weight})::BIGINT)"


CRITICAL_NS = critical_ns("t.weight")
BUCKET = (
    f"if(s.duration_ns IS NULL, NULL, floor({PER_DOUBLING} * log2(greatest(s.duration_ns, 1))))::UTINYINT"
)
_SPANS = f"""
CREATE OR REPLACE TEMP TABLE counted_spans AS
SELECT
  t.start_ns // {SLOT_NS} AS slot, s.service_id, s.operation_id, s.resource_id, {ENTRY} AS entry,
  {BUCKET} AS bucket,
  s.status = 2 AS failed, s.weight, {CRITICAL_NS} AS critical_ns, nullif(s.start_ns, 0) AS start_ns
FROM spans s JOIN span_facts f ON f.span_row = s.span_row JOIN {{traces}} t ON t.trace_id = s.trace_id
WHERE s.span_row BETWEEN {{first}} AND {{last}} AND f.span_row BETWEEN {{first}} AND {{last}}
  AND s.span_row <= t.last_row AND {{among}}
"""
_COUNTS = """
  {sign} * count(*), {sign} * count(*) FILTER (failed), {sign} * count(*) FILTER (weight <> 1),
  {sign} * sum(weight), {sign} * coalesce(sum(weight) FILTER (failed), 0), {sign} * sum(weight * weight),
  {sign} * sum(critical_ns)
"""


def count_spans(writer: duckdb.DuckDBPyConnection, traces: str, *, sign: int = 1) -> None:
    """The spans of traces: `traces` is a table that has the columns of `traces`, or a query in parentheses."""
    [(first, last)] = writer.execute(f"SELECT min(first_row), max(last_row) FROM {traces}").fetchall()
    if first is not None:
        writer.execute(_SPANS.format(traces=traces, first=first, last=last, among="true"))
        _add(writer, sign)


def take_back_rows(writer: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Spans that are about to be deleted, by a table of their `span_row`; those that have no facts are in no sum."""
    [(first, last)] = writer.execute(f"SELECT min(span_row), max(span_row) FROM {rows}").fetchall()
    if first is not None:
        among = f"s.span_row IN (SELECT span_row FROM {rows})"
        writer.execute(_SPANS.format(traces="traces", first=first, last=last, among=among))
        _add(writer, -1)


def _add(writer: duckdb.DuckDBPyConnection, sign: int) -> None:
    counts = _COUNTS.format(sign=sign)
    writer.execute(
        f"""
        INSERT INTO operation_sums
        SELECT slot, operation_id, entry, bucket, {counts}
        FROM counted_spans
        GROUP BY slot, operation_id, entry, bucket
        """
    )
    seen = "min(start_ns), max(start_ns)" if sign > 0 else "NULL, NULL"
    writer.execute(
        f"""
        INSERT INTO resource_sums
        SELECT
          slot // {SLOTS_AN_HOUR} * {SLOTS_AN_HOUR} AS hour, service_id, resource_id, entry, bucket, {counts}, {seen}
        FROM counted_spans
        GROUP BY hour, service_id, resource_id, entry, bucket
        """
    )
