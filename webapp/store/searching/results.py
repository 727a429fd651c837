"""A page of search results, the summary line above it, and a trace's place among them."""

from dataclasses import dataclass

import duckdb
import numpy as np

from webapp.model.columns import F64, I64
from webapp.model.facts import TraceSummary
from webapp.model.results import Match, ResultPage, ResultRow, Summary
from webapp.model.weights import effective, quantiles
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.matching import (
    COSTLY_S,
    Rows,
    count_traces,
    fitting_spans,
    matching_traces,
    only_traces,
    ranked,
    trace_ids,
)  # fmt: skip
from webapp.store.conditions.parts import showing
from webapp.store.conditions.sql import Plan
from webapp.store.conditions.where import Where
from webapp.store.reading.traces import sums_of
from webapp.store.searching.newest_page import MATCH_COLUMNS, find_newest, to_match
from webapp.store.searching.recent import Asked
from webapp.store.writing.summaries import to_summary

SORTS = {"newest": "start_ns", "slowest": "duration_ns", "spans": "spans"}  # greatest first, then the newest
_REMEMBERED = 101  # rows, 300 kB


def find_page(
    cursor: duckdb.DuckDBPyConnection, asked: Asked, sort: str, page: int, per_page: int = 50
) -> ResultPage:
    """Page 1 is the first."""
    part = Slice((page - 1) * per_page, per_page + 1)
    rows = _first_rows(cursor, asked, sort, part) if page == 1 else find_rows(cursor, asked, sort, part)
    total, exact = count_found(cursor, asked)
    return ResultPage(
        rows=rows[:per_page],
        total=total,
        total_exact=exact,
        page=page,
        has_more=len(rows) > per_page,
        slowest_ns=max((row.summary.duration_ns for row in rows[:per_page]), default=0),
    )


@dataclass(frozen=True, slots=True)
class Slice:
    offset: int
    length: int


def _first_rows(cursor: duckdb.DuckDBPyConnection, asked: Asked, sort: str, part: Slice) -> list[ResultRow]:
    """Of a page that is asked for again and again, unless it is an export."""
    if part.length > _REMEMBERED:
        return find_rows(cursor, asked, sort, part)
    return asked.once(("rows", sort, part), lambda: find_rows(cursor, asked, sort, part))


def find_rows(cursor: duckdb.DuckDBPyConnection, asked: Asked, sort: str, part: Slice) -> list[ResultRow]:
    """The traces at these places of the results, each with its slowest span that fits."""
    catalogue = Catalogue(cursor, asked.known)
    if sort == "newest" and not asked.is_found:
        newest = find_newest(catalogue, asked.plan, asked.window, part.offset + part.length)
        if newest is not None:
            return newest[part.offset :]
    shown = _shown(cursor, _ranked(cursor, asked, sort, part))
    matches = _matches(catalogue, asked.plan, shown)
    return [ResultRow(each.summary, matches.get(each.summary.trace_id)) for each in shown]


