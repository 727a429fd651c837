"""What Go's console exporter prints: every version, between other output, damaged; and Python's beside it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats import answer_key, hardships
from tests.formats.any_spans import rows
from tests.formats.console_prints import PYTHON, SPAN, TRACE, lines, read, spans
from webapp.formats import console, sniff
from webapp.formats.console.order import STEP_NS
from webapp.formats.notes import Notes
from webapp.model.spans import Link, Scope, Span

CASES = Path(__file__).parents[1] / "data" / "console"
GO = [
    *(f"go-1.47-{case}" for case in ("lines", "pretty", "no-times")),
    *("go-1.0-rc1-arrays", "go-1.0-rc1-pretty", "go-0.16", "go-0.10"),
]
LINES = (CASES / "go-1.47-lines.txt").read_bytes()
PRETTY = (CASES / "go-1.47-pretty.txt").read_bytes()
YEAR_1 = "0001-01-01T00:00:00Z"


def go_span(**members: Any) -> Span:
    context = {"TraceID": TRACE, "SpanID": SPAN, "TraceFlags": "01", "TraceState": ""}
    [found] = spans(json.dumps({"Name": "n", "SpanContext": context} | members).encode())
    return found


def python_span(**members: Any) -> Span:
    record = {key: value for key, value in (PYTHON | members).items() if value is not ...}
    [found] = spans(json.dumps(record, indent=4).encode())
    return found


def codes(notes: Notes) -> dict[str, int]:
    counts: dict[str, int] = {}
    for warning in notes.warnings:
        counts[warning.code] = counts.get(warning.code, 0) + warning.count
    return counts


@pytest.mark.parametrize("case", [*GO, "python-1.45"])
def test_real_output_gives_the_expected_spans(case: str) -> None:
    found, notes = read((CASES / f"{case}.txt").read_bytes())
    assert rows(found) == json.loads((CASES / f"{case}.expected.json").read_text())
    assert notes.rejected == 0


@pytest.mark.parametrize("kind", ["go_stdouttrace", "python_console"])
def test_real_files_give_their_traces_and_spans(kind: str) -> None:
    for path, traces, count in answer_key.files(kind):
        found, notes = read(path.read_bytes())
        assert (len({span.trace_id for span in found}), len(found)) == (traces, count), path.name
        assert not notes.warnings


# Go


@pytest.mark.parametrize("case", GO)
def test_output_of_go_is_recognised_whatever_is_printed_before(case: str) -> None:
    content = b"".join(b"[GIN-debug] GET /%d --> main.handler\nstarting {up}\n" % n for n in range(300))
    head = sniff.head_of(content + (CASES / f"{case}.txt").read_bytes())
    assert console.looks_like(head) == "Go stdouttrace: spans with `SpanContext`"


@pytest.mark.parametrize("case", GO)
def test_a_program_with_two_services_gives_traces_across_them(case: str) -> None:
    found = spans((CASES / f"{case}.txt").read_bytes())
    assert {span.service for span in found} == {"order-service", "payment-service"}
    known = {(span.trace_id, span.span_id) for span in found}
    charge = next(span for span in found if span.name == "charge")
    assert (charge.trace_id, charge.parent_span_id) in known
    assert (charge.status, charge.status_message) == (2, "card declined")


def test_pretty_and_plain_output_say_the_same() -> None:
    def outline(case: str) -> list[tuple[str, object, object]]:
        found = spans((CASES / case).read_bytes())
        return [(span.name, span.attributes, span.scope) for span in found]

    assert outline("go-1.47-pretty.txt") == outline("go-1.47-lines.txt")


def test_each_type_of_go_keeps_its_kind() -> None:
    found = next(span for span in spans(LINES) if span.name == "checkout")
    assert found.attributes == {
        "html": "<b>&</b>",
        "paid": True,
        "big": 2**63 - 1,
        "beyond": 2**53 + 1,
        "whole": 2.0,
        "share": 0.25,
        "flags": [True, False],
        "counts": [1, 2**53 + 1],
        "weights": [1.0, 0.5],
        "tags": ["a", "ü"],
        "raw": b"\x00\x01\xff",
        "mixed": [1, "b"],
        "nested": {"n": 1, "s": "x"},
    }
    assert isinstance(found.attributes["whole"], float)
    assert found.scope == Scope("shop/order", "0.3.0", {"team": "checkout"})


def test_what_else_is_printed_is_counted_not_rejected() -> None:
    _, notes = read(LINES)
    assert codes(notes) == {"other_text": 4, "other_signal": 1}
    assert notes.rejected == 0


def test_what_a_logger_prints_between_spans_stays_with_their_trace() -> None:
    [line] = lines(LINES)
    assert (line.trace_id, line.span_id) == ("01020304000000000000000000000000", "0909000000000000")
    assert (line.message, line.level, line.time_ns > 0) == ("hello", "info", True)
    slog = {
        "time": "2026-01-02T03:04:05Z",
        "level": "INFO",
        "msg": "paid",
        "trace_id": TRACE,
        "span_id": SPAN,
    }
    [line] = lines(json.dumps(slog).encode() + b"\n" + LINES.splitlines()[2])
    assert (line.trace_id, line.message) == (TRACE, "paid")


def test_text_before_a_span_on_its_line_does_not_hide_it() -> None:
    one = LINES.splitlines()[2]
    found, notes = read(b"done" + one + b"\n2026/01/02 03:04:05 " + one + b"\n")
    assert (len(found), codes(notes)) == (2, {})


def test_times_keep_nanoseconds_and_their_zone() -> None:
    found = go_span(StartTime="2026-01-02T03:04:05.123456789+01:00", EndTime="2026-01-02T02:04:05.2Z")
    assert found.start_ns == 1_767_319_445_123_456_789
    assert found.end_ns - found.start_ns == 76_543_211


def test_spans_without_times_are_laid_out_in_the_order_they_ended() -> None:
    found, notes = read((CASES / "go-1.47-no-times.txt").read_bytes())
    charge, call, checkout = found[:3]
    assert [(span.start_ns, span.end_ns) for span in (charge, call, checkout)] == [
        (0, STEP_NS),
        (0, 2 * STEP_NS),
        (0, 3 * STEP_NS),
    ]
    assert [event.time_ns for event in charge.events] == [0, 0]
    assert codes(notes)["no_times"] == 6


def test_children_of_one_parent_follow_each_other_where_times_are_missing() -> None:
    def line(number: int, parent: int) -> bytes:
        context = {"TraceID": TRACE, "SpanID": f"{number:016x}"}
        times = {"StartTime": YEAR_1, "EndTime": YEAR_1}
        return json.dumps({"SpanContext": context, "Parent": {"SpanID": f"{parent:016x}"}} | times).encode()

    found = spans(b"\n".join([line(1, 9), line(2, 3), line(3, 9), line(9, 0)]))
    assert [(span.start_ns // STEP_NS, span.end_ns // STEP_NS) for span in found] == [
        (0, 1),
        (1, 2),
        (1, 3),
        (0, 4),
    ]


def test_an_unknown_end_alone_is_an_unfinished_span() -> None:
    found = go_span(StartTime="2026-01-02T03:04:05Z", EndTime=YEAR_1)
    assert (found.end_ns, found.start_ns > 0) == (0, True)


def test_null_lists_are_empty() -> None:
    found = go_span(Attributes=None, Events=None, Links=None, Resource=None, Status=None, Parent=None)
    assert (found.attributes, found.events, found.links, found.service) == ({}, [], [], "unknown_service")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"Status": {"Code": "Ok", "Description": ""}}, (1, "")),
        ({"StatusCode": 0, "StatusMessage": ""}, (0, "")),
        ({"StatusCode": 5, "StatusMessage": "gone"}, (2, "gone")),
        ({"StatusCode": "Error", "StatusMessage": "no"}, (2, "no")),
    ],
)
def test_status_is_read_in_every_version(members: dict[str, Any], expected: tuple[int, str]) -> None:
    found = go_span(**members)
    assert (found.status, found.status_message) == expected


def test_what_was_dropped_is_told() -> None:
    found = go_span(DroppedAttributes=3, DroppedEvents=0, DroppedLinkCount=2)
    assert found.attributes == {"otel.dropped_attributes_count": 3, "otel.dropped_links_count": 2}


def test_links_of_old_versions_hold_their_ids_themselves() -> None:
    old = {"TraceID": TRACE, "SpanID": SPAN, "TraceFlags": 1, "Attributes": None}
    assert go_span(Links=[old, {}]).links == [Link(TRACE, SPAN)]


def test_trace_state_and_flags_are_read_in_every_version() -> None:
    state = [{"Key": "a", "Value": {"Type": "STRING", "Value": "b"}}, {"Key": "c", "Value": {"Value": "d"}}]
    context = {"TraceID": TRACE, "SpanID": SPAN, "TraceFlags": 1, "TraceState": state}
    found = go_span(SpanContext=context, ParentSpanID="00f067aa0ba902b7", HasRemoteParent=True)
    assert (found.trace_state, found.flags, found.parent_span_id) == ("a=b,c=d", 0x301, "00f067aa0ba902b7")


# Python


# both


def compose(*programs: bytes) -> bytes:
    """The lines of all, one of each in turn."""
    rows = [
        [b"web-%d  | " % number + line for line in text.splitlines()] for number, text in enumerate(programs)
    ]
    longest = max(map(len, rows))
    return b"\n".join(row[at] for at in range(longest) for row in rows if at < len(row))


@pytest.mark.parametrize(
    "wrapped",
    [
        compose(PRETTY, (CASES / "python-1.45.txt").read_bytes()),
        b"\n".join(b"2026-01-02T03:04:05.1Z stdout F " + line for line in PRETTY.splitlines()),
        b"\n".join(b"[pod/web-7f9c/web] " + line for line in PRETTY.splitlines()),
        b"\n".join(b"2026-01-02T03:04:05.123456789Z " + line for line in PRETTY.splitlines()),
        b"\n".join(b"web-5d8f67b9c-x2x4q web " + line for line in PRETTY.splitlines()),
        b"\n".join(
            json.dumps({"log": line + "\n", "stream": "stdout", "time": "t"}).encode()
            for line in PRETTY.decode().splitlines()
        ),
    ],
    ids=["docker compose", "containerd", "kubectl", "kubectl with times", "stern", "docker"],
)
def test_lines_of_containers_are_put_together_again(wrapped: bytes) -> None:
    assert console.looks_like(sniff.head_of(wrapped))
    found = spans(wrapped)
    assert {span.span_id for span in found} >= {span.span_id for span in spans(PRETTY)}
    assert len(found) in (6, 45)


def test_go_and_python_may_print_into_one_file() -> None:
    found = spans(LINES + json.dumps(PYTHON, indent=4).encode() + b"\n" + LINES)
    assert len(found) == 13


def test_a_record_without_ids_is_rejected() -> None:
    _, notes = read(json.dumps(PYTHON | {"context": {"trace_id": "0x0", "span_id": "0x0"}}).encode())
    assert (notes.rejected, codes(notes)) == (1, {"bad_id": 1})


def test_ids_that_are_no_hexadecimal_stay_together() -> None:
    one = python_span(context={"trace_id": "order-1", "span_id": "a-1"})
    two = python_span(context={"trace_id": "order-1", "span_id": "b-1"}, parent_id="a-1")
    assert (two.trace_id, two.parent_span_id) == (one.trace_id, one.span_id)
    assert one.written_trace_id == "order-1"


@pytest.mark.parametrize("case", ["go-1.0-rc1-arrays", "go-1.0-rc1-pretty", "go-0.10"])
def test_output_cut_anywhere_keeps_what_comes_before(case: str) -> None:
    hardships.cut_anywhere_keeps_what_comes_before(spans, (CASES / f"{case}.txt").read_bytes(), 3)


def test_a_broken_span_costs_itself_alone() -> None:
    lines = LINES.splitlines()
    lines[3] = lines[3][:200]
    found, notes = read(b"\n".join(lines))
    assert (len(found), notes.rejected) == (5, 1)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *PYTHON,
                *["Name", "SpanContext", "Parent", "StartTime", "Events", "Links", "Resource", "Attributes"],
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["trace_id", "TraceID", "SpanID", "span_id", "Key", "Value", "Type", "attributes"]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=8,
        ),
    )
)
def test_members_of_any_type_are_survived(record: dict[str, Any]) -> None:
    read(json.dumps(record).encode())
    read(json.dumps(PYTHON | record).encode())
