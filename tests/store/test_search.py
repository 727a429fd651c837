"""Pages of results, totals, places and facets equal what plain Python counts."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.shop import SECOND, START, make_span, plain_facts
from tests.store.soup_store import by_trace, fill
from tests.store.span_soup import SPAN_TERMS, TRACE_TERMS, combined, make_spans
from webapp.model.facts import TraceSummary
from webapp.model.spans import Span
from webapp.query import Query, Window, add_term, matches, parse
from webapp.query.tree import speaks_of_spans
from webapp.store import Store
from webapp.store.conditions import matching
from webapp.store.searching import facets, newest_page, span_facets
from webapp.store.searching.results import SORTS

SPANS = make_spans(seed=2, count=400, traces=60)
TRACES = by_trace(SPANS)
EVER = Window()
WINDOWS = st.sampled_from(
    [
        EVER,
        Window(1_200_000_000_000),
        Window(None, 1_300_000_000_000),
        Window(1_100_000_000_000, 1_500_000_000_000),
    ]
)
QUERIES = combined(SPAN_TERMS | TRACE_TERMS)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        yield store


@pytest.fixture(scope="module")
def summaries(store: Store) -> dict[str, TraceSummary]:
    return fill(store, SPANS)


def fitting(query: Query, window: Window, summaries: dict[str, TraceSummary]) -> dict[str, list[Span]]:
    """Matching spans by trace, of the traces in the window that have some."""
    found = {}
    for trace_id, spans in TRACES.items():
        summary = summaries[trace_id]
        inside = (window.from_ns or 0) <= summary.start_ns < (window.to_ns or 2**63)
        matched = [span for span in spans if matches(query, span, summary)]
        if inside and matched:
            found[trace_id] = matched
    return found


def ranking(found: dict[str, list[Span]], summaries: dict[str, TraceSummary], sort: str) -> list[str]:
    return sorted(
        found, key=lambda trace: (-getattr(summaries[trace], SORTS[sort]), -summaries[trace].start_ns)
    )


@given(QUERIES, WINDOWS, st.sampled_from(sorted(SORTS)))
@settings(max_examples=70, deadline=None)
def test_a_page_lists_the_matching_traces_in_order(
    store: Store, summaries: dict[str, TraceSummary], text: str, window: Window, sort: str
) -> None:
    query = parse(text)
    found = fitting(query, window, summaries)
    expected = ranking(found, summaries, sort)
    page = store.search(query, window, sort, 2, per_page=7)
    assert [row.summary for row in page.rows] == [summaries[trace] for trace in expected[7:14]]
    assert (page.total, page.total_exact, page.has_more) == (len(expected), True, len(expected) > 14)
    for row in page.rows:
        own = found[row.summary.trace_id]
        if not speaks_of_spans(query.root):
            assert row.match is None
            continue
        assert row.match is not None
        known = [max(0, s.end_ns - s.start_ns) for s in own if s.end_ns]
        assert (row.match.count, row.match.duration_ns) == (len(own), max(known, default=0))
        assert row.match.span_id in {span.span_id for span in own}


@given(QUERIES, WINDOWS)
@settings(max_examples=40, deadline=None)
def test_totals_count_all_matching_traces(
    store: Store, summaries: dict[str, TraceSummary], text: str, window: Window
) -> None:
    query = parse(text)
    found = [summaries[trace] for trace in fitting(query, window, summaries)]
    totals = store.totals(query, window)
    assert (totals.traces, totals.errors) == (len(found), sum(each.errors > 0 for each in found))
    if found:
        durations = np.array([each.duration_ns for each in found])
        expected = np.percentile(durations, [50, 95, 99], method="inverted_cdf")
        assert [totals.p50_ns, totals.p95_ns, totals.p99_ns] == expected.tolist()


@pytest.mark.parametrize("exact", [5, 100])
def test_percentiles_of_traces_go_by_weight(monkeypatch: pytest.MonkeyPatch, exact: int) -> None:
    """Traces of 1 … 10 s; that of 9 s stands for nine, that of 10 s for half a one."""
    monkeypatch.setattr(matching, "EXACT", exact)
    spans = [
        make_span(each, each, end_ns=START + each * SECOND, weight={9: 9.0, 10: 0.5}.get(each, 1.0))
        for each in range(1, 11)
    ]
    with Store.open(None) as store:
        store.append(spans, store.start_source("test", "otlp", ""))
        for columns in store.pending():
            store.append_facts(columns, plain_facts(columns))
        for text in ("", "name=checkout"):
            found = store.totals(parse(text), Window())
            assert (found.traces, found.weighted, found.calls) == (10, 2, 17.5)
            assert [found.p50_ns, found.p95_ns, found.p99_ns] == [9 * SECOND, 9 * SECOND, 10 * SECOND]
            assert found.worth == pytest.approx(17.5**2 / (8 + 81 + 0.25))


@given(
    st.sampled_from(["", "error", "service=db", "trace.failed", "service=db kind=server", "*a* -error"]),
    WINDOWS,
)
@settings(max_examples=12, deadline=None)
def test_a_facet_value_counts_the_traces_that_its_term_leaves(
    store: Store, summaries: dict[str, TraceSummary], text: str, window: Window
) -> None:
    found = store.facets(parse(text), window)
    assert {"service", "root", "outcome", "duration", "bottleneck"} <= {facet.key for facet in found}
    for facet in found:
        assert all(a.traces >= b.traces for a, b in pairwise(facet.values)) or facet.key in (
            "outcome",
            "duration",
        )
        for value in facet.values:
            narrowed = parse(add_term(text, value.term))
            assert value.traces == len(fitting(narrowed, window, summaries)), (facet.key, value)


@pytest.mark.parametrize("text", ["", "service=db", "error"])
def test_facets_of_more_values_than_a_table_holds_are_the_same(
    store: Store, summaries: dict[str, TraceSummary], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert summaries
    window = Window(1, None)
    counted = store.facets(parse(text), window)
    store._connection.writes += 1  # forgets what was asked
    monkeypatch.setattr(span_facets, "_DENSE", 0)
    assert store.facets(parse(text), window) == counted


def test_a_facet_lists_its_first_values_and_counts_the_others(
    store: Store, summaries: dict[str, TraceSummary], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert summaries
    whole = {facet.key: facet for facet in store.facets(parse(""), EVER)}
    store._connection.writes += 1  # forgets what was asked
    monkeypatch.setattr(facets, "LISTED", 1)
    for facet in store.facets(parse(""), EVER):
        values = whole[facet.key].values
        few = values if facet.key in ("outcome", "duration") else values[:1]
        assert (facet.values, len(facet.values) + facet.more) == (few, len(values) + whole[facet.key].more)
    assert any(len(facet.values) > 1 for facet in whole.values())


def test_attributes_that_vary_have_facets(store: Store, summaries: dict[str, TraceSummary]) -> None:
    assert summaries
    keys = [facet.key for facet in store.facets(parse(""), EVER)]
    assert keys[:5] == ["service", "root", "outcome", "duration", "bottleneck"]
    assert len(keys) > 5


@pytest.mark.parametrize("sort", SORTS)
def test_neighbours_are_those_of_the_result_list(
    store: Store, summaries: dict[str, TraceSummary], sort: str
) -> None:
    query = parse("error")
    expected = ranking(fitting(query, EVER, summaries), summaries, sort)
    for place, trace in enumerate(expected):
        before = expected[place - 1] if place else ""
        after = expected[place + 1] if place + 1 < len(expected) else ""
        assert store.neighbours(query, EVER, sort, trace) == (before, after, place + 1)
    elsewhere = next(trace for trace in TRACES if trace not in expected)
    assert store.neighbours(query, EVER, sort, elsewhere) == ("", "", 0)
    assert store.neighbours(query, EVER, sort, "f" * 32) == ("", "", 0)


@pytest.mark.parametrize("sort", SORTS)
def test_what_lies_beyond_the_exact_count_is_still_found(
    store: Store, summaries: dict[str, TraceSummary], sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walk from the newest traces, with a store that is large for its steps."""
    monkeypatch.setattr(matching, "EXACT", 10)
    monkeypatch.setattr(matching, "_FIRST_STEP", 4)
    monkeypatch.setattr(newest_page, "_LEAST", 5)
    monkeypatch.setattr(newest_page, "_RARE", 2)
    for text in ("service=db", "trace.errors>0", "", "error trace.duration>1s"):
        query = parse(text)
        expected = ranking(fitting(query, EVER, summaries), summaries, sort)
        listed = []
        for number in range(1, 9):
            page = store.search(query, Window(0), sort, number, per_page=8)
            listed += [row.summary.trace_id for row in page.rows]
        assert listed == expected
        spans = speaks_of_spans(query.root)
        assert (page.total, page.total_exact) == ((10, False) if spans else (len(expected), True))
        assert store.totals(query, Window(0)).traces == len(expected)
        assert store.neighbours(query, Window(0), sort, expected[20]) == (expected[19], expected[21], 21)


