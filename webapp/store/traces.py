"""One trace: its columns, its summary, its version; and what is true of the whole store."""

import duckdb

from webapp.model.columns import SpanColumns
from webapp.model.facts import TraceSummary
from webapp.store.columns import Selection, read_columns
from webapp.store.pending import setting
from webapp.store.summaries import SUMMARY_COLUMNS, to_summary


def rows_of(cursor: duckdb.DuckDBPyConnection, trace_id: str) -> tuple[int, int] | None:
    """First and last span_row of a trace: from its summary, and from what arrived since."""
    found = cursor.execute(
        """
        SELECT min(first_row), max(last_row)
        FROM (
          SELECT first_row, last_row FROM traces WHERE trace_id = $trace_id::UUID
          UNION ALL
          SELECT span_row, span_row FROM spans WHERE span_row >= $settled AND trace_id = $trace_id::UUID
        )
        """,
        {"trace_id": trace_id, "settled": setting(cursor, "settled_row")},
    ).fetchall()
    first, last = found[0]
    return None if first is None else (first, last)


def columns_of(cursor: duckdb.DuckDBPyConnection, trace_id: str) -> SpanColumns | None:
    rows = rows_of(cursor, trace_id)
    if rows is None:
        return None
    source = "spans WHERE trace_id = ?::UUID AND span_row BETWEEN ? AND ?"
    return read_columns(cursor, Selection([trace_id], source, parameters=(trace_id, *rows)))


def summary_of(cursor: duckdb.DuckDBPyConnection, trace_id: str) -> TraceSummary | None:
    found = cursor.execute(
        f"SELECT {SUMMARY_COLUMNS} FROM traces WHERE trace_id = ?::UUID", [trace_id]
    ).fetchall()
    return to_summary(found[0]) if found else None


def span_total(cursor: duckdb.DuckDBPyConnection) -> int:
    return int(cursor.execute("SELECT count(*) FROM spans").fetchall()[0][0])


def bounds(cursor: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """First and newest start of a trace whose start is known; zeros for an empty store."""
    found = cursor.execute("SELECT min(start_ns), max(start_ns) FROM traces WHERE start_ns <> 0").fetchall()
    first, newest = found[0]
    return (0, 0) if first is None else (first, newest)
