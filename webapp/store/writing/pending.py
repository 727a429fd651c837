"""Traces that have no facts yet, or got spans since: handed out as columns, whole traces at a time."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import duckdb
import numpy as np
from numpy.typing import NDArray

from webapp.model.columns import SpanColumns
from webapp.store.connection import Connection
from webapp.store.reading.columns import Selection, read_columns
from webapp.store.reading.words import Words

# A trace is pending while its newest span is newer than its facts. Below settled_row no trace is. Some that have facts
# of what came before may be left for later.
_FIND = """
CREATE OR REPLACE TEMP TABLE pending_traces AS
WITH fresh AS (
  SELECT trace_id, min(span_row) AS first_row, max(span_row) AS last_row, count(*) AS spans
  FROM spans
  WHERE span_row >= ?
  GROUP BY trace_id
)
SELECT
  row_number() OVER (ORDER BY least(fresh.first_row, traces.first_row)) - 1 AS number,
  trace_id,
  least(fresh.first_row, traces.first_row) AS first_row,
  fresh.last_row AS last_row,
  fresh.spans + coalesce(traces.spans, 0) AS spans,
  traces.last_row IS NOT NULL AS analysed_before
FROM fresh LEFT JOIN traces USING (trace_id)
WHERE traces.last_row IS NULL OR (
  traces.last_row < fresh.last_row AND trace_id NOT IN (SELECT trace_id FROM later_traces)
)
"""


def hand_out(
    connection: Connection, words: Words, max_spans: int, later: Collection[str]
) -> Iterator[SpanColumns]:
    """Each must have its facts before the next is asked for."""
    with connection.reading(seconds=float("inf")) as cursor:
        _leave(cursor, later)
        end_row = setting(cursor, "next_row")
        if later:
            end_row = _first_left(cursor, end_row)
        removals = -1
        while removals != connection.removals:  # what is pending is found anew when some of it is gone
            removals = connection.removals
            yield from find_pending(connection, cursor, words, max_spans)
        if all_settled(cursor):
            with connection.writing() as writer:
                settle(writer, end_row)


def _leave(cursor: duckdb.DuckDBPyConnection, trace_ids: Collection[str]) -> None:
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE later_traces AS SELECT unnest(?::UUID[]) AS trace_id", [list(trace_ids)]
    )


def _first_left(cursor: duckdb.DuckDBPyConnection, end_row: int) -> int:
    """The first span of those, among what is not settled; `end_row` if there is none."""
    found = cursor.execute(
        "SELECT min(span_row) FROM spans JOIN later_traces USING (trace_id) WHERE span_row >= ?",
        [setting(cursor, "settled_row")],
    ).fetchall()[0][0]
    return end_row if found is None else min(end_row, int(found))


def find_pending(
    connection: Connection, cursor: duckdb.DuckDBPyConnection, words: Words, max_spans: int
) -> Iterator[SpanColumns]:
    """Chunks of at most `max_spans` spans; a larger trace comes alone. `cursor` must stay open meanwhile.

    Ends early when something is removed.
    """
    removals = connection.removals
    cursor.execute(_FIND, [setting(cursor, "settled_row")])
    found = cursor.execute(
        "SELECT first_row, last_row, spans, analysed_before FROM pending_traces ORDER BY number"
    ).fetchnumpy()
    for first, end in _chunks(found["spans"], max_spans):
        if removals != connection.removals:
            return
        chunk = slice(first, end)
        rows = (int(found["first_row"][chunk].min()), int(found["last_row"][chunk].max()))
        columns = read_columns(
            cursor,
            Selection(
                _trace_ids(cursor, first, end - 1),
                "spans JOIN pending_traces USING (trace_id)"
                " WHERE number BETWEEN ? AND ? AND span_row BETWEEN ? AND ?",
                f"number - {first}",
                (first, end - 1, *rows),
            ),
            words,
        )
        yield replace(columns, analysed_before=bool(found["analysed_before"][chunk].any()))


def _trace_ids(cursor: duckdb.DuckDBPyConnection, first: int, last: int) -> list[str]:
    found = cursor.execute(
        """
        SELECT replace(trace_id::VARCHAR, '-', '')
        FROM pending_traces
        WHERE number BETWEEN ? AND ?
        ORDER BY number
        """,
        [first, last],
    ).fetchall()
    return [trace_id for (trace_id,) in found]


def all_settled(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Whether every trace that `find_pending` found on this cursor has its facts now."""
    return not cursor.execute(
        """
        SELECT count(*)
        FROM pending_traces LEFT JOIN traces USING (trace_id)
        WHERE traces.last_row IS NULL OR traces.last_row < pending_traces.last_row
        """
    ).fetchall()[0][0]


def settle(writer: duckdb.DuckDBPyConnection, row: int) -> None:
    """From now on nothing below `row` is looked at to find pending traces."""
    set_setting(writer, "settled_row", row)


def setting(cursor: duckdb.DuckDBPyConnection, name: str) -> int:
    found = cursor.execute("SELECT value FROM settings WHERE name = ?", [name]).fetchall()
    return int(found[0][0]) if found else 0


def set_setting(writer: duckdb.DuckDBPyConnection, name: str, value: int) -> None:
    writer.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", [name, value])


def _chunks(sizes: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    first, total = 0, 0
    for number, size in enumerate(sizes.tolist()):
        if total and total + size > most:
            yield first, number
            first, total = number, 0
        total += size
    if total:
        yield first, len(sizes)
