"""The newest matching traces with what was found in each, in one statement over as many traces as that mostly takes.

How many match is not asked here: that may have to look at the whole store.
"""

from collections.abc import Mapping
from heapq import nlargest

from webapp.model.results import Match, ResultRow
from webapp.query import Window
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.matching import fitting_spans
from webapp.store.conditions.sql import Plan
from webapp.store.conditions.where import TRUE, Where, every
from webapp.store.searching.newest import newest
from webapp.store.writing.summaries import to_summary

_LEAST = 1_000  # traces that are looked at
_RARE = 50  # times as many as are wanted, where a query may fit few of them
_AGAIN = 20  # times that such a query is not tried, once it found too few
_MOST = 3_000  # rows from the newest on; what lies farther down is found with all that match
# Of the spans of one trace that fit; the last two are of the same span also where several are the slowest.
MATCH_COLUMNS = """
  count(*) AS matches, max(coalesce(s.duration_ns, 0)) AS slowest_ns,
  arg_max(s.span_id, coalesce(s.duration_ns, 0)) AS span_id,
  arg_max(s.operation_id, coalesce(s.duration_ns, 0)) AS operation_id
"""


def find_newest(catalogue: Catalogue, plan: Plan, window: Window, count: int) -> list[ResultRow] | None:
    """The newest `count` matches, or all if they are fewer. None: to find so many it takes another way."""
    if count > _MOST or plan.both is not None or plan.shown:
        return None
    if plan.spans is None and plan.traces == TRUE:
        return _plain(catalogue, window, count)
    shape = plan.traces.text, plan.spans and plan.spans.text, count  # the same for all values
    if catalogue.guesses.get(shape, 0):
        catalogue.guesses[shape] -= 1
        return None
    stretch = newest(catalogue, window, max(_LEAST, count * _RARE))
    traces = every([stretch.inside, plan.traces])
    source: str = "0 FROM traces t"
    values: tuple[object, ...] = ()
    if plan.spans is not None:
        spans = fitting_spans(plan, stretch.rows)
        source, values = _with_matches(spans), spans.values
    found = catalogue.cursor.execute(
        f"""
        SELECT t.summary, {source}
        WHERE {traces.text}
        ORDER BY t.start_ns DESC, t.first_row DESC
        LIMIT {count}
        """,
        [*values, *traces.values],
    ).fetchall()
    if len(found) < count and stretch.floor_ns is not None:
        catalogue.guesses[shape] = _AGAIN
        return None
    if plan.spans is None:
        return [ResultRow(to_summary(summary), None) for summary, *_ in found]
    names = catalogue.operations(operation for *_, operation in found)
    return [ResultRow(to_summary(summary), to_match(names, *match)) for summary, *match in found]


def _plain(catalogue: Catalogue, window: Window, count: int) -> list[ResultRow]:
    """The stretch is just what is wanted: to let DuckDB sort it takes longer than to read it."""
    traces = newest(catalogue, window, count).inside
    found = catalogue.cursor.execute(
        f"SELECT t.start_ns, t.first_row, t.summary FROM traces t WHERE {traces.text}", list(traces.values)
    ).fetchall()
    return [ResultRow(to_summary(summary), None) for *_, summary in nlargest(count, found)]


def to_match(
    names: Mapping[int, tuple[str, str]], matches: int, slowest_ns: int, span_id: int, operation: int
) -> Match:
    """Of a row of MATCH_COLUMNS."""
    return Match(f"{span_id:016x}", *names[operation], slowest_ns, matches)


def _with_matches(spans: Where) -> str:
    return f"""
        m.matches, m.slowest_ns, m.span_id, m.operation_id
        FROM traces t
        JOIN (SELECT s.trace_id, {MATCH_COLUMNS} {spans.text} GROUP BY s.trace_id) m ON m.trace_id = t.trace_id
    """
