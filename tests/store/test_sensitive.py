"""The store finds what looks sensitive where Python does, in whatever place it lies."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.test_sensitive import FOUND, NOTHING
from tests.store.soup_store import fill
from webapp.model.sensitive import HINT, LOOKS, found_in
from webapp.model.spans import Attributes, Event, Resource, Span, Value
from webapp.query import Window, matches, parse
from webapp.store import Store
from webapp.store.conditions.sensitive import all_found

TEXTS = [text for _, text in (*FOUND, *NOTHING)]
PIECES = st.sampled_from([*TEXTS, " ", "@", "=", "4", "-", "://", "é", "\n", '"', "password", "bearer "])


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        fill(store, SPANS)
        yield store


def span(number: int, value: Value) -> Span:
    attributes: Attributes = {"note": value, "odd/key": value} if number % 2 else {"note": "none"}
    return Span(
        trace_id=f"{number + 1:032x}", span_id=f"{number + 1:016x}", name="n", service="s", start_ns=1000 * number + 1,
        end_ns=1000 * number + 9, attributes=attributes,
        resource=Resource({"process.note": value} if number % 3 == 0 else {}),
        events=[Event("log", 5, {"message": value})] if number % 5 == 0 else [],
    )  # fmt: skip


SPANS = [
    span(number, value)
    for number, value in enumerate([*TEXTS, 4111111111111111, 4111111111111112, True, 1.5])
]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    "key", ["note", "span.note", '"odd/key"', "resource.process.note", "event.message", "absent"]
)
def test_a_term_finds_the_spans_whose_values_look_so(store: Store, key: str, look: str) -> None:
    query = parse(f"{key}~preset:{look}")
    expected = {each.trace_id for each in SPANS if matches(query, each)}
    found = store.search(query, Window(), "newest", 1, per_page=200)
    assert {row.summary.trace_id for row in found.rows} == expected
    assert expected or key == "absent" or look == "private_key"


@given(st.lists(PIECES, min_size=1, max_size=6).map("".join), st.sampled_from(sorted(LOOKS)))
@settings(max_examples=120)
def test_the_patterns_mean_the_same_to_both(store: Store, text: str, look: str) -> None:
    found = all_found("text", look)
    with store.reading() as cursor:
        [(values,)] = cursor.execute(
            f"SELECT {found.text} FROM (SELECT ? AS text)", [*found.values, text]
        ).fetchall()
    assert values == found_in(text, look)
    assert not values or look == "unmasked" or re.search(HINT, text, re.ASCII)
