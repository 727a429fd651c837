"""Zipkin v2 JSON: arrangements, shared spans, parts and mixed ids, real exporters, round trips, damage."""

import io
import json
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.formats import answer_key
from tests.formats.any_spans import keys, rows, some_text, span_ids, texts, trace_ids, values
from webapp.formats import json_stream, sniff, zipkin
from webapp.formats.notes import Notes
from webapp.formats.zipkin import reports as zipkin_reports
from webapp.model.spans import Event, Kind, Resource, Scope, Span

CASES = Path(__file__).parents[1] / "data" / "zipkin"
SHARED = json.loads((CASES / "shared.json").read_text())
SPANS = [span for trace in SHARED for span in trace]


def read(content: Any) -> tuple[list[Span], Notes]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    notes = Notes()
    return list(zipkin.read(io.BytesIO(raw), notes)), notes


def one_span(**members: Any) -> Span:
    [found] = read({"traceId": "a", "id": "b", "timestamp": 1_000, "duration": 5} | members)[0]
    return found


@pytest.mark.parametrize(
    "case", ["shared.json", "fragments.jsonl", "opentelemetry-python.jsonl", "zipkin-js.json"]
)
def test_the_examples_give_the_expected_spans(case: str) -> None:
    found, notes = read((CASES / case).read_bytes())
    expected = (CASES / case).with_suffix(".expected.json").read_text()
    assert rows(found) == json.loads(expected)
    assert notes.rejected == 0


def test_the_python_exporter_sent_39_spans_of_9_traces() -> None:
    found, notes = read((CASES / "opentelemetry-python.jsonl").read_bytes())
    assert (len(found), len({span.trace_id for span in found})) == (39, 9)
    assert {span.service for span in found} == {"frontend", "checkout", "payment", "inventory-β", "mailer"}
    assert not notes.warnings


@pytest.mark.parametrize(
    "arranged",
    [
        SPANS,
        "\n".join(json.dumps(span) for span in SPANS).encode(),
        json.dumps(SPANS, indent=2).encode(),
        b"".join(json.dumps(trace, indent=1).encode() for trace in SHARED),
    ],
)
def test_spans_may_be_listed_in_many_ways(arranged: Any) -> None:
    assert read(arranged)[0] == read(SHARED)[0]


def test_a_single_span_is_a_file_too() -> None:
    assert [one.span_id for one in read(SPANS[0])[0]] == ["48485a3953bb6124"]


def test_a_huge_list_is_read_span_by_span(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "OPEN_FROM", 500)
    assert read(SPANS)[0] == read(SHARED)[0]


# what belongs together


def test_client_and_server_with_one_id_stay_two_spans_with_and_without_the_flag() -> None:
    both = {"traceId": "a", "id": "b", "timestamp": 5, "duration": 5}
    for flag in ({"shared": True}, {}):
        found, _ = read([both | {"kind": "CLIENT"}, both | {"kind": "SERVER"} | flag])
        assert [(one.kind, one.shared) for one in found] == [(3, False), (2, "shared" in flag)]


def test_copies_of_one_record_are_left_for_repair_to_count() -> None:
    part = {"traceId": "a", "id": "b", "timestamp": 5}
    assert len(read([part, part])[0]) == 2


def test_parts_that_contradict_each_other_are_two_spans() -> None:
    part = {"traceId": "a", "id": "b", "timestamp": 5}
    assert len(read([part, part | {"timestamp": 6, "duration": 5}])[0]) == 2


def test_parts_of_other_services_are_not_taken() -> None:
    client = {"traceId": "a", "id": "b", "timestamp": 5, "localEndpoint": {"serviceName": "shop"}}
    stranger = {"traceId": "a", "id": "b", "localEndpoint": {"serviceName": "bank"}, "tags": {"k": "v"}}
    assert [one.service for one in read([client, stranger])[0]] == ["shop", "bank"]


def test_the_long_trace_id_wins_wherever_it_stands() -> None:
    long, short = "1" * 16 + "2" * 16, "2" * 16
    spans = [{"traceId": one, "id": str(number)} for number, one in enumerate((short, long, short), start=1)]
    found, _ = read([*spans, {"traceId": "3" * 16, "id": "9"}])
    assert [one.trace_id for one in found] == [long, long, long, "0" * 16 + "3" * 16]
    assert [one.written_trace_id for one in found] == [short, "", short, "3" * 16]


