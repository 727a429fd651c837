"""Datadog spans out of all shapes of JSON, as records of the agent's API. No msgpack, no meaning of fields.

Traces of the agent's API, flat lists, payloads with `chunks`, answers of the span search, the trace of the web pages.
"""

from collections.abc import Iterator
from typing import Any

from webapp.formats import units
from webapp.formats.datadog.records import Chunk, JsonObject, Record, mapping, say_of_all
from webapp.formats.notes import Notes
from webapp.formats.value_text import is_deep

LISTS = ("data", "traces", "chunks", "spans")

_OF_SEARCH = {
    "resource_name": "resource",
    "operation_name": "name",
    "start_timestamp": "start",
    "end_timestamp": "end",
}
_NOT_TAGS = {
    "trace_id",
    "span_id",
    "parent_id",
    "service",
    "type",
    "start",
    "end",
    "name",
    "resource",
    "error",
}
_NOT_TAGS |= {"custom", "attributes", "tags", "duration"}


def is_span(one: object) -> bool:
    """As the agent takes it; what else has these ids has no `resource` of text, or no `meta`."""
    if not isinstance(one, dict) or not one.keys() >= {"trace_id", "span_id", "start"}:
        return False
    return isinstance(one.get("resource"), str) or isinstance(one.get("meta"), dict)


def holds_traces(one: JsonObject) -> bool:
    """An object around what the agent takes."""
    traces = one.get("traces")
    first = next(iter(traces), None) if isinstance(traces, list) else None
    return is_span(next(iter(first), None) if isinstance(first, list) else first)


def is_found(one: object) -> bool:
    """Of an answer of the span search."""
    inner = mapping(mapping(one).get("attributes"))
    return mapping(one).get("type") in ("spans", "span") and inner.keys() >= {"trace_id", "span_id"}


def is_of_page(one: object) -> bool:
    """`root_id` and `spans` by id, or as a list."""
    members = mapping(one).get("spans")
    spans = list(members.values()) if isinstance(members, dict) else members
    return (
        isinstance(spans, list)
        and bool(spans)
        and "trace_id" in mapping(spans[0])
        and "span_id" in mapping(spans[0])
    )


def chunks(value: object, notes: Notes, where: str, size: int) -> Iterator[Chunk]:
    """`size` is that of the document; its spans share it."""
    found = list(_chunks(value, notes, where))
    records = sum(map(len, found))
    for chunk in found:
        for record in chunk:
            record.size = size // records
        yield chunk


def _chunks(value: object, notes: Notes, where: str) -> Iterator[Chunk]:
    waiting: list[tuple[object, JsonObject, JsonObject]] = [(value, {}, {})]
    while waiting:
        one, payload, chunk = waiting.pop()
        if not isinstance(one, (list, dict)):
            notes.reject("bad_record", where=where)
            continue
        inner = _wrapped(one) if isinstance(one, dict) else None
        if isinstance(one, dict) and inner is not None:
            is_payload = isinstance(one.get("chunks"), list)
            waiting.append((inner, one, {}) if is_payload else (inner, payload, one if payload else {}))
            continue
        elements = one if isinstance(one, list) else [one]
        spans = [each for each in elements if isinstance(each, dict) and _wrapped(each) is None]
        several = len(spans) > 1
        records = [
            Record(_flat(each), f"{where}, span {number}" if several else where)
            for number, each in enumerate(spans, start=1)
        ]
        if payload:
            say_of_all(records, chunk, payload)
        if records:
            yield records
        rest = [each for each in elements if not isinstance(each, dict) or _wrapped(each) is not None]
        waiting.extend((each, payload, chunk) for each in reversed(rest))


def _wrapped(one: JsonObject) -> Any:  # noqa: ANN401  JSON can be anything
    """What an object holds that is no span; None if it is one, or nothing known."""
    if "span_id" in one or is_found(one):
        return None
    if isinstance(one.get("chunks"), list):
        return one["chunks"]
    for key in ("data", "traces", "trace", "spans"):
        if isinstance(one.get(key), list):
            return one[key]
        if isinstance(one.get(key), dict):
            return list(one[key].values()) if key == "spans" else one[key]
    return None


def _flat(one: JsonObject) -> JsonObject:
    """The members of the agent's API, of a span as the search or the pages give it."""
    found = one["attributes"] if is_found(one) else one
    if "resource_name" not in found and "start_timestamp" not in found:
        return found
    fields: JsonObject = {_OF_SEARCH.get(key, key): value for key, value in found.items()}
    custom = mapping(fields.get("custom")) | mapping(fields.get("attributes"))
    meta = _dotted(custom) if not is_deep(custom) else {}
    length = meta.pop("duration", fields.get("duration"))
    if units.whole_number(length):
        fields["duration"] = length
        fields.pop("end", None)  # it is cut to milliseconds
    if "error" not in fields:
        fields["error"] = int(
            fields.get("status") == "error" or any(key.startswith("error.") for key in meta)
        )
    for key in [key for key in fields if key not in _NOT_TAGS]:
        meta.setdefault(key, fields.pop(key))
    tags = fields.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        key, _, value = str(tag).partition(":")
        meta.setdefault(key, value)
    return {key: value for key, value in fields.items() if key in _NOT_TAGS} | {"meta": meta}


def _dotted(value: JsonObject) -> JsonObject:
    found: JsonObject = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            found |= {f"{key}.{rest}": leaf for rest, leaf in _dotted(inner).items()}
        else:
            found[key] = inner
    return found
