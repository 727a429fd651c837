"""Typed tags: values both ways, and the tags in which OpenTelemetry's own fields travel. No references, no times.

How storages and protobuf spell a tag is in `typed.py`.
"""

import math
from collections.abc import Iterator
from typing import Any

from webapp.formats import otel_tags, units
from webapp.formats.jaeger import typed
from webapp.formats.notes import Notes
from webapp.formats.value_text import as_text, is_deep
from webapp.model.spans import Attributes, Kind, Span, Status, Value

JsonObject = dict[str, Any]

LARGEST_EXACT = 2**53 - 1  # beyond it an int64 is text, as JavaScript would round it
NO_SERVICE = "OTLPResourceNoServiceName"  # what the Collector writes when a resource names none
WARNINGS = "jaeger.warnings"

_INGEST = "internal.span.format"


def objects(value: object) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def attributes(tags: object, notes: Notes, where: str) -> Attributes:
    """The last of equal keys stays. Tags that are not key and value are warned about; some tools write an object."""
    found: Attributes = {}
    if isinstance(tags, dict):
        tags = [{"key": key, "value": value} for key, value in tags.items()]
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, dict) and "value" not in tag:
            tag = typed.tag(tag)
        if not isinstance(tag, dict) or not isinstance(tag.get("key"), str):
            notes.warn("bad_attribute", where=where)
            continue
        value = tag.get("value")
        if isinstance(value, (list, dict)) and is_deep(value):
            notes.warn("too_large", where=where)
            continue
        kind = tag.get("type")
        found[tag["key"]] = value if kind == "string" and isinstance(value, str) else _value(value, kind)
    return found


def _value(value: Value, kind: object) -> Value:
    """What does not fit its type is kept as it is."""
    if kind == "int64" and not isinstance(value, bool):
        number = _integer(value)
        return value if number is None else number
    if kind == "float64" and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return value
    if kind == "bool" and value in ("true", "false"):
        return value == "true"
    if kind == "binary" and isinstance(value, str):
        return typed.binary(value)
    return as_text(value) if kind == "string" and isinstance(value, (int, float)) else value


def _integer(value: Value) -> int | None:
    if isinstance(value, float) and not value.is_integer():
        return None
    return units.whole_number(value)


class Carried:
    """The fields of a span that travel as tags, taken out of `tags`; what is left are its attributes."""

    def __init__(self, tags: Attributes) -> None:
        self.kind = units.kind_number(tags.get(otel_tags.KIND))
        if self.kind:
            del tags[otel_tags.KIND]
        self.status = _take_status(tags)
        self.message = otel_tags.take_text(tags, otel_tags.MESSAGE)
        self.scope = otel_tags.take_scope(tags)
        self.state = otel_tags.take_state(tags)
        tags.pop(_INGEST, None)


def _take_status(tags: Attributes) -> int:
    status = units.status_number(tags.pop(otel_tags.STATUS, None))
    failed = tags.get(otel_tags.ERROR) in (True, "true")
    if failed:
        del tags[otel_tags.ERROR]
    return status or (int(Status.ERROR) if failed else 0)


def tag(key: str, value: Value) -> JsonObject:
    """As the Collector's translation writes it: lists and maps as JSON text."""
    match value:
        case bool():
            return {"key": key, "type": "bool", "value": value}
        case int() if abs(value) <= LARGEST_EXACT:
            return {"key": key, "type": "int64", "value": value}
        case int():
            return {"key": key, "type": "int64", "value": str(value)}
        case float():
            return {"key": key, "type": "float64", "value": value if math.isfinite(value) else repr(value)}
        case bytes():
            return {"key": key, "type": "binary", "value": as_text(value)}
        case _:
            return {"key": key, "type": "string", "value": "" if value is None else as_text(value)}


def tags(attributes: Attributes) -> list[JsonObject]:
    return [tag(key, value) for key, value in attributes.items()]


def carrying(span: Span) -> Iterator[JsonObject]:
    """The tags for those fields of a span that Jaeger has no place for; the opposite of `Carried`."""
    if span.kind:
        yield tag(otel_tags.KIND, Kind(span.kind).name.lower())
    if span.status == Status.ERROR:
        yield tag(otel_tags.ERROR, value=True)
    if span.status:
        yield tag(otel_tags.STATUS, Status(span.status).name)
    if span.status_message:
        yield tag(otel_tags.MESSAGE, span.status_message)
    yield from (tag(key, text) for key, text in otel_tags.scope_and_state(span).items())
