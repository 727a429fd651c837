"""Lines that say where a span starts and ends: their spans, in any order, alone, in doubt about units."""

from pathlib import Path
from typing import Any

import pytest

from tests.formats.logs.reading import HEX, SECOND, START_S, codes, read
from webapp.formats.logs.pairs import Pairs
from webapp.formats.logs.reading import Entry, Lines
from webapp.formats.logs.records import Record
from webapp.formats.notes import Notes
from webapp.model.spans import Span, Status

DATA = Path(__file__).parents[2] / "data" / "logs"
START_NS = START_S * SECOND


def line(message: str, at_s: float, span: str = "a1", **fields: Any) -> dict[str, Any]:
    named = {"trace_id": HEX, "span_id": span, "operation": "pay", "service": "shop"}
    return {"level": "info", "ts": START_S + at_s, "msg": message, **named, **fields}


def only(content: Any) -> Span:
    [span] = read(content)[0]
    return span


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("Starting span", "Ending span"),
        ("span started", "span finished"),
        ("span start", "span end"),
        ("span.start", "span.end"),
        ("Span begin", "Span ended"),
        ("start_span", "end_span"),
        ("[TRACE] Starting span", "[TRACE] Ending span"),
        ("Starting span: pay", "Ending span: pay"),
        ("Starting operation", "Operation completed"),
    ],
)
def test_two_lines_are_one_span(start: str, end: str) -> None:
    fields = {"parent_span_id": "b2", "user": 7}
    span = only([line(start, 0, **fields), line(end, 0.25, duration_ms=250)])
    assert (span.name, span.service, span.trace_id) == ("pay", "shop", HEX)
    assert (span.span_id, span.parent_span_id) == ("a1".zfill(16), "b2".zfill(16))
    assert (span.start_ns, span.end_ns) == (START_NS, START_NS + SECOND // 4)
    assert span.attributes == {"user": 7, "duration_ms": 250}


def test_the_message_names_what_no_field_does() -> None:
    start = line("Starting span: charge card", 0) | {"operation": ""}
    assert only([start, line("Ending span", 1) | {"operation": ""}]).name == "charge card"


def test_the_end_may_come_first() -> None:
    span = only([line("Ending span", 1), line("Starting span", 0)])
    assert (span.start_ns, span.end_ns) == (START_NS, START_NS + SECOND)


def test_a_start_alone_is_unfinished() -> None:
    assert only([line("Starting span", 0)]).end_ns == 0


@pytest.mark.parametrize(
    "told",
    [
        {"duration_ms": 250},
        {"duration": "250ms"},
        {"elapsed_us": 250_000},
        {"duration_seconds": 0.25},
        {"took": "0.25s"},
    ],
)
def test_an_end_alone_reaches_back_by_its_duration(told: dict[str, Any]) -> None:
    span = only([line("Ending span", 1, **told)])
    assert (span.start_ns, span.end_ns) == (START_NS + 750_000_000, START_NS + SECOND)


def test_an_end_alone_without_a_duration_has_no_start() -> None:
    span = only([line("Ending span", 1)])
    assert (span.start_ns, span.end_ns) == (0, START_NS + SECOND)


def test_times_of_lines_are_believed_before_the_name_of_a_field() -> None:
    """zap writes durations in seconds, whatever their field is called."""
    spans, _, notes = read(
        [
            line("Starting span", 0),
            line("Ending span", 0.25, duration_ms=0.25),
            line("Ending span", 2, "c3", duration_ms=0.5),
        ]
    )
    assert [span.end_ns - span.start_ns for span in spans] == [SECOND // 4, SECOND // 2]
    assert codes(notes)["duration_disagrees"] == 1
    assert "in seconds" in next(w.message for w in notes.warnings if w.code == "duration_disagrees")


def test_decimals_beyond_a_nanosecond_are_seconds() -> None:
    span = only([line("Ending span", 1, duration_ms=0.250000001)])
    assert span.end_ns - span.start_ns == 250_000_001


def test_a_duration_is_finer_than_times_in_whole_seconds() -> None:
    span = only([line("Starting span", 0), line("Ending span", 1, duration_ms=412.5)])
    assert span.end_ns - span.start_ns == 412_500_000


def test_a_failed_span_says_why() -> None:
    span = only([line("Starting span", 0), line("Ending span", 1, error="card declined")])
    assert (span.status, span.status_message) == (Status.ERROR, "card declined")


def test_lines_within_a_span_are_no_spans() -> None:
    spans, lines, _ = read([line("Starting span", 0), line("asking the bank", 0.1), line("Ending span", 1)])
    assert len(spans) == 1
    assert [each.message for each in lines] == ["asking the bank"]


@pytest.mark.parametrize(
    "message", ["Starting server", "request started", "Ending", "spanning tree", "the span is long"]
)
def test_other_starts_and_ends_are_lines(message: str) -> None:
    spans, lines, _ = read([line(message, 0)])
    assert (len(spans), len(lines)) == (0, 1)


def test_the_same_span_twice_stays_twice() -> None:
    spans, _, _ = read([line("Starting span", 0), line("Ending span", 1)] * 2)
    assert len(spans) == 2


def test_open_spans_are_bounded_and_the_oldest_given_up_is_said() -> None:
    notes = Notes()
    pairs, lines = Pairs(notes, most_open=3), Lines(notes, weak_ids=False)
    given: list[Span] = []
    for number in range(1, 6):
        entry = Entry(Record([line("Starting span", number, f"{number:x}")], ""))
        made = lines.line(entry)
        assert made is not None
        given += pairs.take(entry, made) or ()
    assert [span.span_id[-1] for span in given] == ["1", "2"]
    assert [span.span_id[-1] for span in pairs.rest()] == ["3", "4", "5"]
    assert codes(notes)["spans_open"] == 2


@pytest.mark.parametrize("name", ["zap_production.jsonl", "zap_development.jsonl", "zap_console.log"])
def test_the_tracer_of_tutorials_gives_three_traces_across_three_services(name: str) -> None:
    spans, lines, notes = read((DATA / name).read_bytes())
    assert (len(spans), len(lines), len({span.trace_id for span in spans})) == (21, 3, 3)
    for trace_id in {span.trace_id for span in spans}:
        check_checkout([span for span in spans if span.trace_id == trace_id])
    assert ("duration_disagrees" in codes(notes)) == (name == "zap_production.jsonl")


def check_checkout(spans: list[Span]) -> None:
    by_name = {span.name: span for span in spans}
    parents = {by_id.name: spans_by_id(spans).get(by_id.parent_span_id) for by_id in spans}
    assert {name: parent.name if parent else "" for name, parent in parents.items()} == {
        "GET /checkout": "",
        "POST /orders": "GET /checkout",
        "create_order": "POST /orders",
        "insert_row": "create_order",
        "POST /charge": "create_order",
        "charge": "POST /charge",
        "bank": "charge",
    }
    assert {span.service for span in spans} == {"gateway", "orders", "payments"}
    milliseconds = {name: (span.end_ns - span.start_ns) / 1e6 for name, span in by_name.items()}
    assert 42 <= milliseconds["bank"] <= milliseconds["charge"] + 1
    assert 8 <= milliseconds["insert_row"] < 42
    assert milliseconds["GET /checkout"] >= 55


def spans_by_id(spans: list[Span]) -> dict[str, Span]:
    return {span.span_id: span for span in spans}
