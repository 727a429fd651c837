"""Spans as Jaeger's HTTP API would answer with them. Reading is in `jaeger.py`."""

from collections.abc import Iterable

import orjson

from webapp.formats import otel_tags, units
from webapp.formats.jaeger import tags as jaeger_tags
from webapp.formats.jaeger.tags import JsonObject, tag, tags
from webapp.formats.value_text import json_ready
from webapp.model.spans import Event, Span


def write(spans: Iterable[Span]) -> bytes:
    """Times are cut to µs. What Jaeger has no place for is lost: attributes of links, scopes and their schemas."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    answer = {
        "data": [_trace(trace_id, members) for trace_id, members in traces.items()],
        "total": 0,
        "limit": 0,
        "offset": 0,
        "errors": None,
    }
    return orjson.dumps(answer)


def _trace(trace_id: str, spans: list[Span]) -> JsonObject:
    keys: dict[bytes, str] = {}
    processes: JsonObject = {}
    records = []
    for span in spans:
        process = _process(span)
        key = keys.setdefault(orjson.dumps(process), f"p{len(keys) + 1}")
        processes[key] = process
        records.append(_record(span, key))
    return {"traceID": trace_id, "spans": records, "processes": processes, "warnings": None}


def _process(span: Span) -> JsonObject:
    others = {key: value for key, value in span.resource.attributes.items() if key != "service.name"}
    service = jaeger_tags.NO_SERVICE if span.service in ("", units.UNKNOWN_SERVICE) else span.service
    return {"serviceName": service, "tags": tags(others)}


def _record(span: Span, process: str) -> JsonObject:
    attributes = dict(span.attributes)
    warnings = attributes.pop(jaeger_tags.WARNINGS, None)
    return {
        "traceID": span.trace_id,
        "spanID": span.span_id,
        "flags": span.flags,
        "operationName": span.name,
        "references": _references(span),
        "startTime": span.start_ns // 1_000,
        "duration": _length_us(span),
        "tags": [*tags(attributes), *jaeger_tags.carrying(span)],
        "logs": [_log(event) for event in span.events],
        "processID": process,
        "warnings": json_ready(warnings),
    }


def _length_us(span: Span) -> int:
    """Between start and end as they are written: a child must not outlive its parent by the cut."""
    return span.end_ns // 1_000 - span.start_ns // 1_000 if span.end_ns else 0


def _references(span: Span) -> list[JsonObject]:
    found = []
    if span.parent_span_id:
        kind = "FOLLOWS_FROM" if span.follows_from else "CHILD_OF"
        found.append({"refType": kind, "traceID": span.trace_id, "spanID": span.parent_span_id})
    for link in span.links:
        child = link.attributes.get(otel_tags.REFERENCE_TYPE) == "child_of"
        kind = "CHILD_OF" if child else "FOLLOWS_FROM"
        found.append({"refType": kind, "traceID": link.trace_id, "spanID": link.span_id})
    return found


def _log(event: Event) -> JsonObject:
    name = [tag("event", event.name)] if event.name else []
    return {"timestamp": event.time_ns // 1_000, "fields": name + tags(event.attributes)}
