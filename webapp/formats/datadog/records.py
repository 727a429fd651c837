"""One Datadog span as the agent's API has it, whatever it came in, and what is said of many at once. No reading."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]

MOST_IN_CHUNK = 5_000  # a chunk of more is handed on in parts

# what a payload says of its tracer, by the name that the same has in a span's `meta`
_OF_TRACER = {
    "container_id": "container_id",
    "language_name": "language",
    "language_version": "runtime.version",
    "tracer_version": "_dd.tracer_version",
    "runtime_id": "runtime-id",
    "env": "env",
    "hostname": "_dd.hostname",
    "app_version": "version",
}


@dataclass(slots=True)
class Record:
    """`fields` has the members of version 0.4: `trace_id`, `meta`, `metrics` and so on; also `end` for a known end.

    `size` is about its bytes in the file.
    """

    fields: JsonObject
    where: str
    size: int = 0


Chunk = list[Record]  # spans of one trace and one process, as far as the sender keeps to that


def mapping(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def say_of_all(records: Iterable[Record], chunk: JsonObject, payload: JsonObject) -> None:
    """Give each span what its chunk and payload (version 0.7) say; what a span says itself comes first."""
    meta = {name: payload[key] for key, name in _OF_TRACER.items() if payload.get(key)}
    meta |= mapping(payload.get("tags")) | mapping(chunk.get("tags"))
    if chunk.get("origin"):
        meta["_dd.origin"] = chunk["origin"]
    priority = chunk.get("priority")
    metrics = {} if priority is None else {"_sampling_priority_v1": priority}
    for record in records:
        record.fields["meta"] = meta | mapping(record.fields.get("meta"))
        record.fields["metrics"] = metrics | mapping(record.fields.get("metrics"))
