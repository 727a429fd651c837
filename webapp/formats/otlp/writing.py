"""Spans written as one OTLP JSON document, with the types of all values kept. Reading is in `otlp.py`."""

import math
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from webapp.formats import otel_tags
from webapp.formats.units import UNKNOWN_SERVICE
from webapp.model.collector import collector_at_rest
from webapp.model.spans import Attributes, Event, Link, Resource, Scope, Span, Value

Json = dict[str, Any]

_DROPPED_FIELDS = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")


def write(spans: Iterable[Span], members: Mapping[str, object] | None = None) -> bytes:
    """Grouped by resource and scope; within a group in the order given. Ids hex, 64-bit integers in strings.

    `members` come first; readers pass over what they do not know.
    """
    return written(spans, members)[0]


def written(spans: Iterable[Span], members: Mapping[str, object] | None = None) -> tuple[bytes, list[int]]:
    """The document, and of each span in it, from first to last, which of `spans` it is."""
    with collector_at_rest():
        return _written(spans, members)


def _written(spans: Iterable[Span], members: Mapping[str, object] | None) -> tuple[bytes, list[int]]:
    resources: dict[bytes, Json] = {}
    groups: dict[tuple[bytes, bytes], list[tuple[int, Json]]] = {}
    known = _Known()
    for number, span in enumerate(spans):
        key, resource = known.resource(span)
        scope_key, scope = known.scope(span)
        whole = resources.setdefault(key, {**resource, "scopeSpans": []})
        if (key, scope_key) not in groups:
            groups[key, scope_key] = []
            whole["scopeSpans"].append({"scope": scope, "spans": (key, scope_key)})
        groups[key, scope_key].append((number, _span(span)))
    order: list[int] = []
    for whole in resources.values():
        for part in whole["scopeSpans"]:
            group = groups[part["spans"]]
            order += [number for number, _ in group]
            part["spans"] = [made for _, made in group]
    return msgspec.json.encode({**(members or {}), "resourceSpans": list(resources.values())}), order


class _Known:
    """Resources and scopes as written, with what tells them apart; most spans share theirs, as the same object."""

    def __init__(self) -> None:
        self._resources: dict[tuple[int, str], tuple[Resource, bytes, Json]] = {}
        self._scopes: dict[int, tuple[Scope, bytes, Json]] = {}

    def resource(self, span: Span) -> tuple[bytes, Json]:
        service = _missing_service(span)
        found = self._resources.get((id(span.resource), service))
        if found is None:
            made = _resource(span.resource, service)
            found = self._resources[id(span.resource), service] = (
                span.resource,
                msgspec.json.encode(made),
                made,
            )
        return found[1:]

    def scope(self, span: Span) -> tuple[bytes, Json]:
        found = self._scopes.get(id(span.scope))
        if found is None:
            made = _scope(span.scope)
            found = self._scopes[id(span.scope)] = (span.scope, msgspec.json.encode(made), made)
        return found[1:]


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
    return [  # most are texts, and there are millions
        {"key": key, "value": {"stringValue": value} if value.__class__ is str else _value(value)}
        for key, value in attributes.items()
    ]


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
