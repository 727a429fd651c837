"""After a removal: sums without what adds up to nothing, names without those that nothing bears any more."""

from typing import NamedTuple

import duckdb

from webapp.store.writing.buckets import MINUTE_NS, SLOT_NS, SLOTS_AN_HOUR
from webapp.store.writing.keys import KeyCatalog
from webapp.store.writing.pending import set_setting
from webapp.store.writing.span_sums import BUCKET, ENTRY
from webapp.store.writing.sums import add_durations, compact_totals


class _Sums(NamedTuple):
    """`counted`: the column that is 0 where a row stands for nothing."""

    table: str
    keys: str
    sums: str
    counted: str


_SPAN_SUMS = "spans, failed, weighted, weight, failed_weight, squares, critical_ns"
_ALL = (
    _Sums("edge_sums", "caller_id, callee_id, type, bucket", "calls, errors", "calls"),
    _Sums("edge_times", "caller_id, callee_id, type", "critical_ns", "critical_ns"),
    _Sums("node_sums", "node_id", "spans, errors, critical_ns", "spans"),
    _Sums("operation_sums", "operation_id, entry, bucket", _SPAN_SUMS, "spans"),
    _Sums("facet_sums", "facet, service, name", "traces, failed", "traces"),
)
_HOUR = f"slot // {SLOTS_AN_HOUR} * {SLOTS_AN_HOUR}"
_SEEN = f"""
CREATE OR REPLACE TEMP TABLE seen_spans AS
WITH counted AS (
  SELECT trace_id, start_ns // {SLOT_NS} AS slot, {_HOUR} AS hour, first_row, last_row
  FROM traces
  WHERE hour IN (SELECT {_HOUR} FROM touched_slots)
)
SELECT
  hour, s.service_id, s.resource_id, {ENTRY} AS entry, {BUCKET} AS bucket,
  min(nullif(s.start_ns, 0)) AS first_ns, max(nullif(s.start_ns, 0)) AS last_ns
FROM spans s JOIN counted t ON t.trace_id = s.trace_id
WHERE s.span_row BETWEEN (SELECT min(first_row) FROM counted) AND (SELECT max(last_row) FROM counted)
  AND s.span_row <= t.last_row
GROUP BY ALL
"""
_RESOURCES = f"""
CREATE OR REPLACE TEMP TABLE tidy AS
SELECT sums.*, first_ns, last_ns
FROM (
  SELECT
    slot, service_id, resource_id, entry, bucket, sum(spans) AS spans, sum(failed) AS failed,
    sum(weighted) AS weighted, sum(weight) AS weight, sum(failed_weight) AS failed_weight,
    sum(squares) AS squares, sum(critical_ns) AS critical_ns
  FROM resource_sums
  WHERE slot IN (SELECT {_HOUR} FROM touched_slots)
  GROUP BY ALL
  HAVING sum(resource_sums.spans) <> 0
) AS sums LEFT JOIN seen_spans ON hour = slot AND seen_spans.service_id = sums.service_id
  AND seen_spans.resource_id = sums.resource_id AND seen_spans.entry = sums.entry
  AND seen_spans.bucket IS NOT DISTINCT FROM sums.bucket
ORDER BY slot
"""
# Without sampling a weight is the number of spans: what subtracting floats left behind is not kept.
_ROUND = """
UPDATE tidy
SET weight = spans, failed_weight = failed, squares = spans
WHERE weighted = 0
"""
_USED = {
    "services": "SELECT service_id FROM spans",
    "operations": "SELECT operation_id FROM spans",
    "resources": "SELECT resource_id FROM spans",
    "scopes": "SELECT scope_id FROM spans",
    "nodes": """
      SELECT peer_id FROM spans WHERE peer_id IS NOT NULL
      UNION SELECT node_id FROM trace_nodes
      UNION SELECT caller_id FROM trace_edges
      UNION SELECT callee_id FROM trace_edges
    """,
}


def tidy(writer: duckdb.DuckDBPyConnection, keys: KeyCatalog) -> None:
    """What `take_out` left since this was last called. The names that the writer keeps in memory are old after that."""
    writer.execute("CREATE TEMP TABLE IF NOT EXISTS touched_slots (slot BIGINT)")
    for each in _ALL:
        _compact(writer, each)
    writer.execute(_SEEN)
    writer.execute(_RESOURCES)
    writer.execute(_ROUND)
    _replace(writer, "resource_sums", f"slot IN (SELECT {_HOUR} FROM touched_slots)")
    _count_durations(writer)
    compact_totals(writer)
    writer.execute("DELETE FROM finding_kinds WHERE kind_id NOT IN (SELECT kind_id FROM findings)")
    _drop_names(writer, keys)
    writer.execute("DROP TABLE touched_slots")


def _compact(writer: duckdb.DuckDBPyConnection, of: _Sums) -> None:
    sums = ", ".join(f"sum({column}) AS {column}" for column in of.sums.split(", "))
    among = "slot IN (SELECT slot FROM touched_slots)"
    writer.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE tidy AS
        SELECT slot, {of.keys}, {sums}
        FROM {of.table}
        WHERE {among}
        GROUP BY slot, {of.keys}
        HAVING sum({of.table}.{of.counted}) <> 0
        ORDER BY slot
        """
    )
    if "squares" in of.sums:
        writer.execute(_ROUND)
    _replace(writer, of.table, among)


def _replace(writer: duckdb.DuckDBPyConnection, table: str, among: str) -> None:
    writer.execute(f"DELETE FROM {table} WHERE {among}")
    writer.execute(f"INSERT INTO {table} BY NAME FROM tidy")


def _count_durations(writer: duckdb.DuckDBPyConnection) -> None:
    """Anew, since only the traces that are left know the slowest of them."""
    slots = "IN (SELECT slot FROM touched_slots)"
    writer.execute(f"DELETE FROM duration_sums WHERE minute // {SLOT_NS // MINUTE_NS} {slots}")
    add_durations(writer, f"(FROM traces WHERE start_ns // {SLOT_NS} {slots})")


def _drop_names(writer: duckdb.DuckDBPyConnection, keys: KeyCatalog) -> None:
    """An id that was given is never given again, so that it never means something else to who remembers it."""
    for table, used in _USED.items():
        number = f"{table[:-1]}_id"
        unused = f"SELECT {number} FROM {table} WHERE {number} NOT IN ({used})"
        [(count, highest)] = writer.execute(
            f"SELECT count(*) FILTER ({number} IN ({unused})), max({number}) FROM {table}"
        ).fetchall()
        if not count:
            continue
        set_setting(writer, f"next_{number}", highest + 1)
        if table == "resources":
            keys.take_off_resources(writer, unused)
            writer.execute(f"DELETE FROM resource_attributes WHERE resource_id IN ({unused})")
        writer.execute(f"DELETE FROM {table} WHERE {number} IN ({unused})")
    keys.flush(writer)
