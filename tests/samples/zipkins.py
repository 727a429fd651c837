"""Zipkin's older JSON and its protobuf, made from what its version 2 says."""

import struct
from typing import Any

import orjson

from tests.samples.otlps import varint
from webapp.formats import zipkin
from webapp.model.spans import Span

Json = dict[str, Any]
_KINDS = {"CLIENT": 1, "SERVER": 2, "PRODUCER": 3, "CONSUMER": 4}


def version1(spans: list[Span]) -> bytes:
    """`sr` and `ss` say when a server worked, binary annotations hold the tags."""
    return orjson.dumps([_old(span) for span in _spans(spans)], option=orjson.OPT_INDENT_2)


def protobuf(spans: list[Span]) -> bytes:
    return b"".join(_part(1, _message(span)) for span in _spans(spans))


def _spans(spans: list[Span]) -> list[Json]:
    return orjson.loads(zipkin.write(spans))  # type: ignore[no-any-return]


def _old(span: Json) -> Json:
    host = span["localEndpoint"] | {"ipv4": "10.0.0.1"}
    start, end = span["timestamp"], span["timestamp"] + span["duration"]
    moments = [
        {"timestamp": start, "value": "sr"}, *span.get("annotations", []), {"timestamp": end, "value": "ss"},
    ]  # fmt: skip
    told = {
        key: span[key]
        for key in ("traceId", "id", "parentId", "name", "timestamp", "duration")
        if key in span
    }
    return told | {
        "annotations": [one | {"endpoint": host} for one in moments],
        "binaryAnnotations": [
            {"key": key, "value": value, "endpoint": host} for key, value in span["tags"].items()
        ],
    }


def _message(span: Json) -> bytes:
    parent = _part(2, bytes.fromhex(span["parentId"])) if "parentId" in span else b""
    annotations = [
        _part(10, _fixed(1, one["timestamp"]) + _part(2, one["value"].encode()))
        for one in span.get("annotations", [])
    ]
    tags = [
        _part(11, _part(1, key.encode()) + _part(2, value.encode())) for key, value in span["tags"].items()
    ]
    return b"".join([
        _part(1, bytes.fromhex(span["traceId"])),
        parent,
        _part(3, bytes.fromhex(span["id"])),
        varint(4 << 3) + varint(_KINDS[span["kind"]]),
        _part(5, span["name"].encode()),
        _fixed(6, span["timestamp"]),
        varint(7 << 3) + varint(span["duration"]),
        _part(8, _part(1, span["localEndpoint"]["serviceName"].encode())),
        *annotations,
        *tags,
    ])  # fmt: skip


def _part(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def _fixed(number: int, value: int) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<Q", value)
