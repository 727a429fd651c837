"""Links from both ends, within and across traces."""

from collections.abc import Iterator

import pytest

from tests.store.shop import make_span, plain_facts
from webapp.model.link_ends import LinkedTrace
from webapp.model.spans import Link, Span
from webapp.store import Store

ONE, TWO, FAR = f"{1:032x}", f"{2:032x}", f"{9:032x}"
A, B = f"{1:016x}", f"{2:016x}"


@pytest.fixture
def store() -> Iterator[Store]:
    spans = [
        make_span(1, name="publish", links=[Link(FAR, A)]),
        make_span(2, parent=1, name="retry", links=[Link(ONE, A, {"why": "again"})]),
        Span(trace_id=TWO, span_id=A, name="take", service="worker", start_ns=5, end_ns=9,
             links=[Link(ONE, A), Link(ONE, B), Link(FAR, B, {"x": f'["{ONE}","{A}",'})]),
        Span(trace_id=TWO, span_id=B, name="idle", service="worker", start_ns=6, end_ns=9,
             links=[Link(FAR, A, {"x": f'["{ONE}","{A}",'}, f'["{ONE}","{A}",')]),
    ]  # fmt: skip
    with Store.open(None) as opened:
        opened.append(spans, opened.start_source("test", "otlp", ""))
        yield opened


def test_a_span_knows_who_links_to_it_also_from_other_traces(store: Store) -> None:
    found = [
        (link.end.name, link.end.trace_id, link.attributes) for link in store.links.to_spans(ONE, [A], 10)
    ]
    assert sorted(found, key=str) == [("retry", ONE, {"why": "again"}), ("take", TWO, {})]
    assert [(link.end.name, link.target_id) for link in store.links.to_spans(ONE, [A, B], 1)] == [
        ("take", A), ("take", B),
    ]  # fmt: skip
    assert store.links.to_spans(TWO, [A], 10) == []
    assert store.links.to_spans(ONE, [], 10) == []


def test_the_other_end_of_a_link_is_found_if_it_is_here(store: Store) -> None:
    found = store.links.ends([(TWO, A), (FAR, A), (ONE, B), (TWO, "f" * 16)])
    assert {key: (end.service, end.name) for key, end in found.items()} == {
        (TWO, A): ("worker", "take"), (ONE, B): (make_span(1).service, "retry"),
    }  # fmt: skip
    assert found[TWO, A].start_ns == 5
    assert store.links.ends([]) == {}


def test_a_trace_knows_the_traces_it_is_linked_with(store: Store) -> None:
    for columns in store.pending():
        store.append_facts(columns, plain_facts(columns))
    assert store.links.to_trace(ONE, 10) == [LinkedTrace(TWO, "worker", "take", 5, 1)]
    linked, total = store.links.of_trace(ONE, 10)
    assert (linked, total) == ([LinkedTrace(FAR, "", "", 0, 1)], 1)
    linked, total = store.links.of_trace(TWO, 1)
    assert (linked[0].trace_id, linked[0].links, total) == (ONE, 2, 2)
    assert store.links.of_trace(f"{77:032x}", 5) == ([], 0)


@pytest.mark.parametrize(
    ("trace_id", "span_id"), [("", ""), ("zz", "q"), (FAR, ""), ("", A), ("'" * 32, "g" * 16)]
)
def test_links_with_ids_of_any_form_are_no_harm(store: Store, trace_id: str, span_id: str) -> None:
    store.append([make_span(7, links=[Link(trace_id, span_id)])], 1)
    assert store.links.ends([(trace_id, span_id), (TWO, A)]).keys() == {(TWO, A)}
    linked, total = store.links.of_trace(ONE, 10)
    assert total == len(linked)
    assert len(store.links.to_spans(trace_id, [span_id], 5)) <= 1