def test_only_the_traces_heard_of_last_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipkin_reports, "MOST_SPANS", 3)
    part = {"traceId": "a", "id": "1", "timestamp": 5}
    others = [{"traceId": "b", "id": str(number)} for number in range(1, 4)]
    found, notes = read([part, *others, part | {"duration": 5}])
    assert [one.trace_id[-1] for one in found] == ["a", "b", "b", "b", "a"]
    assert not [one for one in notes.warnings if one.code == "parts_merged"]


# what fields mean


@pytest.mark.parametrize(
    ("tags", "status", "message"),
    [
        ({"error": ""}, 2, ""),
        ({"error": "true"}, 2, ""),
        ({"error": "boom"}, 2, "boom"),
        ({"error": "true", "otel.status_code": "ERROR", "otel.status_description": "boom"}, 2, "boom"),
        ({"otel.status_code": "OK"}, 1, ""),
        ({}, 0, ""),
    ],
)
def test_the_tag_error_is_a_failure_whatever_its_value(tags: Any, status: int, message: str) -> None:
    found = one_span(tags=tags)
    assert (found.status, found.status_message, found.attributes) == (status, message, {})


def test_a_span_without_kind_is_local_work() -> None:
    assert one_span(kind=None).kind == one_span().kind == Kind.INTERNAL
    assert one_span(tags={"span.kind": "consumer"}).kind == Kind.CONSUMER


def test_what_tags_say_of_the_peer_is_not_said_again() -> None:
    tags = {"peer.service": "db", "network.peer.port": "5432"}
    found = one_span(tags=tags, remoteEndpoint={"serviceName": "db", "ipv4": "10.0.0.9", "port": 5432})
    assert found.attributes == tags | {"network.peer.address": "10.0.0.9"}


def test_a_start_that_is_missing_or_zero_is_unknown_and_so_is_the_end() -> None:
    for unknown in (None, 0):
        found = one_span(timestamp=unknown)
        assert (found.start_ns, found.end_ns) == (0, 0)


def test_an_absent_duration_is_no_end_but_zero_is() -> None:
    assert one_span(duration=None).end_ns == 0
    assert one_span(duration=0).end_ns == 1_000_000


# round trips

TIMES = st.integers(1, 2**52).map(lambda us: us * 1_000)
SPAN_ID = attrgetter("span_id")
TEXTS = st.dictionaries(keys, texts, max_size=4)
REPORTED = st.builds(
    Span,
    trace_id=st.sampled_from(("1" * 32, "2" * 32)),
    span_id=span_ids,
    parent_span_id=span_ids | st.just(""),
    name=texts,
    service=some_text,
    start_ns=TIMES,
    end_ns=st.integers(0, 10**9).map(lambda us: us * 1_000),
    kind=st.integers(1, 5),
    status=st.integers(0, 2),
    status_message=texts.filter(lambda one: one.lower() != "true"),
    attributes=TEXTS
    | st.just({"service.peer.name": "db", "network.peer.address": "::1", "network.peer.port": 80}),
    events=st.lists(st.builds(Event, some_text.filter(lambda one: one[0] != "{"), TIMES, TEXTS), max_size=2),
    resource=st.sampled_from([{"host.ip": ["10.0.0.1"]}, {"service.version": "1", "k8s.pod.name": "p"}]).map(
        Resource
    ),
    scope=st.builds(Scope, texts, texts),
    trace_state=texts,
    shared=st.booleans(),
).map(
    lambda span: replace(
        span,
        end_ns=span.start_ns + span.end_ns,
        resource=Resource({**span.resource.attributes, "service.name": span.service}),
    )
)


@settings(max_examples=60, deadline=None)
@given(st.lists(REPORTED, max_size=4, unique_by=lambda span: span.span_id))
def test_what_we_write_we_read_again(spans: list[Span]) -> None:
    found, notes = read(zipkin.write(spans))
    assert sorted(found, key=SPAN_ID) == sorted(spans, key=SPAN_ID)
    assert not notes.warnings


@settings(max_examples=40, deadline=None)
@given(
    st.builds(
        Span,
        trace_id=trace_ids,
        span_id=span_ids,
        name=texts,
        service=texts,
        start_ns=TIMES,
        end_ns=st.just(0),
        attributes=st.dictionaries(texts, values, max_size=3),
    )
)
def test_anything_can_be_written(span: Span) -> None:
    assert len(read(zipkin.write([span]))[0]) == 1


