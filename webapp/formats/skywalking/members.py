"""The names of SkyWalking's members in all spellings: of the query API, the agents' protocol, tables. No values."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

JsonObject = dict[str, Any]

_FIELDS = {
    "trace_id": ("traceid", "swtraceid", "globaltraceids", "globaltraceid"),
    "segment_id": ("segmentid", "tracesegmentid", "swsegmentid"),
    "span_id": ("spanid",),
    "parent_span_id": ("parentspanid", "parentid"),
    "service": ("servicecode", "service", "servicename", "applicationcode"),
    "instance": ("serviceinstancename", "serviceinstance", "instancename"),
    "name": ("endpointname", "operationname", "endpoint"),
    "start": ("starttime", "starttimestamp"),
    "end": ("endtime", "endtimestamp"),
    "duration": ("duration", "durationms", "latency", "latencyms"),
    "type": ("type", "spantype"),
    "layer": ("layer", "spanlayer"),
    "peer": ("peer", "peeraddress"),
    "component": ("component", "componentname"),
    "component_id": ("componentid",),
    "error": ("iserror", "error"),
    "tags": ("tags",),
    "logs": ("logs",),
    "refs": ("refs", "ref", "references"),
    "ref_trace_id": ("reftraceid", "parenttraceid"),
    "ref_segment_id": ("parentsegmentid", "parenttracesegmentid", "refsegmentid", "refparentsegmentid"),
    "ref_span_id": ("refspanid", "refparentspanid"),
    "ref_type": ("reftype",),
    "events": ("attachedevents",),
    "spans": ("spans",),
}
_SMALL_NUMBER = re.compile(r"\d{1,9}(?:\.0)?")
_FIELD_OF = {bare: field for field, spellings in _FIELDS.items() for bare in spellings}


@lru_cache(maxsize=10_000)
def field_of(key: str) -> str:
    """Our name for it; "" for a member that is none of ours."""
    return _FIELD_OF.get("".join(each for each in key.lower() if each.isalnum()), "")


def fields_of(one: JsonObject) -> JsonObject:
    """By our names; the first of several spellings wins, null counts as absent."""
    found: JsonObject = {}
    for key, value in one.items():
        field = field_of(key)
        if field and value is not None:
            found.setdefault(field, value)
    return found


def unknown_members(one: JsonObject) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in one.items() if not field_of(key) and value is not None)


def is_span(fields: JsonObject) -> bool:
    """As the query API gives it, with its segment; `spanId` counts within that."""
    if not fields.keys() >= {"segment_id", "span_id"} or "spans" in fields:
        return False
    return _SMALL_NUMBER.fullmatch(str(fields["span_id"])) is not None


def is_segment(fields: JsonObject) -> bool:
    return "segment_id" in fields and isinstance(fields.get("spans"), list)


def objects(value: object) -> list[JsonObject]:
    """Of a list, or the only one."""
    if isinstance(value, dict):
        return [value]
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def id_text(written: object) -> str:
    """Version 6 writes ids as three numbers; "" for none."""
    if isinstance(written, list):
        return id_text(written[0]) if len(written) == 1 else ".".join(str(part) for part in written)
    if isinstance(written, dict):
        return id_text(written.get("idParts") or written.get("id_parts"))
    return str(written).strip() if isinstance(written, (str, int)) and not isinstance(written, bool) else ""
