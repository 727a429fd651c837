"""The span JSON of tutorials: its spellings, wrappings, units and oddities."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.formats import generic
from webapp.formats.notes import Notes
from webapp.formats.sniff import head_of
from webapp.model.spans import Event, Link, Resource, Span

TRACE, SPAN, PARENT = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b173"
START_US = 1_700_000_000_000_000
START_NS = START_US * 1_000

CAMEL = {
    "traceId": TRACE,
    "spanId": SPAN,
    "parentSpanId": PARENT,
    "name": "GET /orders",
    "timestamp": START_US,
    "duration": 1_500,
    "kind": "SERVER",
    "status": "ERROR",
    "serviceName": "orders",
    "attributes": {"http.method": "GET", "n": 5, "share": 0.5, "ok": True, "list": [1, "a"]},
    "events": [{"name": "retry", "timestamp": START_US + 10, "attributes": {"attempt": 2}}],
    "links": [{"traceId": TRACE, "spanId": PARENT, "attributes": {"why": "batch"}}],
}
EXPECTED = Span(
    trace_id=TRACE,
    span_id=SPAN,
    parent_span_id=PARENT,
    name="GET /orders",
    service="orders",
    start_ns=START_NS,
    end_ns=START_NS + 1_500_000,
    kind=2,
    status=2,
    attributes={"http.method": "GET", "n": 5, "share": 0.5, "ok": True, "list": [1, "a"]},
    events=[Event("retry", START_NS + 10_000, {"attempt": 2})],
    links=[Link(TRACE, PARENT, {"why": "batch"})],
    resource=Resource({"service.name": "orders"}),
)


def read(value: object) -> tuple[list[Span], Notes]:
    notes = Notes()
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list(generic.read(io.BytesIO(text), notes)), notes


def one(**members: object) -> Span:
    span = {key: value for key, value in (CAMEL | members).items() if value is not ...}
    found, _ = read([span])
    assert len(found) == 1
    return found[0]


def codes(**members: object) -> set[str]:
    return {warning.code for warning in read([CAMEL | members])[1].warnings}


def snake(span: dict[str, object]) -> dict[str, object]:
    return {"".join("_" + c.lower() if c.isupper() else c for c in key): value for key, value in span.items()}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([CAMEL]),
        json.dumps([CAMEL], indent=2),
        json.dumps(CAMEL),
        json.dumps({"spans": [CAMEL]}),
        json.dumps({"traces": [{"traceId": TRACE, "spans": [CAMEL]}]}),
        json.dumps({"traces": [[CAMEL]]}),
        json.dumps({"data": [{"spans": [CAMEL]}]}),
        json.dumps({"trace": {"traceId": TRACE, "serviceName": "orders", "spans": [
            {key: value for key, value in CAMEL.items() if key not in ("traceId", "serviceName")}
        ]}}),
        json.dumps(snake(CAMEL)),
        json.dumps([CAMEL]) + "\n\n",
    ],
)  # fmt: skip
def test_a_span_is_the_same_however_it_is_wrapped_and_spelled(text: str) -> None:
    found, notes = read(text.encode())
    assert found == [EXPECTED]
    assert not notes.warnings
    reason = generic.looks_like(head_of(text.encode()))
    assert reason is not None
    assert reason.startswith("Span JSON: spans with ")


def test_lines_and_concatenated_spans_are_read_one_by_one() -> None:
    assert read(b"\n".join([json.dumps(CAMEL).encode()] * 3))[0] == [EXPECTED] * 3
    assert read(json.dumps(CAMEL, indent=1).encode() * 3)[0] == [EXPECTED] * 3


@pytest.mark.parametrize(
    "members",
    [
        {"timestamp": ..., "startTime": START_US},
        {"timestamp": ..., "start_time": "2023-11-14T22:13:20Z"},
        {
            "timestamp": ...,
            "startTimeUnixNano": str(START_NS),
            "duration": ...,
            "endTimeUnixNano": START_NS + 1_500_000,
        },
        {"timestamp": ..., "duration": ..., "start": START_US, "end": START_US + 1_500},
        {
            "timestamp": ...,
            "duration": ...,
            "startTime": "2023-11-14T22:13:20Z",
            "endTime": "2023-11-14T22:13:20.0015Z",
        },
        {"duration": ..., "durationMs": 1.5},
        {"duration": ..., "duration_ns": 1_500_000},
        {"duration": "1.5ms"},
        {"timestamp": str(START_US)},
        {"timestamp": float(START_US)},
    ],
)
def test_times_are_the_same_in_every_spelling(members: dict[str, object]) -> None:
    assert (one(**members).start_ns, one(**members).end_ns) == (START_NS, START_NS + 1_500_000)


@pytest.mark.parametrize(
    ("start", "duration", "length_ns"),
    [
        (1_700_000_000, 1.5, 1_500_000_000),
        (1_700_000_000_000, 1_500, 1_500_000_000),
        (START_NS, 1_500, 1_500),
    ],
)
def test_the_unit_of_other_numbers_follows_from_their_size_with_a_warning(
    start: int, duration: float, length_ns: int
) -> None:
    found = one(timestamp=start, duration=duration)
    assert (found.start_ns, found.end_ns) == (START_NS, START_NS + length_ns)
    assert codes(timestamp=start, duration=duration, events=[]) == {"time_unit"}


def test_a_clock_that_starts_at_zero_counts_microseconds() -> None:
    assert (one(timestamp=0).start_ns, one(timestamp=2_000).start_ns) == (0, 2_000_000)
    assert codes(timestamp=2_000) == set()


@pytest.mark.parametrize(
    "kind", ["server", "SPAN_KIND_SERVER", "SpanKind.SERVER", 2, "2", {"name": "SERVER"}]
)
def test_a_kind_is_a_name_a_number_or_an_object(kind: object) -> None:
    assert one(kind=kind).kind == 2


@pytest.mark.parametrize(
    ("members", "status", "message"),
    [
        ({"status": "OK"}, 1, ""),
        ({"status": 2}, 2, ""),
        ({"status": {"code": "STATUS_CODE_ERROR", "message": "declined"}}, 2, "declined"),
        ({"status": {"code": 2, "description": "declined"}}, 2, "declined"),
        ({"status": "failed"}, 2, ""),
        ({"status": ..., "statusCode": "ERROR", "statusMessage": "declined"}, 2, "declined"),
        ({"status": ..., "error": True}, 2, ""),
        ({"status": ..., "error": "declined"}, 2, "declined"),
        ({"status": "OK", "error": False}, 1, ""),
        ({"status": None}, 0, ""),
        ({"status": []}, 0, ""),
    ],
)
def test_a_status_is_read_from_names_numbers_objects_and_errors(
    members: dict[str, object], status: int, message: str
) -> None:
    found = one(**members)
    assert (found.status, found.status_message) == (status, message)


def test_a_status_that_is_none_of_ours_is_kept_as_an_attribute() -> None:
    assert one(status=503).attributes["status"] == 503


@pytest.mark.parametrize(
    "members",
    [
        {"serviceName": ..., "service": "orders"},
        {"serviceName": ..., "service": {"name": "orders"}},
        {"serviceName": ..., "service.name": "orders"},
        {"serviceName": ..., "resource": {"service.name": "orders"}},
        {"serviceName": ..., "resource": {"attributes": {"service.name": "orders"}}},
        {
            "serviceName": ...,
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "orders"}}]},
        },
    ],
)
def test_the_service_is_found_where_it_is_said(members: dict[str, object]) -> None:
    found = one(**members)
    assert found.service == found.resource.attributes["service.name"] == "orders"


def test_a_service_among_the_attributes_counts_too() -> None:
    assert one(serviceName=..., attributes={"service.name": "orders"}).service == "orders"
    assert one(serviceName=...).service == "unknown_service"


def test_members_without_a_meaning_become_attributes() -> None:
    found = one(host="web-1", nested={"a": [1]})
    assert found.attributes["host"] == "web-1"
    assert found.attributes["nested"] == {"a": [1]}


def test_attributes_may_be_a_list_of_keys_and_values() -> None:
    pairs = [{"key": "a", "value": 1}, {"key": "b", "value": {"stringValue": "x"}}, "junk"]
    assert one(attributes=pairs).attributes == {"a": 1, "b": "x"}
    assert one(attributes=..., tags={"a": 1}).attributes == {"a": 1}
    assert one(attributes=None, events=None, links="none").attributes == {}


def test_odd_ids_are_padded_with_a_warning_and_keep_their_spelling() -> None:
    found = one(traceId="ABC", spanId="7", parentSpanId="6")
    assert (found.trace_id, found.span_id, found.parent_span_id) == (
        "abc".zfill(32),
        "7".zfill(16),
        "6".zfill(16),
    )
    assert (found.written_trace_id, found.written_span_id) == ("ABC", "7")
    assert codes(traceId="ABC") == {"id_padded"}


def test_ids_that_are_words_still_connect_parent_and_child() -> None:
    child, parent = one(spanId="child", parentSpanId="parent"), one(spanId="parent", parentSpanId=None)
    assert child.parent_span_id == parent.span_id
    assert child.span_id != parent.span_id
    assert parent.parent_span_id == ""
    assert codes(spanId="child") == {"id_hashed"}


def test_a_record_without_ids_is_rejected_with_its_place() -> None:
    found, notes = read([CAMEL, {"name": "no ids"}, 5, CAMEL])
    assert len(found) == 2
    assert notes.rejected == 2
    assert [(w.code, w.where) for w in notes.warnings] == [
        ("bad_id", "line 1, span 2"),
        ("bad_id", "line 1, span 3"),
    ]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "soon", -5, 10**30, [1]])
def test_a_time_that_cannot_be_one_is_unknown_with_a_warning(time: object) -> None:
    assert (one(timestamp=time).start_ns, one(timestamp=time).end_ns) == (0, 0)
    assert "bad_time" in codes(timestamp=time)


def test_without_end_and_duration_a_span_is_unfinished() -> None:
    assert one(duration=...).end_ns == 0
    assert one(duration=0).end_ns == START_NS
    assert one(duration=-5).end_ns == START_NS - 5_000


@pytest.mark.parametrize(
    "value",
    [
        [
            {
                "traceID": "1",
                "spanID": "2",
                "operationName": "n",
                "startTime": 1,
                "duration": 1,
                "references": [],
            }
        ],
        [{"traceId": "1", "spanId": "2", "name": "n", "timestamp": 1, "duration": 1, "localEndpoint": {}}],
        [
            {
                "trace_id": 1,
                "span_id": 2,
                "name": "n",
                "start": 1,
                "duration": 1,
                "resource": "GET",
                "meta": {},
            }
        ],
        [{"trace_id": "1", "span_id": "2", "message": "a log line", "timestamp": 1}],
        [{"traceId": "1", "spanId": "2", "name": "n"}],
        [{"name": "n", "timestamp": 1, "duration": 2}],
        [[]],
        "text",
    ],
)
def test_what_belongs_to_others_is_not_taken(value: object) -> None:
    assert generic.looks_like(head_of(json.dumps(value).encode())) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(sorted(CAMEL)), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*sorted(CAMEL), "error", "resource", "end", "spans"]), anything))
def test_any_value_in_any_member_is_read_or_rejected(members: dict[str, object]) -> None:
    for found in read([CAMEL | members])[0]:
        assert found.kind in range(6)
        assert found.status in range(3)
