"""Counts of spans by time and by the value of a numeric field. Which spans, and how they are asked for: `span_search.py`."""

import math

import duckdb

from webapp.model.distribution import Distribution, ValueCell
from webapp.store.conditions.where import Where

COLUMNS, ROWS = 90, 32
_LOG_FROM = 50  # times the least value: then the axis is logarithmic


def distribute(
    cursor: duckdb.DuckDBPyConnection, chosen: Where, value: Where, field: str, based_on: int | None
) -> Distribution:
    """Of the spans `chosen` (WITH … chosen) by `value`, an expression on them that is a text or a number."""
    valued = Where(
        f"""
        {chosen.text},
        valued AS (SELECT s.start_ns, s.status, TRY_CAST({value.text} AS DOUBLE) AS value FROM chosen s)
        """,
        (*chosen.values, *value.values),
    )
    least, most, first_ns, last_ns, without = cursor.execute(
        f"""
        {valued.text}
        SELECT
          min(value) FILTER (isfinite(value)), max(value) FILTER (isfinite(value)),
          min(start_ns) FILTER (isfinite(value)), max(start_ns) FILTER (isfinite(value)),
          count(*) FILTER (value IS NULL OR NOT isfinite(value))
        FROM valued
        """,
        list(valued.values),
    ).fetchall()[0]
    if least is None:
        return Distribution(field, [], [], False, [], without, based_on)
    log = least > 0 and most > _LOG_FROM * least
    edges = _edges(least, most, log=log)
    step_ns = (last_ns - first_ns) // COLUMNS + 1
    low, high = (math.log(end) if log else end for end in (edges[0], edges[-1]))
    scaled = f"{'ln(value)' if log else 'value'}"
    rows = cursor.execute(
        f"""
        {valued.text}
        SELECT
          (start_ns - {first_ns}) // {step_ns} AS x,
          least({ROWS - 1}, greatest(0, floor(({scaled} - ?) / ? * {ROWS})))::INTEGER AS y,
          count(*), count(*) FILTER (status = 2)
        FROM valued
        WHERE isfinite(value)
        GROUP BY x, y
        ORDER BY x, y
        """,
        [*valued.values, low, high - low],
    ).fetchall()
    times = [first_ns + place * step_ns for place in range(COLUMNS + 1)]
    return Distribution(field, times, edges, log, [ValueCell(*row) for row in rows], without, based_on)


def _edges(least: float, most: float, *, log: bool) -> list[float]:
    if log:
        ratio = most / least
        return [least * ratio ** (place / ROWS) for place in range(ROWS + 1)]
    width = (most - least) or max(1.0, abs(least))
    return [least + width * place / ROWS for place in range(ROWS + 1)]
