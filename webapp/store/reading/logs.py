"""Log lines that name a trace: kept beside the spans; and the spans inferred from them while a trace has no others."""

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from webapp.model.logs import LogLine
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.writing.anyvalue import decode_attributes, encode_attributes
from webapp.store.writing.arrow import insert, strings, uuids
from webapp.store.writing.pending import setting
from webapp.store.writing.span_sums import take_back_rows

MOST_LINES = 20_000  # of one trace that spans are inferred from
_NO_ID = "0" * 16
_FIELDS = (
    "span_id, parent_id, time_ns, level, service, message, attributes, written_trace_id, written_span_id"
)
Sourced = tuple[LogLine, int]  # with the id of its source

# Traces of which spans were recorded. Of those with fresh lines any span counts, of the others only fresh spans.
_RECORDED = """
CREATE OR REPLACE TEMP TABLE recorded_traces AS
SELECT DISTINCT trace_id
FROM spans JOIN log_traces USING (trace_id)
WHERE (fresh OR (inferred_first IS NOT NULL AND span_row >= ?))
  AND NOT coalesce(span_row BETWEEN inferred_first AND inferred_last, false)
"""


def encode_lines(lines: Sequence[LogLine], source: int) -> pa.Table:
    """Rows for the table but for what only the store knows; `source` is the caller's number of their source."""
    return pa.table(
        {
            "source": pa.array(np.full(len(lines), source, np.uint32)),
            "trace_id": uuids([line.trace_id for line in lines]),
            "span_id": pa.array([int(line.span_id or _NO_ID, 16) for line in lines], pa.uint64()),
            "parent_id": pa.array([int(line.parent_span_id or _NO_ID, 16) for line in lines], pa.uint64()),
            "time_ns": pa.array([line.time_ns for line in lines], pa.int64()),
            "level": strings([line.level for line in lines]),
            "service": strings([line.service for line in lines]),
            "message": strings([line.message for line in lines]),
            "attributes": strings([encode_attributes(line.attributes) for line in lines]),
            "written_trace_id": strings([line.written_trace_id for line in lines]),
            "written_span_id": strings([line.written_span_id for line in lines]),
        }
    )


def append_lines(writer: duckdb.DuckDBPyConnection, rows: pa.Table, source_ids: Sequence[int]) -> None:
    if not rows.num_rows:
        return
    found = writer.execute("SELECT coalesce(max(last_row) + 1, 0) FROM log_traces").fetchall()
    first_row = int(found[0][0])
    sources = np.array(source_ids, np.uint32)[rows["source"].to_numpy()]
    columns = {name: rows[name].combine_chunks() for name in rows.column_names if name != "source"}
    columns["line_row"] = pa.array(np.arange(first_row, first_row + rows.num_rows))
    columns["source_id"] = pa.array(sources)
    insert(writer, "log_lines", columns)
    writer.execute(
        """
        INSERT INTO log_traces (trace_id, lines, first_row, last_row, fresh)
        SELECT trace_id, count(*), min(line_row), max(line_row), true
        FROM log_lines
        WHERE line_row >= ?
        GROUP BY trace_id
        ON CONFLICT DO UPDATE SET lines = lines + excluded.lines, last_row = excluded.last_row, fresh = true
        """,
        [first_row],
    )


def has_lines(cursor: duckdb.DuckDBPyConnection) -> bool:
    return bool(cursor.execute("SELECT 1 FROM log_traces LIMIT 1").fetchall())


def give_way(writer: duckdb.DuckDBPyConnection) -> None:
    """Takes the inferred spans from traces of which recorded ones have come; lines of such traces are settled."""
    _take_in_short_ids(writer)
    writer.execute(_RECORDED, [setting(writer, "settled_row")])
    _drop_inferred(writer, "trace_id IN (SELECT trace_id FROM recorded_traces)")
    writer.execute(
        "UPDATE log_traces SET fresh = false WHERE fresh AND trace_id IN (SELECT trace_id FROM recorded_traces)"
    )


