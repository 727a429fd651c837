"""Files of JSON lines of several formats."""

import io
import json
from itertools import permutations

import pytest

from webapp import formats
from webapp.formats import strangers
from webapp.model.spans import Span

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
OTLP = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": TRACE, "spanId": SPAN, "name": "otlp"}]}]}]}
ZIPKIN = {"traceId": TRACE, "id": SPAN, "name": "zipkin", "timestamp": 5, "localEndpoint": {}}
XRAY = {
    "trace_id": "1-581cf771-a006649127e371903a2de979",
    "id": SPAN,
    "name": "xray",
    "start_time": 1478293361.2,
}
DATADOG = [{"trace_id": 12, "span_id": 34, "resource": "datadog", "start": 10**18, "duration": 5, "meta": {}}]
JAEGER = {
    "traceID": "5a", "spanID": "b1", "operationName": "jaeger", "startTime": 5, "tags": [],
    "process": {"serviceName": "web"},
}  # fmt: skip
LOG = {"time": "2024-01-01T00:00:00Z", "level": "info", "msg": "done", "trace_id": TRACE, "span_id": SPAN}
LINES = {"otlp": OTLP, "zipkin": ZIPKIN, "xray": XRAY, "datadog": DATADOG, "jaeger": JAEGER}


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def read(content: bytes) -> tuple[list[Span], formats.Reading]:
    reading = formats.read(io.BytesIO(content), "some.jsonl")
    return [span for batch in reading for span in batch], reading


@pytest.mark.parametrize(("one", "other"), list(permutations(LINES, 2)))
def test_lines_of_two_formats_are_each_read_by_their_own_reader(one: str, other: str) -> None:
    spans, reading = read(lines(LINES[one], LINES[other], LINES[one]))
    assert {span.name for span in spans} == {one, other}
    assert reading.notes.rejected == 0
    assert [warning.code for warning in reading.notes.warnings if warning.code == "other_format"]


def test_the_first_line_of_another_format_is_named_and_all_are_counted() -> None:
    _, reading = read(lines(OTLP, OTLP, ZIPKIN, OTLP, ZIPKIN))
    [warning] = reading.notes.warnings
    assert (warning.code, warning.where, warning.count) == ("other_format", "line 3, zipkin", 2)


def test_what_is_wrong_in_a_line_of_another_format_has_its_place_in_the_file() -> None:
    spans, reading = read(lines(OTLP, OTLP, ZIPKIN | {"id": "0"}))
    assert len(spans) == 2
    assert [warning.where for warning in reading.notes.warnings if warning.code == "bad_id"] == ["line 3"]


def test_spans_far_down_in_a_log_are_found() -> None:
    spans, reading = read(lines(*[LOG] * 3_000, OTLP))
    assert reading.format == "logs"
    assert [span.name for span in spans] == ["otlp"]


def test_lines_of_plain_spans_may_stand_between_those_of_a_format() -> None:
    bare = {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "bare",
        "startTimeUnixNano": "5",
        "endTimeUnixNano": "6",
    }
    spans, reading = read(lines(bare, ZIPKIN | {"localEndpoint": {"serviceName": "web"}}, bare))
    assert sorted(span.name for span in spans) == ["bare", "bare", "zipkin"]
    assert reading.format == "generic"


def test_after_a_line_of_enormous_length_nothing_is_sorted_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "_BLOCK", 100)
    monkeypatch.setattr(strangers, "_LONGEST_LINE", 500)
    content = lines(OTLP, ZIPKIN) + lines(OTLP | {"padding": "x" * 2_000}) + lines(OTLP)
    spans, reading = read(content)
    assert sorted(span.name for span in spans) == ["otlp", "otlp", "otlp", "zipkin"]
    assert reading.notes.rejected == 0
