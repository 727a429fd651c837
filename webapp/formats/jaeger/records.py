"""Jaeger's JSON without what wraps it: traces and single spans, by whatever they were stored, exported or asked for.

What a record means is in `spans.py`. Recognising is done by the same unwrapping, so that what is recognised is read.
"""

from collections.abc import Iterator
from typing import Any

from webapp.formats.jaeger.spans import Group
from webapp.formats.jaeger.spelling import is_span, respelled
from webapp.formats.jaeger.tags import JsonObject, objects
from webapp.formats.notes import Notes

# of documents too large to be decoded at once
OPENED = ("data", "hits")
RECORDS = ("data", "spans", "hits")

_WRAPPERS = (
    "data",  # the HTTP API
    "hits", "responses", "rawResponse", "_source", "doc",  # searches of Elasticsearch and OpenSearch, elasticdump, updates
    "result", "batch", "trace",  # gRPC and its gateway
    "rows",  # Cassandra by way of other tools
)  # fmt: skip
_ACTIONS = frozenset({"index", "create", "update", "delete"})  # lines of a bulk file that go before documents


def groups(value: object, notes: Notes, where: str) -> Iterator[Group]:
    waiting: list[tuple[object, str]] = [(value, where)]
    while waiting:
        one, place = waiting.pop()
        if isinstance(one, list):
            numbered = [(each, _numbered(place, number, one)) for number, each in enumerate(one, start=1)]
            waiting.extend(reversed(numbered))
        elif isinstance(one, dict):
            inner = _inner(one)
            if _spans_of(one) is not None:
                yield _group(one, place)
            elif "spanID" in one or is_span(one) or "spanhash" in respelled(one):
                yield Group([one], place)
            elif inner is not None:
                waiting.append((inner, place))
            elif not is_action(one):
                _leave_out(one, notes, place)
        elif one is not None:
            notes.reject("bad_record", where=place)


def _numbered(where: str, number: int, of: list[object]) -> str:
    return where if len(of) == 1 else f"{where}, record {number}"


def _inner(one: JsonObject) -> object:
    return next((one[key] for key in _WRAPPERS if isinstance(one.get(key), (dict, list))), None)


def is_action(one: JsonObject) -> bool:
    return len(one) == 1 and one.keys() <= _ACTIONS


def _leave_out(one: JsonObject, notes: Notes, where: str) -> None:
    """Jaeger keeps lists of services and dependencies beside the spans."""
    names = respelled(one).keys()
    if names in ({"serviceName", "operationName"}, {"timestamp", "dependencies"}):
        notes.warn("other_signal", where=where)
    elif "data" not in one:  # else it is an answer without traces
        notes.reject("bad_record", where=where)


def _spans_of(one: JsonObject) -> list[Any] | None:
    found = one.get("spans", one.get("Spans"))
    return found if isinstance(found, list) else None


def _group(one: JsonObject, where: str) -> Group:
    members = respelled(one)
    processes = members.get("processes")
    listed = objects(members.get("processMap"))
    if listed:
        named = [respelled(each) for each in listed]
        processes = {str(each.get("processID")): each.get("process") for each in named}
    return Group(
        members["spans"],
        where,
        members.get("traceID"),
        members.get("process"),
        processes if isinstance(processes, dict) else {},
        whole="traceID" in members,
    )


def recognised(one: JsonObject) -> str | None:
    """By what the first document or record of a file is seen to be Jaeger's."""
    if any(is_trace(each) for each in objects(_listed(one.get("data")))):
        return "Jaeger JSON: traces in `data`"
    if "data" in one and one.keys() >= {"total", "limit", "offset", "errors"}:
        return "Jaeger JSON: an answer of its API"
    if is_trace(one):
        return "Jaeger JSON: a trace of `spans` with `spanID`"
    if is_span(one):
        return f"Jaeger {_storage(one)}: spans with `{_spelled(one, 'operationName')}`"
    if any(is_span(each) for each in objects(_spans_of(one))[:1]):
        return "Jaeger JSON: `spans` of its protobuf model"
    inner = _inner(one)
    while isinstance(inner, list) and inner:
        inner = inner[0]
    if isinstance(inner, dict) and (found := recognised(inner)):
        key = next(key for key in _WRAPPERS if isinstance(one.get(key), (dict, list)))
        return found if f"in `{key}`" in found else f"{found} in `{key}`"
    return None


def is_trace(one: JsonObject) -> bool:
    """In the words of the HTTP API and the UI."""
    spans = one.get("spans")
    if not isinstance(spans, list):
        return False
    if objects(spans):
        return "spanID" in objects(spans)[0]
    return "traceID" in one and "processes" in one


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


def _spelled(one: JsonObject, name: str) -> str:
    return next((key for key in one if name in respelled({key: None})), name)


def _storage(one: JsonObject) -> str:
    names = respelled(one)
    if "startTimeMillis" in names or "tag" in names:
        return "documents of Elasticsearch"
    if "spanhash" in names or "refs" in one:
        return "rows of Cassandra"
    return "JSON"
