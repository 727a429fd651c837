"""What the console exporters of Go, Python, JavaScript and .NET print."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.samples.clickhouse import as_texts
from webapp.model.spans import Attributes, Event, Kind, Span, Status, Value

Json = dict[str, Any]
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_GO_TYPES = {str: "STRING", bool: "BOOL", int: "INT64", float: "FLOAT64"}


def go(spans: list[Span]) -> bytes:
    """`stdouttrace` with `WithPrettyPrint`: one object after the other, in the order in which spans end."""
    return "".join(json.dumps(_go(span), indent="\t") + "\n" for span in _by_end(spans)).encode()


def python(spans: list[Span]) -> bytes:
    """`ConsoleSpanExporter`; it knows no scope."""
    return "".join(json.dumps(_python(span), indent=4) + "\n" for span in _by_end(spans)).encode()


def javascript(spans: list[Span]) -> bytes:
    """`console.dir` of each span, which is not JSON."""
    return "".join(_inspected(_javascript(span)) + "\n" for span in _by_end(spans)).encode()


def dotnet(spans: list[Span]) -> bytes:
    """`ConsoleActivityExporter`: a block of text a span, times in ticks of 100 ns."""
    return "".join("\n".join(_dotnet(span)) + "\n\n" for span in _by_end(spans)).encode()


def _by_end(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: span.end_ns)


def rfc3339(time_ns: int) -> str:
    second = datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{second}.{time_ns % 10**9:09}".rstrip("0").rstrip(".") + "Z"


def _go(span: Span) -> Json:
    return {
        "Name": span.name,
        "SpanContext": _go_context(span.trace_id, span.span_id, remote=False),
        "Parent": _go_context(span.trace_id if span.parent_span_id else "", span.parent_span_id, remote=True),
        "SpanKind": span.kind,
        "StartTime": rfc3339(span.start_ns),
        "EndTime": rfc3339(span.end_ns),
        "Attributes": _go_values(span.attributes),
        "Events": [_go_event(event) for event in span.events] or None,
        "Links": None,
        "Status": {"Code": Status(span.status).name.capitalize(), "Description": span.status_message},
        "DroppedAttributes": 0,
        "DroppedEvents": 0,
        "DroppedLinks": 0,
        "ChildSpanCount": 0,
        "Resource": _go_values(span.resource.attributes),
        "InstrumentationScope": {
            "Name": span.scope.name, "Version": span.scope.version, "SchemaURL": "", "Attributes": None,
        },
    }  # fmt: skip


def _go_context(trace_id: str, span_id: str, *, remote: bool) -> Json:
    return {
        "TraceID": trace_id or _NO_TRACE,
        "SpanID": span_id or _NO_SPAN,
        "TraceFlags": "01" if trace_id else "00",
        "TraceState": "",
        "Remote": remote and bool(trace_id),
    }


def _go_event(event: Event) -> Json:
    return {
        "Name": event.name,
        "Attributes": _go_values(event.attributes),
        "DroppedAttributeCount": 0,
        "Time": rfc3339(event.time_ns),
    }


def _go_values(attributes: Attributes) -> list[Json]:
    return [
        {"Key": key, "Value": {"Type": _GO_TYPES[type(value)], "Value": value}}
        for key, value in attributes.items()
    ]


def _python(span: Span) -> Json:
    return {
        "name": span.name,
        "context": {"trace_id": f"0x{span.trace_id}", "span_id": f"0x{span.span_id}", "trace_state": "[]"},
        "kind": f"SpanKind.{Kind(span.kind).name}",
        "parent_id": f"0x{span.parent_span_id}" if span.parent_span_id else None,
        "start_time": _microseconds(span.start_ns),
        "end_time": _microseconds(span.end_ns),
        "status": {"status_code": Status(span.status).name},
        "attributes": span.attributes,
        "events": [
            {"name": one.name, "timestamp": _microseconds(one.time_ns), "attributes": one.attributes}
            for one in span.events
        ],
        "links": [],
        "resource": {"attributes": span.resource.attributes, "schema_url": ""},
    }


def _microseconds(time_ns: int) -> str:
    second = datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{second}.{time_ns % 10**9 // 1000:06}Z"


def _javascript(span: Span) -> Json:
    parent = {"traceId": span.trace_id, "spanId": span.parent_span_id, "traceFlags": 1, "isRemote": True}
    return {
        "resource": {"attributes": span.resource.attributes},
        "instrumentationScope": {"name": span.scope.name, "version": span.scope.version, "schemaUrl": None},
        "traceId": span.trace_id,
        "parentSpanContext": parent if span.parent_span_id else None,
        "traceState": None,
        "name": span.name,
        "id": span.span_id,
        "kind": span.kind - 1,
        "timestamp": span.start_ns // 1000,
        "duration": (span.end_ns - span.start_ns) // 1000,
        "attributes": span.attributes,
        "status": {"code": span.status},
        "events": [
            {
                "name": one.name,
                "attributes": one.attributes,
                "time": [one.time_ns // 10**9, one.time_ns % 10**9],
                "droppedAttributesCount": 0,
            }
            for one in span.events
        ],
        "links": [],
    }  # fmt: skip


def _inspected(value: Value, indent: str = "") -> str:
    """As `util.inspect` prints it: keys bare where they can be, text in single quotes."""
    if isinstance(value, dict):
        inner = [f"{_key(key)}: {_inspected(one, indent + '  ')}" for key, one in value.items()]
        return _wrapped("{", inner, "}", indent)
    if isinstance(value, list):
        return _wrapped("[", [_inspected(one, indent + "  ") for one in value], "]", indent)
    if isinstance(value, str):
        return f"'{value}'"
    if value is None:
        return "undefined"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrapped(opening: str, members: list[str], closing: str, indent: str) -> str:
    if not members:
        return opening + closing
    line = f"{opening} {', '.join(members)} {closing}"
    if len(line) + len(indent) <= 76 and "\n" not in line:
        return line
    inner = f",\n{indent}  ".join(members)
    return f"{opening}\n{indent}  {inner}\n{indent}{closing}"


def _key(key: str) -> str:
    return key if key.isidentifier() else f"'{key}'"


def _dotnet(span: Span) -> list[str]:
    length_ns = span.end_ns - span.start_ns
    events = [
        line
        for one in span.events
        for line in (f"    {one.name} [{_ticks(one.time_ns)}]", *_indented(one.attributes, 8))
    ]
    return [
        f"Activity.TraceId:            {span.trace_id}",
        f"Activity.SpanId:             {span.span_id}",
        "Activity.TraceFlags:         Recorded",
        *([f"Activity.ParentSpanId:       {span.parent_span_id}"] if span.parent_span_id else []),
        f"Activity.DisplayName:        {span.name}",
        f"Activity.Kind:               {Kind(span.kind).name.capitalize()}",
        f"Activity.StartTime:          {_ticks(span.start_ns)}",
        f"Activity.Duration:           00:00:{length_ns / 1e9:010.7f}",
        "Activity.Tags:",
        *_indented(span.attributes, 4),
        *(["Activity.Events:", *events] if events else []),
        "Instrumentation scope (ActivitySource):",
        f"    Name: {span.scope.name}",
        f"    Version: {span.scope.version}",
        "Resource associated with Activity:",
        *_indented(span.resource.attributes, 4),
    ]


def _indented(attributes: Attributes, by: int) -> list[str]:
    return [f"{' ' * by}{key}: {value}" for key, value in as_texts(attributes).items()]


def _ticks(time_ns: int) -> str:
    second = datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{second}.{time_ns % 10**9 // 100:07}Z"
