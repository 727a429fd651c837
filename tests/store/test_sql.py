"""Queries as SQL find exactly the spans that the language's meaning in Python finds."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from tests.store.span_soup import SPAN_TERMS, combined, make_spans
from webapp.query import matches, parse
from webapp.store import Store
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.sql import plan
from webapp.store.conditions.where import TRUE

SPANS = make_spans(seed=1, count=240, traces=30)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = Store.open(None)
    store.append(SPANS, 0)
    yield store
    store.close()


def found_by_sql(store: Store, text: str) -> set[str]:
    with store.reading() as cursor:
        spans = plan(parse(text), Catalogue(cursor)).spans or TRUE
        rows = cursor.execute(
            f"SELECT span_id FROM spans s WHERE {spans.text}", list(spans.values)
        ).fetchall()
    return {f"{span_id:016x}" for (span_id,) in rows}


@given(combined(SPAN_TERMS))
@settings(max_examples=150, deadline=None)
def test_sql_finds_the_spans_that_the_language_means(store: Store, text: str) -> None:
    query = parse(text)
    assert found_by_sql(store, text) == {span.span_id for span in SPANS if matches(query, span)}
