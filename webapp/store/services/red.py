"""Rate, errors and duration by whatever group of spans: the SQL below `services.py`.

A period with few spans is read span by span and exact; a longer one from sums by time slot and duration bucket, widened
to whole slots, its percentiles estimated. Who asks sees the same columns either way.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

import duckdb

from webapp.model.red import Period, Red
from webapp.model.weights import QUANTILES
from webapp.query import Window
from webapp.store.conditions.matching import in_window, rows_of
from webapp.store.conditions.where import Where, every
from webapp.store.writing.buckets import PER_DOUBLING, SLOT_NS, SLOTS_AN_HOUR
from webapp.store.writing.span_sums import CRITICAL_NS, ENTRY

EXACT_SPANS = 100_000
_SPAN_BY_SPAN = f"""
CREATE OR REPLACE TEMP TABLE red_spans AS
SELECT
  t.start_ns AS at_ns, s.service_id, s.operation_id, s.resource_id, {ENTRY} AS entry, s.duration_ns AS place,
  1 AS spans, (s.status = 2)::INTEGER AS failed, (s.weight <> 1)::INTEGER AS weighted, s.weight,
  if(s.status = 2, s.weight, 0) AS failed_weight, s.weight * s.weight AS squares, {CRITICAL_NS} AS critical_ns,
  nullif(s.start_ns, 0) AS first_ns, nullif(s.start_ns, 0) AS last_ns
FROM spans s JOIN traces t ON t.trace_id = s.trace_id JOIN span_facts f ON f.span_row = s.span_row
WHERE
"""
_SUMS = f"""
  (
    SELECT
      slot * {SLOT_NS} AS at_ns, service_id, operation_id, entry, bucket AS place, spans, failed, weighted, weight,
      failed_weight, squares, critical_ns, slot * {SLOT_NS} AS first_ns, slot * {SLOT_NS} AS last_ns
    FROM operation_sums JOIN operations USING (operation_id)
  )
"""
_RESOURCE_SUMS = f"(SELECT slot * {SLOT_NS} AS at_ns, bucket AS place, * FROM resource_sums)"
_LONG_NS = 20 * SLOTS_AN_HOUR * SLOT_NS  # from here on by hours
Totals = dict[Hashable, tuple[int, int, int, int]]
_HOUR_NS = SLOTS_AN_HOUR * SLOT_NS


@dataclass(frozen=True, slots=True)
class Spans:
    """The spans of a period and of the one before it, ready to be counted on one cursor."""

    cursor: duckdb.DuckDBPyConnection
    now: Period
    before: Period | None
    whole: bool  # all traces there are, also those of unknown time
    unit_ns: int  # what the period is whole multiples of
    known: dict[str, Totals] = field(default_factory=dict)

    def red(
        self, grouped: str, condition: Where, period: Period | None = None, *, by_process: bool = False
    ) -> dict[Hashable, Red]:
        """By the value of `grouped`, an expression over the columns of the sums, or a tuple of several."""
        period = period or self.now
        exact = self.now.exact
        source = self._source("resource_id" if by_process else grouped)
        inside = every([condition, self._inside(period, by_process=by_process)])
        found = self.cursor.execute(
            _MEASURE.format(source=source, grouped=grouped, inside=inside.text, **_RANKS[exact]),
            list(inside.values),
        ).fetchall()
        return {group: Red(*counts) for group, *counts in found}

    def counts(self, grouped: str, column: str, condition: Where) -> list[tuple[Hashable, int, float, float]]:
        """Calls and errors by `grouped` and by the number of a stretch of time."""
        inside = every([condition, self._inside(self.now)])
        return self.cursor.execute(
            f"""
            SELECT {grouped} AS grouped, {column} AS stretch, sum(weight), sum(failed_weight)
            FROM {self._source(grouped)}
            WHERE {inside.text}
            GROUP BY grouped, stretch
            HAVING sum(spans) > 0
            """,
            list(inside.values),
        ).fetchall()

    def totals(self, grouped: str) -> Totals:
        """Of all spans of the period: how many, critical time, first and last start."""
        if grouped not in self.known:
            inside = self._inside(self.now)
            found = self.cursor.execute(
                f"""
                SELECT
                  {grouped} AS grouped, sum(spans)::BIGINT AS counted, sum(critical_ns)::BIGINT,
                  coalesce(min(first_ns), 0), coalesce(max(last_ns), 0)
                FROM {self._source(grouped)}
                WHERE {inside.text}
                GROUP BY grouped
                HAVING counted > 0
                """,
                list(inside.values),
            ).fetchall()
            self.known[grouped] = {group: (spans, critical, *seen) for group, spans, critical, *seen in found}
        return self.known[grouped]

    def _source(self, grouped: str) -> str:
        """By hours there are far fewer sums, but they know no operations."""
        if self.now.exact:
            return "red_spans"
        hourly = self.unit_ns == _HOUR_NS and "operation_id" not in grouped
        return _RESOURCE_SUMS if hourly or "resource_id" in grouped else _SUMS

    def _inside(self, period: Period, *, by_process: bool = False) -> Where:
        if self.whole:
            return Where("true")
        from_ns, to_ns = period.from_ns, period.to_ns
        if by_process and not self.now.exact:
            from_ns, to_ns = from_ns - from_ns % _HOUR_NS, to_ns + -to_ns % _HOUR_NS
        return Where("at_ns >= ? AND at_ns < ?", (from_ns, to_ns))


_PLACE = """
  arg_min(place + ({rank} - (upto - weight)) / nullif(weight, 0), place)
  FILTER (upto >= {rank} AND place IS NOT NULL)
