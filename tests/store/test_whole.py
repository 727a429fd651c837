"""A trace as its page reads it in one look is what the single questions answer, small or large."""

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import pytest

from tests.store.shop import START, make_span, plain_facts
from webapp.model.spans import Event, Kind, Link, Span, Status
from webapp.store import Store
from webapp.store.reading import whole
from webapp.store.reading.whole import WholeTrace

ID = f"{1:032x}"


def spans() -> list[Span]:
    failed = {"status": Status.ERROR, "status_message": "declined"}
    link = Link(ID, f"{3:016x}", {})
    return [
        make_span(1, events=[Event("begun", START + 1, {}), Event("done", START + 9, {})]),
        make_span(
            2, parent=1, kind=Kind.CLIENT, attributes={"http.url": "a/b", "retry.count": 2, "user": "u"}
        ),
        make_span(3, parent=1, attributes={"error.type": "timeout"}, **failed),
        make_span(4, parent=1, links=[link], events=[Event("late", START - 5, {"a": "b"})]),
        make_span(5, parent=2, kind=Kind.CLIENT, attributes={"rpc.method": "get"}, written_trace_id="0X1"),
        make_span(6, trace=2, attributes={"http.url": "elsewhere"}),
    ]


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        store.append(spans(), store.start_source("test", "otlp", ""))
        yield store


def same(read: WholeTrace, store: Store) -> None:
    columns = store.columns(ID)
    assert columns is not None
    for field in fields(columns):
        assert np.array_equal(getattr(read.columns, field.name), getattr(columns, field.name)), field.name
    for mine, asked in zip((read.event_rows, read.event_times_ns), store.event_times(ID), strict=True):
        assert mine.tolist() == asked.tolist()
    assert read.origin.written_id == "0X1"


@pytest.mark.parametrize("most", [0, 20_000], ids=["large", "small"])
def test_one_look_finds_what_single_questions_find(
    store: Store, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "_FEW", most)
    for _ in range(2):  # before the trace has facts and after
        read = store.whole(ID, small=5)
        assert read is not None
        same(read, store)
        for columns in store.pending():
            store.append_facts(columns, plain_facts(columns))
        store.settle()


def test_what_the_spans_of_a_small_trace_ask_for_comes_with_it(store: Store) -> None:
    read, larger = store.whole(ID, small=5), store.whole(ID, small=4)
    assert read is not None
    assert larger is not None
    assert read.asked == store.operations.asked(read.columns.row)
    assert [said[0] for said in (read.asked or {}).values()] == [
        {},
        {"http.url": "a/b", "retry.count": 2},
        {"error.type": "timeout"},
        {},
        {"rpc.method": "get"},
    ]
    assert larger.asked is None


def test_a_trace_that_is_not_here_cannot_be_looked_at(store: Store) -> None:
    assert store.whole(f"{9:032x}") is None
