"""Records of Jaeger's storages and protocols in the spelling of its HTTP API. No values (`tags.py`), no wrappers.

The API writes `traceID` and µs; protobuf as JSON `traceId` or `trace_id` and RFC 3339; Cassandra `trace_id`,
`refs` and `ts`; Elasticsearch like the API, but with tags as members of `tag`, their dots replaced by `@`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from webapp.formats.jaeger.tags import JsonObject

_API = (
    "traceID",
    "spanID",
    "parentSpanID",
    "operationName",
    "references",
    "refType",
    "startTime",
    "startTimeMillis",
    "processID",
    "processMap",
    "serviceName",
    "spans",
    "processes",
)
_BY_LETTERS = {name.lower(): name for name in _API} | {
    "parentid": "parentSpanID",
    "refs": "references",
    "ts": "timestamp",
}
_DOT = "@"


@lru_cache(10_000)
def _api_key(key: str) -> str:
    letters = key.replace("_", "").lower()
    return _BY_LETTERS.get(letters, letters)


def respelled(record: Mapping[str, Any]) -> JsonObject:
    return {_api_key(key): value for key, value in record.items()}


def is_span(record: JsonObject) -> bool:
    """Whether it has what all of Jaeger's spans have, and something that the spans of others have not."""
    names = respelled(record)
    if not names.keys() >= {"traceID", "spanID", "operationName", "startTime"}:
        return False
    process = names.get("process")
    return (
        (isinstance(process, dict) and "serviceName" in respelled(process))
        or isinstance(names.get("references"), list)
        or bool(names.keys() & {"processID", "startTimeMillis", "spanhash"})
    )


def canonical(record: JsonObject) -> JsonObject:
    """A span in the API's spelling, its process within it if it was there."""
    if "spanID" not in record:
        record = _in_words_of_the_api(respelled(record))
    if "tag" in record or "startTimeMillis" in record:
        record = _from_elasticsearch(record)
    if isinstance(record.get("startTime"), str) and "-" in record["startTime"]:
        record = _from_protobuf(record)
    return record


def _in_words_of_the_api(record: JsonObject) -> JsonObject:
    for key in ("references", "logs"):
        if isinstance(record.get(key), list):
            record[key] = [respelled(one) if isinstance(one, dict) else one for one in record[key]]
    if isinstance(record.get("process"), dict):
        record["process"] = respelled(record["process"])
    return record


def _from_protobuf(record: JsonObject) -> JsonObject:
    """What has its default is left out there; a bare number is Go's duration, in ns."""
    length = record.get("duration")
    if length is None:
        return record | {"duration": 0}
    is_number = isinstance(length, (int, float)) and not isinstance(length, bool)
    return record | {"duration": f"{length}ns"} if is_number else record


def _from_elasticsearch(record: JsonObject) -> JsonObject:
    found = record | {"tags": _tags(record.get("tags"), record.get("tag"))}
    if isinstance(record.get("logs"), list):
        found["logs"] = [_log(one) if isinstance(one, dict) else one for one in record["logs"]]
    process = record.get("process")
    if isinstance(process, dict):
        found["process"] = process | {"tags": _tags(process.get("tags"), process.get("tag"))}
    return found


def _log(log: JsonObject) -> JsonObject:
    return log | {"fields": _tags(log.get("fields"), None)}


def _tags(listed: object, by_key: object) -> object:
    """Those in a list have types, and binary ones are hexadecimal there; those in a map are plain JSON."""
    found = (
        [_unhexed(tag) if isinstance(tag, dict) else tag for tag in listed]
        if isinstance(listed, list)
        else []
    )
    if isinstance(by_key, dict):
        found += [{"key": key.replace(_DOT, "."), "value": value} for key, value in by_key.items()]
    return found


def _unhexed(tag: JsonObject) -> JsonObject:
    if tag.get("type") != "binary" or not isinstance(tag.get("value"), str):
        return tag
    try:
        return tag | {"value": bytes.fromhex(tag["value"])}
    except ValueError:
        return tag
