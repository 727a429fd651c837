"""A value of which nobody knows the key: where it occurs, how often, and the term that finds just that."""

from collections.abc import Iterator

import pytest

from tests.store.soup_store import fill
from webapp.model.completions import Occurrence
from webapp.model.spans import Resource, Span
from webapp.query import Window, parse
from webapp.store import Store
from webapp.store.searching import occurrences

PODS = ["checkout-7f9", "checkout-7f9", "Checkout-7F9b", "search-1"]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    spans = [
        Span(
            trace_id=f"{number + 1:032x}", span_id=f"{number + 1:016x}", name=f"to {pod}", service="web",
            start_ns=5, end_ns=9, resource=Resource({"k8s.pod.name": pod}),
            attributes={"peer pod": PODS[0], "size": 504 + number, "note": f"(from) {pod}"},
        )
        for number, pod in enumerate(PODS)
    ]  # fmt: skip
    with Store.open(None) as store:
        fill(store, spans)
        yield store


def test_a_text_is_found_in_all_its_keys(store: Store) -> None:
    found = store.typing.occurrences("checkout-7f9")
    assert [(each.key, each.spans, each.term) for each in found.keys] == [
        ('"peer pod"', 4, '"peer pod"=checkout-7f9'),
        ("k8s.pod.name", 3, 'k8s.pod.name~"(?i)checkout-7f9"'),
        ("name", 3, 'name~"(?i)checkout-7f9"'),
        ("note", 3, 'note~"(?i)checkout-7f9"'),
    ]
    assert found.newest is None


@pytest.mark.parametrize("text", ["checkout-7f9", "web", "504", "(from) c", "search", "7F9", "*", "\\"])
def test_the_term_finds_as_many_spans_as_are_said(store: Store, text: str) -> None:
    for each in store.typing.occurrences(text).keys:
        page = store.search(parse(each.term), Window(), "newest", 1)
        assert sum(row.match.count for row in page.rows if row.match) == each.spans, each


def test_numbers_are_values_too(store: Store) -> None:
    assert store.typing.occurrences("505").keys == [Occurrence("size", 1, "size=505", "505")]


def test_only_the_newest_spans_of_a_large_store_are_looked_at(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(occurrences, "NEWEST", 1)
    found = store.typing.occurrences("pod")
    assert found.newest == 1
    assert [(each.key, each.spans) for each in store.typing.occurrences("search").keys] == [
        ("k8s.pod.name", 1), ("name", 1), ("note", 1),
    ]  # fmt: skip
