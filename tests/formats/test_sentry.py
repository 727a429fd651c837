"""Sentry envelopes: transactions, span items, errors as events or log lines, statuses, damage."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.formats import sentry, sniff
from webapp.formats.notes import Notes
from webapp.model.logs import LogLine
from webapp.model.spans import Span

ENVELOPES = (Path(__file__).parents[1] / "data" / "sentry" / "python.envelope").read_bytes()
TRACE = "86740378af084d8fb09fc6459dc1c7a1"
SPAN: dict[str, Any] = {
    "trace_id": TRACE,
    "span_id": "b" * 16,
    "start_timestamp": 1700000000.25,
    "timestamp": 1700000001,
}
ROOT = {
    "type": "transaction",
    "transaction": "GET /",
    "contexts": {"trace": {"trace_id": TRACE, "span_id": "a" * 16, "op": "http.server"}},
    "start_timestamp": "2023-11-14T22:13:20Z",
    "timestamp": "2023-11-14T22:13:21.5Z",
    "release": "shop@1.4.2",
}


def read(*records: Any) -> tuple[list[Span | LogLine], Notes]:
    raw = (
        records[0]
        if isinstance(records[0], bytes)
        else b"\n".join(json.dumps(one).encode() for one in records)
    )
    notes = Notes()
    return list(sentry.read(io.BytesIO(raw), notes)), notes


def spans(*records: Any) -> list[Span]:
    return [one for one in read(*records)[0] if isinstance(one, Span)]


def one(**members: Any) -> Span:
    return spans(ROOT | {"spans": [SPAN | members]})[1]


def test_the_capture_gives_three_transactions_with_their_spans_and_the_error() -> None:
    found, notes = read(ENVELOPES)
    every = [each for each in found if isinstance(each, Span)]
    assert (len(found), len(every), len({span.trace_id for span in every})) == (9, 9, 3)
    assert {span.service for span in every} == {"shop"}
    [failed] = [span for span in every if span.events]
    assert (failed.name, failed.status, failed.kind) == ("POST http://payment/charge", 2, 3)
    assert failed.events[0].attributes["exception.message"] == "card declined €"
    assert not notes.warnings


def test_an_error_whose_span_is_not_here_is_a_log_line() -> None:
    [error] = [line for line in ENVELOPES.splitlines() if b'"exception"' in line]
    [line], notes = read(error)
    assert isinstance(line, LogLine)
    assert (line.message, line.level, line.span_id) == ("card declined €", "error", "bf6bdb5d2bf1a0b0")
    assert not notes.warnings


@pytest.mark.parametrize("record", [ROOT, {"items": [SPAN]}])
def test_it_is_recognised_by_what_it_holds(record: dict[str, Any]) -> None:
    header = b'{"event_id":"1"}\n{"type":"transaction"}\n'
    assert sentry.looks_like(sniff.head_of(header + json.dumps(record).encode()))
    assert not sentry.looks_like(sniff.head_of(header))


def test_times_are_seconds_or_text() -> None:
    root, child = spans(ROOT | {"spans": [SPAN]})
    assert root.end_ns - root.start_ns == 1_500_000_000
    assert (child.start_ns, child.end_ns) == (1_700_000_000_250_000_000, 1_700_000_001_000_000_000)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ok", (1, "")),
        (None, (0, "")),
        ("not_found", (2, "not_found")),
        ("error", (2, "")),
        ("unknown", (0, "")),
    ],
)
def test_a_status_other_than_ok_is_a_failure(status: object, expected: tuple[int, str]) -> None:
    found = one(status=status)
    assert (found.status, found.status_message) == expected


@pytest.mark.parametrize(
    ("op", "kind"), [("db.query", 3), ("http.server", 2), ("queue.publish", 4), ("function", 1)]
)
def test_the_kind_is_told_by_the_operation(op: str, kind: int) -> None:
    assert one(op=op).kind == kind


def test_newer_items_have_typed_attributes() -> None:
    item = SPAN | {"name": "GET /", "end_timestamp": 1700000002, "status": "error"}
    item["attributes"] = {
        "service.name": {"type": "string", "value": "web"},
        "sentry.op": {"value": "http.server"},
    }
    [found] = spans({"items": [item]})
    assert (found.name, found.service, found.kind, found.status) == ("GET /", "web", 2, 2)
    assert found.end_ns == 1_700_000_002 * 10**9


def test_what_else_an_envelope_holds_is_counted() -> None:
    _, notes = read(ROOT, {"type": "session", "length": 3}, {"sid": "1", "status": "ok"})
    assert [warning.code for warning in notes.warnings] == ["other_signal"]


def test_a_span_without_an_id_is_rejected() -> None:
    found, notes = read(ROOT | {"spans": [SPAN | {"span_id": None}, 7, SPAN]})
    assert (len(found), notes.rejected) == (2, 2)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [*SPAN, *ROOT, "data", "tags", "status", "op", "exception", "measurements", "items", "spans"]
        ),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(["trace", "value", "values", "a"]), inner)
            ),
            max_leaves=5,
        ),
    )
)
def test_members_of_any_type_are_survived(members: dict[str, Any]) -> None:
    read(
        members,
        ROOT | members,
        ROOT | {"spans": [SPAN | members]},
        {"contexts": ROOT["contexts"], "exception": members},
    )