def settle_beside(writer: duckdb.DuckDBPyConnection, formats: Sequence[str]) -> None:
    """Traces that no source of another format names wait for recorded spans."""
    writer.execute(
        """
        UPDATE log_traces
        SET fresh = false
        WHERE fresh AND trace_id NOT IN (
          SELECT trace_id
          FROM log_lines JOIN sources USING (source_id)
          WHERE line_row >= (SELECT min(first_row) FROM log_traces WHERE fresh)
            AND format NOT IN (SELECT unnest(?::VARCHAR[]))
        )
        """,
        [list(formats)],
    )


def waiting_traces(cursor: duckdb.DuckDBPyConnection, most_lines: int) -> Iterator[list[str]]:
    """Traces with fresh lines, after `give_way`: none of them has recorded spans. So many lines at once."""
    found = cursor.execute(
        """
        SELECT replace(trace_id::VARCHAR, '-', ''), least(lines, ?)
        FROM log_traces
        WHERE fresh
        ORDER BY first_row
        """,
        [MOST_LINES],
    ).fetchall()
    chunk: list[str] = []
    lines = 0
    for trace_id, count in found:
        if chunk and lines + count > most_lines:
            yield chunk
            chunk, lines = [], 0
        chunk.append(trace_id)
        lines += count
    if chunk:
        yield chunk


def lines_of(
    cursor: duckdb.DuckDBPyConnection, trace_ids: Sequence[str], most: int = MOST_LINES
) -> list[list[Sourced]]:
    """The lines of each trace in time, the first `most` of them; what several sources hold alike comes once."""
    cursor.register("asked_traces", pa.table({"trace_id": uuids(trace_ids), "number": range(len(trace_ids))}))
    found = cursor.execute(
        f"""
        WITH asked AS (
          SELECT number, source_id, line_row, {_FIELDS}
          FROM log_lines JOIN asked_traces USING (trace_id)
          WHERE line_row BETWEEN
            (SELECT min(first_row) FROM log_traces JOIN asked_traces USING (trace_id)) AND
            (SELECT max(last_row) FROM log_traces JOIN asked_traces USING (trace_id))
          QUALIFY source_id = min(source_id) OVER (
            PARTITION BY number, time_ns, service, message, span_id, level, attributes
          )
        )
        SELECT number, source_id, {_FIELDS}
        FROM asked
        QUALIFY row_number() OVER (PARTITION BY number ORDER BY time_ns, line_row) <= ?
        ORDER BY number, time_ns, line_row
        """,
        [most],
    ).fetchall()
    cursor.unregister("asked_traces")
    lines: list[list[Sourced]] = [[] for _ in trace_ids]
    for number, source_id, *fields in found:
        lines[number].append((_line(trace_ids[number], fields), source_id))
    return lines


def line_count(catalogue: Catalogue, trace_id: str) -> int:
    if not catalogue.rows("SELECT 1 FROM log_traces LIMIT 1"):
        return 0
    found = catalogue.cursor.execute(
        "SELECT lines FROM log_traces WHERE trace_id = ?::UUID", [trace_id]
    ).fetchall()
    return int(found[0][0]) if found else 0


def drop_earlier(writer: duckdb.DuckDBPyConnection, trace_ids: Sequence[str]) -> None:
    """What was inferred of these traces before more lines came."""
    writer.register("asked_traces", pa.table({"trace_id": uuids(trace_ids)}))
    _drop_inferred(writer, "trace_id IN (SELECT trace_id FROM asked_traces)")
    writer.unregister("asked_traces")


def mark_inferred(writer: duckdb.DuckDBPyConnection, trace_ids: Sequence[str], first_row: int) -> None:
    """All spans from `first_row` on are inferred, of these traces."""
    writer.register("asked_traces", pa.table({"trace_id": uuids(trace_ids)}))
    writer.execute(
        """
        UPDATE log_traces
        SET fresh = false, inferred_first = ?, inferred_last = ?
        WHERE trace_id IN (SELECT trace_id FROM asked_traces)
        """,
        [first_row, setting(writer, "next_row") - 1],
    )
    writer.unregister("asked_traces")


