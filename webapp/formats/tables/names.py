"""Names of columns: which field a column holds, by what people call it, and the unit that its name declares. No values."""

import re
from functools import lru_cache
from typing import NamedTuple

# what a field is -> how columns that hold it are called, without case, dots and underscores; the first is the surest
FIELDS: dict[str, tuple[str, ...]] = {
    "trace_id": ("traceid", "contexttraceid", "tracetraceid", "oteltraceid", "operationid", "traceidentifier"),
    "span_id": ("spanid", "contextspanid", "tracespanid", "otelspanid", "guid", "id"),
    "parent_span_id": (
        "parentspanid", "parentid", "operationparentid", "traceparentid", "otelparentspanid", "parentguid", "parent",
    ),
    "name": ("spanname", "name", "operationname", "operation", "spanoperation", "displayname"),
    "service": (
        "servicename", "resourceservicename", "processservicename", "service", "cloudrolename", "approlename",
        "entityname", "sfservice", "appname", "application", "microservice",
    ),
    "start": (
        "starttime", "starttimestamp", "start", "spanstarttime", "starttimeunix", "timestamp", "begintime",
        "begin", "startedat", "startdate", "timegenerated", "timestart", "ts", "time",
    ),
    "end": (
        "endtime", "endtimestamp", "end", "spanendtime", "finishtime", "finish", "endedat", "stoptime", "stop",
        "timeend",
    ),
    "duration": ("duration", "spanduration", "elapsed", "elapsedtime", "latency", "responsetime"),
    "kind": ("spankind", "otelspankind", "kindstring", "kind", "itemtype"),
    "status": ("statuscode", "otelstatuscode", "statuscodestring", "status"),
    "status_message": ("statusmessage", "otelstatusmessage", "statusdescription", "oteldescription"),
    "error": ("error", "iserror", "haserror", "errorflag"),
    "success": ("success", "succeeded"),
    "trace_state": ("tracestate",),
    "flags": ("flags", "traceflags"),
    "scope_name": (
        "scopename", "otelscopename", "instrumentationscopename", "libraryname", "instrumentationlibraryname",
    ),
    "scope_version": ("scopeversion", "otelscopeversion", "instrumentationscopeversion", "libraryversion"),
    "weight": ("itemcount", "samplerate"),
    "events": ("events", "otelevents", "spanevents"),
    "event_times": ("eventstimestamp", "eventstime"),
    "event_names": ("eventsname",),
    "event_attributes": ("eventsattributes",),
    "links": ("links", "otellinks", "spanlinks"),
    "link_trace_ids": ("linkstraceid",),
    "link_span_ids": ("linksspanid",),
    "link_states": ("linkstracestate",),
    "link_attributes": ("linksattributes",),
}  # fmt: skip
TIMES = ("start", "end", "duration")
ATTRIBUTE_MAPS = frozenset({
    "spanattributes", "attributes", "attribute", "tags", "spantags", "labels", "attributesstring",
    "attributesnumber", "attributesbool", "stringtagmap", "numbertagmap", "booltagmap", "customdimensions", "properties",
})  # fmt: skip
RESOURCE_MAPS = frozenset({
    "resourceattributes", "resource", "resources", "otelresourceattributes", "resourcesstring", "resourcetagsmap",
    "processtags",
})  # fmt: skip
# OpenTelemetry's name for what says where a span ran
RESOURCE_KEYS = {
    "podname": "k8s.pod.name", "pod": "k8s.pod.name", "namespace": "k8s.namespace.name",
    "nodename": "k8s.node.name", "containername": "k8s.container.name", "hostname": "host.name",
    "host": "host.name", "serviceversion": "service.version", "servicenamespace": "service.namespace",
    "serviceinstanceid": "service.instance.id", "cloudroleinstance": "service.instance.id",
    "approleinstance": "service.instance.id", "deploymentenvironment": "deployment.environment.name",
    "cloudaccountid": "cloud.account.id", "telemetrysdkname": "telemetry.sdk.name",
    "telemetrysdklanguage": "telemetry.sdk.language", "telemetrysdkversion": "telemetry.sdk.version",
}  # fmt: skip

_UNITS = {
    "ns": ("ns", "nano", "nanos", "nanosec", "nanosecond", "nanoseconds"),
    "us": ("us", "µs", "μs", "micro", "micros", "usec", "usecs", "microsec", "microsecond", "microseconds"),
    "ms": ("ms", "milli", "millis", "msec", "msecs", "millisec", "millisecond", "milliseconds"),
    "s": ("s", "sec", "secs", "second", "seconds"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_FIELD_OF = {name: (field, rank) for field, names in FIELDS.items() for rank, name in enumerate(names)}
_NOISE = ("unix", "epoch", "utc")
_WORD = re.compile(r"[A-Z]+(?![a-zµμ])|[A-Z]?[a-zµμ]+|[0-9]+")
_FUSED = re.compile(r"(.+?)(unix)?(ns|us|ms|nano|nanos|micros|millis|usec|msec|utc)")
_LONGEST = 200


class Meaning(NamedTuple):
    """`field` is "" for columns of no meaning here; of several columns of one field the lowest `rank` is the surest."""

    field: str
    rank: int = 0
    unit: str = ""


def letters(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())


@lru_cache(maxsize=5_000)
def meaning(column: str) -> Meaning:
    """By the whole name, else by what is left without a unit: `duration_ms`, `StartTimeUnixNano`, `timestamp [UTC]`."""
    bare = letters(column)
    if bare in _FIELD_OF:
        return Meaning(*_FIELD_OF[bare])
    words = [word.lower() for word in _WORD.findall(column[:_LONGEST])]
    unit = ""
    while len(words) > 1 and (words[-1] in _NOISE or words[-1] in _UNIT_OF):
        word = words.pop()
        unit = unit or _UNIT_OF.get(word, "")
    found = _timed("".join(words), unit)
    if not found.field and (fused := _FUSED.fullmatch(bare)):
        found = _timed(fused[1], _UNIT_OF.get(fused[3], ""))
    return found


def _timed(name: str, unit: str) -> Meaning:
    field, rank = _FIELD_OF.get(name, ("", 0))
    return Meaning(field, rank, unit) if field in TIMES else Meaning("")
