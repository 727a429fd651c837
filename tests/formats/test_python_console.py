"""What the console exporters of Python and PHP print."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.formats.console_prints import PYTHON, SPAN, TRACE, lines, read, spans
from webapp.formats import console, sniff
from webapp.model.spans import Event, Kind, Link, Span, Status

CASES = Path(__file__).parents[1] / "data" / "console"


def python_span(**members: Any) -> Span:
    record = {key: value for key, value in (PYTHON | members).items() if value is not ...}
    [found] = spans(json.dumps(record, indent=4).encode())
    return found


# Go


def test_log_records_of_python_too() -> None:
    record = {
        "body": "paid",
        "severity_number": 13,
        "severity_text": "WARN",
        "timestamp": "2026-01-02T03:04:05.5Z",
    }
    record |= {
        "trace_id": f"0x{TRACE}",
        "span_id": f"0x{SPAN}",
        "resource": PYTHON["resource"],
        "attributes": None,
    }
    [line] = lines(json.dumps(record, indent=4).encode())
    assert (line.trace_id, line.span_id, line.service, line.level) == (TRACE, SPAN, "x", "warn")


# Python


def test_the_python_story_is_whole() -> None:
    found, notes = read((CASES / "python-1.45.txt").read_bytes())
    assert (len(found), len({span.trace_id for span in found})) == (39, 9)
    assert {span.service for span in found} == {"frontend", "checkout", "payment", "inventory-β", "mailer"}
    assert not notes.warnings


def test_ids_with_0x_are_kept_as_written() -> None:
    found = python_span(parent_id="0x00f067aa0ba902b7")
    assert (found.trace_id, found.span_id, found.parent_span_id) == (TRACE, SPAN, "00f067aa0ba902b7")
    assert (found.written_trace_id, found.written_span_id) == (f"0x{TRACE}", f"0x{SPAN}")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"status_code": "ERROR", "description": "no"}, (2, "no")),
        ({"canonical_code": "OK"}, (0, "")),
        ({"canonical_code": "UNKNOWN", "description": "no"}, (2, "no")),
        ({"status_code": "OK"}, (1, "")),
        (None, (0, "")),
    ],
)
def test_status_of_python_old_and_new(status: Any, expected: tuple[int, str]) -> None:
    found = python_span(status=status)
    assert (found.status, found.status_message) == expected


def test_older_resources_are_flat_or_absent() -> None:
    assert python_span(resource={"service.name": "y"}).service == "y"
    assert python_span(resource=...).service == "unknown_service"


def test_the_state_that_python_prints_is_a_trace_state() -> None:
    state = "['{key=vendor, value=v1}', '{key=congo, value=t61rcWkgMzE}']"
    assert (
        python_span(context=PYTHON["context"] | {"trace_state": state}).trace_state
        == "vendor=v1,congo=t61rcWkgMzE"
    )


def test_nulls_are_nothing() -> None:
    found = python_span(attributes=None, events=None, links=None, end_time=None, kind=None)
    assert (found.attributes, found.events, found.end_ns, found.kind) == ({}, [], 0, 0)


def test_events_and_links_of_python() -> None:
    found = python_span(
        events=[{"name": "e", "timestamp": "2026-01-02T03:04:05.123458Z", "attributes": {"a": [1]}}],
        links=[{"context": PYTHON["context"], "attributes": {"b": 2}}, {"context": None}],
    )
    assert found.events == [Event("e", found.start_ns + 1_000, {"a": [1]})]
    assert found.links == [Link(TRACE, SPAN, {"b": 2})]


# both


def test_what_php_prints_is_read_too() -> None:
    context = {"trace_id": "5b" * 16, "span_id": "e1" * 8, "trace_state": "a=b", "trace_flags": 1}
    printed = {
        "name": "GET /", "context": context, "resource": {"service.name": "shop"}, "parent_span_id": "e2" * 8,
        "kind": "KIND_CLIENT", "start": 1_700_000_000_123_456_789, "end": 1_700_000_000_123_456_999,
        "attributes": {"http.request.method": "GET"}, "status": {"code": "Error", "description": "no"},
        "events": [{"name": "retry", "timestamp": 1_700_000_000_123_456_800, "attributes": []}],
        "links": [{"context": context, "attributes": []}], "schema_url": "",
    }  # fmt: skip
    content = ("Starting\n" + json.dumps([printed], indent=4) + "\n").encode()
    assert console.looks_like(sniff.head_of(content)) == (
        "PHP ConsoleSpanExporter: spans with `context.trace_id` and `parent_span_id`"
    )
    [span] = spans(content)
    assert (span.service, span.parent_span_id, span.kind) == ("shop", "e2" * 8, Kind.CLIENT)
    assert (span.start_ns, span.end_ns - span.start_ns) == (1_700_000_000_123_456_789, 210)
    assert (span.status, span.status_message, span.trace_state) == (Status.ERROR, "no", "a=b")
    assert ([event.name for event in span.events], len(span.links)) == (["retry"], 1)
