"""The checkout as Jaeger's storages and clients have it, made from what its API says. Thrift by hand, binary protocol."""

import csv
import io
import struct
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.samples.otlps import base64_id
from webapp.formats import jaeger
from webapp.model.spans import Span

Json = dict[str, Any]
_CASSANDRA = (
    "trace_id", "span_id", "span_hash", "duration", "flags", "logs", "operation_name", "parent_id", "process",
    "refs", "start_time", "tags",
)  # fmt: skip
_NOTHING = {"string": "''", "bool": "False", "int64": "0", "float64": "0", "binary": ""}


def protobuf_json(spans: list[Span]) -> bytes:
    """The model of api_v2 as protobuf's JSON prints it: a chunk of spans with their processes."""
    found = [_proto_span(span, process) for span, process in _spans(spans)]
    return orjson.dumps({"spans": found}, option=orjson.OPT_INDENT_2)


def elasticsearch(spans: list[Span]) -> bytes:
    """The answer of a search in the index of Jaeger."""
    hits = [
        {"_index": "jaeger-span-2025-11-20", "_id": f"id{number}", "_score": 1.0, "_source": source}
        for number, source in enumerate(_documents(spans))
    ]
    answer = {
        "took": 3,
        "timed_out": False,
        "hits": {"total": {"value": len(hits), "relation": "eq"}, "hits": hits},
    }
    return orjson.dumps(answer, option=orjson.OPT_INDENT_2)


def cassandra(spans: list[Span]) -> bytes:
    """`COPY traces TO …` of cqlsh: signed ids, collections in CQL's words."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_CASSANDRA)
    for number, (span, process) in enumerate(_spans(spans), start=1):
        parent = span["references"][0]["spanID"] if span["references"] else "0"
        table.writerow([
            f"0x{span['traceID']}", _signed(span["spanID"]), -number, span["duration"], 1, _cql_logs(span["logs"]),
            span["operationName"], _signed(parent), _cql_process(process), "", span["startTime"], _cql_tags(span["tags"]),
        ])  # fmt: skip
    return out.getvalue().encode()


def thrift(spans: list[Span]) -> bytes:
    """What clients post to `/api/traces`: a `Batch` of one process after the other."""
    return b"".join(_batch(span, process) for span, process in _spans(spans))


def _spans(spans: list[Span]) -> list[tuple[Json, Json]]:
    """Each span of the API's answer with its process."""
    traces = orjson.loads(jaeger.write(spans))["data"]
    return [(span, trace["processes"][span["processID"]]) for trace in traces for span in trace["spans"]]


