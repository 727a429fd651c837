"""OTLP log records as log lines: JSON and protobuf alike, alone and between spans."""

import io
import json
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from webapp import formats
from webapp.formats import otlp
from webapp.formats.notes import Notes
from webapp.formats.otlp import protobuf
from webapp.model.logs import LogLine
from webapp.model.spans import Span

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
AT = 1_700_000_000_123_456_789


def text(value: str) -> dict[str, Any]:
    return {"stringValue": value}


def record(**members: Any) -> dict[str, Any]:
    made = {
        "timeUnixNano": str(AT), "severityNumber": 9, "severityText": "Information", "body": text("paid"),
        "attributes": [{"key": "order", "value": {"intValue": "42"}}], "traceId": TRACE, "spanId": SPAN,
    } | members  # fmt: skip
    return {key: value for key, value in made.items() if value is not ...}


def request(*records: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": text("shop")}]}
    return {
        "resourceLogs": [
            {"resource": resource, "scopeLogs": [{"scope": {"name": "lib"}, "logRecords": list(records)}]}
        ]
    }


def spans_request() -> dict[str, Any]:
    span = {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "pay",
        "startTimeUnixNano": str(AT),
        "endTimeUnixNano": str(AT + 5),
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def as_proto(message: dict[str, Any]) -> bytes:
    """JSON of OTLP has ids in hex, JSON of protobuf in base64."""
    told = json.loads(
        json.dumps(message).replace(TRACE, "W47/95gDgQPSabYzgT/GDA==").replace(SPAN, "7uGbfsPBsXQ=")
    )
    kind = ExportLogsServiceRequest if "resourceLogs" in message else ExportTraceServiceRequest
    return bytes(ParseDict(told, kind()).SerializeToString())


def framed(*messages: bytes) -> bytes:
    return b"".join(len(one).to_bytes(4, "big") + one for one in messages)


def read(content: bytes) -> tuple[list[Span], list[LogLine], dict[str, int]]:
    notes = Notes()
    reader = otlp if content[:1] == b"{" else protobuf
    found = list(reader.read(io.BytesIO(content), notes))
    codes: dict[str, int] = {}
    for warning in notes.warnings:
        codes[warning.code] = codes.get(warning.code, 0) + warning.count
    return [x for x in found if isinstance(x, Span)], [x for x in found if isinstance(x, LogLine)], codes


def snake(message: dict[str, Any]) -> bytes:
    raw = json.dumps(message)
    for camel, other in (
        ("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records"),
        ("timeUnixNano", "time_unix_nano"), ("severityNumber", "severity_number"), ("severityText", "severity_text"),
        ("stringValue", "string_value"), ("intValue", "int_value"), ("traceId", "trace_id"), ("spanId", "span_id"),
    ):  # fmt: skip
        raw = raw.replace(f'"{camel}"', f'"{other}"')
    return raw.encode()


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(request(record())).encode(),
        json.dumps(request(record()), indent=2).encode(),
        json.dumps(request(record(severityText=..., severityNumber="SEVERITY_NUMBER_INFO2"))).encode(),
        json.dumps(request(record(timeUnixNano=..., observedTimeUnixNano=AT))).encode(),
        json.dumps(request(record(traceId=TRACE.upper()))).encode(),
        snake(request(record())),
        json.dumps(request(record()))
        .replace("scopeLogs", "instrumentationLibraryLogs")
        .replace("logRecords", "logs")
        .encode(),
        as_proto(request(record())),
        as_proto(request(record(severityText=...))),
        framed(as_proto(request(record()))),
    ],
)
def test_a_record_becomes_a_line(content: bytes) -> None:
    spans, [line], codes = read(content)
    assert (spans, codes) == ([], {})
    assert (line.trace_id, line.span_id, line.time_ns) == (TRACE, SPAN, AT)
    assert (line.service, line.level, line.message) == ("shop", "info", "paid")
    assert line.attributes == {"order": 42, "otel.scope.name": "lib"}


@pytest.mark.parametrize(
    "members",
    [
        {"traceId": ..., "attributes": [{"key": "trace_id", "value": text(TRACE)}]},
        {"traceId": "", "body": {"kvlistValue": {"values": [
            {"key": "msg", "value": text("paid")}, {"key": "trace_id", "value": text(TRACE)}]}}},
        {"traceId": ..., "body": text(json.dumps({"msg": "paid", "trace_id": TRACE}))},
    ],
)  # fmt: skip
def test_an_id_may_stand_in_what_the_record_says(members: dict[str, Any]) -> None:
    for content in (json.dumps(request(record(**members))).encode(), as_proto(request(record(**members)))):
        _, [line], _ = read(content)
        assert (line.trace_id, line.message) == (TRACE, "paid")


@pytest.mark.parametrize(
    "pack", [lambda *m: b"\n".join(json.dumps(x).encode() for x in m), lambda *m: framed(*map(as_proto, m))]
)
def test_records_stand_between_spans_and_those_without_an_id_are_counted(pack: Any) -> None:
    nameless = record(traceId=..., spanId=...)
    spans, lines, codes = read(
        pack(request(record(), nameless, nameless), spans_request(), request(nameless))
    )
    assert ([span.name for span in spans], len(lines), codes) == (["pay"], 1, {"no_trace_id": 3})


@pytest.mark.parametrize(
    "odd",
    [{"body": None}, {"body": {"arrayValue": {}}}, {"attributes": "x"}, {"timeUnixNano": "soon"}, {"severityNumber": []},
     {"traceId": 5}, {"spanId": {}}, {"attributes": [None, {"key": "a"}]}],
)  # fmt: skip
def test_an_odd_record_costs_no_other(odd: dict[str, Any]) -> None:
    _, lines, _ = read(json.dumps(request(record(), record(**odd), record())).encode())
    assert [line.message for line in lines].count("paid") >= 2


@pytest.mark.parametrize(
    "content", [json.dumps(request(record(), record())).encode(), framed(as_proto(request(record())) * 2)]
)
def test_a_cut_file_gives_what_comes_before(content: bytes) -> None:
    for cut in (content[:end] for end in range(2, len(content))):
        _, lines, _ = read(cut)
        assert len(lines) <= 2
    assert len(read(content)[1]) == 2


def test_a_file_of_log_records_alone_is_named_but_its_lines_are_handed_over() -> None:
    for content in (json.dumps(request(record())).encode(), as_proto(request(record()))):
        reading = formats.read(io.BytesIO(content), "logs.json")
        lines = [line for batch in reading.batches() for line in batch.lines]
        assert (len(lines), reading.format) == (1, "")
        assert "OTLP logs" in reading.reason
