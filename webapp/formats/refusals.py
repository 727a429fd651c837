"""What a file is that no reader recognised, in words, so that nobody has to guess why it was refused."""

import re
from collections.abc import Callable
from typing import Any

from webapp.formats.head import Head
from webapp.formats.otlp import protobuf

Json = dict[str, Any]

_MAGICS = (
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"\xff\x06\x00\x00sNaPpY", "a snappy file; unpack it first"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "an image, sound or film"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"\x7fELF", "a program"),
    (b"FEA1", "a Feather file of the first version, from before 2020; write it again with today's"),
    (b"ORC", "an ORC file"),
)
_FRAMED_ZSTD = b"\x28\xb5\x2f\xfd"
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def what_it_is(head: Head) -> str:
    """A noun phrase such as `Datadog statistics`; "" for an empty file."""
    if not head.start.strip():
        return ""
    for magic, name in _MAGICS:
        if head.start.startswith(magic):
            return name
    if signal := protobuf.other_signal(head):
        return f"OTLP {signal}"
    if _NOT_TEXT.search(head.start[:4096]):
        return _binary(head.start)
    objects = head.objects
    for name, fits in _SHAPES:
        if any(fits(one) for one in objects):
            return name
    if objects:
        keys = ", ".join(f"`{key}`" for key in list(objects[0])[:6])
        return f"JSON with the keys {keys}" if keys else "JSON without any members"
    return "JSON without objects" if head.values else _text(head.start)


def _binary(start: bytes) -> str:
    if start[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    if start[8:12] == b"DUCK":
        return "a DuckDB database"
    if start[4:8] == _FRAMED_ZSTD:
        return "the Collector's zstd messages, each with its length before it"
    if start[:1] == b"\n":
        return "protobuf, perhaps of OTLP or Zipkin"
    if start[4:5] == b"\n" and start[:1] == b"\x00":
        return "the Collector's protobuf messages, each with its length before it"
    return "binary data"


def _text(start: bytes) -> str:
    lines = start.decode("utf-8", "replace").splitlines()
    if re.match(r"\s*<(!doctype|html|\?xml|svg)", lines[0], re.IGNORECASE):
        return "HTML or XML"
    columns = lines[0].split(",")
    if len(columns) > 2 and not re.search(r"[{}\[\]]", lines[0]):
        return f"a CSV table with the columns {', '.join(column.strip() for column in columns[:6])}"
    return "plain text"


def _has(*keys: str) -> Callable[[Json], bool]:
    return lambda one: all(key in one for key in keys)


def _any_of(*keys: str) -> Callable[[Json], bool]:
    return lambda one: any(key in one for key in keys)


def _inner(one: Json, key: str) -> Json:
    """The member `key`, or its first element if it is a list; {} if that is no object."""
    found = one.get(key)
    found = found[0] if isinstance(found, list) and found else found
    return found if isinstance(found, dict) else {}


def _is_skywalking_list(one: Json) -> bool:
    """An answer of `queryBasicTraces`, under whatever name."""
    answers = _inner(one, "data").values()
    return any(
        _has("traceIds", "endpointNames")(_inner(each, "traces"))
        for each in answers
        if isinstance(each, dict)
    )


def _is_log(one: Json) -> bool:
    return _has("log", "stream")(one) or (
        _any_of("message", "msg", "body", "@m", "log")(one)
        and _any_of("level", "severity", "time", "ts", "@t")(one)
    )


# the first that fits names the file
_SHAPES: tuple[tuple[str, Callable[[Json], bool]], ...] = (
    ("OTLP metrics", _any_of("resourceMetrics", "resource_metrics")),
    ("OTLP logs", _any_of("resourceLogs", "resource_logs")),
    ("OTLP profiles", _any_of("resourceProfiles", "resource_profiles")),
    (
        "a Jaeger dependency graph",
        lambda one: _has("parent", "child", "callCount")(one | _inner(one, "data")),
    ),
    ("a Tempo search summary, which holds no spans", lambda one: "rootServiceName" in _inner(one, "traces")),
    ("X-Ray trace summaries, which hold no segments", _has("TraceSummaries")),
    ("a list of SkyWalking's traces, which holds no spans", _is_skywalking_list),
    ("Datadog statistics", _has("Start", "Duration", "Stats")),
    ("Phoenix spans", _has("context.trace_id")),
    ("an HTTP archive (HAR)", lambda one: "entries" in _inner(one, "log")),
    ("log lines", _is_log),
)
