"""Spans that were found, in groups that share the value of a field. Which spans, and how it is asked: `span_search.py`."""

import duckdb

from webapp.model.red import Period, Red
from webapp.model.spans_found import Group
from webapp.model.weights import QUANTILES
from webapp.query import Window
from webapp.store.conditions.matching import Found
from webapp.store.conditions.where import Where
from webapp.store.services.red import reading
from webapp.store.writing.span_sums import critical_ns

ORDERS = {"spans": "calls", "errors": "errors", "p95": "coalesce(p95, 0)", "critical": "critical_ns"}
LISTED = 200
SLOTS = 24  # of a trend
# By weight the spans of each group must be sorted: only where there are any.
_PLAIN = ("valued", {name: f"quantile_disc(place, {part})" for name, part in QUANTILES.items()})
_WEIGHTED = ("placed", {name: reading(part) for name, part in QUANTILES.items()})
_GROUPS = """
{chosen},
valued AS (
  SELECT
    {value} AS value, s.trace_id, s.status = 2 AS failed, s.duration_ns AS place, s.weight, s.start_ns,
    {critical_ns} AS critical_ns, least({slots} - 1, greatest(0, (s.start_ns - {from_ns}) // {step_ns})) AS slot
  FROM chosen s LEFT JOIN span_facts f ON f.span_row = s.span_row
),
placed AS (
  SELECT
    *,
    sum(weight) FILTER (place IS NOT NULL) OVER (PARTITION BY value ORDER BY place) AS upto,
    sum(weight) FILTER (place IS NOT NULL) OVER (PARTITION BY value) AS total
  FROM valued
)
SELECT
  value, count(DISTINCT trace_id), histogram(slot),
  count(*), count(*) FILTER (failed), count(*) FILTER (weight <> 1), sum(weight) AS calls,
  coalesce(sum(weight) FILTER (failed), 0) AS errors, coalesce(sum(critical_ns), 0)::BIGINT AS critical_ns,
  {p50} AS p50, {p95} AS p95, {p99} AS p99, min(start_ns), max(start_ns), sum(weight * weight),
  count(*) OVER (), sum(count(*)) OVER (), sum(count(*) FILTER (weight <> 1)) OVER (), sum(sum(weight)) OVER ()
FROM {source}
GROUP BY value
ORDER BY {order} DESC, count(*) DESC, value
LIMIT {listed}
"""


def period_of(found: Found, window: Window) -> Period:
    """Of the traces found: the window where it has ends and they reach to them, else from the first to the last end."""
    starts = found.rows.start_ns
    first_ns, last_ns = int(starts[-1]), int((starts + found.rows.duration_ns).max())
    from_ns = window.from_ns if found.complete and window.from_ns is not None else first_ns
    to_ns = window.to_ns if window.to_ns is not None else last_ns
    return Period(from_ns, max(to_ns, from_ns + 1), exact=True)


def group(
    cursor: duckdb.DuckDBPyConnection,
    chosen: Where,
    value: Where,
    order: str,
    period: Period,
    *,
    weighted: bool,
) -> tuple[list[Group], int, Red]:
    """Of the spans `chosen` (WITH … chosen) by `value`, an expression on them: the first groups, how many others there
    are, and the count of all.
    """
    source, measures = _WEIGHTED if weighted else _PLAIN
    step_ns = max(1, -(-(period.to_ns - period.from_ns) // SLOTS))
    rows = cursor.execute(
        _GROUPS.format(
            chosen=chosen.text,
            value=value.text,
            critical_ns=critical_ns("s.trace_weight"),
            slots=SLOTS,
            from_ns=period.from_ns,
            step_ns=step_ns,
            source=source,
            order=ORDERS[order],
            listed=LISTED,
            **measures,
        ),
        [*chosen.values, *value.values],
    ).fetchall()
    groups = [
        Group(value, traces, Red(*counted), [slots.get(slot, 0) for slot in range(SLOTS)])
        for value, traces, slots, *counted, _, _, _, _ in rows
    ]
    listed, spans, told, calls = rows[0][-4:] if rows else (0, 0, 0, 0.0)
    return groups, listed - len(rows), Red(spans=int(spans), weighted=int(told), calls=calls)