def test_what_zipkin_wrote_we_write_alike() -> None:
    for case in ("shared.json", "zipkin-js.json"):
        found, _ = read((CASES / case).read_bytes())
        assert [replace(one, written_trace_id="", written_span_id="") for one in found] == read(
            zipkin.write(found)
        )[0]


# recognition


@pytest.mark.parametrize(
    "content",
    [
        SHARED,
        SPANS,
        SPANS[0],
        [{"traceId": "a", "id": "b"}],
        {"traceId": "a", "id": "b", "tags": {}, "name": "x"},
    ],
)
def test_zipkin_is_recognised_by_its_keys(content: Any) -> None:
    assert zipkin.looks_like(sniff.head_of(json.dumps(content).encode()))


@pytest.mark.parametrize(
    "content",
    [
        [{"traceId": "a", "spanId": "b", "name": "x"}],
        {"traceId": "a", "id": "b", "resource": {}},
        [[{"trace_id": 1, "span_id": 2}]],
        [],
    ],
)
def test_other_shapes_are_not_zipkin(content: Any) -> None:
    assert zipkin.looks_like(sniff.head_of(json.dumps(content).encode())) is None


# what is not as it should be

JUNK: list[Any] = [
    None,
    True,
    -1,
    1.5,
    10**30,
    "text",
    [],
    [[]],
    [None],
    {},
    {"key": []},
    [{"value": 1}],
    [{}],
]


@pytest.mark.parametrize("key", sorted({key for span in SPANS for key in span}))
def test_the_wrong_type_in_a_field_costs_at_most_that_span(key: str) -> None:
    for junk in JUNK:
        found, notes = read([SPANS[0] | {key: junk}, SPANS[3]])
        assert len(found) + notes.rejected == 2
        assert found[-1].span_id == "0000000000000077"


def test_records_that_are_no_spans_are_counted_with_their_place() -> None:
    found, notes = read([7, {"traceId": "0"}, SPANS[0], {"traceId": "a", "id": "0"}])
    assert (len(found), notes.rejected) == (1, 3)
    assert ("bad_id", "line 1, span 2") in [(one.code, one.where) for one in notes.warnings]


def test_a_tag_without_value_is_left_out_with_a_warning() -> None:
    found, notes = read({"traceId": "a", "id": "b", "tags": {"gone": None, "here": "1"}})
    assert found[0].attributes == {"here": "1"}
    assert "bad_attribute" in {one.code for one in notes.warnings}


def test_an_annotation_that_is_none_is_left_out_with_a_warning() -> None:
    found, notes = read({"traceId": "a", "id": "b", "annotations": [{"timestamp": 1, "value": "x"}, 5]})
    assert [event.name for event in found[0].events] == ["x"]
    assert "bad_attribute" in {one.code for one in notes.warnings}


def test_a_file_cut_off_gives_what_came_before() -> None:
    whole = json.dumps(SPANS).encode()
    found, notes = read(whole[:-100])
    assert len(found) == len(SPANS) - 1
    assert "truncated" in {one.code for one in notes.warnings}


def test_a_thousand_parts_of_one_span_take_no_time_to_tell_apart() -> None:
    parts = [{"traceId": "a", "id": "b", "timestamp": number} for number in range(1, 5_001)]
    assert len(read(parts)[0]) == 5_000


def test_the_shared_collection_is_read_as_its_index_says() -> None:
    for known in answer_key.files("zipkin_v2_json"):
        found, notes = read(known.path.read_bytes())
        assert len(found) + notes.rejected == known.spans, known.path.name
        assert len({span.trace_id for span in found}) == known.traces, known.path.name
        assert zipkin.looks_like(sniff.head_of(known.path.read_bytes()[:256_000])), known.path.name


def test_ids_of_ones_own_are_hashed_and_still_connect() -> None:
    parent = {"traceId": "order-17", "id": "s-1", "name": "get", "timestamp": 5, "localEndpoint": {}}
    child = parent | {"id": "s-2", "parentId": "s-1"}
    found, notes = read([parent, child])
    assert found[1].parent_span_id == found[0].span_id
    assert {span.written_trace_id for span in found} == {"order-17"}
    assert [warning.where.split("“")[1] for warning in notes.warnings] == ["order-17”", "s-1”", "s-2”"]
