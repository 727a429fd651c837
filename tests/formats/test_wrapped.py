"""Spans inside of what an API answered, a search found or a journal kept."""

import io
import json
from typing import Any

import pytest

from webapp import formats
from webapp.formats.wrapped import unwrapped
from webapp.model.spans import Span

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
ZIPKIN = {"traceId": TRACE, "id": SPAN, "name": "get", "timestamp": 5, "localEndpoint": {}}
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
    ],
)
def test_what_wraps_spans_is_taken_off(value: Any, name: str) -> None:
    found, spans = read(json.dumps(value).encode())
    assert (found, len(spans)) == (name, 1)


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
