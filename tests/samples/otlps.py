"""The forms in which OTLP lies in files: lines, protobuf and its framings, what Tempo and Grafana hand out."""

import re
from base64 import b64encode
from typing import Any

import orjson
import zstandard
from google.protobuf.json_format import MessageToDict, ParseDict
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from webapp.formats import otlp
from webapp.model.spans import Span

Json = dict[str, Any]
IDS = ("traceId", "spanId", "parentSpanId")


def lines(spans: list[Span]) -> bytes:
    """One request a trace and line."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    return b"".join(otlp.write(trace).rstrip() + b"\n" for trace in traces.values())


def snake_case(spans: list[Span]) -> bytes:
    """As some protobuf libraries print OTLP: snake_case keys, ids in base64."""
    return orjson.dumps(_snake(_with_base64(_tree(spans))), option=orjson.OPT_INDENT_2)


def protobuf(spans: list[Span]) -> bytes:
    return _message(spans).SerializeToString(deterministic=True)


def delimited(spans: list[Span]) -> bytes:
    """A message a span, the length before each as a varint."""
    return b"".join(varint(len(raw)) + raw for raw in _one_by_one(spans))


def collector_framed(spans: list[Span]) -> bytes:
    """The Collector's file exporter with `format: proto`: four bytes of length before each message."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in _one_by_one(spans))


def collector_compressed(spans: list[Span]) -> bytes:
    """The same with `compression: zstd`, which compresses each message by itself."""
    packed = [zstandard.ZstdCompressor(level=19).compress(raw) for raw in _one_by_one(spans)]
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in packed)


def tempo_v1(spans: list[Span]) -> bytes:
    """`GET /api/traces/<id>`: ids in base64, names of enums, 64-bit numbers as text."""
    return orjson.dumps({"batches": _printed(spans)["resourceSpans"]}, option=orjson.OPT_INDENT_2)


def tempo_v2(spans: list[Span]) -> bytes:
    """`GET /api/v2/traces/<id>`."""
    return orjson.dumps(
        {"trace": _printed(spans), "metrics": {"inspectedBytes": "11840"}}, option=orjson.OPT_INDENT_2
    )


def tempo_llm(spans: list[Span]) -> bytes:
    """What Tempo answers to `Accept: application/vnd.grafana.llm`."""
    services = []
    for batch in _tree(spans)["resourceSpans"]:
        resource = _plain(batch["resource"]["attributes"])
        scopes = [
            {**_named(scope["scope"]), "spans": [_for_llm(span) for span in scope["spans"]]}
            for scope in batch["scopeSpans"]
        ]
        services.append({"serviceName": resource.pop("service.name"), "resource": resource, "scopes": scopes})
    trace = {"traceId": spans[0].trace_id, "services": services}
    return orjson.dumps({"trace": trace, "metrics": {}, "status": "COMPLETE"}, option=orjson.OPT_INDENT_2)


def grafana(spans: list[Span]) -> bytes:
    """Grafana's download of a trace: hexadecimal ids, numbers where OTLP has text, kinds as words, old names of keys."""
    batches = []
    for batch in _tree(spans)["resourceSpans"]:
        scopes = [
            {
                "instrumentationLibrary": scope["scope"],
                "spans": [_by_grafana(span) for span in scope["spans"]],
            }
            for scope in batch["scopeSpans"]
        ]
        batches.append({"resource": batch["resource"], "instrumentationLibrarySpans": scopes})
    return orjson.dumps(_with_numbers({"batches": batches}), option=orjson.OPT_INDENT_2)


def _tree(spans: list[Span]) -> Json:
    return orjson.loads(otlp.write(spans))  # type: ignore[no-any-return]


def _message(spans: list[Span]) -> TracesData:
    return ParseDict(_with_base64(_tree(spans)), TracesData())


def _one_by_one(spans: list[Span]) -> list[bytes]:
    return [protobuf([span]) for span in spans]


def _printed(spans: list[Span]) -> Json:
    return MessageToDict(_message(spans))


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def _with_base64(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_base64(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: base64_id(one) if key in IDS else _with_base64(one) for key, one in value.items()}


def base64_id(hex_id: str) -> str:
    return b64encode(bytes.fromhex(hex_id)).decode()


def _snake(value: Any) -> Any:
    if isinstance(value, list):
        return [_snake(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), key): _snake(one)
        for key, one in value.items()
    }


def _plain(attributes: list[Json]) -> Json:
    """A list of typed values as an object of plain ones."""
    return {
        one["key"]: int(value) if kind == "intValue" else value
        for one in attributes
        for kind, value in one["value"].items()
    }


def _named(scope: Json) -> Json:
    return {"name": scope["name"], "version": scope["version"]}


def _for_llm(span: Json) -> Json:
    length_ns = int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])
    events = [one | {"attributes": _plain(one.get("attributes", []))} for one in span.get("events", [])]
    told = {key: value for key, value in span.items() if key not in ("traceId", "flags")}
    return told | {
        "kind": "SPAN_KIND_SERVER",
        "durationMs": length_ns / 1e6,
        "attributes": _plain(span["attributes"]),
        "events": events,
        "status": {"code": "STATUS_CODE_UNSET"},
    }


def _by_grafana(span: Json) -> Json:
    return span | {"kind": "server", "status": {"code": 0}}


def _with_numbers(value: Any) -> Any:
    """JavaScript keeps a time as a double and prints as many digits as tell it from its neighbours, then zeros."""
    if isinstance(value, list):
        return [_with_numbers(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, one in value.items():
        if key.endswith("TimeUnixNano") or key == "timeUnixNano":
            found[key] = int(repr(float(one)).split("e")[0].replace(".", "").ljust(19, "0"))
        else:
            found[key] = int(one) if key == "intValue" else _with_numbers(one)
    return found
