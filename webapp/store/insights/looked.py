"""Which traces were looked at for findings, the next ones to look at, and what was found kept. One trace is looked at
again when spans came to it; all are when other thresholds are in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import duckdb
import numpy as np
import pyarrow as pa

from webapp.model.columns import I64, SpanColumns
from webapp.model.insights import FindingKind, LookedAt, Progress
from webapp.store.conditions.hints import repeating_traces, resent_rows
from webapp.store.reading.columns import Selection, read_columns
from webapp.store.reading.words import Words
from webapp.store.writing.arrow import insert, strings, uuids
from webapp.store.writing.pending import set_setting, setting

_MOST_TRACES = 20_000  # at once


@dataclass(frozen=True, slots=True)
class Unlooked:
    """The next traces. All below `from_row` are looked at, and below `until_row` when these are; `again`: some may have
    been looked at before.
    """

    columns: SpanColumns
    start_ns: I64  # by trace
    duration_ns: I64
    from_row: int
    until_row: int
    thresholds: int  # under which they are looked at, as the store keeps it
    again: bool
    resent: I64  # rows of spans that may say that they are tried again
    repeating: I64  # numbers of traces in which the same may be asked again


def progress(cursor: duckdb.DuckDBPyConnection) -> Progress:
    """Of the traces that have facts."""
    row = setting(cursor, "looked_row")
    [(looked, traces)] = cursor.execute(
        "SELECT count(*) FILTER (last_row < ?), count(*) FROM traces", [row]
    ).fetchall()
    return Progress(looked, traces, setting(cursor, "unread_calls"))


def all_looked_at(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Of the traces that have facts."""
    [(newest,)] = cursor.execute("SELECT coalesce(max(last_row), -1) FROM traces").fetchall()
    return int(newest) < setting(cursor, "looked_row")


def looks_for(cursor: duckdb.DuckDBPyConnection, thresholds: str) -> bool:
    return setting(cursor, "looked_sum") == crc32(thresholds.encode())


def forget_others(writer: duckdb.DuckDBPyConnection, thresholds: str) -> None:
    """Drop what was found under other thresholds than these."""
    if looks_for(writer, thresholds):
        return
    for table in ("findings", "finding_kinds", "late_children"):
        writer.execute(f"DELETE FROM {table}")
    for name, value in (("looked_row", 0), ("unread_calls", 0), ("looked_sum", crc32(thresholds.encode()))):
        set_setting(writer, name, value)


