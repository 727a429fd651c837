"""Spans as Zipkin v2 JSON, one list. Reading is in `zipkin.py`."""

import json
from collections.abc import Iterable

import orjson

from webapp.formats import otel_tags
from webapp.formats.units import UNKNOWN_SERVICE
from webapp.formats.value_text import as_text, json_ready
from webapp.formats.zipkin import tags as words
from webapp.formats.zipkin.tags import JsonObject
from webapp.model.spans import Attributes, Event, Kind, Span, Status

_KINDS = (Kind.SERVER, Kind.CLIENT, Kind.PRODUCER, Kind.CONSUMER)


def write(spans: Iterable[Span]) -> bytes:
    """Times are cut to µs, values become text, the resource goes among the tags; links and flags are lost."""
    return orjson.dumps([_record(span) for span in spans])


def _record(span: Span) -> JsonObject:
    attributes, resource = dict(span.attributes), dict(span.resource.attributes)
    record: JsonObject = {"traceId": span.trace_id, "id": span.span_id, "name": span.name}
    if span.parent_span_id:
        record["parentId"] = span.parent_span_id
    if span.kind in _KINDS:
        record["kind"] = Kind(span.kind).name
    if span.start_ns:
        record["timestamp"] = span.start_ns // 1_000
    if span.start_ns and span.end_ns >= span.start_ns:
        record["duration"] = span.end_ns // 1_000 - span.start_ns // 1_000
    record |= _endpoints(span.service, attributes, resource)
    if span.events:
        record["annotations"] = [_annotation(event) for event in span.events]
    if tags := _tags(span, resource | attributes):
        record["tags"] = tags
    if span.shared:
        record["shared"] = True
    return record


def _endpoints(service: str, attributes: Attributes, resource: Attributes) -> JsonObject:
    """Takes out of `attributes` and `resource` what the endpoints say."""
    ips = resource.get(words.HOST_IP)
    ip = ips[0] if isinstance(ips, list) and len(ips) == 1 else None
    is_unknown = service == UNKNOWN_SERVICE and words.SERVICE not in resource
    local = words.written_endpoint("" if is_unknown else service, ip, attributes.get(words.LOCAL_PORT))
    peer = [attributes.get(key) for key in (words.PEER_NAME, words.PEER_ADDRESS, words.PEER_PORT)]
    remote = words.written_endpoint(*peer)
    said = [
        (resource, words.SERVICE, "serviceName" in local),
        (resource, words.HOST_IP, bool(words.address(local))),
        (attributes, words.LOCAL_PORT, "port" in local),
        (attributes, words.PEER_NAME, "serviceName" in remote),
        (attributes, words.PEER_ADDRESS, bool(words.address(remote))),
        (attributes, words.PEER_PORT, "port" in remote),
    ]
    for owner, key, is_said in said:
        if is_said:
            owner.pop(key, None)
    sides = {"localEndpoint": local, "remoteEndpoint": remote}
    return {side: endpoint for side, endpoint in sides.items() if endpoint}


def _annotation(event: Event) -> JsonObject:
    """Attributes in the form that OpenTelemetry's exporters give them."""
    value = event.name
    if event.attributes:
        value = json.dumps({event.name: json_ready(event.attributes)}, ensure_ascii=False)
    return {"timestamp": event.time_ns // 1_000, "value": value}


def _tags(span: Span, attributes: Attributes) -> dict[str, str]:
    tags = {key: as_text(value) for key, value in attributes.items()}
    if span.status:
        tags[otel_tags.STATUS] = Status(span.status).name
    if span.status == Status.ERROR:
        tags[otel_tags.ERROR] = span.status_message
    elif span.status_message:
        tags[otel_tags.MESSAGE] = span.status_message
    return tags | otel_tags.scope_and_state(span)
