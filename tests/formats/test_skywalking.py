"""SkyWalking: segments and references, kinds, shapes of JSON and tables, damage."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.formats.any_spans import rows
from webapp.formats import skywalking, sniff
from webapp.formats.notes import Notes
from webapp.model.spans import Kind, Span, Status

CASES = Path(__file__).parents[1] / "data" / "skywalking"
EXAMPLES = ["query.json", "segments.json", "spans.csv"]
TRACE = "5b8efff798038103d269b633813fc60c"
MS = 1_700_000_000_000


def read(content: Any) -> tuple[list[Span], Notes]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    notes = Notes()
    return list(skywalking.read(io.BytesIO(raw), notes)), notes


def record(number: int = 0, **members: Any) -> dict[str, Any]:
    own = {
        "traceId": TRACE,
        "segmentId": "s1",
        "spanId": number,
        "parentSpanId": number - 1,
        "serviceCode": "shop",
        "startTime": MS,
        "endTime": MS + 5,
        "endpointName": "/cart",
        "type": "Entry",
    }
    return {key: value for key, value in (own | members).items() if value is not None}


def one_span(**members: Any) -> Span:
    [found] = read([record(**members)])[0]
    return found


def table(*lines: str) -> bytes:
    return "\n".join(lines).encode()


@pytest.mark.parametrize("case", EXAMPLES)
def test_the_examples_give_the_expected_spans(case: str) -> None:
    raw = (CASES / case).read_bytes()
    found, notes = read(raw)
    assert rows(found) == json.loads((CASES / f"{Path(case).stem}.expected.json").read_text())
    assert notes.rejected == 0
    assert skywalking.looks_like(sniff.head_of(raw))


# segments


def test_span_numbers_count_within_their_segment() -> None:
    found, _ = read([record(0), record(1), record(0, segmentId="s2"), record(1, segmentId="s2")])
    assert len({one.span_id for one in found}) == 4
    assert [found[1].parent_span_id, found[3].parent_span_id] == [found[0].span_id, found[2].span_id]
    assert [one.written_span_id for one in found] == ["s1:0", "s1:1", "s2:0", "s2:1"]


def test_references_join_segments_and_all_but_the_first_are_links() -> None:
    def reference(segment: str, **members: Any) -> dict[str, Any]:
        return {"parentSegmentId": segment, "parentSpanId": 0, "type": "CROSS_PROCESS"} | members

    refs = [reference("elsewhere", traceId="f" * 32), reference("s1", traceId=TRACE), reference("s2")]
    caller, callee = read([record(0), record(0, segmentId="s3", refs=refs)])[0]
    assert callee.parent_span_id == caller.span_id
    assert [link.trace_id for link in callee.links] == ["f" * 32, TRACE]
    assert callee.attributes["sw8.ref.type"] == "CROSS_PROCESS"


def test_a_parent_in_the_segment_comes_before_references() -> None:
    refs = [{"traceId": TRACE, "parentSegmentId": "s9", "parentSpanId": 0}]
    root, child = read([record(0), record(1, refs=refs)])[0]
    assert (child.parent_span_id, len(child.links)) == (root.span_id, 1)


def test_a_span_that_names_itself_has_no_parent() -> None:
    assert one_span(parentSpanId=0).parent_span_id == ""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (TRACE.upper(), TRACE),
        ("5b8efff7-9803-8103-d269-b633813fc60c", TRACE),
        ({"idParts": [1, 2, 3]}, None),
        ("1.668.16946621960001", None),
    ],
)
def test_trace_ids_that_are_not_hexadecimal_are_hashed(written: Any, expected: str | None) -> None:
    found, notes = read([record(0, traceId=written), record(1, traceId=written)])
    assert len({one.trace_id for one in found}) == 1
    assert expected in (None, found[0].trace_id)
    assert bool(notes.warnings) == (expected is None)


# what fields mean


@pytest.mark.parametrize(
    ("type_", "layer", "kind"),
    [
        ("Entry", "Http", Kind.SERVER),
        ("Exit", "Database", Kind.CLIENT),
        ("Local", "", Kind.INTERNAL),
        ("Entry", "MQ", Kind.CONSUMER),
        ("Exit", 4, Kind.PRODUCER),
        (1, 3, Kind.CLIENT),
        ("SPAN_TYPE_EXIT", None, Kind.CLIENT),
        ("?", None, Kind.UNSPECIFIED),
    ],
)
def test_types_are_kinds_and_queues_make_producers_and_consumers(type_: Any, layer: Any, kind: Kind) -> None:
    assert one_span(type=type_, layer=layer).kind == kind


def test_an_error_has_the_words_of_its_log() -> None:
    pairs = {"event": "error", "error.kind": "E", "message": "gone", "stack": "at x"}
    log = {"time": MS, "data": [{"key": key, "value": value} for key, value in pairs.items()]}
    found = one_span(isError=True, logs=[log])
    assert (found.status, found.status_message) == (Status.ERROR, "gone")
    assert (found.events[0].name, found.events[0].attributes["exception.stacktrace"]) == ("exception", "at x")
    assert one_span(isError=False, logs=[log]).status == Status.UNSET


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("db:5432", {"server.address": "db", "server.port": 5432}),
        ("a:1,b:2", {"server.address": "a:1,b:2"}),
        ("", {}),
    ],
)
def test_the_peer_of_a_call_is_an_address(peer: str, expected: dict[str, Any]) -> None:
    found = one_span(type="Exit", peer=peer).attributes
    assert {key: value for key, value in found.items() if key.startswith("server.")} == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [(MS, MS), (str(MS), MS), ("2023-11-14T22:13:20.000Z", MS), (MS * 1_000, MS), (0, 0), (None, 0)],
)
def test_times_are_milliseconds_unless_they_say_otherwise(written: Any, expected: int) -> None:
    assert one_span(startTime=written).start_ns == expected * 1_000_000


# shapes

SPANS = [record(0), record(1)]
SNAKES = {"trace_id": TRACE, "segment_id": "s1", "start_time": MS, "end_time": MS + 5, "type": "Entry"}
SNAKES |= {"service": "shop", "endpoint_name": "/cart"}


@pytest.mark.parametrize(
    "content",
    [
        {"data": {"trace": {"spans": SPANS}}},
        {"data": {"queryTrace": {"spans": SPANS}}},
        {"data": {"result": {"traces": [{"spans": SPANS}], "retrievedTimeRange": {"startTime": 1, "endTime": 2}}}},
        {"data": {"trace": {"spans": SPANS}}, "errors": [], "extensions": {"a": [1, {"b": 2}]}},
        {"trace": {"spans": SPANS}},
        {"spans": SPANS},
        {"traces": [{"traceIds": ["a"], "spans": SPANS}]},
        SPANS,
        "\n".join(map(json.dumps, SPANS)).encode(),
        [SNAKES | {"span_id": str(number), "parent_span_id": str(number - 1)} for number in (0, 1)],
        [{key[0].upper() + key[1:].replace("Id", "ID"): value for key, value in one.items()} for one in SPANS],
        table(
            "traceId,segmentId,spanId,parentSpanId,service,operationName,startTime,endTime,type",
            f"{TRACE},s1,0,-1,shop,/cart,{MS},{MS + 5},Entry",
            f"{TRACE},s1,1,0,shop,/cart,{MS},{MS + 5},Entry",
        ),
    ],
)  # fmt: skip
def test_spans_may_be_wrapped_and_spelled_in_many_ways(content: Any) -> None:
    found, notes = read(content)
    assert (found, notes.warnings) == (read(SPANS)[0], [])
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    assert skywalking.looks_like(sniff.head_of(raw))


def test_a_table_may_name_the_parents_segment_in_a_column() -> None:
    head = "trace_id,segment_id,span_id,parent_segment_id,parent_span_id,start_time,duration"
    found, _ = read(
        table(head, f"{TRACE},a,0,,-1,{MS},5", f"{TRACE},b,0,a,0,{MS},5", f"{TRACE},b,1,b,0,{MS},5")
    )
    assert [one.parent_span_id for one in found] == ["", found[0].span_id, found[1].span_id]
    assert found[0].end_ns - found[0].start_ns == 5_000_000


@pytest.mark.parametrize(
    "content",
    [
        {
            "data": {
                "queryBasicTraces": {
                    "traces": [{"segmentId": "a", "endpointNames": ["/"], "traceIds": ["t"]}]
                }
            }
        },
        {"data": [{"traceID": "1", "spans": [{"spanID": "1"}], "processes": {}}]},
        [{"traceId": "a", "spanId": "0123456789abcdef", "segmentId": "x", "name": "n", "startTime": 1}],
        [{"traceId": "a", "id": "b", "localEndpoint": {}}],
        [],
        table("trace_id,segment_id,span_id,parent_span_id", "a,b,0123456789abcdef,"),
        table("trace_id,span_id,parent_span_id", "a,0,1"),
        b"text",
    ],
)
def test_other_shapes_are_not_skywalkings(content: Any) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    assert skywalking.looks_like(sniff.head_of(raw)) is None


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
    [{"key": "a"}],
    [{}],
]
KEYS = [*record(), "refs", "tags", "logs", "attachedEvents", "peer", "layer", "isError", "x"]


@pytest.mark.parametrize("key", KEYS)
def test_the_wrong_type_in_a_field_costs_at_most_that_span(key: str) -> None:
    for junk in JUNK:
        found, notes = read({"spans": [record(0) | {key: junk}, record(1)]})
        assert len(found) + notes.rejected == 2
        assert found[-1].written_span_id == "s1:1"


def test_what_is_no_span_among_spans_is_counted() -> None:
    found, notes = read(
        {"data": {"trace": {"spans": [7, record(0), {"traceId": "a"}, record(1, traceId="0")]}}}
    )
    assert (len(found), notes.rejected) == (1, 3)


def test_rows_with_too_few_or_too_many_cells_are_counted() -> None:
    head = "trace_id,segment_id,span_id,parent_span_id,start_time"
    found, notes = read(
        table(head, f"{TRACE},s,0,-1,{MS}", f"{TRACE},s", f"{TRACE},s,1,0,{MS},x", f"{TRACE},s,2,0,{MS}")
    )
    assert ([one.written_span_id for one in found], notes.rejected) == (["s:0", "s:2"], 2)


def test_values_of_bottomless_depth_are_left_out() -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    found, notes = read([record(0, tags=[{"key": "deep", "value": deep}])])
    assert found[0].attributes["deep"] is None
    assert [one.code for one in notes.warnings] == ["too_large"]
