"""Braces, relations and measures find the traces and the spans that they mean, worked out one by one."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings

from tests.store.meaning import Meaning
from tests.store.soup_store import by_trace, fill
from tests.store.span_forest import NESTED_TERMS, QUERIES, make_forest
from tests.store.span_soup import combined
from webapp.query import Window, parse
from webapp.store import Store

SPANS = make_forest(seed=5, count=300, traces=40)
EVER = Window()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        yield store


@pytest.fixture(scope="module")
def meanings(store: Store) -> dict[str, Meaning]:
    summaries = fill(store, SPANS)
    return {trace_id: Meaning(spans, summaries[trace_id]) for trace_id, spans in by_trace(SPANS).items()}


@given(QUERIES | combined(NESTED_TERMS))
@example("{service=pay} >> {service=db}")
@example("count({error} !>> {root}) <= 1")
@settings(max_examples=150, deadline=None)
def test_a_search_finds_the_traces_and_spans_that_are_meant(
    store: Store, meanings: dict[str, Meaning], text: str
) -> None:
    query = parse(text)
    page = store.search(query, EVER, "newest", 1, per_page=100)
    expected = {trace_id: len(each.found(query)) for trace_id, each in meanings.items() if each.fits(query)}
    assert {row.summary.trace_id for row in page.rows} == set(expected)
    assert (page.total, page.total_exact) == (len(expected), True)
    for row in page.rows:
        if row.match is not None:
            assert row.match.count == expected[row.summary.trace_id]


@given(QUERIES)
@settings(max_examples=60, deadline=None)
def test_within_a_trace_the_same_spans_are_found(
    store: Store, meanings: dict[str, Meaning], text: str
) -> None:
    query = parse(text)
    for trace_id in list(meanings)[:4]:
        rows = store.matching_rows(trace_id, query).tolist()
        found = sorted(span.span_id for span in store.spans(trace_id, rows))
        assert found == sorted(span.span_id for span in meanings[trace_id].found(query))
