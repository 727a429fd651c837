"""X-Ray: wrappers, services, causes, what is in progress, the captured daemon traffic, damage."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.formats import answer_key
from tests.formats.any_spans import rows
from webapp.formats import by_trace, json_stream, sniff, xray
from webapp.formats.notes import Notes
from webapp.model.spans import Kind, Span, Status

CASES = Path(__file__).parents[1] / "data" / "xray"
SEGMENTS = json.loads((CASES / "segments.json").read_text())
TRACE = "1-5759e988-bd862e3fe1be46a994272793"
HEADER = '{"format":"json","version":1}\n'


def read(content: Any) -> tuple[list[Span], Notes]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    notes = Notes()
    return list(xray.read(io.BytesIO(raw), notes)), notes


def segment(number: int = 1, **members: Any) -> dict[str, Any]:
    own = {
        "trace_id": TRACE,
        "id": f"{number:016x}",
        "name": "shop",
        "start_time": 1.5e9,
        "end_time": 1.5e9 + 1,
    }
    return {key: value for key, value in (own | members).items() if value is not None}


def one_span(**members: Any) -> Span:
    [found] = read(segment(**members))[0]
    return found


def codes(notes: Notes) -> set[str]:
    return {warning.code for warning in notes.warnings}


@pytest.mark.parametrize("case", ["segments.json", "daemon.txt"])
def test_the_examples_give_the_expected_spans(case: str) -> None:
    found, notes = read((CASES / case).read_bytes())
    assert rows(found) == json.loads((CASES / case).with_suffix(".expected.json").read_text())
    assert not notes.warnings


def test_the_python_sdk_sent_four_traces_of_three_services() -> None:
    found, _ = read((CASES / "daemon.txt").read_bytes())
    assert (len(found), len({span.trace_id for span in found})) == (52, 4)
    assert {span.service for span in found} == {"frontend", "checkout", "batch"}
    assert [span.name for span in found if span.status == Status.ERROR] == ["frontend", "risky"]
    assert [event.name for span in found for event in span.events] == ["exception"]


# wrappers


def in_batch(*traces: list[dict[str, Any]], as_text: bool = True) -> dict[str, Any]:
    return {
        "Traces": [
            {
                "Id": TRACE,
                "Duration": 1.0,
                "LimitExceeded": False,
                "Segments": [
                    {"Id": one["id"], "Document": json.dumps(one) if as_text else one} for one in documents
                ],
            }
            for documents in traces
        ],
        "UnprocessedTraceIds": [],
        "NextToken": None,
    }


@pytest.mark.parametrize(
    "wrapped",
    [
        [SEGMENTS],
        in_batch(SEGMENTS),
        in_batch(SEGMENTS, as_text=False),
        in_batch(SEGMENTS)["Traces"][0],
        in_batch(SEGMENTS, as_text=False)["Traces"][0]["Segments"],
        "\n".join(json.dumps(one) for one in SEGMENTS).encode(),
        "".join(json.dumps(one, indent=1) for one in SEGMENTS).encode(),
        "".join(HEADER + json.dumps(one) for one in SEGMENTS).encode(),
        "\n\n".join(HEADER + json.dumps(one) for one in SEGMENTS).encode(),
    ],
)
def test_documents_may_come_in_many_wrappers(wrapped: Any) -> None:
    found, notes = read(wrapped)
    assert (found, notes.rejected) == (read(SEGMENTS)[0], 0)
    raw = wrapped if isinstance(wrapped, bytes) else json.dumps(wrapped).encode()
    assert xray.looks_like(sniff.head_of(raw))


def test_a_huge_answer_is_read_segment_by_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "OPEN_FROM", 300)
    assert read(in_batch(SEGMENTS))[0] == read(SEGMENTS)[0]


def test_the_trace_id_of_the_wrapper_stands_for_a_missing_one() -> None:
    found, _ = read(in_batch([segment(trace_id=None)]))
    assert (found[0].trace_id, found[0].written_trace_id) == (TRACE.replace("-", "")[1:], TRACE)


def test_an_answer_that_x_ray_cut_short_is_said_to_be_so() -> None:
    answer = in_batch([segment()])
    answer["Traces"][0]["LimitExceeded"] = True
    assert "truncated" in codes(read(answer)[1])


def test_trees_of_segments_are_taken_apart_and_what_they_tell_twice_is_one_span() -> None:
    inner = {"id": "00000000000000c1", "name": "DynamoDB", "start_time": 1.5e9, "namespace": "aws"}
    document = segment(2, name="cart", parent_id="00000000000000c1", subsegments=[inner])
    child = {"id": document["id"], "name": "cart", "parent_id": "00000000000000c1", "origin": "AWS::Lambda"}
    tree = {
        "id": "0000000000000001",
        "name": "gate",
        "subsegments": [inner],
        "children": [child | {"fullData": {"Document": document}}],
    }
    found, notes = read([tree])
    assert [(one.span_id[-2:], one.parent_span_id[-2:], one.service) for one in found] == [
        ("01", "", "gate"),
        ("c1", "01", "gate"),
        ("02", "c1", "cart"),
    ]
    assert len({one.trace_id for one in found}) == 1
    assert found[0].start_ns == 0
    assert found[2].start_ns == 1_500_000_000_000_000_000
    assert not notes.warnings


def test_segments_without_any_trace_id_are_a_trace_of_their_own() -> None:
    found, notes = read({"id": "00000000000000aa", "name": "a", "subsegments": [segment(2, trace_id=None)]})
    assert len({one.trace_id for one in found}) == 1
    assert codes(notes) == {"id_hashed"}


# whose process


def test_subsegments_sent_alone_learn_their_service_from_a_segment_that_comes_later() -> None:
    inner = segment(3, type="subsegment", parent_id=f"{2:016x}", name="job")
    middle = segment(2, type="subsegment", parent_id=f"{1:016x}", name="batch")
    found, _ = read([inner, middle, segment(1, name="worker")])
    assert [(one.name, one.service, one.kind) for one in found] == [
        ("job", "worker", Kind.INTERNAL),
        ("batch", "worker", Kind.INTERNAL),
        ("worker", "worker", Kind.SERVER),
    ]


def test_subsegments_of_no_known_segment_have_no_service() -> None:
    alone = one_span(type="subsegment", parent_id=f"{9:016x}", namespace="remote")
    assert (alone.service, alone.kind, alone.parent_span_id) == ("unknown_service", Kind.CLIENT, f"{9:016x}")


def test_subsegments_that_are_each_others_parents_end() -> None:
    one, two = (segment(a, type="subsegment", parent_id=f"{b:016x}") for a, b in ((1, 2), (2, 1)))
    assert [each.service for each in read([one, two])[0]] == ["unknown_service"] * 2


def test_an_inferred_segment_is_the_server_side_of_its_subsegment() -> None:
    inferred = one_span(inferred=True, parent_id=f"{5:016x}")
    assert inferred.kind == Kind.SERVER
    assert inferred.attributes["aws.xray.inferred"] is True


# failures


@pytest.mark.parametrize("word", ["fault", "error", "throttle"])
def test_each_kind_of_failure_is_an_error_and_stays_told_apart(word: str) -> None:
    found = one_span(**{word: True})
    assert (found.status, found.attributes) == (Status.ERROR, {f"aws.xray.{word}": True})
    assert one_span(**{word: False}).status == Status.UNSET


@pytest.mark.parametrize("reference", ["90affe1100000001", 7, 7.5])
def test_a_cause_may_be_the_id_of_an_exception_elsewhere_in_the_trace(reference: Any) -> None:
    thrown = {"exceptions": [{"id": str(reference), "type": "E", "message": "why"}]}
    found, _ = read([segment(1, fault=True, cause=reference), segment(2, fault=True, cause=thrown)])
    assert [one.status_message for one in found] == ["why", "why"]
    assert found[0].attributes["aws.xray.exception.id"] == str(reference)
    assert one_span(fault=True, cause=reference).status_message == ""


# what is in progress


def test_a_later_document_takes_the_place_of_one_in_progress() -> None:
    begun = segment(end_time=None, in_progress=True)
    for order in ([begun, segment()], [segment(), begun], [begun, begun, segment()]):
        found, notes = read(order)
        assert [one.end_ns for one in found] == [1_500_000_001_000_000_000]
        assert codes(notes) == {"parts_merged"}


def test_what_stays_in_progress_has_no_end() -> None:
    found = one_span(end_time=None, in_progress=True)
    assert (found.end_ns, found.attributes) == (0, {"aws.xray.in_progress": True})


def test_two_complete_documents_of_one_id_are_left_for_repair() -> None:
    assert len(read([segment(), segment()])[0]) == 2


def test_only_the_traces_heard_of_last_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_trace, "MOST_RECORDS", 2)
    many = [segment(n, trace_id=f"1-5759e988-{n:024x}") for n in range(1, 6)]
    stream = io.BytesIO("\n".join(json.dumps(one) for one in many).encode())
    spans = xray.read(stream, Notes())
    assert next(spans).span_id == f"{1:016x}"
    assert len(list(spans)) == 4


# values


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1478293361.271, 1_478_293_361_271_000_000),
        (1681339658.2601435, 1_681_339_658_260_144_000),
        ("1.478293361271E9", 1_478_293_361_271_000_000),
        (1478293361271, 1_478_293_361_271_000_000),
    ],
)
def test_times_are_seconds_rounded_to_the_microsecond(written: Any, expected: int) -> None:
    assert one_span(start_time=written).start_ns == expected


@pytest.mark.parametrize(
    "written", ["1-5759E988-BD862E3FE1BE46A994272793", "5759e988bd862e3fe1be46a994272793"]
)
def test_trace_ids_may_be_written_in_x_rays_way_or_in_hex(written: str) -> None:
    assert one_span(trace_id=written).trace_id == "5759e988bd862e3fe1be46a994272793"


def test_annotations_do_not_hide_what_x_ray_says() -> None:
    found = one_span(user="u", annotations={"enduser.id": "v", "n": 1})
    assert found.attributes == {"enduser.id": "u", "aws.xray.annotation.enduser.id": "v", "n": 1}


# recognition


@pytest.mark.parametrize(
    "content",
    [
        segment(),
        segment(trace_id="5759e988bd862e3fe1be46a994272793", aws={}),
        {"Traces": [], "UnprocessedTraceIds": []},
        {"format": "json", "version": 1},
        {"id": "aa", "name": "a", "subsegments": []},
    ],
)
def test_x_ray_is_recognised_by_its_keys(content: Any) -> None:
    assert xray.looks_like(sniff.head_of(json.dumps(content).encode()))


@pytest.mark.parametrize(
    "content",
    [
        {"TraceSummaries": [{"Id": TRACE, "Duration": 1}]},
        {"trace_id": "5759e988bd862e3fe1be46a994272793", "id": "aa", "name": "a", "start_time": 1},
        {"traceId": "a", "id": "b", "name": "x"},
        {"traces": []},
        [{"trace_id": 1, "span_id": 2}],
        {"format": "json"} | {"rows": []},
        [],
    ],
)
def test_other_shapes_are_not_x_ray(content: Any) -> None:
    assert xray.looks_like(sniff.head_of(json.dumps(content).encode())) is None


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
    [{"a": 1}],
    "1e999",
]


@pytest.mark.parametrize(
    "key", sorted({key for one in SEGMENTS for key in one} | {"sql", "fullData", "children"})
)
def test_the_wrong_type_in_a_field_costs_at_most_that_segment(key: str) -> None:
    for junk in JUNK:
        found, notes = read([segment(7) | {key: junk}, segment(8)])
        assert len(found) + notes.rejected >= 2
        assert f"{8:016x}" in [one.span_id for one in found]


def test_a_broken_document_among_good_ones_is_counted() -> None:
    answer = in_batch([segment(1), segment(2), segment(3)])
    answer["Traces"][0]["Segments"][1]["Document"] = '{"id": "0000'
    found, notes = read(answer)
    assert ([one.span_id[-1] for one in found], notes.rejected) == (["1", "3"], 1)


def test_values_of_bottomless_depth_are_left_out() -> None:
    deep: Any = 1
    for _ in range(150):
        deep = {"a": deep}
    found, notes = read(segment(http=deep))
    assert (found[0].attributes, codes(notes)) == ({}, {"too_large"})


def test_a_file_cut_anywhere_gives_what_came_before() -> None:
    lines = [json.dumps(segment(number)).encode() for number in range(1, 4)]
    whole = b"\n".join(lines)
    for end in range(len(whole)):
        found, _ = read(whole[:end])
        assert len(found) >= whole[:end].count(b"\n")


def test_the_shared_collection_is_read_as_its_index_says() -> None:
    for known in answer_key.files("xray_json"):
        found, notes = read(known.path.read_bytes())
        assert len(found) + notes.rejected == known.spans, known.path.name
        assert len({span.trace_id for span in found}) == known.traces, known.path.name
        assert xray.looks_like(sniff.head_of(known.path.read_bytes()[:256_000])), known.path.name
