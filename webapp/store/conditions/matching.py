"""Which traces fit a query. Walks back from the newest trace, so that a page does not pay for the whole store.

The answer is never a sample: all matching traces that start at or after a floor, none before it.
"""

import time
from dataclasses import dataclass, fields, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.columns import F64, I64, Bool
from webapp.query import Window
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.sql import Plan
from webapp.store.conditions.where import TRUE, Where, every
from webapp.store.searching.newest import in_window as in_window
from webapp.store.searching.newest import newest

EXACT = (
    10_000  # totals are exact up to here; facets and charts of costly queries read this many of the newest
)
_FIRST_STEP = 2 * EXACT  # traces looked at first
_ENOUGH = 1_000  # matches that make it worth stopping before a step of more than _PATIENCE_S
_PATIENCE_S = 1.0
COSTLY_S = 0.5  # what counting all matches may take before the page settles for the newest


@dataclass(frozen=True, slots=True)
class Rows:
    """Matching traces as arrays. `first_row` names a trace; `matches` of its spans fit, 0 if none is spoken of; `weight`:
    traces that it stands for.
    """

    first_row: I64
    start_ns: I64
    duration_ns: I64
    spans: I64
    errors: I64
    failed: Bool
    matches: I64
    weight: F64

    def __len__(self) -> int:
        return len(self.first_row)

    def at(self, places: I64 | slice | NDArray[np.bool_]) -> "Rows":
        return Rows(*(getattr(self, column.name)[places] for column in fields(self)))


@dataclass(frozen=True, slots=True)
class Found:
    """Matching traces that start at or after `floor_ns`, newest first; all there are if `complete`.

    `whole_s` guesses what looking at all traces of the window would take.
    """

    rows: Rows
    floor_ns: int | None
    complete: bool
    whole_s: float


def find(catalogue: Catalogue, plan: Plan, window: Window) -> Found:
    """All matches, or at least the newest `EXACT` of them, or fewer when more would take long."""
    traces = count_traces(catalogue, window)
    step = _FIRST_STEP if plan.spans else traces
    while True:
        part = 2 * step < traces  # else all at once, lest most be looked at twice
        floor_ns = newest(catalogue, window, step).floor_ns if part else None
        began = time.perf_counter()
        order = f"start_ns DESC, first_row DESC LIMIT {EXACT + 1}"
        rows = ranked(catalogue.cursor, plan, window, order, floor_ns)
        seconds = time.perf_counter() - began
        whole_s = seconds * (1.0 if floor_ns is None else traces / step)
        if floor_ns is None or len(rows) >= EXACT:
            return _newest(rows, floor_ns, whole_s)
        grown = step * _growth(len(rows))
        if len(rows) >= _ENOUGH and seconds * min(grown, traces) / step > _PATIENCE_S:
            return _newest(rows, floor_ns, whole_s)
        step = grown


def ranked(
    cursor: duckdb.DuckDBPyConnection, plan: Plan, window: Window, order: str, floor_ns: int | None = None
) -> Rows:
    """Matching traces in some order; `order` names columns of `Rows` and may end in LIMIT and OFFSET."""
    traces = every([in_window(window, floor_ns), plan.traces])
    if plan.spans is None:
        source = Where(f"0 AS matches FROM traces t WHERE {traces.text}", traces.values)
    else:
        spans = matching_spans(cursor, plan, window, floor_ns)
        source = Where(
            f"""
            matches
            FROM traces t
            JOIN (SELECT s.trace_id, count(*) AS matches {spans.text} GROUP BY s.trace_id) m ON m.trace_id = t.trace_id
            WHERE {traces.text}
            """,
            (*spans.values, *traces.values),
        )
    found: dict[str, Any] = cursor.execute(
        f"""
        SELECT t.first_row, t.start_ns, t.duration_ns, t.spans, t.errors, t.failed, t.weight, {source.text}
        ORDER BY {order}
        """,
        list(source.values),
    ).fetchnumpy()
    types: dict[str, type[np.generic]] = {"weight": np.float64, "failed": np.bool_}
    return Rows(*(found[column.name].astype(types.get(column.name, np.int64)) for column in fields(Rows)))


def only_traces(plan: Plan, ids: str) -> Plan:
    """The plan for a few traces that are known to fit: `ids` as SQL."""
    spans = plan.spans and every([plan.spans, Where(f"s.trace_id IN ({ids})")])
    return replace(plan, spans=spans, traces=Where(f"t.trace_id IN ({ids})"))