def next_unlooked(
    cursor: duckdb.DuckDBPyConnection, words: Words, most_spans: int, least_alike: int
) -> Unlooked | None:
    """Whole traces of at most so many spans, or one that has more; None when all with facts were looked at.

    `least_alike`: so many identical questions of one service are of interest.
    """
    looked_row, settled_row = setting(cursor, "looked_row"), setting(cursor, "settled_row")
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE unlooked_traces AS
        SELECT * EXCLUDE (spans_before)
        FROM (
          SELECT
            row_number() OVER following - 1 AS number, trace_id, first_row, last_row,
            sum(spans) OVER following - spans AS spans_before, spans
          FROM (FROM traces WHERE last_row >= ? AND last_row < ? ORDER BY last_row LIMIT {_MOST_TRACES})
          WINDOW following AS (ORDER BY last_row)
        )
        WHERE spans_before + spans <= ? OR number = 0
        """,
        [looked_row, settled_row, most_spans],
    )
    found = cursor.execute(
        """
        SELECT replace(trace_id::VARCHAR, '-', '') AS trace_id, u.first_row, u.last_row, start_ns, duration_ns
        FROM unlooked_traces u JOIN traces USING (trace_id)
        ORDER BY number
        """
    ).fetchnumpy()
    if not len(found["first_row"]):
        return None
    first, last = int(found["first_row"].min()), int(found["last_row"].max())
    columns = read_columns(
        cursor,
        Selection(
            found["trace_id"].tolist(),
            "spans JOIN unlooked_traces USING (trace_id) WHERE span_row BETWEEN ? AND ?",
            "number",
            (first, last),
        ),
        words,
    )
    return Unlooked(
        columns=columns,
        start_ns=found["start_ns"],
        duration_ns=found["duration_ns"],
        from_row=looked_row,
        until_row=last + 1,
        thresholds=setting(cursor, "looked_sum"),
        again=first < looked_row,
        resent=resent_rows(cursor, first, last),
        repeating=repeating_traces(cursor, first, last, least_alike),
    )


def keep(writer: duckdb.DuckDBPyConnection, of: Unlooked, found: LookedAt) -> None:
    """In the transaction of `writer`. Nothing if somebody else was faster, or looks for other things now."""
    if (setting(writer, "looked_row"), setting(writer, "looked_sum")) != (of.from_row, of.thresholds):
        return
    trace_ids = uuids(of.columns.trace_ids)
    if of.again:
        writer.register("looked_traces", pa.table({"trace_id": trace_ids}))
        for table in ("findings", "late_children"):
            writer.execute(f"DELETE FROM {table} WHERE trace_id IN (SELECT trace_id FROM looked_traces)")
        writer.unregister("looked_traces")
    trace = np.array([each.trace for each in found.found], np.int64)
    numbers = {
        name: pa.array([getattr(each, name) for each in found.found])
        for name in ("severity", "times", "gain_ns", "count", "time_ns", "share")
    }
    insert(
        writer,
        "findings",
        {
            "trace_id": trace_ids.take(trace),
            "kind_id": pa.array(_kind_ids(writer, [each.kind for each in found.found]), pa.uint32()),
            "start_ns": pa.array(of.start_ns[trace]),
            "duration_ns": pa.array(of.duration_ns[trace]),
            "weight": pa.array(_weights(writer, found.root_row)[trace]),
            **numbers,
        },
    )
    late = found.late
    services = _service_ids(writer, of.columns.services)
    insert(
        writer,
        "late_children",
        {
            "trace_id": trace_ids.take(late.trace),
            "start_ns": pa.array(of.start_ns[late.trace]),
            "service_id": pa.array(services[late.service]),
            "children": pa.array(late.children),
            "late": pa.array(late.late),
        },
    )
    set_setting(writer, "looked_row", of.until_row)
    if found.unread:
        set_setting(writer, "unread_calls", setting(writer, "unread_calls") + found.unread)


def _kind_ids(writer: duckdb.DuckDBPyConnection, kinds: Sequence[FindingKind]) -> list[int]:
    known = {
        FindingKind(*kind): number
        for number, *kind in writer.execute(
            "SELECT kind_id, code, service, name, subject FROM finding_kinds"
        ).fetchall()
    }
    stored, next_id = len(known), max(known.values(), default=-1) + 1
    ids = [known.setdefault(kind, next_id + len(known) - stored) for kind in kinds]
    fresh = list(known)[stored:]
    columns = {
        name: strings([getattr(kind, name) for kind in fresh])
        for name in ("fingerprint", *FindingKind._fields)
    }
    insert(
        writer,
        "finding_kinds",
        {"kind_id": pa.array(range(next_id, next_id + len(fresh)), pa.uint32()), **columns},
    )
    return ids


def _service_ids(writer: duckdb.DuckDBPyConnection, services: Sequence[str]) -> I64:
    ids = dict(writer.execute("SELECT service, service_id FROM services").fetchall())
    return np.array([ids.get(service, -1) for service in services], np.int64)


def _weights(
    writer: duckdb.DuckDBPyConnection, root_row: I64
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """How many traces each stands for: as its root span says, 1 where that was not received."""
    weights = np.ones(len(root_row), np.float64)
    received = root_row[root_row >= 0]
    if not len(received):
        return weights
    found = writer.execute(
        "SELECT span_row, weight FROM spans WHERE weight <> 1 AND span_row BETWEEN ? AND ?",
        [int(received.min()), int(received.max())],
    ).fetchnumpy()
    order = np.argsort(found["span_row"])
    rows = found["span_row"][order]
    if len(rows):
        place = np.minimum(np.searchsorted(rows, root_row), len(rows) - 1)
        weights = np.where(rows[place] == root_row, found["weight"][order][place], 1.0)
    return weights