def _documents(spans: list[Span]) -> list[Json]:
    found = []
    for span, process in _spans(spans):
        told = {key: value for key, value in span.items() if key not in ("processID", "warnings")}
        logs = [one | {"fields": [_as_text(field) for field in one["fields"]]} for one in span["logs"]]
        inner = {"serviceName": process["serviceName"], "tags": [_as_text(tag) for tag in process["tags"]]}
        told |= {"startTimeMillis": span["startTime"] // 1000, "logs": logs, "process": inner}
        found.append(told | {"tags": [_as_text(tag) for tag in span["tags"]]})
    return found


def _as_text(tag: Json) -> Json:
    value = tag["value"]
    return tag | {"value": str(value).lower() if isinstance(value, bool) else str(value)}


# protobuf's JSON


def _proto_span(span: Json, process: Json) -> Json:
    references = [
        {"trace_id": base64_id(one["traceID"]), "span_id": base64_id(one["spanID"])}
        for one in span["references"]
    ]
    logs = [
        {"timestamp": _rfc3339(one["timestamp"]), "fields": [_proto_tag(field) for field in one["fields"]]}
        for one in span["logs"]
    ]
    return {
        "trace_id": base64_id(span["traceID"]),
        "span_id": base64_id(span["spanID"]),
        "operation_name": span["operationName"],
        "references": references,
        "flags": 1,
        "start_time": _rfc3339(span["startTime"]),
        "duration": f"{span['duration'] / 1e6:.3f}s",
        "tags": [_proto_tag(tag) for tag in span["tags"]],
        "logs": logs,
        "process": {
            "service_name": process["serviceName"], "tags": [_proto_tag(tag) for tag in process["tags"]],
        },
    }  # fmt: skip


def _proto_tag(tag: Json) -> Json:
    kind, value = tag["type"], tag["value"]
    if kind == "string":
        return {"key": tag["key"], "v_str": value}
    written = {"int64": str, "float64": float, "bool": bool, "binary": lambda raw: b64encode(raw).decode()}
    return {"key": tag["key"], "v_type": kind.upper(), f"v_{kind}": written[kind](value)}


def _rfc3339(time_us: int) -> str:
    return (
        datetime.fromtimestamp(time_us // 10**6, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        + f".{time_us % 10**6:06}Z"
    )


# CQL


def _signed(hex_id: str) -> int:
    number = int(hex_id, 16)
    return number - 2**64 if number >= 2**63 else number


def _cql_tags(tags: list[Json]) -> str:
    return f"[{', '.join(_cql_tag(tag) for tag in tags)}]"


def _cql_tag(tag: Json) -> str:
    kind, value = tag["type"], tag["value"]
    values = _NOTHING | {kind: _quoted(value) if kind == "string" else str(value)}
    return (
        f"{{key: {_quoted(tag['key'])}, value_type: '{kind}', value_string: {values['string']}, "
        f"value_bool: {values['bool']}, value_long: {values['int64']}, value_double: {values['float64']}, "
        f"value_binary: {values['binary']}}}"
    )


def _cql_logs(logs: list[Json]) -> str:
    return (
        "["
        + ", ".join(f"{{ts: {one['timestamp']}, fields: {_cql_tags(one['fields'])}}}" for one in logs)
        + "]"
    )


def _cql_process(process: Json) -> str:
    return f"{{service_name: {_quoted(process['serviceName'])}, tags: {_cql_tags(process['tags'])}}}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# Thrift

_TYPES = {"string": 0, "float64": 1, "bool": 2, "int64": 3}


def _batch(span: Json, process: Json) -> bytes:
    inner = _text(1, process["serviceName"]) + _listed(2, [_thrift_tag(tag) for tag in process["tags"]])
    return struct.pack(">bh", 12, 1) + inner + b"\0" + _listed(2, [_thrift_span(span)]) + b"\0"


def _thrift_span(span: Json) -> bytes:
    trace_id = span["traceID"]
    parent = span["references"][0]["spanID"] if span["references"] else "0"
    ids = (trace_id[16:], trace_id[:16], span["spanID"], parent)
    head = b"".join(_long(number, _signed(one)) for number, one in enumerate(ids, start=1))
    logs = [
        _long(1, one["timestamp"]) + _listed(2, [_thrift_tag(field) for field in one["fields"]])
        for one in span["logs"]
    ]
    return (
        head
        + _text(5, span["operationName"])
        + struct.pack(">bhi", 8, 7, 1)
        + _long(8, span["startTime"])
        + _long(9, span["duration"])
        + _listed(10, [_thrift_tag(tag) for tag in span["tags"]])
        + _listed(11, logs)
    )


def _thrift_tag(tag: Json) -> bytes:
    kind, value = tag["type"], tag["value"]
    head = _text(1, tag["key"]) + struct.pack(">bhi", 8, 2, _TYPES[kind])
    if kind == "string":
        return head + _text(3, value)
    if kind == "float64":
        return head + struct.pack(">bhd", 4, 4, value)
    return head + (struct.pack(">bhb", 2, 5, value) if kind == "bool" else _long(6, value))


def _text(number: int, value: str) -> bytes:
    return struct.pack(">bhi", 11, number, len(value.encode())) + value.encode()


def _long(number: int, value: int) -> bytes:
    return struct.pack(">bhq", 10, number, value)


def _listed(number: int, members: list[bytes]) -> bytes:
    return struct.pack(">bhbi", 15, number, 12, len(members)) + b"".join(one + b"\0" for one in members)