def _drop_inferred(writer: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Spans, their facts, and their number in their sources. The traces' own facts come with the next analysis."""
    writer.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE gone_rows AS
        SELECT span_row, source_id
        FROM spans JOIN log_traces USING (trace_id)
        WHERE inferred_first IS NOT NULL AND {condition}
          AND span_row BETWEEN inferred_first AND inferred_last
        """
    )
    if writer.execute("SELECT 1 FROM gone_rows LIMIT 1").fetchall():
        writer.execute(
            """
            UPDATE sources
            SET spans = sources.spans - gone.spans, traces = NULL
            FROM (SELECT source_id, count(*) AS spans FROM gone_rows GROUP BY source_id) AS gone
            WHERE sources.source_id = gone.source_id
            """
        )
        take_back_rows(writer, "gone_rows")
        for table in ("spans", "span_facts"):
            writer.execute(f"DELETE FROM {table} WHERE span_row IN (SELECT span_row FROM gone_rows)")
    writer.execute(
        f"""
        UPDATE log_traces
        SET inferred_first = NULL, inferred_last = NULL
        WHERE inferred_first IS NOT NULL AND {condition}
        """
    )


def _take_in_short_ids(writer: duckdb.DuckDBPyConnection) -> None:
    """Lines often know only the lower half of an id: they go to the one trace of which that is the lower half."""
    writer.execute(
        """
        CREATE OR REPLACE TEMP TABLE longer_ids AS
        WITH short AS (
          SELECT trace_id, right(trace_id::VARCHAR, 17) AS lower_half
          FROM log_traces
          WHERE fresh AND inferred_first IS NULL AND starts_with(trace_id::VARCHAR, '00000000-0000-0000-')
        )
        SELECT short.trace_id, min(long.trace_id) AS long_id
        FROM short JOIN (SELECT trace_id FROM spans UNION SELECT trace_id FROM log_traces) AS long
          ON right(long.trace_id::VARCHAR, 17) = lower_half AND long.trace_id <> short.trace_id
        WHERE short.trace_id NOT IN (SELECT trace_id FROM spans)
        GROUP BY short.trace_id
        HAVING count(*) = 1
        """
    )
    if not writer.execute("SELECT 1 FROM longer_ids LIMIT 1").fetchall():
        return
    writer.execute(
        "UPDATE log_lines SET trace_id = long_id FROM longer_ids WHERE log_lines.trace_id = longer_ids.trace_id"
    )
    writer.execute(
        """
        INSERT INTO log_traces (trace_id, lines, first_row, last_row, fresh)
        SELECT long_id, sum(lines), min(first_row), max(last_row), true
        FROM log_traces JOIN longer_ids USING (trace_id)
        GROUP BY long_id
        ON CONFLICT DO UPDATE SET
          lines = lines + excluded.lines, first_row = least(first_row, excluded.first_row),
          last_row = greatest(last_row, excluded.last_row), fresh = true
        """
    )
    writer.execute("DELETE FROM log_traces WHERE trace_id IN (SELECT trace_id FROM longer_ids)")


def _line(trace_id: str, fields: Sequence[object]) -> LogLine:
    span_id, parent_id, time_ns, level, service, message, attributes, written_trace, written_span = fields
    return LogLine(
        trace_id=trace_id,
        time_ns=int(str(time_ns)),
        message=str(message),
        level=str(level),
        service=str(service),
        span_id=f"{span_id:016x}" if span_id else "",
        parent_span_id=f"{parent_id:016x}" if parent_id else "",
        attributes=decode_attributes(str(attributes)),
        written_trace_id=str(written_trace),
        written_span_id=str(written_span),
    )
