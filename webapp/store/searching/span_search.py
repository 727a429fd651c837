"""Spans that fit a query, one by one or in groups: of the newest 10,000 matching traces when more match.

Asked of the store as `store.span_search`. Traces that fit: `results.py`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import duckdb

from webapp.model.distribution import Distribution
from webapp.model.red import Period, Red
from webapp.model.spans_found import FoundSpan, Groups, SpanPage
from webapp.query import Query, Window
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.fields import is_known, number_of, text_of
from webapp.store.conditions.matching import found_traces, matching_spans
from webapp.store.conditions.parts import showing
from webapp.store.conditions.where import Where
from webapp.store.reading.columns import id_list
from webapp.store.sampling import is_weighted
from webapp.store.searching.distribution import distribute
from webapp.store.searching.groups import group, period_of
from webapp.store.searching.recent import Asked

AMONG = {"all": "true", "root": "s.parent_id = 0", "entry": "(s.parent_id = 0 OR s.kind IN (2, 5))"}
SORTS = {"newest": "start_ns", "slowest": "duration_ns"}
Asking = Callable[[Query, Window], AbstractContextManager[tuple[duckdb.DuckDBPyConnection, Asked]]]


class SpanSearch:
    """`asking` understands a query and keeps what was worked out of it; `knowing` has the catalogue of keys."""

    def __init__(self, asking: Asking, knowing: Callable[[], AbstractContextManager[Catalogue]]) -> None:
        self._asking = asking
        self._knowing = knowing

    def page(
        self,
        query: Query,
        window: Window,
        among: str,
        sort: str,
        page: int,
        per_page: int,
        fields: Sequence[str] = (),
    ) -> SpanPage:
        """Page 1 is the first. `among`: a key of AMONG; `sort`: of SORTS."""
        with self._asking(query, window) as (cursor, asked):
            chosen = _chosen(cursor, asked, among)
            if chosen is None:
                return SpanPage([], 0, page, False, 0, None)
            total = asked.once(("spans", among), lambda: _count(cursor, chosen))
            rows = cursor.execute(
                f"""
                {chosen.text}
                SELECT span_row
                FROM chosen s
                ORDER BY coalesce({SORTS[sort]}, 0) DESC, start_ns DESC, span_row DESC
                LIMIT {per_page + 1} OFFSET {(page - 1) * per_page}
                """,
                list(chosen.values),
            ).fetchall()
            shown = _spans(Catalogue(cursor, asked.known), [row for (row,) in rows[:per_page]], fields)
            slowest_ns = max((span.duration_ns or 0 for span in shown), default=0)
            return SpanPage(shown, total, page, len(rows) > per_page, slowest_ns, _based_on(asked))

    def groups(self, query: Query, window: Window, among: str, field: str, order: str) -> Groups:
        """Of the spans by a field; the greatest first by `order`, a key of `groups.ORDERS`."""
        with self._asking(query, window) as (cursor, asked):
            chosen = _chosen(cursor, asked, among)
            if chosen is None:
                return Groups([], 0, Red(), 0, Period(0, 1, exact=True), _based_on(asked))
            return asked.once(
                ("groups", among, field, order), lambda: _groups(cursor, asked, chosen, field, order)
            )

    def distribution(self, query: Query, window: Window, among: str, field: str) -> Distribution:
        """How the numbers of a field lie over time."""
        with self._asking(query, window) as (cursor, asked):
            chosen = _chosen(cursor, asked, among)
            if chosen is None:
                return Distribution(field, [], [], False, [], 0, None)
            value = number_of(Catalogue(cursor, asked.known), field)
            return distribute(cursor, chosen, value, field, _based_on(asked))

    def number_keys(self) -> list[str]:
        """Attribute keys whose values are numbers, the most frequent first."""
        with self._knowing() as catalogue:
            text = "SELECT key FROM key_catalog WHERE type IN ('int', 'float') GROUP BY key ORDER BY sum(count) DESC, key"
            return [key for (key,) in catalogue.rows(text)]

    def knows(self, field: str) -> bool:
        with self._knowing() as catalogue:
            return is_known(catalogue, field)

    def of_traces(self, trace_ids: Sequence[str], fields: Sequence[str]) -> dict[str, list[str | None]]:
        """The values of fields in traces: of the root span, else of the first span that has one."""
        with self._knowing() as catalogue:
            values = [text_of(catalogue, field) for field in fields]
            return _of_traces(catalogue.cursor, trace_ids, values)


def _spans(catalogue: Catalogue, span_rows: Sequence[int], fields: Sequence[str]) -> list[FoundSpan]:
    """In this order."""
    if not span_rows:
        return []
    values = [text_of(catalogue, field) for field in fields]
    listed = ", ".join(f"{value.text} AS f{number}" for number, value in enumerate(values))
    rows = catalogue.cursor.execute(
        f"""
        SELECT
          s.span_row, replace(s.trace_id::VARCHAR, '-', ''), format('{{:016x}}', s.span_id), service, name,
          s.kind, s.status, s.start_ns, s.duration_ns, coalesce(f.critical_ns, 0) {"," if fields else ""} {listed}
        FROM spans s
        JOIN operations USING (operation_id) JOIN services ON services.service_id = s.service_id
        LEFT JOIN span_facts f ON f.span_row = s.span_row AND f.span_row IN {id_list(span_rows)}
        WHERE s.span_row IN {id_list(span_rows)}
        """,
        [bound for value in values for bound in value.values],
    ).fetchall()
    by_row = {row[0]: FoundSpan(*(*row[1:10], list(row[10:]))) for row in rows}
    return [by_row[row] for row in span_rows]


def _based_on(asked: Asked) -> int | None:
    return None if asked.found.complete else len(asked.found.rows)


def _chosen(cursor: duckdb.DuckDBPyConnection, asked: Asked, among: str) -> Where | None:
    """WITH `chosen`: the spans that fit, of the traces found. None when nothing was found."""
    if not len(asked.found.rows):
        return None
    traces = found_traces(cursor, asked.found)
    found = Where(traces.text.removeprefix("FROM traces t WHERE "), traces.values)
    plan = showing(Catalogue(cursor, asked.known), asked.plan, found)
    spans = matching_spans(cursor, plan, asked.window, int(asked.found.rows.start_ns[-1]))
    text = f"""
        WITH newest AS (SELECT t.trace_id, t.weight AS trace_weight {traces.text}),
        chosen AS (SELECT * FROM (SELECT s.* {spans.text} AND {AMONG[among]}) JOIN newest USING (trace_id))
    """
    return Where(text, (*traces.values, *spans.values))


def _count(cursor: duckdb.DuckDBPyConnection, chosen: Where) -> int:
    found = cursor.execute(f"{chosen.text} SELECT count(*) FROM chosen", list(chosen.values)).fetchall()
    return int(found[0][0])


def _groups(cursor: duckdb.DuckDBPyConnection, asked: Asked, chosen: Where, field: str, order: str) -> Groups:
    catalogue = Catalogue(cursor, asked.known)
    period = period_of(asked.found, asked.window)
    groups, more, red = group(
        cursor, chosen, text_of(catalogue, field), order, period, weighted=is_weighted(catalogue)
    )
    traces = found_traces(cursor, asked.found)
    [(whole_ns,)] = cursor.execute(
        f"SELECT coalesce(sum(t.response_ns * t.weight), 0)::BIGINT {traces.text}", list(traces.values)
    ).fetchall()
    return Groups(groups, more, red, whole_ns, period, _based_on(asked))


def _of_traces(
    cursor: duckdb.DuckDBPyConnection, trace_ids: Sequence[str], values: Sequence[Where]
) -> dict[str, list[str | None]]:
    if not trace_ids or not values:
        return {}
    ids = ", ".join(f"'{trace_id}'::UUID" for trace_id in trace_ids)
    first, last = cursor.execute(
        f"SELECT min(first_row), max(last_row) FROM traces WHERE trace_id IN ({ids})"
    ).fetchall()[0]
    fields = ", ".join(f"{value.text} AS f{number}" for number, value in enumerate(values))
    chosen = ", ".join(
        f"arg_min(f{number}, place) FILTER (f{number} IS NOT NULL)" for number in range(len(values))
    )
    rows = cursor.execute(
        f"""
        SELECT replace(trace_id::VARCHAR, '-', ''), {chosen}
        FROM (
          SELECT s.trace_id, row(s.parent_id != 0, s.start_ns, s.span_row) AS place, {fields}
          FROM spans s
          WHERE s.span_row BETWEEN ? AND ? AND s.trace_id IN ({ids})
        )
        GROUP BY trace_id
        """,
        [*(bound for value in values for bound in value.values), first, last],
    ).fetchall()
    return {trace_id: list(found) for trace_id, *found in rows}
