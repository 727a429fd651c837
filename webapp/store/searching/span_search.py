"""Spans that fit a query, one by one or in groups: of the newest 10,000 matching traces when more match.

Asked of the store as `store.span_search`. Traces that fit: `results.py`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import duckdb

from webapp.model.distribution import Distribution
from webapp.model.spans_found import FoundSpan, Group, Groups, SpanPage
from webapp.query import Query, Window
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.fields import is_known, number_of, text_of
from webapp.store.conditions.matching import found_traces, matching_spans
from webapp.store.conditions.parts import showing
from webapp.store.conditions.where import Where
from webapp.store.reading.columns import id_list
from webapp.store.searching.distribution import distribute
from webapp.store.searching.recent import Asked

AMONG = {"all": "true", "root": "s.parent_id = 0", "entry": "(s.parent_id = 0 OR s.kind IN (2, 5))"}
SORTS = {"newest": "start_ns", "slowest": "duration_ns"}
ORDERS = {"spans": "spans", "errors": "errors", "p95": "p95", "critical": "critical"}
LISTED = 200  # groups
SLOTS = 24  # of a trend
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
        """Of the spans by a field; the greatest first by `order`, a key of ORDERS."""
        with self._asking(query, window) as (cursor, asked):
            chosen = _chosen(cursor, asked, among)
            value = text_of(Catalogue(cursor, asked.known), field)
            nothing = Groups([], 0, 0, 0, 0, 0, _based_on(asked))
            if chosen is None:
                return nothing
            name = ("groups", among, field, order)
            return asked.once(name, lambda: _groups(cursor, asked, chosen, value, ORDERS[order])) or nothing

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
        WITH newest AS (SELECT t.trace_id {traces.text}),
        chosen AS (SELECT * FROM (SELECT s.* {spans.text} AND {AMONG[among]}) SEMI JOIN newest USING (trace_id))
    """
    return Where(text, (*traces.values, *spans.values))


def _count(cursor: duckdb.DuckDBPyConnection, chosen: Where) -> int:
    found = cursor.execute(f"{chosen.text} SELECT count(*) FROM chosen", list(chosen.values)).fetchall()
    return int(found[0][0])


def _groups(
    cursor: duckdb.DuckDBPyConnection, asked: Asked, chosen: Where, value: Where, order: str
) -> Groups | None:
    starts = asked.found.rows.start_ns
    from_ns, to_ns = int(starts[-1]), int((starts + asked.found.rows.duration_ns).max())
    step_ns = max(1, -(-(to_ns + 1 - from_ns) // SLOTS))
    rows = cursor.execute(
        f"""
        {chosen.text},
        valued AS (
          SELECT {value.text} AS value, s.trace_id, s.status, s.duration_ns, f.critical_ns, s.start_ns,
            least({SLOTS - 1}, greatest(0, (s.start_ns - {from_ns}) // {step_ns})) AS slot
          FROM chosen s LEFT JOIN span_facts f ON f.span_row = s.span_row
        )
        SELECT
          value, count(*) AS spans, count(DISTINCT trace_id), count(*) FILTER (status = 2) AS errors,
          quantile_disc(duration_ns, [0.5, 0.95, 0.99]) AS quantiles, coalesce(sum(critical_ns), 0)::BIGINT AS critical,
          min(start_ns), max(start_ns), histogram(slot),
          count(*) OVER () AS all_groups, (sum(count(*)) OVER ())::BIGINT, coalesce(quantiles[2], 0) AS p95
        FROM valued
        GROUP BY value
        ORDER BY {order} DESC, spans DESC, value
        LIMIT {LISTED}
        """,
        [*chosen.values, *value.values],
    ).fetchall()
    if not rows:
        return None
    traces = found_traces(cursor, asked.found)
    whole = cursor.execute(
        f"SELECT coalesce(sum(t.response_ns), 0)::BIGINT {traces.text}", list(traces.values)
    ).fetchall()
    groups = [
        Group(*(*counted, *(times or (0, 0, 0)), critical, first, last, _slots(slots)))
        for *counted, times, critical, first, last, slots, _, _, _ in rows
    ]
    more, spans = rows[0][9] - len(rows), rows[0][10]
    return Groups(groups, more, spans, int(whole[0][0]), from_ns, to_ns, _based_on(asked))


def _slots(counts: dict[int, int]) -> list[int]:
    return [counts.get(slot, 0) for slot in range(SLOTS)]


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
