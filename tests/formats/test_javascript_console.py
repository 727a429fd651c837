"""What JavaScript's console exporter prints: util.inspect's text, old and new versions, colours, cut values, damage."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.any_spans import rows
from webapp.formats import sniff
from webapp.formats.console import javascript
from webapp.formats.console.inspected import Abridged, parse
from webapp.formats.notes import Notes
from webapp.model.spans import Event, Span

CASES = Path(__file__).parents[1] / "data" / "console"
NEW, OLD = (CASES / "js-2.txt").read_bytes(), (CASES / "js-1.0.txt").read_bytes()
ALL = ["js-2", "js-2-colour", "js-1.0"]


def read(content: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(javascript.read(io.BytesIO(content), notes)), notes


def spans(content: bytes) -> list[Span]:
    return read(content)[0]


@pytest.mark.parametrize("case", ALL)
def test_real_output_gives_the_expected_spans(case: str) -> None:
    found, notes = read((CASES / f"{case}.txt").read_bytes())
    assert rows(found) == json.loads((CASES / f"{case}.expected.json").read_text())
    assert notes.rejected == 0


@pytest.mark.parametrize("case", ALL)
def test_it_is_recognised_whatever_is_printed_before(case: str) -> None:
    content = b"listening\n{\n  port: 8080,\n}\n" * 50 + (CASES / f"{case}.txt").read_bytes()
    assert javascript.looks_like(sniff.head_of(content)) == (
        "JavaScript ConsoleSpanExporter: printed spans with `traceId:`"
    )


def test_a_program_with_two_services_gives_traces_across_them() -> None:
    found = spans(NEW)
    assert (len(found), len({span.trace_id for span in found})) == (8, 2)
    assert {span.service for span in found} == {"order-service", "payment-service"}
    charge, call = found[1], found[2]
    assert (charge.trace_id, charge.parent_span_id) == (call.trace_id, call.span_id)
    assert (charge.kind, call.kind, charge.status, charge.status_message) == (2, 3, 2, "card declined")


def test_times_are_microseconds_with_fractions() -> None:
    text = "{\n  traceId: 'a1',\n  id: 'b1',\n  timestamp: 1700000000000000.5,\n  duration: 56.211\n}\n"
    [found] = spans(text.encode())
    assert (found.start_ns, found.end_ns - found.start_ns) == (1_700_000_000_000_000_500, 56_211)


def test_events_have_their_names_times_and_attributes() -> None:
    retry, exception = spans(NEW)[1].events
    assert retry.name == "retry"
    assert retry.attributes == {"attempt": 2, "list": "[Array]"}
    assert str(exception.attributes["exception.stacktrace"]).startswith("Error: card declined\n    at file")
    assert exception.time_ns > retry.time_ns > 1_700_000_000_000_000_000


def test_what_was_cut_when_printing_is_noted() -> None:
    found, notes = read(OLD)
    assert found[0].events == [Event("exception", 0, {})]
    assert {warning.code for warning in notes.warnings} == {"abridged"}


def test_attributes_of_every_shape() -> None:
    attributes = next(span for span in spans(NEW) if span.name == "checkout").attributes
    assert attributes["paid"] is True
    assert attributes["big"] == 2**53
    assert attributes["share"] == 0.25
    assert (attributes["text"], attributes["both"], attributes["all"]) == (
        "it's", "it's \"q\"", "it's \"q\" `b`",
    )  # fmt: skip
    assert attributes["uni"] == "ü\u2028\n\ttab \\ \x1b[31m"
    assert str(attributes["lines"]).endswith("matter\nthird")
    assert attributes["nums"] == [*range(100), "... 20 more items"]
    assert attributes["holes"] == ["a", None, None]
    assert str(attributes["huge"]).endswith("yyy... 2000 more characters")


def test_what_the_program_itself_prints_is_counted_not_rejected() -> None:
    _, notes = read(b"{\n  port: 8080\n}\n" + NEW)
    counts = {warning.code for warning in notes.warnings}
    assert notes.rejected == 0
    assert counts == {"other_text", "other_signal", "abridged"}


def test_a_broken_span_costs_itself_alone() -> None:
    cut = OLD.index(b"status")
    found, notes = read(OLD[:cut] + b"\n" + OLD)
    assert (len(found), notes.rejected) == (2, 1)


def test_indented_output_is_read_too() -> None:
    indented = b"\n".join(b"  " + line for line in OLD.splitlines())
    assert spans(indented) == spans(OLD)


def test_lines_of_containers_are_put_together_again() -> None:
    wrapped = b"\n".join(b"web-1  | " + line for line in OLD.splitlines())
    assert javascript.looks_like(sniff.head_of(wrapped))
    assert spans(wrapped) == spans(OLD)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{ a: 1, 'b-c': [ 1.5, -2, 1e+300 ], d: undefined }", {"a": 1, "b-c": [1.5, -2, 1e300], "d": None}),
        ("Map(2) { 'a' => 1, 'b' => Set(1) { 'x' } }", {"a": 1, "b": ["x"]}),
        ("<ref *1> Foo { self: [Circular *1] }", {"self": "[Circular *1]"}),
        ("[Object: null prototype] { a: 123n }", {"a": 123}),
        ("[ <2 empty items>, [Function: f], Symbol(x) ]", ["<2 empty items>", "[Function: f]", "Symbol(x)"]),
        ("Uint8Array(3) [ 1, 2, 3 ]", [1, 2, 3]),
        ("{ at: 2026-01-02T03:04:05.678Z }", {"at": "2026-01-02T03:04:05.678Z"}),
        (r"'\x1B \u00fc \'q\' \n'", "\x1b ü 'q' \n"),
        ("'abc' +\n  'def'", "abcdef"),
        ("{}", {}),
        ("[]", []),
        ("-0", 0),
    ],
)
def test_what_node_prints_is_understood(text: str, value: Any) -> None:
    assert parse(text) == value


def test_what_stands_for_the_rest_is_marked() -> None:
    assert isinstance(parse("[Object]"), Abridged)
    assert isinstance(parse("'aaa'... 3 more characters"), Abridged)


@pytest.mark.parametrize(
    "text", ["", "{", "{ a: }", "{ a 1 }", "[ 1 2 ]", "'a' 'b'", "{ a: 'b }", "[" * 500, "'a' + 1"]
)
def test_what_is_no_value_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the reader needs no more than that
        parse(text)


@settings(max_examples=100, deadline=None)
@given(st.text("{}[]:,'\"`\\+<> .\nabA019-nu", max_size=60))
def test_any_text_is_survived(text: str) -> None:
    spans(f"{{\n{text}\n}}\n".encode())
    spans(f"{{\n traceId: 'a1',\n id: 'b1', attributes: {text},\n events: {text}\n}}\n".encode())
