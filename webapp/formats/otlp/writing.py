"""Spans written as one OTLP JSON document, with the types of all values kept. Reading is in `otlp.py`."""

import math
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import msgspec

from webapp.formats import otel_tags
from webapp.formats.units import UNKNOWN_SERVICE
from webapp.model.spans import Attributes, Event, Link, Resource, Scope, Span, Value

Json = dict[str, Any]

_DROPPED_FIELDS = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")


def write(spans: Iterable[Span]) -> bytes:
    """Grouped by resource and scope; within a group in the order given. Ids hex, 64-bit integers in strings."""
    resources: dict[bytes, Json] = {}
    groups: dict[tuple[bytes, bytes], list[Json]] = {}
    for span in spans:
        resource = _resource(span.resource, _missing_service(span))
        scope = _scope(span.scope)
        key = msgspec.json.encode(resource)
        scope_key = msgspec.json.encode(scope)
        whole = resources.setdefault(key, {**resource, "scopeSpans": []})
        if (key, scope_key) not in groups:
            groups[key, scope_key] = []
            whole["scopeSpans"].append({"scope": scope, "spans": groups[key, scope_key]})
        groups[key, scope_key].append(_span(span))
    return msgspec.json.encode({"resourceSpans": list(resources.values())})


def _missing_service(span: Span) -> str:
    """The service, if OTLP readers would not find it: other formats keep it apart from the attributes."""
    named = span.resource.attributes.get("service.name") or span.attributes.get("service.name")
    return "" if named or span.service == UNKNOWN_SERVICE else span.service


def _resource(resource: Resource, service: str) -> Json:
    attributes: Attributes = {"service.name": service} if service else {}
    made: Json = {"resource": {"attributes": _attributes(attributes | resource.attributes)}}
    return made | ({"schemaUrl": resource.schema_url} if resource.schema_url else {})


def _scope(scope: Scope) -> Json:
    return _filled(name=scope.name, version=scope.version, attributes=_attributes(scope.attributes))


def _span(span: Span) -> Json:
    attributes: Attributes = span.attributes | ({otel_tags.SHARED: True} if span.shared else {})
    dropped = _take_dropped(attributes)
    return {"traceId": span.trace_id, "spanId": span.span_id} | _filled(
        traceState=span.trace_state,
        parentSpanId=span.parent_span_id,
        flags=span.flags,
        name=span.name,
        kind=int(span.kind),
        startTimeUnixNano=str(span.start_ns) if span.start_ns else "",
        endTimeUnixNano=str(span.end_ns) if span.end_ns else "",
        attributes=_attributes(attributes),
        **dropped,
        events=[_event(event) for event in span.events],
        links=[_link(link) for link in [*span.links, *_loose_parent(span)]],
        status=_filled(code=int(span.status), message=span.status_message),
    )


def _take_dropped(attributes: Attributes) -> Json:
    """As the fields that OTLP has for them."""
    counts: Json = {}
    for field, key in zip(_DROPPED_FIELDS, otel_tags.DROPPED, strict=True):
        count = attributes.get(key)
        if type(count) is int and 0 < count < 2**32:
            counts[field] = count
            del attributes[key]
    return counts


def _loose_parent(span: Span) -> list[Link]:
    """A parent that did not wait, as the Collector writes it: a link beside the parent."""
    reference: Attributes = {otel_tags.REFERENCE_TYPE: otel_tags.FOLLOWS_FROM}
    is_loose = span.follows_from and span.parent_span_id
    return [Link(span.trace_id, span.parent_span_id, reference)] if is_loose else []


def _event(event: Event) -> Json:
    return _filled(
        timeUnixNano=str(event.time_ns),
        name=event.name,
        attributes=_attributes(event.attributes),
        droppedAttributesCount=event.dropped_attributes,
    )


def _link(link: Link) -> Json:
    return _filled(
        traceId=link.trace_id,
        spanId=link.span_id,
        traceState=link.trace_state,
        attributes=_attributes(link.attributes),
    )


def _filled(**members: object) -> Json:
    """Protobuf's JSON leaves out what has its default."""
    return {key: member for key, member in members.items() if member}


def _attributes(attributes: Attributes) -> list[Json]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Value) -> Json:
    match value:
        case None:
            return {}
        case str():
            return {"stringValue": value}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value if math.isfinite(value) else _not_finite(value)}
        case bytes():
            return {"bytesValue": b64encode(value).decode()}
        case list():
            return {"arrayValue": {"values": [_value(one) for one in value]}}
        case dict():
            return {"kvlistValue": {"values": _attributes(value)}}


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
