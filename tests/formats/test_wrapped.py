"""Spans inside of what an API answered, a search found or a journal kept."""

import io
import json
from typing import Any

import pytest

from webapp import formats
from webapp.formats.wrapped import in_rows, unwrapped
from webapp.model.spans import Span

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
ZIPKIN = {"traceId": TRACE, "id": SPAN, "name": "get", "timestamp": 5, "localEndpoint": {}}
OTLP = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": TRACE, "spanId": SPAN, "name": "get"}]}]}]}
SEGMENT = {
    "trace_id": "1-581cf771-a006649127e371903a2de979",
    "id": SPAN,
    "name": "get",
    "start_time": 1478293361.2,
}
DATADOG = {
    "trace_id": 12,
    "span_id": 34,
    "service": "web",
    "resource": "GET /",
    "start": 10**18,
    "duration": 5,
    "meta": {},
}
ELASTIC = {
    "@timestamp": ["2023-11-14T22:13:20.000Z"], "processor.event": ["transaction"], "trace.id": [TRACE],
    "transaction.id": [SPAN], "transaction.name": ["GET /"], "transaction.duration.us": [12_500], "service.name": ["web"],
}  # fmt: skip
GO = {
    "Name": "/foo", "SpanContext": {"TraceID": TRACE, "SpanID": SPAN}, "Parent": {"TraceID": "", "SpanID": ""},
    "SpanKind": 2, "StartTime": "2023-11-14T22:13:20+01:00", "EndTime": "2023-11-14T22:13:21+01:00",
}  # fmt: skip


def read(content: bytes) -> tuple[str, list[Span]]:
    reading = formats.read(io.BytesIO(content), "answer")
    return reading.format, [span for batch in reading for span in batch]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *(({wrapper: [ZIPKIN]}, "zipkin") for wrapper in ("traces", "data", "spans", "result")),
        ({"traces": [[ZIPKIN]]}, "zipkin"),
        ({"traces": [[DATADOG]]}, "datadog"),
        ({"traces": [DATADOG]}, "datadog"),
        (ELASTIC, "elastic"),
        ({"hits": {"hits": [{"_index": "traces-apm", "_id": "x", "fields": ELASTIC}]}}, "elastic"),
        ({"hits": {"hits": [{"_index": "zipkin-span", "_source": ZIPKIN}]}}, "zipkin"),
        ({"_index": "zipkin-span", "_source": ZIPKIN}, "zipkin"),
        ({"TraceSegmentDocuments": [json.dumps(SEGMENT)]}, "xray"),
        ({"log": json.dumps(OTLP) + "\n", "stream": "stdout", "time": "2023-11-14T22:13:20Z"}, "otlp"),
        ({"topic": "spans", "partition": 0, "key": None, "payload": json.dumps(OTLP)}, "otlp"),
        ({"timestamp": 1700000000000, "message": json.dumps(SEGMENT)}, "xray"),
        ({"body": json.dumps([ZIPKIN]), "attributes": {}}, "zipkin"),
    ],
)
def test_what_wraps_spans_is_taken_off(value: Any, name: str) -> None:
    found, spans = read(json.dumps(value).encode())
    assert (found, len(spans)) == (name, 1)


@pytest.mark.parametrize("span", [OTLP, SEGMENT, ZIPKIN])
def test_many_lines_with_json_as_text_are_read_too(span: dict[str, Any]) -> None:
    line = json.dumps({"offset": 7, "value": json.dumps(span)})
    assert len(read(f"{line}\n{line}\n".encode())[1]) in (1, 2)  # the same span twice may be one


def test_documents_between_orders_to_index_them_are_read() -> None:
    rows = [{"index": {"_index": "zipkin-span"}}, ZIPKIN, {"create": {}}, ZIPKIN | {"id": "a" * 16}]
    reading = formats.read(io.BytesIO("".join(f"{json.dumps(row)}\n" for row in rows).encode()), "bulk")
    assert (reading.format, len(next(iter(reading))), reading.notes.rejected) == ("zipkin", 2, 0)


COLUMNS = {
    "trace_id": [TRACE, TRACE],
    "span_id": [SPAN, "a" * 16],
    "name": ["get", "put"],
    "start_time": [1_700_000_000_000, 1_700_000_000_001],
    "duration_ms": [5, 6],
}
CLICKHOUSE = {
    "TraceId": [TRACE, TRACE],
    "SpanId": [SPAN, "a" * 16],
    "SpanName": ["get", "put"],
    "Timestamp": ["2023-11-14 22:13:20.1", "2023-11-14 22:13:20.2"],
    "Duration": [5, 6],
}


@pytest.mark.parametrize("columns", [COLUMNS, CLICKHOUSE])
def test_a_table_written_by_columns_is_read_by_rows(columns: dict[str, list[Any]]) -> None:
    by_number = {name: dict(enumerate(column)) for name, column in columns.items()}
    split = {"columns": [*columns], "index": [0, 1], "data": list(zip(*columns.values(), strict=True))}
    for value in (columns, by_number, split):
        _, spans = read(json.dumps(value).encode())
        assert [span.name for span in spans] == ["get", "put"]


@pytest.mark.parametrize(
    "value",
    [
        {"trace_id": [TRACE], "span_id": SPAN, "name": "get", "start_time": 5},
        {"trace_id": [TRACE], "span_id": [SPAN], "name": [], "start_time": [5]},
        {"trace_id": [{}], "span_id": [SPAN], "name": ["get"], "start_time": [5]},
        {"columns": ["trace_id"], "data": 5},
        [],
        7,
    ],
)
def test_what_is_no_table_by_columns_stays_as_it_is(value: object) -> None:
    assert in_rows(value) is value


@pytest.mark.parametrize(
    "prefix", ["Nov 14 22:13:20 host app[123]: ", "2023-11-14T22:13:20+0100 host app.service[1]: "]
)
def test_lines_of_a_journal_are_put_together_again(prefix: str) -> None:
    lines = json.dumps(GO, indent="\t").splitlines()
    found, [span] = read("".join(f"{prefix}{line}\n" for line in lines).encode())
    assert (found, span.name) == ("console", "/foo")


def test_records_keep_their_order_however_deep_they_lie() -> None:
    value = [{"in": [{"n": 1}, [{"n": 2}]]}, 7, {"n": 3}]
    assert list(unwrapped(value, lambda one: one.get("in"))) == [{"n": 1}, {"n": 2}, {"n": 3}]
