"""Every trace lies in the cell of its time and duration, counted as matching or not."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.store.soup_store import by_trace, fill
from tests.store.span_soup import make_spans
from webapp.model.facts import TraceSummary
from webapp.model.results import HeatMap
from webapp.query import Window, matches, parse
from webapp.store import Store
from webapp.store.conditions import matching
from webapp.store.searching import heatmap

SPANS = make_spans(seed=3, count=300, traces=70)
EVER = Window()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        yield store


@pytest.fixture(scope="module")
def summaries(store: Store) -> dict[str, TraceSummary]:
    return fill(store, SPANS)


def fitting(text: str, summaries: dict[str, TraceSummary]) -> set[str]:
    query = parse(text)
    return {
        trace
        for trace, spans in by_trace(SPANS).items()
        if any(matches(query, span, summaries[trace]) for span in spans)
    }


def cell_of(chart: HeatMap, trace: TraceSummary) -> tuple[int, int]:
    x = bisect_right(chart.time_edges_ns, trace.start_ns) - 1
    return x, bisect_right(chart.duration_edges_ns, max(1, trace.duration_ns)) - 1


@pytest.mark.parametrize("columns", [4, 60])  # whole minutes, read from the sums; and less
@pytest.mark.parametrize("window", [EVER, Window(1_150_000_000_000, 1_500_000_000_000)])
@pytest.mark.parametrize("text", ["", "trace.failed", "service=db", "error trace.spans>3", "nowhere"])
def test_cells_count_all_traces_and_those_that_match(
    store: Store, summaries: dict[str, TraceSummary], text: str, window: Window, columns: int
) -> None:
    inside = [
        trace
        for trace in summaries.values()
        if (window.from_ns or 0) <= trace.start_ns < (window.to_ns or 2**63)
    ]
    matching_ids = fitting(text, summaries)
    chart = store.heatmap(parse(text), window, columns, 8)
    everything = Counter(cell_of(chart, trace) for trace in inside)
    matched = Counter(cell_of(chart, trace) for trace in inside if trace.trace_id in matching_ids)
    failed = Counter(
        cell_of(chart, trace) for trace in inside if trace.failed and trace.trace_id in matching_ids
    )
    cells = {(cell.x, cell.y): cell for cell in chart.cells}
    assert {place: cell.all for place, cell in cells.items()} == everything
    assert {place: cell.matched for place, cell in cells.items() if cell.matched} == matched
    assert {place: cell.errors for place, cell in cells.items() if cell.errors} == +failed
    assert len(chart.time_edges_ns) <= columns + 1
    assert len(chart.duration_edges_ns) <= 9
    assert chart.based_on is None
    for place, cell in cells.items():
        own = [t for t in inside if cell_of(chart, t) == place and t.trace_id in matching_ids]
        slowest = max((trace.duration_ns for trace in own), default=0)
        assert (summaries[cell.slowest].duration_ns if cell.slowest else 0) == slowest


def test_a_trace_of_unknown_time_does_not_stretch_the_chart() -> None:
    with Store.open(None) as store:
        fill(
            store,
            [
                *SPANS[:80],
                SPANS[0].__class__(
                    trace_id="f" * 32, span_id="1" * 16, name="", service="", start_ns=0, end_ns=0
                ),
            ],
        )
        chart = store.heatmap(parse(""), EVER, 10, 8)
    assert chart.time_edges_ns[0] >= 900_000_000_000


def test_a_costly_query_is_drawn_from_its_newest_traces(
    store: Store, summaries: dict[str, TraceSummary], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "EXACT", 10)
    monkeypatch.setattr(matching, "_FIRST_STEP", 12)
    monkeypatch.setattr(heatmap, "COSTLY_S", 0.0)
    chart = store.heatmap(parse("duration>=0 OR -duration>=0"), Window(1), 10, 8)
    assert chart.based_on == sum(cell.matched for cell in chart.cells) == 10
    assert sum(cell.all for cell in chart.cells) == len(summaries)


def test_points_are_the_newest_matches_and_then_some_others(
    store: Store, summaries: dict[str, TraceSummary]
) -> None:
    matching_ids = fitting("error", summaries)
    newest = sorted((summaries[trace_id] for trace_id in matching_ids), key=lambda trace: -trace.start_ns)
    for limit in (len(matching_ids) - 3, len(matching_ids) + 5):
        points = store.points(parse("error"), EVER, limit)
        assert len(points) == limit
        matched = [(p.trace_id, p.duration_ns, p.failed) for p in points if p.matched]
        assert matched == [(trace.trace_id, trace.duration_ns, trace.failed) for trace in newest[:limit]]
        assert matching_ids.isdisjoint(p.trace_id for p in points if not p.matched)
