"""OTLP JSON: file and expected spans, real exporters' captures, the shared collection, damage, and the way back."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats import answer_key, any_spans
from webapp import formats
from webapp.formats import json_stream, otlp
from webapp.formats.notes import Notes
from webapp.model.spans import Event, Link, Resource, Scope, Span

CASES = Path(__file__).parents[1] / "data" / "otlp"
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def read(text: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(otlp.read(io.BytesIO(text), notes)), notes


def span(number: int = 1, **members: object) -> dict[str, object]:
    return {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "name": f"span {number}",
        "kind": 1,
        "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": "1544712661000000000",
    } | members


def document(*spans: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


@pytest.mark.parametrize("name", ["values.json", "tempo.json", "snake.jsonl", "wrapped.jsonl", "loose.json"])
def test_a_file_gives_its_expected_spans(name: str) -> None:
    with (CASES / name).open("rb") as file:
        reading = formats.read(file, name)
        spans = [one for batch in reading for one in batch]
    found = {
        "reason": reading.reason,
        "rejected": reading.notes.rejected,
        "warnings": [[one.code, one.where, one.count] for one in reading.notes.warnings],
        "spans": any_spans.rows(spans),
    }
    expected = (CASES / f"{name.split('.')[0]}.expected.json").read_text(encoding="utf-8")
    assert json.dumps(found, indent=1, ensure_ascii=False) == expected.rstrip("\n")


@pytest.mark.parametrize(
    ("name", "number", "services"),
    [
        ("python-frontend.json", 6, {"frontend"}),
        ("python-payment.json", 6, {"payment"}),
        ("js-frontend.json", 6, {"frontend-js"}),
        ("js-frontend.json.gz", 6, {"frontend-js"}),
    ],
)
def test_what_exporters_really_send_is_read_in_full(name: str, number: int, services: set[str]) -> None:
    with (CASES / "captures" / name).open("rb") as file:
        reading = formats.read(file, name)
        spans = [one for batch in reading for one in batch]
    assert len(spans) == number
    assert {one.service for one in spans} == services
    assert reading.notes.rejected == 0


@pytest.mark.parametrize("kind", ["otlp_json", "otlp_jsonl", "otlp_jsonl_snake", "tempo_json"])
def test_the_shared_collection_is_read_in_full(kind: str) -> None:
    for known in answer_key.files(kind):
        with known.path.open("rb") as file:
            notes = Notes()
            spans = list(otlp.read(file, notes))
        assert len(spans) + notes.rejected == known.spans, known.path.name
        assert len({one.trace_id for one in spans}) == known.traces, known.path.name
        assert bool(notes.rejected) == any(one.code.startswith("bad") for one in notes.warnings)


@pytest.mark.parametrize(
    "member",
    [
        {"attributes": [{"key": "k", "value": {"intValue": {"no": "number"}}}]},
        {"attributes": [{"key": "k", "value": {"stringValue": ["no", "text"]}}]},
        {"attributes": [{"key": "k", "value": "bare"}, {"key": None}, 7, None]},
        {"attributes": "none"},
        {"attributes": {"k": "v"}},
        {"events": [{"timeUnixNano": "soon"}, 5], "links": {"traceId": 1}},
        {"kind": {"name": "SERVER"}},
        {"kind": 77},
        {"status": "broken"},
        {"status": {"code": "NOPE", "message": 5}},
        {"startTimeUnixNano": "0001-01-01T00:00:00Z", "endTimeUnixNano": "2262-01-01T00:00:00Z"},
        {"startTimeUnixNano": -1, "endTimeUnixNano": 2**70},
        {"startTimeUnixNano": 1.5447126605e18},
        {"name": None, "traceState": None, "flags": "x"},
        {"parentSpanId": 5},
        {"flags": 2**64},
    ],
)
def test_one_bad_member_never_drops_its_span_nor_its_neighbours(member: dict[str, object]) -> None:
    spans, notes = read(document(span(1), span(2, **member), span(3)))
    assert [one.span_id[-1] for one in spans] == ["1", "2", "3"]
    assert notes.rejected == 0
    assert all(0 <= one.start_ns < 2**63 and 0 <= one.end_ns < 2**63 for one in spans)


@pytest.mark.parametrize(
    "bad", ["text", 5, [], {}, {"traceId": TRACE}, {"spanId": SPAN}, {"traceId": "", "spanId": SPAN}]
)
def test_one_bad_span_never_drops_its_batch(bad: object) -> None:
    spans, notes = read(document(span(1), bad, span(3)))
    assert [one.span_id[-1] for one in spans] == ["1", "3"]
    assert notes.rejected == 1


def test_a_null_span_or_batch_is_passed_over() -> None:
    text = b'{"resourceSpans":[null,{"scopeSpans":null},{"scopeSpans":[null,{"spans":null}]}]}'
    assert read(text)[0] == []


def test_times_outside_of_every_clock_are_unknown_with_a_warning() -> None:
    spans, notes = read(
        document(span(1, startTimeUnixNano="0001-01-01T00:00:00Z", endTimeUnixNano=2**64 - 1))
    )
    assert (spans[0].start_ns, spans[0].end_ns) == (0, 0)
    assert {one.code for one in notes.warnings} == {"bad_time"}


def test_an_end_before_the_start_is_kept_as_it_came() -> None:
    spans, _ = read(document(span(1, endTimeUnixNano="1544712659000000000")))
    assert spans[0].end_ns < spans[0].start_ns


def test_the_service_of_a_span_wins_over_that_of_its_resource() -> None:
    named = span(1, attributes=[{"key": "service.name", "value": {"stringValue": "true-name"}}])
    assert read(document(named))[0][0].service == "true-name"


def test_spans_of_one_resource_share_it() -> None:
    text = document(span(1), span(2)) + b"\n" + document(span(3))
    assert len({id(one.resource) for one in read(text)[0]}) == 1


JAVA = "io.opentelemetry.exporter.logging.otlp.OtlpJsonLoggingSpanExporter"
PREFIXES = [
    f"Nov 21, 2026 4:55:00 PM {JAVA} export\nINFO: ",
    f"16:55:00.123 [main] INFO  {JAVA} - ",
    f"[otel.javaagent 2026-11-21 16:55:00:123 +0000] [main] INFO {JAVA} - ",
    "2026-11-21T16:55:00.123Z stdout F ",
]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_a_logger_prints_before_each_document_is_passed_over(prefix: str) -> None:
    group = json.dumps(json.loads(document(span(1)))["resourceSpans"][0])
    text = f"{prefix}Started in 2 seconds\n" + "".join(
        f"{prefix}{group.replace('0001', f'000{number}')}\n" for number in (1, 2, 3)
    )
    reading = formats.read(io.BytesIO(text.encode()), "app.log")
    assert sum(map(len, reading)) == 3
    assert (reading.format, reading.notes.rejected) == ("otlp", 0)
    assert {one.code for one in reading.notes.warnings} == {"other_text"}


def test_a_stream_of_results_with_an_error_at_its_end_gives_its_spans() -> None:
    line = b'{"result":' + document(span(1)) + b"}\n"
    spans, notes = read(line + line.replace(b"0001", b"0002") + b'{"error":{"code":13,"message":"gone"}}\n')
    assert [one.span_id[-1] for one in spans] == ["1", "2"]
    assert [(one.code, one.where) for one in notes.warnings] == [("bad_record", "line 3")]


@pytest.mark.parametrize(
    "scopes", ["scopeSpans", "instrumentationLibrarySpans", "instrumentation_library_spans"]
)
@pytest.mark.parametrize("groups", ["resourceSpans", "batches", "resource_spans"])
def test_older_names_of_groups_are_read_with_their_scope(groups: str, scopes: str) -> None:
    scope = "scope" if scopes == "scopeSpans" else scopes.replace("Spans", "").replace("_spans", "")
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    inner = {scope: {"name": "lib", "version": "1"}, "spans": [span(1)]}
    spans, notes = read(json.dumps({groups: [{"resource": resource, scopes: [inner]}]}).encode())
    assert [(one.service, one.scope) for one in spans] == [("shop", Scope("lib", "1"))]
    assert not notes.warnings


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ({"status": "PARTIAL", "message": "limit of 3 MB"}, ["Tempo says: limit of 3 MB"]),
        ({"status": "PARTIAL"}, ["Whoever sent this trace says that not all of it is here."]),
        ({"status": "COMPLETE", "metrics": {"inspectedBytes": "12"}}, []),
        ({"status": "", "message": ""}, []),
        ({"status": {"code": 5}, "message": None}, []),
    ],
)
@pytest.mark.parametrize("kind", [1, {"no": "kind"}])
def test_tempo_says_that_a_trace_is_not_all_here(
    beside: dict[str, object], words: list[str], kind: object
) -> None:
    text = json.dumps({"trace": json.loads(document(span(1, kind=kind)))} | beside).encode()
    spans, notes = read(text)
    assert len(spans) == 1
    assert [one.message for one in notes.warnings] == words


def test_metrics_among_the_lines_are_counted_as_another_signal() -> None:
    text = b'{"resourceMetrics":[]}\n{"resourceLogs":[{"scopeLogs":[]}]}\n' + document(span(1)) + b"\n{}\n"
    spans, notes = read(text)
    assert len(spans) == 1
    assert notes.rejected == 0
    assert [(one.code, one.where) for one in notes.warnings] == [("other_signal", "line 1")]


def test_values_of_a_megabyte_and_ten_thousand_attributes_are_kept() -> None:
    many = [{"key": f"key{number}", "value": {"intValue": str(number)}} for number in range(10_000)]
    long = {"key": "long", "value": {"stringValue": "x" * 1_000_000}}
    spans, notes = read(document(span(1, attributes=[*many, long])))
    assert len(spans[0].attributes) == 10_001
    assert spans[0].attributes["key9999"] == 9_999
    assert spans[0].attributes["long"] == "x" * 1_000_000
    assert not notes.warnings


@pytest.mark.parametrize("depth", [50, 150, 10_000])
def test_nesting_costs_at_most_its_own_span(depth: int) -> None:
    value = '{"arrayValue":{"values":[' * depth + '{"stringValue":"deep"}' + "]}}" * depth
    pairs = '"attributes":[{"key":"k","value":' + value + '}],"kind"'
    deep = json.dumps(span(2)).replace('"kind"', pairs)
    lines = [document(span(1)), document("DEEP").replace(b'"DEEP"', deep.encode()), document(span(3))]
    spans, notes = read(b"\n".join(lines))
    assert {one.span_id[-1] for one in spans} >= {"1", "3"}
    assert len(spans) + notes.rejected == 3


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    text = document(span(1, name="caf_")).replace(b"caf_", b"caf\xe9") + b"\n" + document(span(2))
    spans, notes = read(text)
    assert [one.name for one in spans] == ["caf\ufffd", "span 2"]
    assert [one.code for one in notes.warnings] == ["not_utf8"]


def test_a_bare_nan_as_python_writes_it_is_read() -> None:
    broken = document(span(1, attributes=[{"key": "k", "value": {"doubleValue": float("nan")}}]))
    assert b"NaN" in broken
    spans, notes = read(broken)
    assert str(spans[0].attributes["k"]) == "nan"
    assert notes.rejected == 0


def test_the_end_of_a_crash_keeps_every_whole_span() -> None:
    text = document(*(span(number) for number in range(1, 200)))
    for end in range(60, len(text), 977):
        spans, notes = read(text[:end])
        whole = text[:end].count(b'"1544712661000000000"}')
        assert len(spans) == whole, end
        assert any(one.code == "truncated" for one in notes.warnings)


def test_a_huge_single_document_is_read_span_by_span(monkeypatch: pytest.MonkeyPatch) -> None:
    text = document(*(span(number) for number in range(1, 10_001)))
    expected, _ = read(text)
    monkeypatch.setattr(json_stream, "OPEN_FROM", 500_000)
    monkeypatch.setattr(otlp, "OPEN_FROM", 500_000)
    assert read(text)[0] == expected


nested: Any = st.dictionaries(
    any_spans.keys,
    st.recursive(
        any_spans.scalars | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_spans.keys, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
clock_times = st.integers(0, 2**63 - 1)
any_span = st.builds(
    Span,
    trace_id=any_spans.trace_ids,
    span_id=any_spans.span_ids,
    parent_span_id=any_spans.span_ids | st.just(""),
    name=any_spans.texts,
    service=st.just("shop"),
    start_ns=clock_times,
    end_ns=clock_times,
    kind=st.integers(0, 5),
    status=st.integers(0, 2),
    status_message=any_spans.texts,
    attributes=nested,
    events=st.lists(st.builds(Event, any_spans.texts, clock_times, nested, st.integers(0, 9)), max_size=2),
    links=st.lists(
        st.builds(Link, any_spans.trace_ids, any_spans.span_ids, nested, any_spans.texts), max_size=2
    ),
    resource=st.builds(Resource, nested.map(lambda found: {"service.name": "shop"} | found), any_spans.texts),
    scope=st.builds(Scope, any_spans.some_text, any_spans.texts, nested),
    trace_state=any_spans.texts,
    flags=st.integers(0, 2**32 - 1),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(any_span, max_size=4))
def test_what_is_written_is_read_with_all_its_types(spans: list[Span]) -> None:
    found, notes = read(otlp.write(spans))
    assert sorted(map(repr, found)) == sorted(map(repr, spans))
    assert not notes.warnings


@pytest.mark.parametrize("field", ["follows_from", "shared"])
def test_what_otlp_has_no_field_for_travels_as_the_collector_writes_it(field: str) -> None:
    link = Link(TRACE, "2" * 16, {"opentracing.ref_type": "child_of"})
    one = Span(
        trace_id=TRACE,
        span_id=SPAN,
        parent_span_id="2" * 16,
        name="n",
        service="shop",
        start_ns=1,
        end_ns=2,
        links=[link],
        resource=Resource({"service.name": "shop"}),
        **{field: True},
    )
    assert read(otlp.write([one]))[0] == [one]


def test_a_service_that_only_the_span_knows_is_written_into_the_resource() -> None:
    one = Span(trace_id=TRACE, span_id=SPAN, name="n", service="from-zipkin", start_ns=1, end_ns=2)
    assert read(otlp.write([one]))[0][0].service == "from-zipkin"


def test_keys_in_pascal_case_are_the_same_keys() -> None:
    plain = document(span(1, kind=2, attributes=[{"key": "Name", "value": {"stringValue": "Value"}}]))
    pascal = re.sub(rb'"(\w)(\w*)"(?=\s*:)', lambda key: b'"' + key[1].upper() + key[2] + b'"', plain)
    assert pascal != plain
    assert formats.read(io.BytesIO(pascal), "dump").format == "otlp"
    assert read(pascal)[0] == read(plain)[0]
