"""The checkout as it stands in logs: a hand-written tracer over zap, and lines that only pass an X-Trace-ID on."""

from typing import Any

import orjson

from tests.samples.consoles import rfc3339
from webapp.model.spans import Span

Json = dict[str, Any]


def zap_pairs(spans: list[Span]) -> bytes:
    """A line when a span starts and one when it ends; what happens in between is a line of its own."""
    timed = [line for span in spans for line in _zap_lines(span)]
    return b"".join(
        orjson.dumps({"level": "info", "ts": at_ns / 1e9, **line}) + b"\n" for at_ns, line in _in_order(timed)
    )


def request_log(spans: list[Span]) -> bytes:
    """slog's lines of five services that hand on an `X-Trace-ID`, here a UUID. No line knows of spans."""
    timed = [line for span in spans for line in _request_lines(span)]
    return b"".join(
        orjson.dumps({"time": rfc3339(at_ns), "level": "INFO", **line}) + b"\n"
        for at_ns, line in _in_order(timed)
    )


def uuid_of(trace_id: str) -> str:
    return "-".join((trace_id[:8], trace_id[8:12], trace_id[12:16], trace_id[16:20], trace_id[20:]))


def _in_order(timed: list[tuple[int, Json]]) -> list[tuple[int, Json]]:
    return sorted(timed, key=lambda one: one[0])


def _zap_lines(span: Span) -> list[tuple[int, Json]]:
    ids = {"trace_id": span.trace_id, "span_id": span.span_id, "parent_span_id": span.parent_span_id}
    of_span = ids | {"operation": span.name, "service": span.service}
    length_ms = (span.end_ns - span.start_ns) / 1e6
    return [
        (
            span.start_ns,
            {"caller": "trace/tracer.go:31", "msg": "Starting span", **of_span, **span.attributes},
        ),
        *(
            (one.time_ns, {"caller": "fraud/check.go:57", "msg": one.name, **of_span, **one.attributes})
            for one in span.events
        ),
        (
            span.end_ns,
            {"caller": "trace/tracer.go:52", "msg": "Ending span", **of_span, "duration_ms": length_ms},
        ),
    ]


def _request_lines(span: Span) -> list[tuple[int, Json]]:
    named = {"service": span.service, "trace_id": uuid_of(span.trace_id)}
    length_ns = span.end_ns - span.start_ns
    return [
        (span.start_ns, {"msg": "request started", **named, "request": span.name}),
        *((one.time_ns, {"msg": one.name, **named, **one.attributes}) for one in span.events),
        (span.end_ns, {"msg": "request finished", **named, "status": 200, "duration": length_ns}),
    ]