def summarise(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> Summary:
    """Of all matching traces, or of the newest when reading all would take long."""
    found, rows = asked.found, asked.found.rows
    if found.complete or found.whole_s > COSTLY_S:
        failing = int(np.count_nonzero(rows.errors))
        return _summary(failing, rows.duration_ns, rows.weight, None if found.complete else len(rows))
    matching = matching_traces(cursor, asked.plan, asked.window)
    traces, failing, percentiles, weighted = cursor.execute(
        f"""
        SELECT
          count(*), count(*) FILTER (t.errors > 0), quantile_disc(t.duration_ns, [0.5, 0.95, 0.99]),
          count(*) FILTER (t.weight <> 1)
        {matching.text}
        """,
        list(matching.values),
    ).fetchall()[0]
    if not weighted:
        p50, p95, p99 = percentiles
        return Summary(traces, failing, p50, p95, p99, None, 0, traces, traces)
    each = cursor.execute(
        f"SELECT t.duration_ns, t.weight {matching.text}", list(matching.values)
    ).fetchnumpy()
    return _summary(failing, each["duration_ns"], each["weight"], None)


def _summary(failing: int, duration_ns: I64, weight: F64, based_on: int | None) -> Summary:
    p50, p95, p99 = quantiles(duration_ns, weight, [0.5, 0.95, 0.99])
    weighted, calls = int(np.count_nonzero(weight != 1)), float(weight.sum())
    return Summary(len(weight), failing, p50, p95, p99, based_on, weighted, calls, effective(weight))


def find_neighbours(
    cursor: duckdb.DuckDBPyConnection, asked: Asked, sort: str, trace_id: str
) -> tuple[str, str, int]:
    """The traces before and after one among the results, and its place from 1; "" and 0 where there is none."""
    own = sums_of(Catalogue(cursor, asked.known), trace_id)
    if own is None:
        return "", "", 0
    found = asked.found
    if found.complete or (sort == "newest" and own.first_row in found.rows.first_row[:-1]):
        return _neighbours_found(cursor, found.rows, sort, own.first_row)
    key = (SORTS[sort], "start_ns", "first_row")
    values: tuple[int, int, int] = tuple(getattr(own, name) for name in key)
    return _neighbours_stored(cursor, asked, ", ".join(f"t.{name}" for name in key), values)


def _neighbours_found(
    cursor: duckdb.DuckDBPyConnection, rows: Rows, sort: str, first_row: int
) -> tuple[str, str, int]:
    order = _order(rows, sort)
    places = np.flatnonzero(rows.first_row[order] == first_row)
    if not len(places):
        return "", "", 0
    place = int(places[0])
    around = rows.at(order[max(0, place - 1) : place + 2])
    id_of = trace_ids(cursor, around)
    here = min(place, 1)
    named = [id_of[row] for row in around.first_row.tolist()]
    return "".join(named[:here]), "".join(named[here + 1 :]), place + 1


def _neighbours_stored(
    cursor: duckdb.DuckDBPyConnection, asked: Asked, key: str, own: tuple[int, int, int]
) -> tuple[str, str, int]:
    """In one look at all that match."""
    matching = matching_traces(cursor, asked.plan, asked.window)
    before, itself, previous, following = cursor.execute(
        f"""
        SELECT
          count(*) FILTER (earlier), count(*) FILTER (first_row = {own[-1]}),
          replace(arg_min(trace_id, key) FILTER (earlier)::VARCHAR, '-', ''),
          replace(arg_max(trace_id, key) FILTER (later)::VARCHAR, '-', '')
        FROM (
          SELECT t.trace_id, t.first_row,
            ({key}) AS key, ({key}) > {own} AS earlier, ({key}) < {own} AS later
          {matching.text}
        )
        """,
        list(matching.values),
    ).fetchall()[0]
    return (previous or "", following or "", int(before) + 1) if itself else ("", "", 0)


def count_found(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> tuple[int, bool]:
    """How many traces match, and whether that is all or only "more than". Remembered longer than the rest of a search."""
    catalogue = Catalogue(cursor, asked.known)
    return catalogue.remembered(("total", asked.query.text, asked.window), lambda: _count(catalogue, asked))


def _count(catalogue: Catalogue, asked: Asked) -> tuple[int, bool]:
    if asked.query.root is None:
        return count_traces(catalogue, asked.window), True
    found = asked.found
    if found.complete or asked.plan.spans is not None or not asked.plan.whole:
        return len(found.rows), found.complete
    matching = matching_traces(catalogue.cursor, asked.plan, asked.window)
    counted = catalogue.cursor.execute(f"SELECT count(*) {matching.text}", list(matching.values)).fetchall()
    return int(counted[0][0]), True


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
    if sort == "newest":  # as they are found
        return np.arange(len(rows))
    keys: dict[str, I64] = {"slowest": rows.duration_ns, "spans": rows.spans}
    return np.lexsort((-rows.first_row, -rows.start_ns, -keys[sort]))


@dataclass(frozen=True, slots=True)
class _Shown:
    """A trace of a page, and between which rows its spans lie."""

    first_row: int
    last_row: int
    summary: TraceSummary


def _shown(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> list[_Shown]:
    """In the order of `rows`."""
    if not len(rows):
        return []
    found = cursor.execute(
        f"""
        SELECT first_row, last_row, summary
        FROM traces t
        WHERE t.start_ns BETWEEN {rows.start_ns.min()} AND {rows.start_ns.max()}
        AND t.first_row IN (SELECT unnest(?::BIGINT[]))
        """,
        [rows.first_row.tolist()],
    ).fetchall()
    shown = [_Shown(first, last, to_summary(summary)) for first, last, summary in found]
    by_first = {each.first_row: each for each in shown}
    return [by_first[first] for first in rows.first_row.tolist() if first in by_first]


def _matches(catalogue: Catalogue, plan: Plan, shown: list[_Shown]) -> dict[str, Match]:
    """By trace id: the slowest span of the trace that fits, and how many do. None if the query speaks of no span."""
    if not shown:
        return {}
    ids = ", ".join(f"'{each.summary.trace_id}'::UUID" for each in shown)
    plan = showing(catalogue, plan, Where(f"t.trace_id IN ({ids})"))
    if plan.spans is None:
        return {}
    first, last = min(each.first_row for each in shown), max(each.last_row for each in shown)
    spans = fitting_spans(plan, Where(f"s.span_row BETWEEN {first} AND {last} AND s.trace_id IN ({ids})"))
    found = catalogue.cursor.execute(
        f"""
        SELECT replace(s.trace_id::VARCHAR, '-', ''), {MATCH_COLUMNS}
        {spans.text}
        GROUP BY s.trace_id
        """,
        list(spans.values),
    ).fetchall()
    names = catalogue.operations(operation for *_, operation in found)
    return {trace_id: to_match(names, *match) for trace_id, *match in found}
