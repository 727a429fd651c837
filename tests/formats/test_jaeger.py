"""Jaeger JSON in its arrangements, the way from OTLP undone, round trips, and input that is not as it should be."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.formats import answer_key
from tests.formats.any_spans import keys, rows, scalars, some_text, span_ids, texts, values, whole_numbers
from webapp.formats import jaeger, json_stream, sniff
from webapp.formats.notes import Notes
from webapp.model.spans import Event, Link, Resource, Scope, Span

CASES = Path(__file__).parents[1] / "data" / "jaeger"
TRANSLATED = json.loads((CASES / "translated.json").read_text())
TRACE = TRANSLATED["data"][0]


def read(content: Any) -> tuple[list[Span], Notes]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    notes = Notes()
    return list(jaeger.read(io.BytesIO(raw), notes)), notes


def one_span(**members: Any) -> Span:
    record = {"spanID": "a" * 16, "operationName": "x", "startTime": 10, "duration": 5} | members
    [found] = read({"traceID": "b" * 32, "spans": [record], "processes": {}})[0]
    return found


@pytest.mark.parametrize("case", ["translated", "old-client", "download"])
def test_the_examples_give_the_expected_spans(case: str) -> None:
    found, notes = read((CASES / f"{case}.json").read_bytes())
    assert rows(found) == json.loads((CASES / f"{case}.expected.json").read_text())
    assert notes.rejected == 0


@pytest.mark.parametrize(
    "arranged",
    [
        TRACE,
        [TRACE],
        {"data": TRACE},
        [TRANSLATED],
        json.dumps(TRACE).encode() + b"\n",
        b"\xef\xbb\xbf" + json.dumps(TRANSLATED, indent=4).encode(),
    ],
)
def test_traces_may_be_wrapped_in_many_ways(arranged: Any) -> None:
    assert read(arranged)[0] == read(TRANSLATED)[0]


def test_several_documents_in_one_file_are_all_read() -> None:
    found, _ = read(json.dumps(TRANSLATED, indent=1).encode() + json.dumps(TRACE).encode())
    assert len(found) == 4


def test_an_answer_without_traces_has_no_spans_and_nothing_wrong() -> None:
    found, notes = read({"data": [], "total": 0, "limit": 0, "offset": 0, "errors": None})
    assert (found, notes.rejected) == ([], 0)


def test_a_huge_answer_is_read_trace_by_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "OPEN_FROM", 1_000)
    found, notes = read({"data": [TRACE, TRACE, TRACE], "errors": None})
    assert (len(found), notes.rejected) == (6, 0)


@pytest.mark.parametrize(
    ("tags", "status", "message"),
    [
        ([{"key": "error", "value": True}], 2, ""),
        ([{"key": "error", "value": "true"}], 2, ""),
        ([{"key": "error", "type": "bool", "value": "false"}], 0, ""),
        ([{"key": "otel.status_code", "value": "OK"}], 1, ""),
        (
            [{"key": "otel.status_code", "value": "ERROR"}, {"key": "otel.status_description", "value": "m"}],
            2,
            "m",
        ),
    ],
)
def test_the_status_is_in_the_tags(tags: list[Any], status: int, message: str) -> None:
    found = one_span(tags=tags)
    assert (found.status, found.status_message) == (status, message)


def test_an_error_tag_that_says_more_than_true_stays_an_attribute() -> None:
    found = one_span(tags=[{"key": "error", "value": "refused"}])
    assert (found.status, found.attributes) == (0, {"error": "refused"})


def test_values_that_do_not_fit_their_type_stay_as_they_are() -> None:
    odd = {
        "int64": "many",
        "float64": "much",
        "binary": "%%",
        "bool": "perhaps",
        "string": 5,
        "unheard-of": 1,
    }
    found = one_span(tags=[{"key": kind, "type": kind, "value": value} for kind, value in odd.items()])
    assert found.attributes == odd | {"string": "5"}


def test_references_to_other_traces_are_links() -> None:
    other = {"refType": "CHILD_OF", "traceID": "c" * 32, "spanID": "d" * 16}
    found = one_span(references=[other])
    assert found.parent_span_id == ""
    assert found.links == [Link("c" * 32, "d" * 16, {"opentracing.ref_type": "child_of"})]


def test_times_that_cannot_be_are_unknown() -> None:
    found, notes = read(
        {"traceID": "b" * 32, "spans": [{"spanID": "a", "startTime": -5, "duration": "long"}]}
    )
    assert [(one.start_ns, one.end_ns) for one in found] == [(0, 0)]
    assert {one.code for one in notes.warnings} == {"bad_time"}


# round trips

TIMES = st.integers(1, 2**52).map(lambda us: us * 1_000)
ATTRIBUTES = st.dictionaries(keys, scalars, max_size=4)
FINISHED = st.builds(
    Span,
    trace_id=st.sampled_from(("1" * 32, "2" * 32)),
    span_id=span_ids,
    parent_span_id=span_ids | st.just(""),
    name=texts,
    service=some_text,
    start_ns=TIMES,
    end_ns=TIMES,
    kind=st.integers(0, 5),
    status=st.integers(0, 2),
    status_message=texts,
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(Event, texts, TIMES, ATTRIBUTES), max_size=2),
    links=st.lists(st.builds(Link, st.just("3" * 32), span_ids), max_size=2),
    resource=st.builds(Resource, ATTRIBUTES),
    scope=st.builds(Scope, texts, texts),
    trace_state=texts,
    flags=st.integers(0, 2**32 - 1),
).map(
    lambda span: replace(span, resource=Resource({"service.name": span.service, **span.resource.attributes}))
)


@settings(max_examples=60, deadline=None)
@given(st.lists(FINISHED, max_size=4))
def test_what_we_write_we_read_again(spans: list[Span]) -> None:
    found, notes = read(jaeger.write(spans))
    by_trace = {span.trace_id: [one for one in spans if one.trace_id == span.trace_id] for span in spans}
    assert found == [span for trace in by_trace.values() for span in trace]
    assert not notes.warnings


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(texts | st.just("jaeger.warnings"), values, max_size=3), whole_numbers, whole_numbers)
def test_anything_can_be_written(attributes: Any, start_ns: int, end_ns: int) -> None:
    span = Span(
        trace_id="1" * 32,
        span_id="2" * 16,
        name="",
        service="",
        start_ns=start_ns,
        end_ns=end_ns,
        attributes=attributes,
        events=[Event("", end_ns, attributes)],
        resource=Resource(attributes),
    )
    assert len(read(jaeger.write([span]))[0]) == 1


def test_our_files_read_as_the_api_they_imitate() -> None:
    found, _ = read(TRANSLATED)
    again = json.loads(jaeger.write(found))
    assert again.keys() == TRANSLATED.keys()
    for written, given_span in zip(again["data"][0]["spans"], TRACE["spans"], strict=True):
        tags = {tag["key"]: tag for tag in given_span["tags"] if tag["key"] != "internal.span.format"}
        assert {tag["key"]: tag for tag in written["tags"]} == tags
        rest = written.keys() - {"tags", "processID"}
        assert {key: written[key] for key in rest} == {key: given_span[key] for key in rest}


def test_a_follower_stays_one() -> None:
    first = Span(trace_id="1" * 32, span_id="2" * 16, name="a", service="s", start_ns=1_000, end_ns=2_000)
    second = replace(first, span_id="3" * 16, parent_span_id="2" * 16, follows_from=True)
    assert [one.follows_from for one in read(jaeger.write([first, second]))[0]] == [False, True]


def test_nanoseconds_are_cut_and_lists_become_text() -> None:
    span = Span(
        trace_id="1" * 32,
        span_id="2" * 16,
        name="",
        service="s",
        start_ns=1_999,
        end_ns=3_998,
        attributes={"list": [1, b"\x00", None], "none": None},
    )
    [found] = read(jaeger.write([span]))[0]
    assert (found.start_ns, found.end_ns) == (1_000, 3_000)
    assert found.attributes == {"list": '[1,"AA==",null]', "none": ""}


# recognition


@pytest.mark.parametrize(
    "content", [TRANSLATED, TRACE, [TRACE], {"data": TRACE}, {"traceID": "a", "processes": {}, "spans": []}]
)
def test_jaeger_is_recognised_by_its_keys(content: Any) -> None:
    assert jaeger.looks_like(sniff.head_of(json.dumps(content).encode()))


@pytest.mark.parametrize(
    "content",
    [
        {"resourceSpans": [{"scopeSpans": [{"spans": []}]}]},
        {"data": {"result": []}},
        {"traceId": "a", "spans": [{"spanId": "b"}]},
        [{"traceId": "a", "id": "b"}],
        {"data": [{"spans": 5}]},
        [],
    ],
)
def test_other_shapes_are_not_jaeger(content: Any) -> None:
    assert jaeger.looks_like(sniff.head_of(json.dumps(content).encode())) is None


# what is not as it should be

JUNK: list[Any] = [None, True, -1, 1.5, 10**30, "text", [], [[]], [None], {}, {"key": []}, [{"key": 1}], [{}]]


@pytest.mark.parametrize("key", sorted(TRACE["spans"][0]))
def test_the_wrong_type_in_a_field_of_a_span_costs_at_most_that_span(key: str) -> None:
    for junk in JUNK:
        broken = TRACE | {"spans": [TRACE["spans"][0] | {key: junk}, TRACE["spans"][1]]}
        found, notes = read(broken)
        assert len(found) + notes.rejected == 2
        assert found[-1].name == "reserve"


@pytest.mark.parametrize("key", sorted(TRACE))
def test_the_wrong_type_in_a_field_of_a_trace_costs_at_most_that_trace(key: str) -> None:
    for junk in JUNK:
        found, _ = read({"data": [TRACE | {key: junk}, TRACE]})
        assert len(found) >= 2


def test_records_that_are_no_spans_are_counted_with_their_place() -> None:
    found, notes = read(
        {"data": [5, TRACE | {"spans": [7, *TRACE["spans"], {"spanID": ""}]}, {"no": "trace"}]}
    )
    assert (len(found), notes.rejected) == (2, 4)
    assert ("bad_id", "line 1, record 2, span 4") in [(one.code, one.where) for one in notes.warnings]


def test_a_file_cut_off_gives_what_came_before() -> None:
    whole = json.dumps(TRANSLATED).encode()
    found, notes = read(whole[: whole.index(b"b9c7c989f97918e1")])
    assert [one.name for one in found] == ["POST /orders"]
    assert "truncated" in {one.code for one in notes.warnings}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_file_cut_anywhere_keeps_every_whole_span(indent: int | None) -> None:
    whole = json.dumps(TRANSLATED, indent=indent).encode()
    first, second = ends_of_spans(whole)
    for end in range(first, len(whole), 7):
        found, notes = read(whole[:end])
        assert len(found) == (2 if end >= second else 1), end
        assert len(found) + notes.rejected <= 2, end
        assert "truncated" in {one.code for one in notes.warnings}, end


def ends_of_spans(whole: bytes) -> list[int]:
    decoder = json.JSONDecoder()
    text = whole.decode()
    starts = [text.rindex("{", 0, text.index('"spanID": "' + span["spanID"])) for span in TRACE["spans"]]
    return [len(text[: decoder.raw_decode(text, start)[1]].encode()) for start in starts]


@pytest.mark.parametrize(("bad", "spans"), [(b"NaN", 2), (b"nul", 1), (b"--", 1), (b'"x', 1)])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_bad_value_costs_at_most_its_span(bad: bytes, spans: int, indent: int | None) -> None:
    """Traces and spans begin with the same key, which must not hide where a trace ends."""
    duration = b'"duration": %d' % TRACE["spans"][0]["duration"]
    whole = json.dumps(TRANSLATED, indent=indent).encode()
    found, notes = read(whole.replace(duration, b'"duration": ' + bad, 1))
    assert (len(found), notes.rejected) == (spans, 2 - spans)
    assert {span.service for span in found} <= {span.service for span in read(TRANSLATED)[0]}


def test_tags_may_be_an_object() -> None:
    assert one_span(tags={"http.method": "GET", "n": 1}).attributes == {"http.method": "GET", "n": 1}


def test_values_nested_without_end_are_left_out() -> None:
    deep: Any = 0
    for _ in range(300):
        deep = [deep]
    found, notes = read({"traceID": "a", "spans": [{"spanID": "b", "tags": [{"key": "k", "value": deep}]}]})
    assert [(one.attributes, notes.warnings[0].code) for one in found] == [({}, "too_large")]


def test_the_shared_collection_is_read_as_its_index_says() -> None:
    for known in answer_key.files("jaeger_json"):
        found, notes = read(known.path.read_bytes())
        assert len(found) + notes.rejected == known.spans, known.path.name
        assert len({span.trace_id for span in found}) == known.traces, known.path.name
        assert jaeger.looks_like(sniff.head_of(known.path.read_bytes()[:256_000])), known.path.name
