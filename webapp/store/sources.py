"""Files and receivers that spans came from, and what became of them."""

from collections.abc import Sequence
from typing import Any

import duckdb
import msgspec
import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.results import SourceReport
from webapp.model.warnings import CODES, Warning

DUPLICATES = "duplicate_dropped"
BESIDE = "log_lines_beside"
INFERRED = "inferred_from_logs"  # counted for the file of each span's first line, not for that of its trace


def start_source(writer: duckdb.DuckDBPyConnection, path: str, file_format: str, reason: str) -> int:
    found = writer.execute(
        """
        INSERT INTO sources
        SELECT
          greatest(coalesce(max(source_id), 0), (SELECT coalesce(max(value), 0) FROM settings WHERE name = 'last_source'))
          + 1, ?, ?, ?, 0, 0, 0, NULL, '[]'
        FROM sources
        RETURNING source_id
        """,
        [path, file_format, reason],
    ).fetchall()
    return int(found[0][0])


def finish_source(
    writer: duckdb.DuckDBPyConnection, source_id: int, rejected: int, warnings: Sequence[Warning]
) -> None:
    writer.execute(
        "UPDATE sources SET rejected = ?, warnings = ? WHERE source_id = ?",
        [rejected, msgspec.json.encode(warnings).decode(), source_id],
    )


def count_spans(writer: duckdb.DuckDBPyConnection, sources: NDArray[np.uint32]) -> None:
    """`sources` has one entry a span that was appended."""
    source_ids, spans = np.unique(sources, return_counts=True)
    writer.register("fresh_counts", pa.table({"source_id": source_ids, "spans": spans}))
    writer.execute(
        """
        UPDATE sources
        SET spans = sources.spans + fresh_counts.spans, traces = NULL
        FROM fresh_counts
        WHERE sources.source_id = fresh_counts.source_id
        """
    )
    writer.unregister("fresh_counts")


def store_trace_counts(writer: duckdb.DuckDBPyConnection) -> None:
    """Count the traces of each source once, after the load, so that nobody has to read all spans for it."""
    counts = [(traces, source_id) for source_id, traces in _count_traces(writer).items()]
    if counts:
        writer.executemany("UPDATE sources SET traces = ? WHERE source_id = ?", counts)


def read_reports(cursor: duckdb.DuckDBPyConnection) -> dict[int, SourceReport]:
    """By source, in order of loading, with the warnings of reading and of repair. All of one moment, while spans come in."""
    cursor.execute("BEGIN")
    rows = cursor.execute(
        """
        SELECT source_id, path, format, reason, traces, spans, rejected, duplicates, warnings
        FROM sources
        ORDER BY source_id
        """
    ).fetchall()
    counted = _count_traces(cursor)
    repairs = _repairs(cursor)
    beside, inferred = _lines_beside(cursor), _spans_inferred(cursor)
    cursor.execute("COMMIT")
    return {
        source_id: SourceReport(
            path=path,
            format=file_format,
            reason=reason,
            traces=counted[source_id] if traces is None else traces,
            spans=spans,
            rejected=rejected,
            duplicates=duplicates,
            warnings=orjson.loads(warnings)
            + _counted(DUPLICATES, duplicates)
            + _counted(BESIDE, beside.get(source_id, 0))
            + _counted(INFERRED, inferred.get(source_id, 0))
            + repairs.get(source_id, []),
        )
        for source_id, path, file_format, reason, traces, spans, rejected, duplicates, warnings in rows
    }


def _counted(code: str, count: int) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(Warning(code, CODES[code], count=count))] if count else []


def _lines_beside(cursor: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Log lines of each source whose traces have recorded spans; of the others spans were made."""
    found = cursor.execute(
        """
        SELECT source_id, count(*)
        FROM log_lines JOIN log_traces USING (trace_id)
        WHERE inferred_first IS NULL AND trace_id IN (SELECT trace_id FROM traces)
        GROUP BY source_id
        """
    ).fetchall()
    return dict(found)


def _spans_inferred(cursor: duckdb.DuckDBPyConnection) -> dict[int, int]:
    first, last = cursor.execute("SELECT min(inferred_first), max(inferred_last) FROM log_traces").fetchall()[
        0
    ]
    if first is None:
        return {}
    found = cursor.execute(
        """
        SELECT source_id, count(*)
        FROM spans JOIN log_traces USING (trace_id)
        WHERE span_row BETWEEN ? AND ? AND span_row BETWEEN inferred_first AND inferred_last
        GROUP BY source_id
        """,
        [first, last],
    ).fetchall()
    return dict(found)


def _count_traces(cursor: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Of the sources whose traces are not counted since their last span."""
    waiting = cursor.execute("SELECT source_id FROM sources WHERE traces IS NULL").fetchall()
    if not waiting:
        return {}
    source_ids = [source_id for (source_id,) in waiting]
    found = cursor.execute(
        """
        SELECT source_id, count(DISTINCT trace_id)
        FROM spans
        WHERE source_id BETWEEN ? AND ?
        GROUP BY source_id
        """,
        [min(source_ids), max(source_ids)],
    ).fetchall()
    traces_of = dict(found)
    return {source_id: traces_of.get(source_id, 0) for source_id in source_ids}


def _repairs(cursor: duckdb.DuckDBPyConnection) -> dict[int, list[dict[str, Any]]]:
    """One warning a code and source, worded as its first; it names trace and span when it happened once."""
    found = cursor.execute(
        """
        SELECT
          source_id, code, arg_min(message, trace_id), arg_min(place, trace_id), arg_min(span_id, trace_id),
          sum(count)::BIGINT
        FROM trace_warnings
        WHERE code <> ?
        GROUP BY source_id, code
        ORDER BY source_id, code
        """,
        [INFERRED],
    ).fetchall()
    repairs: dict[int, list[dict[str, Any]]] = {}
    for source_id, code, message, place, span_id, count in found:
        warning = Warning(code, message, place, span_id, count)
        repairs.setdefault(source_id, []).append(msgspec.to_builtins(warning))
    return repairs
