"""Jaeger's storages and protobuf as JSON: one trace in each of their forms, what differs between them, and damage."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.formats import answer_key
from webapp.formats import jaeger, sniff
from webapp.formats.jaeger import cql, rows
from webapp.formats.notes import Notes
from webapp.model.spans import Link, Span

CASES = Path(__file__).parents[1] / "data" / "jaeger" / "storages"
FORMS = sorted(path.name for path in CASES.iterdir())
COPIED = (CASES / "cassandra-copy.csv").read_text()
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def read(content: Any) -> tuple[list[Span], Notes]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    notes = Notes()
    return list(jaeger.read(io.BytesIO(raw), notes)), notes


def codes(notes: Notes) -> dict[str, int]:
    found: dict[str, int] = {}
    for warning in notes.warnings:
        found[warning.code] = found.get(warning.code, 0) + warning.count
    return found


def document(**members: Any) -> dict[str, Any]:
    """As Elasticsearch keeps a span."""
    return {
        "traceID": TRACE,
        "spanID": "a" * 16,
        "operationName": "x",
        "startTimeMillis": 1,
        "startTime": 1_000,
        "duration": 5,
        "process": {"serviceName": "shop", "tags": []},
    } | members


@pytest.mark.parametrize("form", FORMS)
def test_one_trace_is_the_same_from_every_form(form: str) -> None:
    content = (CASES / form).read_bytes()
    found, notes = read(content)
    assert [replace(one, written_trace_id="", written_span_id="") for one in found] == (
        read((CASES / "api.json").read_bytes())[0]
    )
    assert notes.rejected == 0
    assert codes(notes) == ({"other_signal": 1} if form == "elasticdump.jsonl" else {})
    assert str(jaeger.looks_like(sniff.head_of(content))).startswith("Jaeger ")


def test_the_ids_are_kept_as_each_form_writes_them() -> None:
    written = {
        form: [one.written_span_id for one in read((CASES / form).read_bytes())[0]][1]
        for form in ("protobuf-inline.json", "cassandra-copy.csv", "cassandra-rows.jsonl", "api.json")
    }
    assert written == {
        "protobuf-inline.json": "8aKzxNXm9wg=",
        "cassandra-copy.csv": "-1035067306358147320",
        "cassandra-rows.jsonl": "-1035067306358147320",
        "api.json": "",
    }


# Elasticsearch


def test_searches_without_hits_have_no_spans_and_nothing_wrong() -> None:
    found, notes = read({"took": 1, "hits": {"total": {"value": 0}, "hits": []}})
    assert (found, notes.rejected) == ([], 0)


def test_several_searches_in_one_answer_are_all_read() -> None:
    hits = {"hits": {"hits": [{"_source": document()}]}}
    assert len(read({"responses": [hits, hits]})[0]) == 2


@pytest.mark.parametrize("action", ["index", "create", "update", "delete"])
def test_lines_of_a_bulk_file_that_say_what_to_do_are_no_records(action: str) -> None:
    lines = [{action: {"_index": "i"}}, {"doc": document()} if action == "update" else document()]
    found, notes = read("\n".join(map(json.dumps, lines)).encode())
    assert (len(found), notes.rejected) == (1, 0)


def test_dependencies_and_services_beside_the_spans_are_counted() -> None:
    beside = [{"serviceName": "a", "operationName": "b"}, {"timestamp": 1, "dependencies": []}]
    found, notes = read([document(), *beside])
    assert (len(found), codes(notes)) == (1, {"other_signal": 2})


def test_a_hit_that_is_no_span_costs_only_itself() -> None:
    found, notes = read({"hits": {"hits": [{"_source": document()}, {"_source": {"a": 1}}, {"_source": 5}]}})
    assert (len(found), codes(notes)) == (1, {"bad_record": 2})


# protobuf


def protobuf(**members: Any) -> dict[str, Any]:
    return {
        "traceId": "S/kvNXezTaajzpKdDg5HNg==",
        "spanId": "APBnqgupArc=",
        "operationName": "x",
        "startTime": "2025-11-20T10:32:07Z",
        "process": {"serviceName": "shop"},
    } | members


def test_what_protobuf_leaves_out_has_its_default() -> None:
    tags = [{"key": "text"}, {"key": "flag", "vType": "BOOL"}, {"key": "count", "vType": 2}]
    [found] = read({"spans": [protobuf(tags=tags)]})[0]
    assert found.end_ns == found.start_ns == 1_763_634_727_000_000_000
    assert found.attributes == {"text": "", "flag": False, "count": 0}


@pytest.mark.parametrize(
    ("written", "length_ns"),
    [("0.001s", 1_000_000), ("100000ns", 100_000), ("1.000000001s", 1_000_000_001), (5_000, 5_000)],
)
def test_durations_are_words_or_nanoseconds(written: Any, length_ns: int) -> None:
    [found] = read({"spans": [protobuf(duration=written)]})[0]
    assert found.end_ns - found.start_ns == length_ns


def test_the_process_of_a_batch_is_that_of_its_spans() -> None:
    span = {key: value for key, value in protobuf().items() if key != "process"}
    [found] = read({"batch": {"spans": [span], "process": {"serviceName": "shop"}}})[0]
    assert found.service == "shop"


def test_old_dumps_keep_booleans_and_floats_in_the_bits_of_a_number() -> None:
    tags = [
        {"key": "ok", "vType": "bool", "vNum": 1},
        {"key": "ratio", "vType": "float64", "vNum": 4634802150889750528},
        {"key": "n", "vType": "int64", "vNum": 7},
        {"key": "blob", "vType": "binary", "vBlob": "AAE="},
    ]
    [found] = read({"Spans": [protobuf(tags=tags)]})[0]
    assert found.attributes == {"ok": True, "ratio": 72.5, "n": 7, "blob": b"\0\1"}


# references


def references(*found: tuple[str, str]) -> Span:
    listed = [{"refType": kind, "traceID": TRACE, "spanID": span} for kind, span in found]
    [one] = read(document(references=listed))[0]
    return one


def test_the_first_child_of_is_the_parent_and_the_others_are_links() -> None:
    found = references(("FOLLOWS_FROM", "1"), ("CHILD_OF", "2"), ("CHILD_OF", "3"))
    assert (found.parent_span_id, found.follows_from) == ("0" * 15 + "2", False)
    assert found.links == [
        Link(TRACE, "0" * 15 + "1"),
        Link(TRACE, "0" * 15 + "3", {"opentracing.ref_type": "child_of"}),
    ]


def test_one_that_only_follows_has_that_parent() -> None:
    found = references(("FOLLOWS_FROM", "1"))
    assert (found.parent_span_id, found.follows_from, found.links) == ("0" * 15 + "1", True, [])


def test_a_parent_named_apart_from_the_references_goes_before_them() -> None:
    one = {"refType": "CHILD_OF", "traceID": TRACE, "spanID": "1"}
    [found] = read(document(references=[one], parentSpanID="2"))[0]
    assert found.parent_span_id == "0" * 15 + "2"
    assert [link.span_id for link in found.links] == ["0" * 15 + "1"]


@pytest.mark.parametrize("key", ["references", "logs"])
def test_what_is_no_reference_or_log_is_left_out_with_a_warning(key: str) -> None:
    for make in (document, protobuf):
        found, notes = read(make(**{key: [5]}))
        assert (len(found), codes(notes)) == (1, {"bad_attribute": 1})


# Cassandra


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("", None),
        ("null", None),
        ("[]", []),
        ("{a: 1, b: , c: }", {"a": 1, "b": None, "c": None}),
        ("[{a: 'it''s', b: True, c: null}]", [{"a": "it's", "b": True, "c": None}]),
        (r"{a: 'line\nline \\ \x1b', b: 0x00ff}", {"a": "line\nline \\ \x1b", "b": "0x00ff"}),
        ("{a: -1.5e-05, b: NaN, c: 007}", {"a": -1.5e-05, "b": "NaN", "c": "007"}),
        ("{'key': 'a: b, {c}'}", {"key": "a: b, {c}"}),
        ('[{"ts": 1}]', [{"ts": 1}]),
    ],
)
def test_values_of_cql_are_read(cell: str, value: Any) -> None:
    assert cql.value(cell) == value


@pytest.mark.parametrize("cell", ["[{a: 'x}]", "{a: 1", "[1 2]", "}", "[" * 5_000])
def test_what_is_no_value_is_said_to_be_none(cell: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        cql.value(cell)


def test_a_cell_that_cannot_be_read_costs_only_itself() -> None:
    found, notes = read(COPIED.replace("{ts: ", "{ts ").encode())
    assert [len(one.events) for one in found] == [0, 0, 0]
    assert (notes.rejected, codes(notes)) == (0, {"bad_attribute": 1})


def test_a_row_with_a_lost_quote_costs_no_other() -> None:
    header, first, second, third = COPIED.splitlines()
    broken = "\n".join([header, first.rstrip('"'), second, third]) + "\n"
    found, notes = read(broken.encode())
    assert [one.name for one in found] == ["reserve", "send mail"]
    assert [(one.code, one.where) for one in notes.warnings] == [("bad_record", "line 2")]


def test_a_name_of_several_lines_stays_in_its_row() -> None:
    found, notes = read(COPIED.replace("send mail", '"send\nmail"').encode())
    assert ([one.name for one in found][2], notes.rejected) == ("send\nmail", 0)


def test_rows_without_end_are_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LONGEST_ROW", 2_000)
    header, first, second, _ = COPIED.splitlines()
    found, notes = read("\n".join([header, first, '"' + "x" * 5_000, second, '"' + "y\n" * 3_000]).encode())
    assert [one.name for one in found] == ["POST /orders", "reserve"]
    assert codes(notes)["too_large"] >= 2


def test_the_bars_of_a_drawn_table_may_have_moved() -> None:
    drawn = (CASES / "cassandra-select.txt").read_text().replace("it''s \\\"new\\\" | naïve", "naïve")
    found, notes = read(drawn.replace("        send mail", "邮件 send mail").encode())
    assert (len(found), notes.rejected) == (3, 0)


# what is not as it should be


@pytest.mark.parametrize("form", [form for form in FORMS if form != "api.json"])
def test_a_file_cut_anywhere_keeps_what_came_before(form: str) -> None:
    whole = (CASES / form).read_bytes()
    names = [one.name for one in read(whole)[0]]
    records = 4 if form == "elasticdump.jsonl" else 3
    most = 0
    for end in range(0, len(whole), 29):
        if not jaeger.looks_like(sniff.head_of(whole[:end])):
            continue
        found, notes = read(whole[:end])
        assert [one.name for one in found] == names[: len(found)], end
        assert len(found) + notes.rejected <= records, end
        assert len(found) >= most, end
        most = len(found)
    assert most >= 2


JUNK: list[Any] = [None, True, -1, 1.5, 10**30, "text", [], [[]], [None], {}, {"key": []}, [{"key": 1}], [{}]]


@pytest.mark.parametrize("key", [*document(), "tag", "tags", "logs", "references", "flags", "parentSpanID"])
def test_the_wrong_type_in_a_field_costs_at_most_that_span(key: str) -> None:
    for junk in JUNK:
        for make in (document, protobuf):
            found, notes = read([make(**{key: junk}), document()])
            assert len(found) + notes.rejected == 2
            assert found[-1].service == "shop"


@pytest.mark.parametrize(
    "content",
    [
        [
            {
                "traceId": "a",
                "spanId": "b",
                "operationName": "c",
                "startTime": 1,
                "duration": 2,
                "serviceName": "x",
            }
        ],
        {"hits": {"hits": [{"_source": {"trace": {"id": "a"}, "span": {"id": "b"}}}]}},
        {"index": {"_index": "logs"}},
        {"spans": [{"traceId": "a", "spanId": "b", "name": "c"}]},
        b"trace_id,span_id,name,start_time\n1,2,n,3\n",
        b"0xff,1,2,text\n",
    ],
)
def test_other_shapes_are_not_taken(content: Any) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    assert jaeger.looks_like(sniff.head_of(raw)) is None


@pytest.mark.parametrize("kind", ["jaeger_cassandra", "jaeger_es_docs", "jaeger_proto_json"])
def test_the_shared_collection_is_read_as_its_index_says(kind: str) -> None:
    for known in answer_key.files(kind):
        content = known.path.read_bytes()
        found, notes = read(content)
        assert (len(found), notes.rejected) == (known.spans, 0), known.path.name
        assert len({span.trace_id for span in found}) == known.traces, known.path.name
        assert not notes.warnings, known.path.name
        assert jaeger.looks_like(sniff.head_of(content[:256_000])), known.path.name
