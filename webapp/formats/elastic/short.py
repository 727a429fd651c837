"""Events in the short spelling of Elastic's agent for browsers (intake v3), as the same in the long one.

A transaction holds its spans there, and a span names its parent by its place among them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = "dict[str, Any]"
# short name -> long name, or long name and what is in it
Names: TypeAlias = "Mapping[str, str | tuple[str, Names]]"

_PROGRAM: Names = {"n": "name", "ve": "version"}
_SERVICE: Names = {
    **_PROGRAM,
    "a": ("agent", _PROGRAM),
    "fw": ("framework", _PROGRAM),
    "la": ("language", _PROGRAM),
    "ru": ("runtime", _PROGRAM),
    "en": "environment",
}
_USER: Names = {"id": "id", "em": "email", "un": "username"}
_RESPONSE: Names = {
    "sc": "status_code",
    "he": "headers",
    "ts": "transfer_size",
    "ebs": "encoded_body_size",
    "dbs": "decoded_body_size",
}
_CONTEXT: Names = {
    "g": "tags",
    "cu": "custom",
    "u": ("user", _USER),
    "p": ("page", {"rf": "referer", "url": "url"}),
    "q": ("request", {"mt": "method", "he": "headers", "hve": "http_version", "en": "env"}),
    "r": ("response", _RESPONSE),
    "h": ("http", {"mt": "method", "sc": "status_code", "url": "url", "r": ("response", _RESPONSE)}),
    "dt": ("destination", {"ad": "address", "po": "port"}),
    "se": ("service", _SERVICE),
}
_METADATA: Names = {"se": ("service", _SERVICE), "u": ("user", _USER), "l": "labels"}
_WORK: Names = {
    "tid": "trace_id",
    "pid": "parent_id",
    "n": "name",
    "t": "type",
    "su": "subtype",
    "ac": "action",
    "s": "start",
    "d": "duration",
    "rt": "result",
    "o": "outcome",
    "sm": "sampled",
    "sr": "sample_rate",
    "sy": "sync",
    "yc": ("span_count", {"sd": "started", "dd": "dropped"}),
    "k": "marks",
    "c": ("context", _CONTEXT),
}
_FRAMES: Names = {
    "f": "filename",
    "ap": "abs_path",
    "fn": "function",
    "li": "lineno",
    "co": "colno",
    "mo": "module",
}
_STACK: Names = {"st": ("stacktrace", _FRAMES)}
_ERROR: Names = {
    "tid": "trace_id",
    "pid": "parent_id",
    "xid": "transaction_id",
    "cl": "culprit",
    "ex": (
        "exception",
        {"mg": "message", "t": "type", "cd": "code", "mo": "module", "hd": "handled", **_STACK},
    ),
    "log": ("log", {"mg": "message", "lg": "logger_name", "lv": "level", **_STACK}),
    "c": ("context", _CONTEXT),
}
_TELLING = {"m": {"se"}, "x": {"id", "tid"}, "e": {"id", "tid"}, "me": {"sa"}}
_PARENT, _SPANS = "pi", "y"


def is_short(one: Json) -> bool:
    if len(one) != 1:
        return False
    [(kind, told)] = one.items()
    return kind in _TELLING and isinstance(told, dict) and told.keys() >= _TELLING[kind]


def lengthened(one: Json) -> Iterator[Json]:
    """A transaction and its spans, or the one other event; `is_short` is true of it."""
    [(kind, told)] = one.items()
    if kind == "m":
        yield {"metadata": _long(told, _METADATA)}
    elif kind == "e":
        yield {"error": _long(told, _ERROR)}
    elif kind == "me":
        yield {"metricset": told}
    else:
        spans = told.get(_SPANS)
        yield {"transaction": _long({key: told[key] for key in told if key not in (_SPANS, "me")}, _WORK)}
        yield from _spans(
            told, [each for each in spans if isinstance(each, dict)] if isinstance(spans, list) else []
        )


def _spans(transaction: Json, spans: list[Json]) -> Iterator[Json]:
    for span in spans:
        place = span.get(_PARENT)
        parent = spans[place] if isinstance(place, int) and 0 <= place < len(spans) else transaction
        of_trace = {
            "trace_id": transaction.get("tid"),
            "transaction_id": transaction.get("id"),
            "parent_id": parent.get("id"),
        }
        yield {"span": _long({key: span[key] for key in span if key != _PARENT}, _WORK) | of_trace}


def _long(told: Any, names: Names) -> Any:  # noqa: ANN401  JSON can be anything
    if isinstance(told, list):
        return [_long(one, names) for one in told]
    if not isinstance(told, dict):
        return told
    found: Json = {}
    for key, value in told.items():
        known = names.get(key, key)
        if isinstance(known, tuple):
            found[known[0]] = _long(value, known[1])
        else:
            found[known] = value
    return found
