"""What .NET's console exporter prints: blocks of text, new and old, with events, links and stack traces; damage."""

import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.formats import sniff
from webapp.formats.console import dotnet
from webapp.formats.notes import Notes
from webapp.model.spans import Attributes, Event, Link, Scope, Span

OUTPUT = (Path(__file__).parents[1] / "data" / "console" / "dotnet-1.9.txt").read_bytes()
START_NS = 1_767_323_045_123_456_700


def read(content: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(dotnet.read(io.BytesIO(content), notes)), notes


def spans(content: bytes) -> list[Span]:
    return read(content)[0]


def test_it_is_recognised_between_other_lines() -> None:
    reason = ".NET ConsoleExporter: printed activities with `Activity.TraceId`"
    assert dotnet.looks_like(sniff.head_of(OUTPUT)) == reason
    wrapped = b"\n".join(b"web-1  | " + line for line in OUTPUT.splitlines())
    assert dotnet.looks_like(sniff.head_of(wrapped)) == reason
    assert len(spans(wrapped)) == 3


def test_an_activity_is_read_whole() -> None:
    charge = spans(OUTPUT)[0]
    assert (charge.trace_id, charge.span_id) == ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b175")
    assert (charge.parent_span_id, charge.name, charge.service) == ("eee19b7ec3c1b174", "charge", "payment")
    assert (charge.start_ns, charge.end_ns - charge.start_ns) == (START_NS, 6_522_000)
    assert (charge.kind, charge.status, charge.status_message, charge.flags) == (3, 2, "card declined", 1)
    assert charge.scope == Scope("Shop.Payment", "1.2")
    assert charge.attributes == {
        "http.request.method": "POST",
        "url.full": "http://pay/charge?a=b: c",
        "list": "[1,2]",
    }


def test_events_with_stack_traces_and_links() -> None:
    charge = spans(OUTPUT)[0]
    stack = "CardDeclined: no money\n   at Shop.Pay.Charge() in Pay.cs:line 12"
    told: Attributes = {"exception.type": "CardDeclined", "exception.stacktrace": stack}
    assert charge.events == [Event("exception", 1_767_323_045_125_000_000, told)]
    assert charge.links == [Link("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", {"why": "retry"})]


def test_newer_and_older_versions() -> None:
    _, web, old = spans(OUTPUT)
    assert (web.scope, web.trace_state) == (Scope("Shop.Web", "2.0"), "a=b")
    assert web.end_ns - web.start_ns == 86_401_500_000_000
    assert (old.span_id, old.parent_span_id) == ("745239d26e408342", "745239d26e408341")


def test_what_else_is_printed_is_counted() -> None:
    _, notes = read(OUTPUT)
    assert [warning.code for warning in notes.warnings] == ["other_text"] * 2
    assert notes.rejected == 0


def test_an_activity_without_an_id_is_rejected() -> None:
    found, notes = read(b"Activity.TraceId:  \nActivity.SpanId: x\n\n" + b"Activity.TraceId: 0\n\n" + OUTPUT)
    assert (len(found), notes.rejected) == (3, 2)


@pytest.mark.parametrize("seed", range(5))
def test_lines_in_any_order_are_survived(seed: int) -> None:
    lines = OUTPUT.splitlines()
    random.Random(seed).shuffle(lines)
    read(b"\n".join(lines))


@settings(max_examples=60, deadline=None)
@given(st.text("AT: []0-\n .a", max_size=80))
def test_any_text_is_survived(text: str) -> None:
    read(
        f"Activity.TraceId: a1\nActivity.SpanId: b1\nActivity.Events:\n{text}\nActivity.Duration: {text}".encode()
    )
