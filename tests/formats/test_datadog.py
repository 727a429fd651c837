"""Datadog: ids, names, times, events and links, shapes of JSON, damage. Msgpack has tests of its own."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.formats import answer_key
from tests.formats.any_spans import rows
from webapp.formats import by_trace, datadog, json_stream, sniff
from webapp.formats.notes import Notes
from webapp.model.spans import Event, Kind, Link, Span, Status

CASES = Path(__file__).parents[1] / "data" / "datadog"
START = 1_700_000_000_000_000_000
LOW = 2**64 - 5
UPPER = "640cfd8d00000000"


def read(content: Any) -> tuple[list[Span], Notes]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    notes = Notes()
    return list(datadog.read(io.BytesIO(raw), notes)), notes


def record(number: int = 1, **members: Any) -> dict[str, Any]:
    own = {
        "trace_id": LOW,
        "span_id": number,
        "parent_id": 0,
        "service": "web",
        "name": "flask.request",
        "resource": "GET /home",
        "start": START,
        "duration": 1_500,
        "error": 0,
    }
    return {key: value for key, value in (own | members).items() if value is not None}


def one_span(**members: Any) -> Span:
    [found] = read([[record(**members)]])[0]
    return found


def codes(notes: Notes) -> set[str]:
    return {warning.code for warning in notes.warnings}


CAPTURES = ["python-v05.msgpack", "python-v04.msgpack", "javascript-v04.msgpack"]


@pytest.mark.parametrize("case", [*CAPTURES, "search.json", "page.json"])
def test_the_examples_give_the_expected_spans(case: str) -> None:
    found, notes = read((CASES / case).read_bytes())
    assert rows(found) == json.loads((CASES / f"{Path(case).stem}.expected.json").read_text())
    assert notes.rejected == 0


@pytest.mark.parametrize(("case", "spans", "errors"), [*zip(CAPTURES, (19, 19, 9), (3, 3, 1), strict=True)])
def test_each_tracer_sent_three_traces_with_an_event_and_a_link_each(
    case: str, spans: int, errors: int
) -> None:
    found, notes = read((CASES / case).read_bytes())
    assert (len(found), len({span.trace_id for span in found})) == (spans, 3)
    assert sum(len(span.events) for span in found) == sum(len(span.links) for span in found) == 3
    assert sum(span.status == Status.ERROR for span in found) == errors
    known = {(span.trace_id, span.span_id) for span in found}
    assert all((link.trace_id, link.span_id) in known for span in found for link in span.links)
    assert not notes.warnings


# ids


def test_ids_of_64_bits_are_exact() -> None:
    found = one_span(span_id=2**64 - 1, parent_id=2**63 + 1)
    assert (found.trace_id, found.written_trace_id) == (f"{LOW:032x}", str(LOW))
    assert (found.span_id, found.parent_span_id) == ("f" * 16, f"{2**63 + 1:016x}")


@pytest.mark.parametrize("order", ["first", "last"])
def test_the_upper_half_of_a_trace_id_is_given_to_all_spans_of_the_trace(order: str) -> None:
    chunks = [
        [record(1, meta={"_dd.p.tid": UPPER}), record(2)],
        [record(3)],
        [record(4, trace_id=7)],
    ]
    found, _ = read(chunks if order == "first" else chunks[::-1])
    by_id = {one.span_id[-1]: one.trace_id for one in found}
    assert {by_id[each] for each in "123"} == {f"{UPPER}{LOW:016x}"}
    assert by_id["4"] == f"{7:032x}"


def test_only_the_traces_heard_of_last_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_trace, "MOST_RECORDS", 2)
    chunks = [[record(number, trace_id=number)] for number in range(1, 6)]
    spans = datadog.read(io.BytesIO(json.dumps(chunks).encode()), Notes())
    assert [one.span_id[-1] for one in spans] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("written", "low"),
    [("123", 123), (str(LOW), LOW), (f"{LOW:016x}", LOW), (f"{LOW:032x}", LOW), ("0000000000000123", 0x123)],
)
def test_ids_may_be_text_in_decimal_or_hexadecimal(written: str, low: int) -> None:
    assert one_span(trace_id=written).trace_id == f"{low:032x}"


def test_a_trace_id_of_zero_is_a_trace_and_a_span_id_of_zero_is_none() -> None:
    found, notes = read([[record(1, trace_id=0)], [record(0)]])
    assert (len(found), notes.rejected, codes(notes)) == (1, 1, {"id_hashed", "bad_id"})
    assert one_span(trace_id=0, meta={"_dd.p.tid": UPPER}).trace_id == UPPER + "0" * 16


# names, kinds, failures


def test_the_resource_is_the_name_and_the_operation_an_attribute() -> None:
    found = one_span(type="web")
    assert (found.name, found.service, found.kind) == ("GET /home", "web", Kind.SERVER)
    assert found.attributes == {"operation.name": "flask.request", "span.type": "web"}
    assert one_span(resource="").name == "flask.request"


@pytest.mark.parametrize(
    ("said", "type_", "kind"),
    [
        ("producer", "web", Kind.PRODUCER),
        ("internal", "web", Kind.INTERNAL),
        (None, "http", Kind.CLIENT),
        (None, "redis", Kind.CLIENT),
        (None, "custom", Kind.UNSPECIFIED),
        ("test", "", Kind.UNSPECIFIED),
    ],
)
def test_the_kind_is_what_the_span_says_else_what_its_type_means(said: Any, type_: str, kind: Kind) -> None:
    assert one_span(meta={"span.kind": said} if said else {}, type=type_).kind == kind


@pytest.mark.parametrize("key", ["error.message", "error.msg"])
def test_an_error_count_above_zero_is_a_failure(key: str) -> None:
    meta = {key: "gone", "error.type": "IOError", "error.stack": "at x"}
    found = one_span(error=1, meta=meta)
    assert (found.status, found.status_message) == (Status.ERROR, "gone")
    assert found.attributes["exception.stacktrace"] == "at x"
    assert one_span(error=0, meta=meta).attributes[key] == "gone"


def test_what_speaks_of_the_process_is_its_resource() -> None:
    found = one_span(
        meta={"env": "prod", "version": "1", "language": "go", "out.host": "db"}, metrics={"process_id": 7.0}
    )
    assert found.resource.attributes == {
        "service.name": "web",
        "deployment.environment.name": "prod",
        "service.version": "1",
        "telemetry.sdk.language": "go",
        "process.pid": 7,
    }
    assert found.attributes["server.address"] == "db"


def test_meta_and_metrics_may_be_null() -> None:
    assert one_span(meta=None, metrics=None).attributes == {"operation.name": "flask.request"}


# events and links


def test_events_come_as_members_or_as_json_in_a_tag() -> None:
    plain = [{"name": "e", "time_unix_nano": START, "attributes": {"a": [1, True]}}]
    typed = {
        "a": {
            "type": 4,
            "array_value": {"values": [{"type": 2, "int_value": 1}, {"type": 1, "bool_value": True}]},
        }
    }
    expected = [Event("e", START, {"a": [1, True]})]
    assert one_span(span_events=[plain[0] | {"attributes": typed}]).events == expected
    in_tag = one_span(meta={"events": json.dumps(plain)})
    assert (in_tag.events, "events" in in_tag.attributes) == (expected, False)


@pytest.mark.parametrize("text", ["clicks", "[1]", '[{"a": 1}]', "[]", "[" * 5_000])
def test_a_tag_that_is_only_called_events_stays_a_tag(text: str) -> None:
    found = one_span(meta={"events": text})
    assert (found.events, found.attributes["events"]) == ([], text)


def test_links_come_as_members_or_as_json_in_a_tag() -> None:
    member = {
        "trace_id": LOW,
        "trace_id_high": int(UPPER, 16),
        "span_id": 2**63,
        "attributes": {"k": "v"},
        "tracestate": "dd=s:1",
        "flags": 2_147_483_649,
    }
    in_tag = {
        "trace_id": f"{UPPER}{LOW:016x}",
        "span_id": "8000000000000000",
        "attributes": {"k": "v"},
        "tracestate": "dd=s:1",
    }
    expected = [Link(f"{UPPER}{LOW:016x}", "8000000000000000", {"k": "v"}, "dd=s:1")]
    assert one_span(span_links=[member]).links == expected
    assert one_span(meta={"_dd.span_links": json.dumps([in_tag])}).links == expected


# times


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        (START, 1_500, (START, START + 1_500)),
        (0, 5, (0, 0)),
        (1_700_000_000.5, 0.25, (START + 500_000_000, START + 750_000_000)),
        (1_700_000_000_500, 250, (START + 500_000_000, START + 750_000_000)),
        (START, None, (START, 0)),
        (START, -1_000, (START, START - 1_000)),
    ],
)
def test_times_are_nanoseconds_unless_their_size_says_otherwise(
    start: Any, duration: Any, expected: Any
) -> None:
    found = one_span(start=start, duration=duration)
    assert (found.start_ns, found.end_ns) == expected


# shapes


@pytest.mark.parametrize(
    "content",
    [
        [[record(1), record(2)], [record(3)]],
        [[record(1)], [record(2)], [record(3)]],
        [record(1), record(2), record(3)],
        {"traces": [[record(1), record(2)], [record(3)]]},
        {"chunks": [{"spans": [record(1), record(2)]}, {"spans": [record(3)]}]},
        "\n".join(json.dumps(record(number)) for number in (1, 2, 3)).encode(),
        "\n".join(json.dumps([[record(number)]], indent=1) for number in (1, 2, 3)).encode(),
    ],
)
def test_spans_may_be_wrapped_in_many_ways(content: Any) -> None:
    found, notes = read(content)
    assert [one.span_id[-1] for one in found] == ["1", "2", "3"]
    assert not notes.warnings
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    if b'"traces"' not in raw:
        assert datadog.looks_like(sniff.head_of(raw))


def test_what_a_payload_says_holds_for_its_spans() -> None:
    payload = {
        "language_name": "go",
        "env": "prod",
        "chunks": [
            {
                "priority": 1,
                "origin": "rum",
                "tags": {"_dd.p.tid": UPPER},
                "spans": [record(meta={"env": "dev"})],
            }
        ],
    }
    [found], _ = read(payload)
    assert found.trace_id.startswith(UPPER)
    assert found.attributes["_dd.origin"] == "rum"
    assert found.resource.attributes["deployment.environment.name"] == "dev"
    assert found.resource.attributes["telemetry.sdk.language"] == "go"


def test_a_huge_list_is_read_trace_by_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = [[record(1), record(2)], [record(3)]]
    whole = read(chunks)[0]
    monkeypatch.setattr(json_stream, "OPEN_FROM", 300)
    assert read(chunks)[0] == whole


# recognition


@pytest.mark.parametrize("case", [*CAPTURES, "search.json", "page.json"])
def test_the_examples_are_recognised(case: str) -> None:
    assert datadog.looks_like(sniff.head_of((CASES / case).read_bytes()))


@pytest.mark.parametrize(
    "content",
    [
        [{"Start": 0, "Duration": 1, "Stats": []}],
        [{"trace_id": "a", "span_id": "b", "name": "n", "start": 1, "service": "s", "resource": {}}],
        {"data": [{"traceID": "1", "spans": [{"spanID": "1"}]}]},
        {"data": [{"type": "logs", "attributes": {"trace_id": "1", "span_id": "2"}}]},
        {"trace": {"traceId": "1", "services": []}},
        [{"traceId": "a", "id": "b", "localEndpoint": {}}],
        [],
    ],
)
def test_other_shapes_are_not_datadogs(content: Any) -> None:
    assert datadog.looks_like(sniff.head_of(json.dumps(content).encode())) is None


# what is not as it should be

JUNK: list[Any] = [None, True, -1, 1.5, 10**40, "text", [], [[]], [None], {}, {"key": []}, [{"a": 1}], [{}]]
KEYS = [
    *record(),
    "type",
    "meta",
    "metrics",
    "meta_struct",
    "span_links",
    "span_events",
    "tags",
    "custom",
    "x",
]


@pytest.mark.parametrize("key", KEYS)
def test_the_wrong_type_in_a_field_costs_at_most_that_span(key: str) -> None:
    for junk in JUNK:
        found, notes = read([[record(7) | {key: junk}, record(8)]])
        assert len(found) + notes.rejected == 2
        assert found[-1].span_id == f"{8:016x}"


@pytest.mark.parametrize("case", ["search.json", "page.json"])
def test_the_wrong_type_in_other_shapes_never_raises(case: str) -> None:
    text = (CASES / case).read_text()
    for part in (
        '"spans"',
        '"0"',
        '{"duration": 2500000',
        '["team:shop", "cluster:eu:1"]',
        '"12345"',
        "1700000000.124",
    ):
        for junk in JUNK:
            read(text.replace(part, json.dumps(junk)).encode())


def test_values_of_bottomless_depth_are_left_out() -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    found, notes = read([[record(meta={"deep": deep})]])
    assert (found[0].attributes["deep"], codes(notes)) == (None, {"too_large"})


def test_a_file_cut_anywhere_gives_what_came_before() -> None:
    whole = json.dumps([[record(1), record(2)], [record(3)]], indent=1).encode()
    for end in range(len(whole)):
        found, _ = read(whole[:end])
        assert len(found) >= whole[:end].count(b'"error": 0\n  }')


def test_the_shared_collection_is_read_as_its_index_says() -> None:
    for known in answer_key.files("datadog_json"):
        found, notes = read(known.path.read_bytes())
        assert len(found) + notes.rejected == known.spans, known.path.name
        assert len({span.trace_id for span in found}) == known.traces, known.path.name
        assert datadog.looks_like(sniff.head_of(known.path.read_bytes()[:256_000])), known.path.name
