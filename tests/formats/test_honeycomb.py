"""Honeycomb events: batches, rows, query results; events and links folded back; samples; ids of any form; damage."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats import hardships
from webapp.formats import honeycomb, sniff
from webapp.formats.notes import Notes
from webapp.model.spans import Event, Link, Scope, Span

LIBHONEY = (Path(__file__).parents[1] / "data" / "honeycomb" / "libhoney.json").read_bytes()
TRACE, SPAN, OTHER = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b175"
AT = "2026-01-02T03:04:05.123456Z"
AT_NS = 1_767_323_045_123_456_000
ROW: dict[str, Any] = {
    "trace.trace_id": TRACE,
    "trace.span_id": SPAN,
    "name": "GET /",
    "service.name": "shop",
    "duration_ms": 31.25,
}
EVENT = {"trace.trace_id": TRACE, "trace.parent_id": SPAN, "meta.annotation_type": "span_event"}
LINK = EVENT | {
    "meta.annotation_type": "link",
    "trace.link.trace_id": "a" * 32,
    "trace.link.span_id": "b" * 16,
}


def read(content: Any) -> tuple[list[Span], Notes]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    notes = Notes()
    return list(honeycomb.read(io.BytesIO(raw), notes)), notes


def spans(content: bytes) -> list[Span]:
    return read(content)[0]


def batched(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"time": AT, "samplerate": 1, "data": row} for row in rows]


def one(**members: Any) -> Span:
    row = {key: value for key, value in (ROW | {"Timestamp": AT} | members).items() if value is not ...}
    [found] = read([row])[0]
    return found


def codes(notes: Notes) -> list[str]:
    return [warning.code for warning in notes.warnings]


def test_what_libhoney_sends_is_two_spans_and_an_event() -> None:
    root, child = spans(LIBHONEY)
    assert (root.name, root.service, root.end_ns - root.start_ns) == ("GET /checkout", "frontend", 31_500_000)
    assert (child.parent_span_id, child.status, root.status) == (root.span_id, 2, 0)
    assert [event.name for event in root.events] == ["cache.miss"]
    assert root.attributes == {"u": "naïve ☃"}


@pytest.mark.parametrize(
    "arranged",
    [
        batched(ROW, EVENT),
        "\n".join(json.dumps(row) for row in batched(ROW, EVENT)).encode(),
        [ROW | {"Timestamp": AT}, EVENT | {"Timestamp": AT}],
        "\n".join(json.dumps(row | {"time": AT}) for row in (EVENT, ROW)).encode(),
        {"query": {}, "data": {"results": [{"data": row | {"Timestamp": AT}} for row in (ROW, EVENT)], "series": []}},
        {"results": [ROW | {"Timestamp": AT}, EVENT | {"Timestamp": AT}]},
    ],
)  # fmt: skip
def test_rows_may_be_arranged_in_many_ways(arranged: Any) -> None:
    raw = arranged if isinstance(arranged, bytes) else json.dumps(arranged).encode()
    assert honeycomb.looks_like(sniff.head_of(raw)) == "Honeycomb events: rows with `trace.trace_id`"
    [found] = spans(raw)
    assert (found.name, found.start_ns, found.end_ns) == ("GET /", AT_NS, AT_NS + 31_250_000)
    assert found.events == [Event("", AT_NS, {})]


def test_events_and_links_are_folded_whether_before_or_after_their_span() -> None:
    event = EVENT | {
        "name": "retry",
        "attempt": 2,
        "parent_name": "GET /",
        "service.name": "shop",
        "host.name": "h",
    }
    rows = batched(event, ROW | {"host.name": "h"}, LINK | {"why": "batch"}, event | {"host.name": "i"})
    [found], notes = read(rows)
    assert found.events == [
        Event("retry", AT_NS, {"attempt": 2}),
        Event("retry", AT_NS, {"attempt": 2, "host.name": "i"}),
    ]
    assert found.links == [Link("a" * 32, "b" * 16, {"why": "batch"})]
    assert found.resource.attributes == {"service.name": "shop", "host.name": "h"}
    assert not notes.warnings


def test_events_of_spans_that_are_not_here_are_said() -> None:
    found, notes = read(batched(ROW, EVENT | {"trace.parent_id": OTHER}))
    assert (len(found), codes(notes), notes.rejected) == (1, ["no_owner"], 0)


def test_log_rows_are_counted() -> None:
    found, notes = read(batched(ROW, ROW | {"meta.signal_type": "log"}, {"message": "hi"}))
    assert (len(found), len(codes(notes))) == (1, 2)
    assert set(codes(notes)) == {"other_signal"}


@pytest.mark.parametrize(
    ("time", "start_ns"),
    [
        (1_700_000_000, 1_700_000_000 * 10**9),
        (1_700_000_000.25, 1_700_000_000_250_000_000),
        (1_700_000_000_123, 1_700_000_000_123 * 10**6),
        ("1700000000123456", 1_700_000_000_123_456 * 10**3),
        ("2023-11-14T22:13:20+00:00", 1_700_000_000 * 10**9),
        (None, 0),
    ],
)
def test_times_may_be_text_or_any_epoch(time: object, start_ns: int) -> None:
    assert one(Timestamp=time).start_ns == start_ns


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"error": True}, (2, "", {})),
        ({"error": "true", "status_message": "no"}, (2, "no", {})),
        ({"error": "out of stock"}, (2, "out of stock", {})),
        ({"error": False, "status_code": 0}, (0, "", {})),
        ({"status_code": 2}, (2, "", {})),
        ({"status_code": 1}, (1, "", {})),
        ({"status_code": 404}, (0, "", {"status_code": 404})),
    ],
)
def test_status_and_error(members: dict[str, Any], expected: tuple[int, str, dict[str, Any]]) -> None:
    found = one(**members)
    assert (found.status, found.status_message, found.attributes) == expected


@pytest.mark.parametrize("key", ["span.kind", "span_kind", "kind"])
def test_the_kind_has_several_names(key: str) -> None:
    found = one(**{key: "server"})
    assert (found.kind, found.attributes) == (2, {})


def test_a_sampled_row_stands_for_many() -> None:
    [found] = read([{"time": AT, "samplerate": 20, "data": ROW}])[0]
    assert (found.weight, one(SampleRate=5).weight, one(SampleRate=0).weight) == (20.0, 5.0, 1.0)


def test_ids_of_other_forms_are_kept_as_written_and_stay_together() -> None:
    parent = one(**{"trace.trace_id": "checkout/7", "trace.span_id": "s-1"})
    child = one(**{"trace.trace_id": "checkout/7", "trace.span_id": "s-2", "trace.parent_id": "s-1"})
    assert (child.trace_id, child.parent_span_id) == (parent.trace_id, parent.span_id)
    assert (parent.written_trace_id, parent.written_span_id) == ("checkout/7", "s-1")
    uuid = one(**{"trace.trace_id": "6F9619FF-8B86-D011-B42D-00C04FC964FF"})
    assert uuid.trace_id == "6f9619ff8b86d011b42d00c04fc964ff"


def test_the_library_is_the_scope() -> None:
    assert one(**{"library.name": "otelhttp", "library.version": "0.3"}).scope == Scope("otelhttp", "0.3")


def test_a_span_without_an_id_is_rejected() -> None:
    found, notes = read(batched(ROW | {"trace.span_id": ""}, ROW))
    assert (len(found), notes.rejected, codes(notes)) == (1, 1, ["bad_id"])


def test_more_rows_than_are_held_lose_no_span(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.formats.by_trace.MOST_RECORDS", 10)
    rows = [ROW | {"trace.trace_id": f"{number:032x}"} for number in range(1, 101)]
    assert len(read(batched(*rows))[0]) == 100


def test_files_cut_anywhere_keep_what_comes_before() -> None:
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in batched(ROW, ROW | {"trace.span_id": OTHER}))
    hardships.cut_anywhere_keeps_what_comes_before(spans, lines)
    assert len(spans(LIBHONEY[:-200])) == 2


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*ROW, *LINK, "error", "status_code", "time", "kind", "library.name", "samplerate"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
    )
)  # fmt: skip
def test_members_of_any_type_are_survived(row: dict[str, Any]) -> None:
    read(batched(ROW | row, EVENT | row))
