"""Attribute values as OTLP AnyValue JSON, where a typed column cannot hold them. Exact both ways."""

import base64
import math
import re
from collections.abc import Sequence
from typing import Any

import orjson

from webapp.model.spans import Attributes, Event, Link, Value

_MAX_DEPTH = 60  # orjson ends at 254 levels, a list in a list takes three
_SURROGATES = re.compile("[\ud800-\udfff]+")
_Json = dict[str, Any]


def clean(text: str) -> str:
    """Text that UTF-8 can hold: surrogate pairs joined, lone surrogates replaced."""
    return _SURROGATES.sub(
        lambda found: found[0].encode("utf-16", "surrogatepass").decode("utf-16", "replace"), text
    )


def encode_attributes(attributes: Attributes) -> str:
    return _dump(wrap_all(attributes))


def encode_value(value: Value) -> str:
    return _dump(wrap(value))


def decode_attributes(text: str) -> Attributes:
    return {key: unwrap(value) for key, value in orjson.loads(text).items()}


def encode_events(events: Sequence[Event]) -> str:
    return _dump([[e.name, e.time_ns, e.dropped_attributes, wrap_all(e.attributes)] for e in events])


def decode_events(text: str) -> list[Event]:
    return [
        Event(name, time_ns, {key: unwrap(value) for key, value in attributes.items()}, dropped)
        for name, time_ns, dropped, attributes in orjson.loads(text)
    ]


def encode_links(links: Sequence[Link]) -> str:
    return _dump([[k.trace_id, k.span_id, k.trace_state, wrap_all(k.attributes)] for k in links])


def decode_links(text: str) -> list[Link]:
    return [
        Link(trace_id, span_id, {key: unwrap(value) for key, value in attributes.items()}, trace_state)
        for trace_id, span_id, trace_state, attributes in orjson.loads(text)
    ]


def wrap_all(attributes: Attributes, depth: int = 0) -> _Json:
    return {key: wrap(value, depth) for key, value in attributes.items()}


def wrap(value: Value, depth: int = 0) -> _Json:
    """One AnyValue. What is nested deeper than anybody reads becomes text."""
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if math.isfinite(value) else str(value)}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if value is None:
        return {}
    if depth >= _MAX_DEPTH:
        return {"stringValue": "…"}
    if isinstance(value, list):
        return {"arrayValue": {"values": [wrap(v, depth + 1) for v in value]}}
    pairs = [{"key": key, "value": wrap(v, depth + 1)} for key, v in sorted(value.items())]
    return {"kvlistValue": {"values": pairs}}


def unwrap(wrapped: _Json) -> Value:
    for kind, value in wrapped.items():
        if kind == "intValue":
            return int(value)
        if kind == "doubleValue":
            return float(value)
        if kind == "bytesValue":
            return base64.b64decode(value)
        if kind == "arrayValue":
            return [unwrap(v) for v in value["values"]]
        if kind == "kvlistValue":
            return {pair["key"]: unwrap(pair["value"]) for pair in value["values"]}
        text_or_bool: str | bool = value
        return text_or_bool
    return None


def _dump(wrapped: object) -> str:
    """Keys sorted, so that equal attributes give equal text in whatever order they came."""
    try:
        return orjson.dumps(wrapped, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # surrogates
        return orjson.dumps(_clean_json(wrapped), option=orjson.OPT_SORT_KEYS).decode()


def _clean_json(wrapped: object) -> object:
    if isinstance(wrapped, str):
        return clean(wrapped)
    if isinstance(wrapped, dict):
        return {clean(key): _clean_json(value) for key, value in wrapped.items()}
    if isinstance(wrapped, list):
        return [_clean_json(value) for value in wrapped]
    return wrapped
