"""Braces, relations and measures find the traces and the spans that they mean, worked out one by one."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings

from tests.store.meaning import Meaning
from tests.store.soup_store import by_trace, fill
from tests.store.span_forest import CHAINS, NESTED_TERMS, QUERIES, make_forest
from tests.store.span_soup import combined
from webapp.query import Window, parse
from webapp.store import Store
from webapp.store.conditions import parts
from webapp.store.conditions.relations import families, related

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
@settings(max_examples=80, deadline=None)
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
@settings(max_examples=30, deadline=None)
def test_within_a_trace_the_same_spans_are_found(
    store: Store, meanings: dict[str, Meaning], text: str
) -> None:
    query = parse(text)
    for trace_id in list(meanings)[:4]:
        rows = store.matching_rows(trace_id, query).tolist()
        found = sorted(span.span_id for span in store.spans(trace_id, rows))
        assert found == sorted(span.span_id for span in meanings[trace_id].found(query))


@given(CHAINS)
@settings(max_examples=15, deadline=None)
def test_spans_are_listed_and_grouped_by_what_stands_in_braces(
    store: Store, meanings: dict[str, Meaning], text: str
) -> None:
    query = parse(text)
    page = store.span_search.page(query, EVER, "all", "newest", 1, 1000, [])
    assert Counter(span.trace_id for span in page.rows) == Counter(
        span.trace_id for each in meanings.values() for span in each.found(query)
    )


def test_relations_are_looked_for_in_parts(
    store: Store, meanings: dict[str, Meaning], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many parts find the same; when time runs out, the newest traces are all found, and the others said to be left out."""
    query = parse("{} >> {}")
    monkeypatch.setattr(parts, "_CHUNK", 20)
    monkeypatch.setattr(parts, "PATIENCE_S", 100)
    expected = [row.summary for row in store.search(query, EVER, "newest", 1, per_page=100).rows]
    assert {each.trace_id for each in expected} == {t for t, each in meanings.items() if each.fits(query)}
    monkeypatch.setattr(parts, "PATIENCE_S", -1)
    store._connection.writes += 1  # as if something had been written
    page = store.search(query, EVER, "newest", 1, per_page=100)
    assert 0 < page.total < len(expected)
    assert not page.total_exact
    assert [row.summary for row in page.rows] == expected[: page.total]
    slowest = store.search(query, EVER, "slowest", 1, per_page=100)
    assert {row.summary.trace_id for row in slowest.rows} == {
        each.trace_id for each in expected[: page.total]
    }
    assert store.totals(query, EVER).based_on == page.total
    store._connection.writes += 1


def test_ids_that_come_to_one_number_in_two_traces_are_told_apart() -> None:
    step = int(np.uint64(0x9E3779B97F4A7C15))
    trace = np.array([1, 1, 2, 2])
    span_id = np.array(
        [(5 + step) % 2**64, 7, 5, 9], np.uint64
    )  # the first and the third, with their traces mixed in
    parent_id = np.array([0, (5 + step) % 2**64, 0, 5], np.uint64)
    answers = np.zeros(4, np.bool_)
    assert families(trace, span_id, parent_id, answers).parent.tolist() == [4, 0, 4, 2]


def test_a_chain_of_a_hundred_thousand_spans_is_no_matter() -> None:
    count = 100_000
    ids = np.arange(1, count + 1, dtype=np.uint64)
    among = families(np.zeros(count, np.int64), ids, ids - np.uint64(1), np.zeros(count, np.bool_))
    first, last = np.arange(count) == 0, np.arange(count) == count - 1
    assert np.flatnonzero(related(">>", first, last, among)).tolist() == [count - 1]
    assert np.flatnonzero(related("<<", last, first, among)).tolist() == [0]
    assert related("!>>", last, first, among).tolist() == first.tolist()
