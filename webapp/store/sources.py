"""Files and receivers that spans came from, and what became of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import duckdb
import msgspec
import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.results import SourceReport
from webapp.model.warnings import CODES, Warning
from webapp.store.writing.arrow import Column, insert, strings

DUPLICATES = "duplicate_dropped"
BESIDE = "log_lines_beside"
INFERRED = "inferred_from_logs"  # counted for the file of each span's first line, not for that of its trace


class Ended(NamedTuple):
    """What is known of a source when all of it was read."""

    source_id: int
    rejected: int
    warnings: Sequence[Warning]


def start_sources(writer: duckdb.DuckDBPyConnection, files: Sequence[tuple[str, str, str]]) -> list[int]:
    """The ids of as many sources, of which path, format and reason are given. One write for all of them."""
    if not files:
        return []
    [(last,)] = writer.execute(
        """
        SELECT greatest(
          (SELECT coalesce(max(source_id), 0) FROM sources),
          (SELECT coalesce(max(value), 0) FROM settings WHERE name = 'last_source')
        )
        """
    ).fetchall()
    source_ids = list(range(last + 1, last + 1 + len(files)))
    paths, formats, reasons = (strings(column) for column in zip(*files, strict=True))
    columns = {"source_id": pa.array(source_ids), "path": paths, "format": formats, "reason": reasons}
    zeros = pa.array([0] * len(files))
    columns |= dict.fromkeys(("spans", "rejected", "duplicates"), zeros)
    insert(writer, "sources", columns | {"warnings": strings(["[]"] * len(files))})
    return source_ids


def finish_sources(writer: duckdb.DuckDBPyConnection, ended: Sequence[Ended]) -> None:
    _update(
        writer,
        "rejected = fresh.rejected, warnings = fresh.warnings",
        {
            "source_id": pa.array([each.source_id for each in ended], pa.uint32()),
            "rejected": pa.array([each.rejected for each in ended], pa.uint64()),
            "warnings": strings([msgspec.json.encode(each.warnings).decode() for each in ended]),
        },
    )


def _update(writer: duckdb.DuckDBPyConnection, change: str, columns: Mapping[str, Column]) -> None:
    """`change` the sources whose `source_id` is in `columns`, there known as `fresh`."""
    rows = pa.table(dict(columns))
    if not rows.num_rows:
        return
    writer.register("fresh", rows)
    try:
        writer.execute(f"UPDATE sources SET {change} FROM fresh WHERE sources.source_id = fresh.source_id")
    finally:
        writer.unregister("fresh")


def count_spans(writer: duckdb.DuckDBPyConnection, sources: NDArray[np.uint32]) -> None:
    """`sources` has one entry a span that was appended."""
    source_ids, spans = np.unique(sources, return_counts=True)
    columns = {"source_id": pa.array(source_ids), "spans": pa.array(spans)}
    _update(writer, "spans = sources.spans + fresh.spans, traces = NULL", columns)


def store_trace_counts(writer: duckdb.DuckDBPyConnection) -> None:
    """Count the traces of each source once, after the load, so that nobody has to read all spans for it."""
    counted = _count_traces(writer)
    source_ids, traces = pa.array(list(counted), pa.uint32()), pa.array(list(counted.values()), pa.uint64())
    _update(writer, "traces = fresh.traces", {"source_id": source_ids, "traces": traces})


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
