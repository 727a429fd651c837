"""Which key of a log line means what, in the spellings of loggers, agents and stores. No values, no lines."""

import re
from functools import lru_cache
from typing import NamedTuple

_NOT_WORD = re.compile(r"[^a-z0-9]")

# meaning -> keys, in lower case without punctuation, the better ones first; nested keys are joined by dots
_KEYS = {
    "trace_id": (
        "traceid", "oteltraceid", "ddtraceid", "xtraceid", "xb3traceid", "b3traceid", "tr", "xraytraceid",
        "awsxraytraceid", "logginggoogleapiscomtrace", "xamzntraceid", "ubertraceid", "xcloudtracecontext",
        "traceparent", "b3", "trace", "dtraceid", "tracingid", "httptraceid",
    ),
    "weak_id": ("correlationid", "xcorrelationid", "requestid", "xrequestid"),
    "span_id": (
        "spanid", "otelspanid", "ddspanid", "xb3spanid", "b3spanid", "sp", "logginggoogleapiscomspanid", "transactionid",
    ),
    "parent_id": ("parentspanid", "parentid", "xb3parentspanid", "ddparentid", "parentspan", "parent"),
    "time": (
        "timestamp", "time", "ts", "t", "datetime", "asctime", "eventtime", "logtime", "timeiso8601", "timelocal",
        "date", "timeunixnano", "timestampns", "timestampms", "realtimetimestamp", "receivetimestamp", "observedtimestamp",
    ),
    "level": (
        "level", "severity", "severitytext", "lvl", "loglevel", "levelname", "l", "priority", "severitynumber",
    ),
    "message": (
        "message", "msg", "m", "mt", "body", "shortmessage", "textpayload", "log", "line", "logmessage", "event",
        "text", "content", "renderedmessage",
    ),
    "service": (
        "servicename", "service", "svc", "ddservice", "serviceid", "appname", "app", "applicationname", "application",
        "resourceservicename", "servicecontextservice", "kuberneteslabelsapp", "appkubernetesioname", "jobname", "job",
        "microservice",
    ),
    "container": ("containername", "k8scontainername", "kubernetescontainername", "container", "composeservice"),
    "pod": ("podname", "kubernetespodname", "k8spodname", "pod"),
    "operation": ("operation", "operationname", "spanname", "span", "op"),
    "host": ("hostname", "host", "nodename", "instance"),
    "start": ("starttime", "start", "startedat", "starttimestamp", "begin", "begintime"),
    "end": ("endtime", "end", "endedat", "finishedat", "endtimestamp", "finishtime"),
    "error": ("error", "err", "exception", "errormessage", "exceptionmessage"),
    "method": ("method", "httpmethod", "httprequestmethod", "requestmethod", "verb", "httpreqmethod", "reqmethod"),
    "path": (
        "path", "route", "httproute", "httppath", "urlpath", "uri", "httptarget", "url", "endpoint", "requesturi",
        "httpreqpath", "requrl", "reqpath", "requestpath",
    ),
}  # fmt: skip
_MEANINGS = {key: (meaning, rank) for meaning, keys in _KEYS.items() for rank, key in enumerate(keys)}
_LENGTHS = ("duration", "elapsed", "took", "latency", "timetaken", "responsetime", "elapsedtime")
_UNITS = {
    "": "", "ns": "ns", "nanos": "ns", "nanoseconds": "ns", "us": "us", "micros": "us", "microseconds": "us",
    "ms": "ms", "millis": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "secs": "s", "seconds": "s",
}  # fmt: skip
_DURATIONS = {length + suffix: unit for length in _LENGTHS for suffix, unit in _UNITS.items()}
# objects that only hold what belongs to the line: in them a key means what it means outside
_HOLDERS = frozenset(
    {"fields", "jsonpayload", "data", "payload", "attributes", "log", "event", "json", "parsed", "context", "contextmap",
     "mdc", "properties", "extra", "metadata", "labels", "record", "message", "msg", "content", "ctx", "meta", "stream",
     "attrs", "props", "scope", "resource", "custom"}
)  # fmt: skip
_IDS = frozenset({"trace_id", "span_id", "parent_id"})
_OTHERS = frozenset(
    {"link", "links", "parent", "remote", "previous", "caller", "upstream", "linked"}
)  # spans of theirs


class Meaning(NamedTuple):
    """`rank`: of two keys of one meaning the lower one is taken."""

    field: str
    rank: int
    unit: str = ""


@lru_cache(maxsize=50_000)
def meaning(path: str) -> Meaning | None:
    """Of a key, or of keys within keys joined by dots; None if it is just an attribute."""
    parts = [_NOT_WORD.sub("", part) for part in path.lower().split(".")]
    for start in range(len(parts)):  # the whole of it, then without its outer keys
        before, key = parts[:start], "".join(parts[start:])
        found = _MEANINGS.get(key)
        if found and _may_stand_in(before, found[0]):
            return Meaning(found[0], 100 * start + found[1])
        if key in _DURATIONS and _may_stand_in(before, "duration"):
            return Meaning("duration", 100 * start, _DURATIONS[key])
    return None


def _may_stand_in(before: list[str], field: str) -> bool:
    if field in _IDS:
        return not _OTHERS & set(before)
    return _HOLDERS.issuperset(before)


def is_datadogs(path: str) -> bool:
    """Datadog writes ids in decimal."""
    return path.lower().startswith(("dd.", "dd_")) or ".dd." in path.lower()


def names_an_id(path: str) -> bool:
    found = meaning(path)
    return found is not None and (found.field in _IDS or found.field == "weak_id")
