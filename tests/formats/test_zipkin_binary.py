"""Zipkin's protobuf and Thrift: what they say, how they are told from OTLP's, and damage."""

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as WireResource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, TracesData
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from webapp.formats import sniff, zipkin
from webapp.formats.notes import Notes
from webapp.formats.zipkin import proto3, thrift1
from webapp.model.spans import Event, Span

BODIES = sorted((Path(__file__).parents[1] / "data" / "zipkin" / "captures").glob("*proto3*"))
TRACE = bytes.fromhex("463ac35c9f6413ad48485a3953bb6124")


def read(content: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(zipkin.read(io.BytesIO(content), notes)), notes


def named(content: bytes) -> str:
    return zipkin.looks_like(sniff.head_of(content)) or ""


# protobuf, written by hand


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def part(number: int, content: bytes | str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def fixed(field: int, value: int) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<Q", value)


def span(span_id: int, *fields: bytes) -> bytes:
    return (
        part(1, TRACE) + part(3, span_id.to_bytes(8, "big")) + part(5, f"step {span_id}") + b"".join(fields)
    )


def several(*spans: bytes) -> bytes:
    return b"".join(part(1, one) for one in spans)


THREE = several(*(span(one, fixed(6, 1_000), number(7, 500)) for one in (1, 2, 3)))


def test_the_fields_of_a_span_are_read() -> None:
    local = part(1, "shop") + part(2, bytes([10, 0, 0, 1])) + number(4, 8080)
    remote = part(1, "stock") + part(3, bytes(15) + b"\1")
    body = several(
        span(
            0xB,
            part(2, bytes(7) + b"\x0c"),
            number(4, 1),
            fixed(6, 1_763_634_727_000_000),
            number(7, 250),
            part(8, local),
            part(9, remote),
            part(10, fixed(1, 1_763_634_727_000_100) + part(2, "retry")),
            part(11, part(1, "http.path") + part(2, "/ü")),
            part(11, part(1, "empty")),
            number(12, 1),
            number(13, 1),
        )
    )
    [found], notes = read(body)
    assert (found.trace_id, found.span_id, found.parent_span_id) == (
        TRACE.hex(),
        "b".zfill(16),
        "c".zfill(16),
    )
    assert (found.name, found.service, found.kind, found.shared) == ("step 11", "shop", 3, True)
    assert found.end_ns - found.start_ns == 250_000
    assert found.events == [Event("retry", 1_763_634_727_000_100_000)]
    assert found.attributes == {
        "http.path": "/ü",
        "empty": "",
        "service.peer.name": "stock",
        "network.peer.address": "::1",
        "network.local.port": 8080,
    }
    assert found.resource.attributes == {"service.name": "shop", "host.ip": ["10.0.0.1"]}
    assert not notes.warnings


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.name)
def test_a_real_body_cut_anywhere_keeps_its_whole_spans(path: Path) -> None:
    whole = path.read_bytes()
    all_of_it = [one.span_id for one in read(whole)[0]]
    for end in range(1, len(whole), 3):
        if named(whole[:end]):
            found, notes = read(whole[:end])
            assert [one.span_id for one in found] == all_of_it[: len(found)]
            assert notes.rejected == (0 if len(found) == 6 else notes.rejected), end
            assert len(found) >= sum(end >= one for one in ends(whole)), end


def ends(content: bytes) -> list[int]:
    records = [one for one in proto3.records(io.BytesIO(content)) if one.span]
    return [one.byte + 1 + len(varint(one.size)) + one.size for one in records]


def test_a_damaged_span_costs_only_itself() -> None:
    found, notes = read(several(span(1), b"\xff" * 20, span(2)))
    assert [one.name for one in found] == ["step 1", "step 2"]
    assert (notes.rejected, notes.warnings[0].code) == (1, "bad_record")


def test_a_span_that_is_cut_off_is_counted_with_its_place() -> None:
    found, notes = read(THREE[:-5])
    assert len(found) == 2
    assert [(one.code, one.where) for one in notes.warnings] == [("truncated", f"byte {ends(THREE)[1]}")]


def test_a_span_of_any_length_is_not_kept_in_memory() -> None:
    found, notes = read(THREE + b"\x0a" + varint(proto3.LONGEST_SPAN + 1) + b"x")
    assert (len(found), notes.rejected) == (3, 1)


def test_text_that_is_not_utf8_is_replaced_and_said() -> None:
    found, notes = read(THREE.replace(b"step 2", b"step \xff"))
    assert ([one.name for one in found][1], [one.code for one in notes.warnings]) == ("step �", ["not_utf8"])


def test_what_is_cut_in_a_long_first_span_is_recognised() -> None:
    long = several(span(1, part(11, part(1, "k") + part(2, "x" * 300_000))))
    assert named(long).startswith("Zipkin protobuf")
    assert len(read(long)[0]) == 1


def otlp(**members: Any) -> bytes:
    one = WireSpan(trace_id=TRACE, span_id=bytes(7) + b"\1", name="n")
    group = ResourceSpans(scope_spans=[ScopeSpans(spans=[one])], **members)
    return TracesData(resource_spans=[group, group]).SerializeToString()


def test_protobuf_of_otlp_is_not_taken() -> None:
    attribute: Any = {"key": "k", "value": {"string_value": "12"}}
    resource = WireResource(attributes=[attribute])
    for members in ({}, {"resource": resource}, {"resource": resource, "schema_url": "12345678"}):
        assert not named(otlp(**members))


@pytest.mark.parametrize(
    "content",
    [b"\x0a", b"\x0a\xff\xff", b"\x0a\x05hello", b"\x0a\x02\x0a\x00", b"\n\n[{}]", several(part(1, TRACE))],
)
def test_other_bytes_are_not_taken(content: bytes) -> None:
    assert not named(content)


# Thrift, written by hand


def text(field: int, value: bytes) -> bytes:
    return struct.pack(">bhi", 11, field, len(value)) + value


def long(field: int, value: int) -> bytes:
    return struct.pack(">bhq", 10, field, value)


def structs(field: int, *members: bytes) -> bytes:
    return struct.pack(">bhbi", 15, field, 12, len(members)) + b"".join(one + b"\0" for one in members)


def host(field: int, name: bytes) -> bytes:
    address = struct.pack(">bhi", 8, 1, -1_062_731_519) + struct.pack(">bhh", 6, 2, -25_536)
    return struct.pack(">bh", 12, field) + address + text(3, name) + b"\0"


def binary(key: bytes, value: bytes, kind: int) -> bytes:
    return text(1, key) + text(2, value) + struct.pack(">bhi", 8, 3, kind) + host(4, b"shop")


def thrift_span(span_id: int, *fields: bytes) -> bytes:
    return long(1, 10) + text(3, b"get") + long(4, span_id) + b"".join(fields) + b"\0"


def thrift_list(*spans: bytes) -> bytes:
    return struct.pack(">bi", 12, len(spans)) + b"".join(spans)


def test_thrift_is_version_1_in_binary() -> None:
    annotations = [
        long(1, time) + text(2, value) + host(3, b"shop") for time, value in ((10, b"cs"), (30, b"cr"))
    ]
    said = [
        binary(b"text", "ü".encode(), 6),
        binary(b"yes", b"\1", 0),
        binary(b"raw", b"\0\xff", 1),
        binary(b"short", struct.pack(">h", -2), 2),
        binary(b"int", struct.pack(">i", 3), 3),
        binary(b"long", struct.pack(">q", 2**40), 4),
        binary(b"double", struct.pack(">d", 1.5), 5),
    ]
    one = thrift_span(-1, long(5, 7), structs(6, *annotations), structs(8, *said), long(12, 11))
    [found], notes = read(thrift_list(one))
    assert named(thrift_list(one)) == "Zipkin Thrift: spans of version 1"
    assert (found.trace_id, found.span_id) == ("b".zfill(16) + "a".zfill(16), "f" * 16)
    assert (found.kind, found.start_ns, found.end_ns, found.parent_span_id) == (
        3,
        10_000,
        30_000,
        "7".zfill(16),
    )
    assert found.attributes == {
        "text": "ü", "yes": True, "raw": b"\0\xff", "short": -2, "int": 3, "long": 2**40, "double": 1.5,
        "network.local.port": 40_000,
    }  # fmt: skip
    assert found.resource.attributes == {"service.name": "shop", "host.ip": ["192.168.1.1"]}
    assert not notes.warnings


def test_spans_of_thrift_may_stand_alone_and_one_after_the_other() -> None:
    for content in (
        thrift_span(1) + thrift_span(2),
        thrift_list(thrift_span(1)) + thrift_list(thrift_span(2)),
    ):
        assert named(content)
        assert len(read(content)[0]) == 2


def test_thrift_cut_anywhere_keeps_its_whole_spans() -> None:
    whole = thrift_list(thrift_span(1), thrift_span(2), thrift_span(3))
    size = len(thrift_span(1))
    for end in range(len(whole)):
        if named(whole[:end]):
            found, notes = read(whole[:end])
            assert (len(found), notes.rejected) == ((end - 5) // size, 1), end


def test_a_body_of_thrift_is_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thrift1, "LARGEST_BODY", 80)
    found, notes = read(thrift_span(1) * 20)
    assert 0 < len(found) < 4
    assert [one.code for one in notes.warnings] == ["too_large", "truncated"]
