"""One trace: its columns, its summary, its version; and what is true of the whole store."""

from typing import NamedTuple

import duckdb

from webapp.model.columns import SpanColumns
from webapp.model.facts import TraceSummary
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.reading.columns import Selection, read_columns
from webapp.store.reading.words import Words
from webapp.store.writing.summaries import to_summary


class TraceSums(NamedTuple):
    """What the table of traces says of one."""

    first_row: int
    last_row: int
    start_ns: int
    duration_ns: int
    spans: int


def sums_of(catalogue: Catalogue, trace_id: str) -> TraceSums | None:
    """None while the trace is not analysed."""
    columns = ", ".join(TraceSums._fields)
    found = catalogue.rows(f"SELECT {columns} FROM traces WHERE trace_id = ?::UUID", (trace_id,))
    return TraceSums(*found[0]) if found else None


def rows_of(catalogue: Catalogue, trace_id: str) -> tuple[int, int] | None:
    """First and last span_row of a trace: from its summary, and from what arrived since."""
    known: dict[str, int] = dict(catalogue.rows("SELECT name, value FROM settings WHERE name LIKE '%_row'"))
    settled_row = known.get("settled_row", 0)
    if settled_row >= known.get("next_row", 0):
        found = sums_of(catalogue, trace_id)
        return found and (found.first_row, found.last_row)
    first, last = catalogue.rows(
        """
        SELECT min(first_row), max(last_row)
        FROM (
          SELECT first_row, last_row FROM traces WHERE trace_id = ?::UUID
          UNION ALL
          SELECT span_row, span_row FROM spans WHERE span_row >= ? AND trace_id = ?::UUID
        )
        """,
        (trace_id, settled_row, trace_id),
    )[0]
    return None if first is None else (first, last)


def columns_of(catalogue: Catalogue, words: Words, trace_id: str) -> SpanColumns | None:
    rows = rows_of(catalogue, trace_id)
    if rows is None:
        return None
    source = "spans WHERE trace_id = ?::UUID AND span_row BETWEEN ? AND ?"
    selection = Selection([trace_id], source, parameters=(trace_id, *rows))
    return read_columns(catalogue.cursor, selection, words)


def summary_of(cursor: duckdb.DuckDBPyConnection, trace_id: str) -> TraceSummary | None:
    found = cursor.execute("SELECT summary FROM traces WHERE trace_id = ?::UUID", [trace_id]).fetchall()
    return to_summary(found[0][0]) if found else None


def span_total(catalogue: Catalogue) -> int:
    return int(catalogue.rows("SELECT count(*) FROM spans")[0][0])


def bounds(catalogue: Catalogue) -> tuple[int, int]:
    """First and newest start of a trace whose start is known; zeros for an empty store."""
    return catalogue.trace_bounds()[1:]
