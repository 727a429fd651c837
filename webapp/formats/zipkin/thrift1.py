"""Zipkin's Thrift, a list of spans of version 1, as records of version 1. The protocol is read by Jaeger's reader of it."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from webapp.formats.jaeger.thrift import Binary, Damaged, Struct
from webapp.formats.zipkin.tags import JsonObject

LARGEST_BODY = 256_000_000

_LIST_OF_STRUCTS, _A_SPAN = b"\x0c", b"\x0a\0\1"
_BOOL, _BYTES, _TEXT = 0, 1, 6
_NUMBERS = {2: ">h", 3: ">i", 4: ">q", 5: ">d"}
_SPAN = {3: "name", 10: "timestamp", 11: "duration", 9: "debug"}


def looks_like(start: bytes) -> bool:
    """A list of structs that begin with a trace id, or one of those alone."""
    if start[:1] == _LIST_OF_STRUCTS:
        start = start[5:]
    if not start.startswith(_A_SPAN):
        return False
    span: Struct = {}
    with suppress(Damaged):
        Binary(start).fill(span)
    return _is_span(span)


def _is_span(span: Struct) -> bool:
    return (
        isinstance(span.get(1), int) and isinstance(span.get(4), int) and isinstance(span.get(3, b""), bytes)
    )


def records(content: bytes) -> Iterator[JsonObject | None]:
    """None where there is damage, after which nothing can be read."""
    wire = Binary(content)
    spans: list[Any] = []
    is_whole = True
    while not wire.is_at_end and is_whole:
        try:
            if content[wire.at : wire.at + 1] == _LIST_OF_STRUCTS:
                wire.extend(spans)
            else:
                span: Struct = {}
                wire.fill(span)
                spans.append(span)
        except Damaged:
            is_whole = False
        yield from (_record(one) if isinstance(one, dict) else None for one in spans)
        spans.clear()
    if not is_whole:
        yield None


def _record(span: Struct) -> JsonObject:
    record: JsonObject = {name: _plain(span[number]) for number, name in _SPAN.items() if number in span}
    high = span.get(12)
    record["traceId"] = (_hex(high) if high else "") + _hex(span.get(1))
    record["id"] = _hex(span.get(4))
    if span.get(5):
        record["parentId"] = _hex(span[5])
    record["annotations"] = [_annotation(one) for one in _structs(span.get(6))]
    record["binaryAnnotations"] = [_binary_annotation(one) for one in _structs(span.get(8))]
    return record


def _annotation(one: Struct) -> JsonObject:
    return {"timestamp": one.get(1), "value": _plain(one.get(2)), "endpoint": _endpoint(one.get(3))}


def _binary_annotation(one: Struct) -> JsonObject:
    return {
        "key": _plain(one.get(1)),
        "value": _value(one.get(2), one.get(3)),
        "endpoint": _endpoint(one.get(4)),
    }


def _value(content: object, kind: object) -> Any:  # noqa: ANN401  text, number or bytes
    if not isinstance(content, bytes) or not isinstance(kind, int):
        return None
    if kind == _BOOL:
        return content == b"\1"
    if kind in _NUMBERS and len(content) == struct.calcsize(_NUMBERS[kind]):
        return struct.unpack(_NUMBERS[kind], content)[0]
    return content if kind == _BYTES else _plain(content)


def _endpoint(written: object) -> JsonObject:
    if not isinstance(written, dict):
        return {}
    found: JsonObject = {"serviceName": _plain(written.get(3)) or ""}
    four, six, port = written.get(1), written.get(4), written.get(2)
    if isinstance(four, int) and four:
        found["ipv4"] = str(ip_address(four % 2**32))
    if isinstance(six, bytes) and len(six) == 16:
        found["ipv6"] = str(ip_address(six))
    if isinstance(port, int) and port:
        found["port"] = port % 2**16
    return found


def _plain(value: object) -> Any:  # noqa: ANN401
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _hex(number: object) -> str:
    return f"{number % 2**64:016x}" if isinstance(number, int) else ""


def _structs(value: object) -> list[Struct]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