def _growth(matches: int) -> int:
    """How much farther to look, from how many matches this far gave."""
    return 64 if not matches else min(64, max(2, 2 * EXACT // matches))


def _newest(rows: Rows, floor_ns: int | None, whole_s: float) -> Found:
    """What lies beyond `EXACT` is left out, with all that starts in the same nanosecond as the first of it."""
    complete = floor_ns is None and len(rows) <= EXACT
    if len(rows) > EXACT:
        floor_ns = int(rows.start_ns[EXACT]) + 1
        rows = rows.at(rows.start_ns >= floor_ns)
    return Found(rows, floor_ns, complete, whole_s)


def found_traces(cursor: duckdb.DuckDBPyConnection, found: Found, name: str = "found_traces") -> Where:
    """FROM and WHERE of the traces found, as t. Holds on this cursor until the next call with that name."""
    if not len(found.rows):
        return Where("FROM traces t WHERE false")
    cursor.register(name, pa.table({"first_row": found.rows.first_row}))
    oldest_ns, newest_ns = int(found.rows.start_ns[-1]), int(found.rows.start_ns[0])
    return Where(
        f"FROM traces t WHERE t.start_ns BETWEEN ? AND ? AND t.first_row IN (SELECT first_row FROM {name})",
        (oldest_ns, newest_ns),
    )


def trace_ids(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> dict[int, str]:
    """By first row; few traces."""
    if not len(rows):
        return {}
    found = cursor.execute(
        """
        SELECT first_row, replace(trace_id::VARCHAR, '-', '')
        FROM traces
        WHERE start_ns BETWEEN ? AND ? AND first_row IN (SELECT unnest(?::BIGINT[]))
        """,
        [int(rows.start_ns.min()), int(rows.start_ns.max()), rows.first_row.tolist()],
    ).fetchall()
    return dict(found)


def matching_traces(
    cursor: duckdb.DuckDBPyConnection, plan: Plan, window: Window, floor_ns: int | None = None
) -> Where:
    """FROM and WHERE that give each matching trace once, as t."""
    traces = every([in_window(window, floor_ns), plan.traces])
    if plan.spans is None:
        return Where(f"FROM traces t WHERE ({traces.text})", traces.values)
    spans = matching_spans(cursor, plan, window, floor_ns)
    return Where(
        f"FROM traces t WHERE ({traces.text}) AND t.trace_id IN (SELECT s.trace_id {spans.text})",
        (*traces.values, *spans.values),
    )


def matching_spans(
    cursor: duckdb.DuckDBPyConnection, plan: Plan, window: Window, floor_ns: int | None = None
) -> Where:
    """FROM and WHERE of the spans, as s, that fit what the query says of one span; of other traces too."""
    traces = every([in_window(window, floor_ns), plan.traces])
    return fitting_spans(plan, rows_of(cursor, traces, floor_ns), traces)


def fitting_spans(plan: Plan, rows: Where, traces: Where = TRUE) -> Where:
    """The same among some `rows` of spans; `traces` matters only to what is asked of span and trace at once."""
    spans = every([plan.spans or TRUE, rows])
    if plan.both is None:
        return Where(f"FROM spans s WHERE ({spans.text})", spans.values)
    together = every([spans, traces, plan.both])
    joined = "FROM spans s JOIN traces t ON t.trace_id = s.trace_id"
    return Where(f"{joined} WHERE ({together.text})", together.values)


def rows_of(cursor: duckdb.DuckDBPyConnection, traces: Where, floor_ns: int | None) -> Where:
    """A condition on spans that holds for all spans of the traces that fit, and lets most others be skipped."""
    if traces == TRUE:
        return TRUE
    first, last = cursor.execute(
        f"SELECT min(t.first_row), max(t.last_row) FROM traces t WHERE {traces.text}", list(traces.values)
    ).fetchall()[0]
    if first is None:
        return Where("false")
    rows = Where(f"s.span_row BETWEEN {first} AND {last}")
    if floor_ns is None:
        return rows
    return every([rows, Where("s.start_ns >= ? OR s.start_ns = 0", (floor_ns,))])  # 0: start unknown


def count_traces(catalogue: Catalogue, window: Window) -> int:
    """All of the window."""
    inside = in_window(window)
    return int(catalogue.rows(f"SELECT count(*) FROM traces t WHERE {inside.text}", inside.values)[0][0])