"""


def _rank(quantile: float) -> str:
    return f"{quantile} * total * (1 - 1e-12)"  # what rounding adds must not lead to the next one


def _estimate(quantile: float) -> str:
    return f"round(2 ** ({_PLACE.format(rank=_rank(quantile))} / {PER_DOUBLING}))::BIGINT"


def reading(quantile: float) -> str:
    """Over rows with a `place`, the weight `upto` it, and their `total` weight."""
    return f"min(place) FILTER (upto >= {_rank(quantile)})"


_RANKS = {
    True: {name: reading(quantile) for name, quantile in QUANTILES.items()},
    False: {name: _estimate(quantile) for name, quantile in QUANTILES.items()},
}
_MEASURE = """
WITH counted AS (
  SELECT
    {grouped} AS grouped, place, sum(spans)::BIGINT AS spans, sum(failed)::BIGINT AS failed,
    sum(weighted)::BIGINT AS weighted, sum(weight) AS weight, sum(failed_weight) AS failed_weight,
    sum(squares) AS squares, sum(critical_ns)::BIGINT AS critical_ns, min(first_ns) AS first_ns, max(last_ns) AS last_ns
  FROM {source} r
  WHERE {inside}
  GROUP BY grouped, place
  HAVING sum(spans) > 0
), placed AS (
  SELECT
    *,
    sum(weight) FILTER (place IS NOT NULL) OVER (PARTITION BY grouped ORDER BY place) AS upto,
    sum(weight) FILTER (place IS NOT NULL) OVER (PARTITION BY grouped) AS total
  FROM counted
)
SELECT
  grouped, sum(spans)::BIGINT, sum(failed)::BIGINT, sum(weighted)::BIGINT, sum(weight), sum(failed_weight),
  sum(critical_ns)::BIGINT, {p50}, {p95}, {p99}, coalesce(min(first_ns), 0), coalesce(max(last_ns), 0),
  sum(squares)
FROM placed
GROUP BY grouped
"""


def count_spans_of(cursor: duckdb.DuckDBPyConnection, window: Window) -> Spans:
    """Decides how the window is read, and reads it if span by span."""
    now = _period(cursor, window)
    before_from_ns = 2 * now.from_ns - now.to_ns
    whole = window == Window()
    earlier, spans = _traces(cursor, Window(before_from_ns, now.from_ns))
    before = None if whole or not earlier else Window(before_from_ns, now.from_ns)
    _, own = _traces(cursor, window)
    reach = Window(before_from_ns, window.to_ns) if before else window
    if own + (spans if before else 0) <= EXACT_SPANS:
        _read(cursor, reach)
        return Spans(
            cursor, now, Period(before_from_ns, now.from_ns, exact=True) if before else None, whole, 1
        )
    unit_ns = _HOUR_NS if now.to_ns - now.from_ns >= _LONG_NS else SLOT_NS
    from_ns, to_ns = now.from_ns - now.from_ns % unit_ns, now.to_ns + -now.to_ns % unit_ns
    earlier_period = Period(2 * from_ns - to_ns, from_ns, exact=False) if before else None
    return Spans(cursor, Period(from_ns, to_ns, exact=False), earlier_period, whole, unit_ns)


def _period(cursor: duckdb.DuckDBPyConnection, window: Window) -> Period:
    inside = in_window(window)
    first_ns, last_ns = cursor.execute(
        f"""
        SELECT coalesce(min(t.start_ns) FILTER (t.start_ns > 0), 0), coalesce(max(t.start_ns), 0)
        FROM traces t
        WHERE {inside.text}
        """,
        list(inside.values),
    ).fetchall()[0]
    from_ns = first_ns if window.from_ns is None else window.from_ns
    to_ns = last_ns + 1 if window.to_ns is None else window.to_ns
    return Period(from_ns, max(from_ns + 1, to_ns), exact=True)


def _traces(cursor: duckdb.DuckDBPyConnection, window: Window) -> tuple[int, int]:
    """How many there are, and their spans."""
    inside = in_window(window)
    [(traces, spans)] = cursor.execute(
        f"SELECT count(*), coalesce(sum(t.spans), 0)::BIGINT FROM traces t WHERE {inside.text}",
        list(inside.values),
    ).fetchall()
    return traces, spans


def _read(cursor: duckdb.DuckDBPyConnection, window: Window) -> None:
    inside = in_window(window)
    rows = rows_of(cursor, inside, None)
    facts = Where(rows.text.replace("s.span_row", "f.span_row"), rows.values)
    among = every([inside, rows, facts])
    cursor.execute(_SPAN_BY_SPAN + among.text, list(among.values))
