"""Chrome trace events as we write them, and read them again."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.formats.any_spans import span_ids, texts, trace_ids, values, whole_numbers
from tests.formats.chrome_events import read, spans
from webapp.formats import chrome
from webapp.model.spans import Event, Link, Resource, Scope, Span

START_NS = 1_700_000_000_000_000_000
ROOT = Span(
    trace_id="1" * 32,
    span_id="a" * 16,
    name="checkout",
    service="order",
    start_ns=START_NS,
    end_ns=START_NS + 4_000_000,
    kind=2,
    status=2,
    status_message="no money",
    attributes={"card": b"\x00", "share": math.nan},
    events=[Event("retry", START_NS + 1_500, {"n": 1})],
)
CALL = Span(
    trace_id="1" * 32,
    span_id="b" * 16,
    parent_span_id="a" * 16,
    name="charge",
    service="payment",
    start_ns=START_NS + 70_123,
    end_ns=START_NS + 3_570_000,
)


def written(*spans: Span) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads(chrome.write(spans))["traceEvents"]
    return events


def of_phase(events: list[dict[str, Any]], *phases: str) -> list[dict[str, Any]]:
    return [event for event in events if event["ph"] in phases]


def test_each_service_is_a_process_with_its_name() -> None:
    events = written(ROOT, CALL, replace(CALL, service=""))
    assert [(one["pid"], one["args"]["name"]) for one in of_phase(events, "M")] == [
        (1, "order"),
        (2, "payment"),
        (3, "(unknown)"),
    ]
    assert [one["pid"] for one in of_phase(events, "b")] == [1, 2, 3]


def test_spans_begin_and_end_in_microseconds_after_the_first_start() -> None:
    events = of_phase(written(ROOT, CALL), "b", "e")
    assert [(one["ph"], one["id"], one["ts"]) for one in events] == [
        ("b", "a" * 16, 0.0),
        ("e", "a" * 16, 4000.0),
        ("b", "b" * 16, 70.123),
        ("e", "b" * 16, 3570.0),
    ]
    assert json.loads(chrome.write([ROOT]))["otherData"] == {"start_unix_ns": str(START_NS)}


def test_a_slice_carries_what_the_span_says() -> None:
    [begin] = of_phase(written(ROOT), "b")
    assert begin["name"] == "checkout"
    assert begin["args"] == {
        "trace_id": "1" * 32,
        "span_id": "a" * 16,
        "kind": "SERVER",
        "status": "ERROR",
        "status_message": "no money",
        "attributes": {"card": "AA==", "share": "nan"},
        "resource": {},
    }


def test_events_are_marks_within_their_slice() -> None:
    [mark] = of_phase(written(ROOT), "n")
    assert (mark["id"], mark["name"], mark["ts"], mark["args"]) == ("a" * 16, "retry", 1.5, {"n": 1})


def test_an_arrow_leads_from_caller_to_callee_where_the_service_changes() -> None:
    within = replace(CALL, span_id="c" * 16, service="order")
    flows = of_phase(written(ROOT, CALL, within), "s", "f")
    assert [(one["ph"], one["pid"], one["ts"]) for one in flows] == [("s", 1, 70.123), ("f", 2, 70.123)]
    assert flows[0]["id"] == flows[1]["id"]


def test_the_two_halves_of_a_shared_span_are_two_slices_with_an_arrow() -> None:
    server = replace(CALL, service="bank", shared=True)
    events = written(CALL, server)
    assert [one["id"] for one in of_phase(events, "b")] == ["b" * 16, "b" * 16 + "_2"]
    assert [(one["ph"], one["pid"]) for one in of_phase(events, "s", "f")] == [("s", 1), ("f", 2)]


def test_an_unfinished_span_is_a_mark_without_length() -> None:
    assert [one["ts"] for one in of_phase(written(replace(ROOT, end_ns=0)), "b", "e")] == [0.0, 0.0]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            Span,
            trace_id=trace_ids,
            span_id=span_ids,
            parent_span_id=span_ids,
            name=texts,
            service=texts,
            start_ns=whole_numbers,
            end_ns=whole_numbers,
            kind=st.integers(0, 5),
            status=st.integers(0, 2),
            attributes=st.dictionaries(texts, values, max_size=3),
        ),
        max_size=4,
    )
)
def test_anything_can_be_written_and_each_begin_has_its_end(spans: list[Span]) -> None:
    events = written(*spans)
    begins = {one["id"]: one["ts"] for one in of_phase(events, "b")}
    ends = {one["id"]: one["ts"] for one in of_phase(events, "e")}
    assert len(begins) == len(spans)
    assert begins.keys() == ends.keys()
    assert all(0 <= begins[key] <= ends[key] for key in begins)


# reading


# our own


def test_what_we_write_comes_back_as_it_was() -> None:
    full = replace(
        CALL,
        events=[Event("retry", START_NS + 80_001, {"n": [1, {"a": None}]}, 2), Event("lost", 0, {})],
        links=[Link("2" * 32, "c" * 16, {"why": "batch"}, "a=b")],
        resource=Resource({"service.name": "payment", "n": 1}, "https://schema"),
        scope=Scope("lib", "1", {"x": 1}),
        trace_state="a=b",
        flags=1,
        weight=2.5,
        shared=True,
        written_trace_id="T",
    )
    unfinished = replace(CALL, span_id="d" * 16, end_ns=0)
    backwards = replace(CALL, span_id="e" * 16, end_ns=CALL.start_ns - 5)
    unknown = replace(CALL, span_id="f" * 16, start_ns=0, end_ns=0)
    root = replace(ROOT, attributes={"ok": True})
    every = [root, full, full, unfinished, backwards, unknown, replace(CALL, service="")]
    found, notes = read(chrome.write(every))
    assert found == every
    assert not notes.warnings


def test_our_own_file_is_understood_event_by_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.formats.json_stream.OPEN_FROM", 300)
    assert spans(chrome.write([CALL, replace(CALL, span_id="c" * 16)])) == [
        CALL,
        replace(CALL, span_id="c" * 16),
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Span,
            trace_id=trace_ids,
            span_id=span_ids,
            parent_span_id=span_ids,
            name=texts,
            service=texts.filter(lambda text: text != "(unknown)"),
            start_ns=st.integers(0, START_NS),
            end_ns=st.integers(0, START_NS),
            kind=st.integers(0, 5),
            status=st.integers(0, 2),
            status_message=texts,
            attributes=st.dictionaries(texts, st.none() | st.booleans() | texts | whole_numbers, max_size=3),
            events=st.lists(st.builds(Event, texts, st.integers(0, START_NS)), max_size=2),
            trace_state=texts,
        ),
        max_size=4,
    )
)
def test_any_spans_come_back_as_they_were(every: list[Span]) -> None:
    assert sorted(map(repr, read(chrome.write(every))[0])) == sorted(map(repr, every))


# what is wrong
