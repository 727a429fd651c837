"""Zipkin's protobuf, a `ListOfSpans`, as records of version 2. The wire is decoded here, span by span, without descriptors.

OTLP begins with the same byte; what is within tells them apart: a span begins with a trace id of 8 or 16 bytes.
"""

import struct
from collections.abc import Iterator
from ipaddress import ip_address
from typing import BinaryIO, NamedTuple

from webapp.formats.zipkin.tags import JsonObject

LONGEST_SPAN = 64_000_000
SPAN_TAG = b"\x0a"

_REPLACED = "\ufffd"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: "<Q", _FIXED32: "<I"}
_KINDS = {1: "CLIENT", 2: "SERVER", 3: "PRODUCER", 4: "CONSUMER"}
# of a span: field, its type on the wire
_LAYOUT = {1: _BYTES, 2: _BYTES, 3: _BYTES, 4: _VARINT, 5: _BYTES, 6: _FIXED64, 7: _VARINT, 8: _BYTES, 9: _BYTES,
           10: _BYTES, 11: _BYTES, 12: _VARINT, 13: _VARINT}  # fmt: skip

# a number, or bytes
Value = int | bytes


class Damaged(ValueError):
    """The bytes end too early or are no protobuf."""


class Record(NamedTuple):
    """`span` is None where there is damage."""

    span: JsonObject | None
    byte: int
    size: int
    is_cut: bool = False
    is_utf8: bool = True


def looks_like(start: bytes) -> bool:
    """By the first span, as far as it is there."""
    if not start.startswith(SPAN_TAG):
        return False
    try:
        length, at = _varint(start, 1)
    except Damaged:
        return False
    is_cut = at + length > len(start)
    ids: dict[int, Value] = {}
    try:
        for number, value in _fields(start[at : at + length]):
            if number not in _LAYOUT or (_LAYOUT[number] == _BYTES) != isinstance(value, bytes):
                return False
            ids.setdefault(number, value)
    except Damaged:
        if not is_cut:
            return False
    return _is_id(ids.get(1), (8, 16)) and _is_id(ids.get(3), (8,)) and _is_id(ids.get(2, bytes(8)), (8, 0))


def _is_id(value: Value | None, lengths: tuple[int, ...]) -> bool:
    return isinstance(value, bytes) and len(value) in lengths


def records(stream: BinaryIO) -> Iterator[Record]:
    """One in memory at a time; ends at the first damage."""
    byte = 0
    while tag := stream.read(1):
        length, used = _length(stream)
        if tag != SPAN_TAG or not 0 <= length <= LONGEST_SPAN:
            yield Record(None, byte, 0, is_cut=tag == SPAN_TAG and length < 0)
            return
        content = stream.read(length)
        if len(content) < length:
            yield Record(None, byte, 0, is_cut=True)
            return
        try:
            span = _span(content)
        except (Damaged, ValueError):
            span = None
        is_utf8 = _REPLACED.encode() in content or _REPLACED not in repr(span)
        yield Record(span, byte, length, is_utf8=is_utf8)
        byte += 1 + used + length


def _length(stream: BinaryIO) -> tuple[int, int]:
    """-1 where the stream ends or it is no number."""
    read = b""
    while len(read) < 10 and (one := stream.read(1)):
        read += one
        if one < b"\x80":
            return _varint(read, 0)[0], len(read)
    return -1, len(read)


def _span(content: bytes) -> JsonObject:
    span: JsonObject = {}
    for number, value in _fields(content):
        match number, value:
            case ((1 | 2 | 3), bytes()):
                span[("traceId", "parentId", "id")[number - 1]] = value.hex()
            case 4, int():
                span["kind"] = _KINDS.get(value)
            case 5, bytes():
                span["name"] = _text(value)
            case ((6 | 7), int()):
                span["timestamp" if number == 6 else "duration"] = value
            case ((8 | 9), bytes()):
                span["localEndpoint" if number == 8 else "remoteEndpoint"] = _endpoint(value)
            case 10, bytes():
                span.setdefault("annotations", []).append(_annotation(value))
            case 11, bytes():
                key, said = _pair(value)
                span.setdefault("tags", {})[key] = said
            case ((12 | 13), int()):
                span["debug" if number == 12 else "shared"] = bool(value)
    return span


def _endpoint(content: bytes) -> JsonObject:
    found: JsonObject = {}
    for number, value in _fields(content):
        match number, value:
            case 1, bytes():
                found["serviceName"] = _text(value)
            case ((2 | 3), bytes()) if len(value) in (4, 16):
                found["ipv4" if len(value) == 4 else "ipv6"] = str(ip_address(value))
            case 4, int():
                found["port"] = value
    return found


def _annotation(content: bytes) -> JsonObject:
    fields = dict(_fields(content))
    value = fields.get(2)
    return {"timestamp": fields.get(1), "value": _text(value) if isinstance(value, bytes) else ""}


def _pair(content: bytes) -> tuple[str, str]:
    fields = dict(_fields(content))
    key, value = (fields.get(number, b"") for number in (1, 2))
    return (_text(key) if isinstance(key, bytes) else "", _text(value) if isinstance(value, bytes) else "")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _fields(content: bytes) -> Iterator[tuple[int, Value]]:
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _varint(content, at)
            yield tag >> 3, value
            continue
        if kind in _FIXED:
            length = struct.calcsize(_FIXED[kind])
        elif kind == _BYTES:
            length, at = _varint(content, at)
        else:
            raise Damaged(f"no type on the wire has the number {kind}")
        if at + length > len(content):
            raise Damaged("the bytes end too early")
        piece = content[at : at + length]
        yield tag >> 3, piece if kind == _BYTES else struct.unpack(_FIXED[kind], piece)[0]
        at += length


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """The number, and where what follows it begins."""
    found = shift = 0
    for place in range(at, min(at + 10, len(content))):
        found |= (content[place] & 0x7F) << shift
        if content[place] < 0x80:
            return found, place + 1
        shift += 7
    raise Damaged("a number that does not end")