@given(QUERIES, WINDOWS, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_the_newest_are_found_without_looking_at_all(
    store: Store, summaries: dict[str, TraceSummary], text: str, window: Window, count: int
) -> None:
    query = parse(text)
    expected = ranking(fitting(query, window, summaries), summaries, "newest")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(newest_page, "_LEAST", 3)
        monkeypatch.setattr(newest_page, "_RARE", 2)
        store._connection.writes += 1  # as if something had been written since
        page = store.search(query, window, "newest", 1, per_page=count)
    assert [row.summary for row in page.rows] == [summaries[trace] for trace in expected[:count]]
    assert page.has_more == (len(expected) > count)


@given(QUERIES, st.sampled_from(sorted(TRACES)))
@settings(max_examples=40, deadline=None)
def test_spans_are_found_within_a_trace(
    store: Store, summaries: dict[str, TraceSummary], text: str, trace_id: str
) -> None:
    query = parse(text)
    rows = store.matching_rows(trace_id, query).tolist()
    found = {span.span_id for span in store.spans(trace_id, rows)}
    assert found == {s.span_id for s in TRACES[trace_id] if matches(query, s, summaries[trace_id])}


def test_a_trace_that_is_not_here_has_no_spans(store: Store) -> None:
    assert not len(store.matching_rows("f" * 32, parse("error")))


def test_clocks_that_are_far_off_change_no_page() -> None:
    day_ns = 86_400 * 10**9
    starts = [0, 5, 10_000 * day_ns, *(20_000 * day_ns + number for number in range(40)), 100_000 * day_ns]
    spans = [
        Span(
            trace_id=f"{n:032x}", span_id=f"{n:016x}", name="a", service="b", start_ns=start, end_ns=start + 9
        )
        for n, start in enumerate(starts, 1)
    ]
    with Store.open(None) as fresh, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(newest_page, "_LEAST", 3)
        monkeypatch.setattr(newest_page, "_RARE", 2)
        fill(fresh, spans[::2])
        for added in (spans[1:20:2], spans[21::2]):
            fresh.search(parse(""), EVER, "newest", 1, per_page=4)
            fill(fresh, added)
        for text in ("", "service=b"):
            page = fresh.search(parse(text), EVER, "newest", 1, per_page=4)
            assert [row.summary.start_ns for row in page.rows] == starts[:-5:-1]


def test_an_answer_is_not_kept_when_spans_come() -> None:
    new = Span(trace_id="f" * 32, span_id="1" * 16, name="a name", service="late", start_ns=1, end_ns=2)
    new.attributes["new.key"] = "c"
    asked = ("", "service=late", 'name="a name"', "new.key=c", "new.key?")
    with Store.open(None) as fresh:
        fill(fresh, SPANS[:60])
        before = [fresh.search(parse(text), EVER, "newest", 1).total for text in asked]
        fill(fresh, [new])
        found = [fresh.search(parse(text), EVER, "newest", 1).total for text in asked]
    assert [after - earlier for earlier, after in zip(before, found, strict=True)] == [1] * len(asked)
