"""A page of search results, the summary line above it, and a trace's place among them."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from webapp.model.columns import I64
from webapp.model.facts import TraceSummary
from webapp.model.results import Match, ResultPage, ResultRow, Summary
from webapp.store.matching import COSTLY_S, Rows, matching_traces, only_traces, ranked
from webapp.store.recent import Asked
from webapp.store.summaries import SUMMARY_COLUMNS, to_summaries, to_summary

SORTS = {"newest": "start_ns", "slowest": "duration_ns", "spans": "spans"}  # greatest first, then the newest
_FEW = 100  # traces that a list in the statement names faster than a table


def find_page(
    cursor: duckdb.DuckDBPyConnection, asked: Asked, sort: str, page: int, per_page: int = 50
) -> ResultPage:
    """Page 1 is the first."""
    rows = _ranked(cursor, asked, sort, Slice((page - 1) * per_page, per_page + 1))
    has_more = len(rows) > per_page
    rows = rows.at(slice(per_page))
    summaries = _summaries(cursor, rows)
    matches = _matches(cursor, rows)
    total, exact = _total(cursor, asked)
    return ResultPage(
        rows=[ResultRow(summary, matches.get(first)) for first, summary in summaries],
        total=total,
        total_exact=exact,
        page=page,
        has_more=has_more,
        slowest_ns=max((summary.duration_ns for _, summary in summaries), default=0),
    )


def summarise(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> Summary:
    """Of all matching traces, or of the newest when reading all would take long."""
    found, rows = asked.found, asked.found.rows
    if found.complete or found.whole_s > COSTLY_S:
        p50, p95, p99 = _percentiles(rows.duration_ns)
        failing = int(np.count_nonzero(rows.errors))
        return Summary(len(rows), failing, p50, p95, p99, None if found.complete else len(rows))
    matching = matching_traces(cursor, asked.plan, asked.window)
    traces, failing, percentiles = cursor.execute(
        f"""
        SELECT count(*), count(*) FILTER (t.errors > 0), quantile_disc(t.duration_ns, [0.5, 0.95, 0.99])
        {matching.text}
        """,
        list(matching.values),
    ).fetchall()[0]
    p50, p95, p99 = percentiles
    return Summary(traces, failing, p50, p95, p99, None)


def find_neighbours(
    cursor: duckdb.DuckDBPyConnection, asked: Asked, sort: str, trace_id: str
) -> tuple[str, str, int]:
    """The traces before and after one among the results, and its place from 1; "" and 0 where there is none."""
    own = cursor.execute(
        "SELECT first_row FROM traces WHERE trace_id = CAST(? AS UUID)", [trace_id]
    ).fetchall()
    place = _place(cursor, asked, sort, own[0][0]) if own else 0
    if not place:
        return "", "", 0
    around = _ranked(cursor, asked, sort, Slice(max(0, place - 2), 2 if place == 1 else 3))
    ids = [summary.trace_id for _, summary in _summaries(cursor, around)]
    return ids[0] if place > 1 else "", ids[-1] if ids[-1] != trace_id else "", place


@dataclass(frozen=True, slots=True)
class Slice:
    offset: int
    length: int


def _ranked(cursor: duckdb.DuckDBPyConnection, asked: Asked, sort: str, part: Slice) -> Rows:
    """The traces at these places of the results."""
    end = part.offset + part.length
    found = asked.found
    if found.complete or (sort == "newest" and end <= len(found.rows)):
        return found.rows.at(_order(found.rows, sort)[part.offset : end])
    order = f"{SORTS[sort]} DESC, start_ns DESC, first_row DESC"
    matching = matching_traces(cursor, asked.plan, asked.window)
    chosen = cursor.execute(
        f"SELECT t.trace_id {matching.text} ORDER BY {order} LIMIT {part.length} OFFSET {part.offset}",
        list(matching.values),
    ).fetchall()
    if not chosen:
        return found.rows.at(slice(0))
    ids = ", ".join(f"'{trace_id}'::UUID" for (trace_id,) in chosen)
    return ranked(cursor, only_traces(asked.plan, ids), asked.window, order)


def _order(rows: Rows, sort: str) -> I64:
    keys: dict[str, I64] = {"newest": rows.start_ns, "slowest": rows.duration_ns, "spans": rows.spans}
    return np.lexsort((-rows.first_row, -rows.start_ns, -keys[sort]))


def _place(cursor: duckdb.DuckDBPyConnection, asked: Asked, sort: str, first_row: int) -> int:
    rows = asked.found.rows
    if asked.found.complete or (sort == "newest" and first_row in rows.first_row):
        places = np.flatnonzero(rows.first_row[_order(rows, sort)] == first_row)
        return int(places[0]) + 1 if len(places) else 0
    matching = matching_traces(cursor, asked.plan, asked.window)
    key = f"(t.{SORTS[sort]}, t.start_ns, t.first_row)"
    before, itself = cursor.execute(
        f"""
        WITH own AS (SELECT {key} AS key FROM traces t WHERE t.first_row = ?)
        SELECT count(*) FILTER ({key} > (SELECT key FROM own)), count(*) FILTER (t.first_row = ?)
        {matching.text}
        """,
        [first_row, first_row, *matching.values],
    ).fetchall()[0]
    return int(before) + 1 if itself else 0


def _total(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> tuple[int, bool]:
    found = asked.found
    if found.complete or asked.plan.spans is not None:
        return len(found.rows), found.complete
    matching = matching_traces(cursor, asked.plan, asked.window)
    counted = cursor.execute(f"SELECT count(*) {matching.text}", list(matching.values)).fetchall()
    return int(counted[0][0]), True


def _summaries(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> list[tuple[int, TraceSummary]]:
    """By `first_row`, in the order of `rows`."""
    if not len(rows):
        return []
    bounds = f"t.start_ns BETWEEN {rows.start_ns.min()} AND {rows.start_ns.max()}"
    if len(rows) <= _FEW:
        chosen = f"FROM traces t WHERE {bounds} AND t.first_row IN ({_listed(rows.first_row)})"
        found = cursor.execute(f"SELECT first_row, {SUMMARY_COLUMNS} {chosen}").fetchall()
        by_first = {row[0]: to_summary(row[1:]) for row in found}
    else:  # planned twice, but neither a long list nor a dict for each service of each trace
        cursor.register("chosen_traces", pa.table({"first_row": rows.first_row}))
        chosen = f"FROM traces t WHERE {bounds} AND t.first_row IN (FROM chosen_traces)"
        table = cursor.sql(f"SELECT first_row, {SUMMARY_COLUMNS} {chosen}").to_arrow_table()
        first_rows = table["first_row"].to_pylist()
        by_first = dict(zip(first_rows, to_summaries(table.drop_columns("first_row")), strict=True))
    return [(first, by_first[first]) for first in rows.first_row.tolist() if first in by_first]


def _matches(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> dict[int, Match]:
    """By `first_row`: the slowest span of the trace that fits, and how many do."""
    rows = rows.at(rows.matches > 0)
    if not len(rows):
        return {}
    spans = cursor.execute(
        f"""
        SELECT span_row, format('{{:016x}}', span_id), service, name, coalesce(duration_ns, 0)
        FROM spans s JOIN operations o USING (operation_id) JOIN services ON services.service_id = o.service_id
        WHERE span_row IN ({_listed(rows.match_row)})
        """
    ).fetchall()
    by_row = {row: span for row, *span in spans}
    matches = {}
    for number, (first, row) in enumerate(zip(rows.first_row.tolist(), rows.match_row.tolist(), strict=True)):
        span_id, service, name, duration_ns = by_row[row]
        matches[first] = Match(span_id, service, name, duration_ns, int(rows.matches[number]))
    return matches


def _listed(numbers: I64) -> str:
    return ", ".join(map(str, numbers.tolist()))


def _percentiles(duration_ns: I64) -> tuple[int, int, int]:
    if not len(duration_ns):
        return 0, 0, 0
    p50, p95, p99 = np.percentile(duration_ns, [50, 95, 99], method="inverted_cdf")
    return int(p50), int(p95), int(p99)
