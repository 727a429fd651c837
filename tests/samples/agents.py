"""The checkout as the agents of vendors send it, or as their servers hand it out again: X-Ray, Datadog, SkyWalking."""

import json
from typing import Any

import msgpack
import orjson

from tests.samples.clickhouse import as_texts
from tests.samples.consoles import rfc3339
from webapp.model.spans import Attributes, Kind, Span

Json = dict[str, Any]
MS = 1_000_000

# X-Ray


def xray_segments(spans: list[Span]) -> bytes:
    """A document a service and line. A segment bears the name of its service: X-Ray has no other for it."""
    return b"".join(orjson.dumps(_segment(span)) + b"\n" for span in spans)


def xray_batch_get_traces(spans: list[Span]) -> bytes:
    """`aws xray batch-get-traces`: documents are text within JSON."""
    length_s = (max(span.end_ns for span in spans) - spans[0].start_ns) / 1e9
    segments = [{"Id": span.span_id, "Document": json.dumps(_segment(span))} for span in spans]
    trace = {"Id": _xray_id(spans[0]), "Duration": length_s, "LimitExceeded": False, "Segments": segments}
    return orjson.dumps({"Traces": [trace], "UnprocessedTraceIds": []}, option=orjson.OPT_INDENT_2)


def _segment(span: Span) -> Json:
    resource = {f"otel.resource.{key}": value for key, value in span.resource.attributes.items()}
    return {
        "trace_id": _xray_id(span),
        "id": span.span_id,
        **({"parent_id": span.parent_span_id} if span.parent_span_id else {}),
        "name": span.service,
        "start_time": span.start_ns / 1e9,
        "end_time": span.end_ns / 1e9,
        "metadata": {"default": span.attributes | resource},
    }


def _xray_id(span: Span) -> str:
    return f"1-{span.trace_id[:8]}-{span.trace_id[8:]}"


# Datadog


def datadog_json(spans: list[Span]) -> bytes:
    """A body of `/v0.4/traces`, as JSON."""
    return orjson.dumps([[_datadog(span) for span in spans]], option=orjson.OPT_INDENT_2)


def datadog_msgpack(spans: list[Span]) -> bytes:
    """The same in msgpack."""
    return msgpack.packb([[_datadog(span) for span in spans]])  # type: ignore[no-any-return]


def datadog_v05(spans: list[Span]) -> bytes:
    """A body of `/v0.5/traces`: lists instead of objects, each text once."""
    texts: dict[str, int] = {"": 0}
    traces = [[_indexed(_datadog(span), texts) for span in spans]]
    return msgpack.packb([list(texts), traces])  # type: ignore[no-any-return]


def datadog_search(spans: list[Span]) -> bytes:
    """The answer of the API's span search: times in milliseconds, all tags in `custom`."""
    found = [
        {"type": "spans", "id": f"AQ{number}", "attributes": _found(span)}
        for number, span in enumerate(spans)
    ]
    return orjson.dumps({"data": found, "meta": {"status": "done"}}, option=orjson.OPT_INDENT_2)


def _datadog(span: Span) -> Json:
    meta, metrics = _tags(span)
    return {
        "trace_id": int(span.trace_id[16:], 16),
        "span_id": int(span.span_id, 16),
        "parent_id": int(span.parent_span_id or "0", 16),
        "service": span.service,
        "name": "server.request",
        "resource": span.name,
        "type": "web",
        "start": span.start_ns,
        "duration": span.end_ns - span.start_ns,
        "error": 0,
        "meta": meta | {"_dd.p.tid": span.trace_id[:16], "span.kind": Kind(span.kind).name.lower()},
        "metrics": metrics,
    }


def _tags(span: Span) -> tuple[dict[str, str], dict[str, float]]:
    """Text and numbers; the events of OpenTelemetry are JSON in a tag."""
    told: Attributes = {
        key: value for key, value in span.resource.attributes.items() if key != "service.name"
    }
    told |= {"env": told.pop("deployment.environment.name"), "version": told.pop("service.version")}
    told |= span.attributes
    metrics = {
        key: value
        for key, value in told.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    meta = as_texts({key: value for key, value in told.items() if key not in metrics})
    if span.events:
        meta["events"] = json.dumps([
            {"name": one.name, "time_unix_nano": one.time_ns, "attributes": one.attributes} for one in span.events
        ])  # fmt: skip
    return meta, metrics


def _indexed(span: Json, texts: dict[str, int]) -> list[Any]:
    def index(text: str) -> int:
        return texts.setdefault(text, len(texts))

    return [
        index(span["service"]), index(span["name"]), index(span["resource"]),
        span["trace_id"], span["span_id"], span["parent_id"], span["start"], span["duration"], span["error"],
        {index(key): index(value) for key, value in span["meta"].items()},
        {index(key): float(value) for key, value in span["metrics"].items()},
        index(span["type"]),
    ]  # fmt: skip


def _found(span: Span) -> Json:
    meta, metrics = _tags(span)
    return {
        "trace_id": span.trace_id,
        "span_id": str(int(span.span_id, 16)),
        "parent_id": str(int(span.parent_span_id or "0", 16)),
        "service": span.service,
        "operation_name": "server.request",
        "resource_name": span.name,
        "type": "web",
        "status": "ok",
        "start_timestamp": rfc3339(span.start_ns),
        "end_timestamp": rfc3339(span.end_ns),
        "custom": meta | metrics | {"duration": span.end_ns - span.start_ns, "span.kind": "server"},
    }


# SkyWalking


def skywalking(spans: list[Span]) -> bytes:
    """The answer of the query `queryTrace`: a segment a service, times in milliseconds, all tags text."""
    return orjson.dumps(
        {"data": {"trace": {"spans": [_walked(span) for span in spans]}}}, option=orjson.OPT_INDENT_2
    )


def _walked(span: Span) -> Json:
    parent = {
        "traceId": span.trace_id, "parentSegmentId": span.parent_span_id, "parentSpanId": 0, "type": "CROSS_PROCESS",
    }  # fmt: skip
    told = span.resource.attributes | span.attributes
    return {
        "traceId": span.trace_id,
        "segmentId": span.span_id,
        "spanId": 0,
        "parentSpanId": -1,
        "refs": [parent] if span.parent_span_id else [],
        "serviceCode": span.service,
        "serviceInstanceName": told["host.name"],
        "startTime": span.start_ns // MS,
        "endTime": span.end_ns // MS,
        "endpointName": span.name,
        "type": "Entry",
        "isError": False,
        "layer": "RPCFramework",
        "tags": _keyed(told),
        "logs": [
            {
                "time": one.time_ns // MS,
                "data": [{"key": "event", "value": one.name}, *_keyed(one.attributes)],
            }
            for one in span.events
        ],
    }


def _keyed(attributes: Attributes) -> list[Json]:
    return [
        {"key": key, "value": value} for key, value in as_texts(attributes).items() if key != "service.name"
    ]
