"""Thrift bodies of Jaeger's clients: what real ones sent, both protocols, and damage."""

import io
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from webapp.formats import jaeger, sniff
from webapp.formats.jaeger import thrift_batch
from webapp.formats.jaeger.thrift import Binary, Compact, Damaged
from webapp.formats.notes import Notes
from webapp.model.spans import Event, Kind, Link, Span, Status

BODIES = Path(__file__).parents[1] / "data" / "jaeger" / "thrift"
TRACE, PARENT = "000000000000000b000000000000000a", "00000000000000bb"


def read(content: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(jaeger.read(io.BytesIO(content), notes)), notes


def sent_by(client: str) -> list[Span]:
    found: list[Span] = []
    for path in sorted(BODIES.glob(f"{client}-0*")):
        content = path.read_bytes()
        assert "Thrift" in str(jaeger.looks_like(sniff.head_of(content)))
        spans, notes = read(content)
        assert (notes.rejected, notes.warnings) == (0, [])
        found += spans
    return found


# written by hand, in the binary protocol


def text(number: int, value: str) -> bytes:
    return struct.pack(">bhi", 11, number, len(value.encode())) + value.encode()


def long(number: int, value: int) -> bytes:
    return struct.pack(">bhq", 10, number, value)


def integer(number: int, value: int) -> bytes:
    return struct.pack(">bhi", 8, number, value)


def listed(number: int, *members: bytes) -> bytes:
    return struct.pack(">bhbi", 15, number, 12, len(members)) + b"".join(one + b"\0" for one in members)


def span(span_id: int, *fields: bytes) -> bytes:
    ids = long(1, 10) + long(2, 11) + long(3, span_id) + long(4, 0)
    return ids + text(5, f"step {span_id}") + integer(7, 1) + long(8, 1_000) + long(9, 500) + b"".join(fields)


def batch(*spans: bytes) -> bytes:
    process = text(1, "shop") + listed(2, text(1, "host") + integer(2, 0) + text(3, "node-1"))
    return struct.pack(">bh", 12, 1) + process + b"\0" + listed(2, *spans) + b"\0"


def call(body: bytes, *, strict: bool = True) -> bytes:
    name = struct.pack(">i", 9) + b"emitBatch"
    head = b"\x80\x01\0\x04" + name if strict else name + b"\x04"
    return head + struct.pack(">i", 1) + struct.pack(">bh", 12, 1) + body + b"\0"


def one_span(*fields: bytes) -> Span:
    [found] = read(batch(span(1, *fields)))[0]
    return found


BATCH = batch(span(1), span(2), span(3))


@pytest.mark.parametrize(
    ("client", "spans", "traces"),
    [
        ("jaeger-thrift-http", 39, 9),
        ("jaeger-thrift-udp", 39, 9),
        ("js-otel-jaeger", 21, 6),
        ("jaeger-client-udp", 9, 3),
    ],
)
def test_what_real_clients_sent_is_read_whole(client: str, spans: int, traces: int) -> None:
    found = sent_by(client)
    assert len(found) == spans
    assert len({one.trace_id for one in found}) == traces
    assert all(one.end_ns >= one.start_ns > 1_700_000_000_000_000_000 for one in found)
    assert all(one.service != "unknown_service" and one.name for one in found)


@pytest.mark.parametrize("client", ["jaeger-thrift-http", "jaeger-thrift-udp"])
def test_the_python_exporter_sent_every_type_of_value(client: str) -> None:
    found = sent_by(client)
    assert {one.service for one in found} == {"frontend", "checkout", "payment", "inventory-β", "mailer"}
    attributes = next(one for one in found if one.name == "GET /checkout/{id}").attributes
    assert attributes["a.int.min"] == -(2**63)
    assert attributes["a.int.big"] == 2**53 + 1
    assert attributes["a.float"] == 0.1
    assert attributes["a.bool.false"] is False
    assert attributes["a.str.unicode"] == "naïve ☃ 𝄞 عربى"
    assert sum(len(one.links) for one in found) == 6
    [failed] = [one for one in found if one.events and one.events[0].name == "exception"]
    assert (failed.service, failed.status) == ("payment", Status.ERROR)
    assert "<script>" in str(failed.events[0].attributes["exception.message"])


def test_clients_of_javascript_keep_parents_and_kinds() -> None:
    found = sent_by("js-otel-jaeger")
    ids = {one.span_id for one in found}
    assert {Kind.SERVER, Kind.CLIENT} <= {one.kind for one in found}
    assert sum(one.parent_span_id in ids for one in found) > len(found) / 2


def test_the_fields_of_a_span_are_read() -> None:
    reference = integer(1, 1) + long(2, 10) + long(3, 11) + long(4, 0xBB)
    other = integer(1, 0) + long(2, 1) + long(3, 2) + long(4, -1)
    tags = [
        text(1, "text") + integer(2, 0) + text(3, "ü"),
        text(1, "double") + integer(2, 1) + struct.pack(">bhd", 4, 4, 1.5),
        text(1, "bool") + integer(2, 2) + struct.pack(">bhb", 2, 5, 1),
        text(1, "long") + integer(2, 3) + long(6, -(2**63)),
        text(1, "bytes") + integer(2, 4) + struct.pack(">bhi", 11, 7, 2) + b"\0\xff",
        text(1, "none") + integer(2, 9),
    ]
    log = long(1, 1_200) + listed(2, text(1, "event") + integer(2, 0) + text(3, "retry"))
    found = one_span(listed(6, reference, other), listed(10, *tags), listed(11, log))
    assert (found.trace_id, found.span_id, found.parent_span_id) == (TRACE, "0" * 15 + "1", PARENT)
    assert found.follows_from
    assert found.links == [
        Link("2".zfill(16) + "1".zfill(16), "f" * 16, {"opentracing.ref_type": "child_of"})
    ]
    assert found.attributes == {
        "text": "ü", "double": 1.5, "bool": True, "long": -(2**63), "bytes": b"\0\xff", "none": None,
    }  # fmt: skip
    assert found.events == [Event("retry", 1_200_000)]
    assert (found.start_ns, found.end_ns, found.flags, found.written_trace_id) == (
        1_000_000,
        1_500_000,
        1,
        "",
    )
    assert found.resource.attributes == {"service.name": "shop", "host": "node-1"}


def test_a_parent_may_be_named_without_a_reference() -> None:
    body = batch(long(1, 10) + long(3, 1) + long(4, 0xBB) + text(5, "x"))
    [found] = read(body)[0]
    assert (found.trace_id, found.parent_span_id) == ("a".zfill(32), PARENT)


@pytest.mark.parametrize(
    "content", [call(BATCH), call(BATCH, strict=False), BATCH + BATCH[:0], BATCH + b"\r\n"]
)
def test_calls_and_bare_batches_read_alike(content: bytes) -> None:
    found, notes = read(content)
    assert (found, notes.rejected) == (read(BATCH)[0], 0)


def test_several_bodies_in_one_file_are_all_read() -> None:
    assert len(read(BATCH + call(BATCH) + BATCH)[0]) == 9


def test_text_that_is_not_utf8_is_replaced_and_said() -> None:
    found, notes = read(BATCH.replace(b"step 2", b"step \xff"))
    assert [one.name for one in found] == ["step 1", "step �", "step 3"]
    assert [one.code for one in notes.warnings] == ["not_utf8"]


# what is not as it should be


def test_a_body_cut_anywhere_keeps_its_whole_spans() -> None:
    ends = [BATCH.index(name) for name in (b"step 2", b"step 3")]
    for end in range(len(BATCH)):
        if not jaeger.looks_like(sniff.head_of(BATCH[:end])):
            continue
        found, notes = read(BATCH[:end])
        assert len(found) >= sum(end >= one for one in ends), end
        assert (len(found) == 3) or [one.code for one in notes.warnings] == ["truncated"], end
        assert found == read(BATCH)[0][: len(found)]


def test_a_span_without_ids_costs_only_itself() -> None:
    found, notes = read(batch(span(1), text(5, "nameless"), span(0), span(2)))
    assert [one.name for one in found] == ["step 1", "step 2"]
    assert (notes.rejected, notes.warnings[0].code) == (2, "bad_id")


def test_what_follows_a_batch_and_is_none_is_counted() -> None:
    found, notes = read(BATCH + b"garbage")
    assert (len(found), notes.rejected) == (3, 1)


def test_a_body_of_any_size_is_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thrift_batch, "LARGEST_BODY", len(BATCH))
    found, notes = read(BATCH * 2)
    assert (len(found), notes.warnings[0].code) == (3, "too_large")


@pytest.mark.parametrize("protocol", [Binary, Compact])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x0f\0\1\x0c\x7f\xff\xff\xff",
        b"\x1c" * 1_000,
        b"\x19\xfc\xff\xff\xff\xff\x0f",
        b"\x19\xf0",
        b"\x0f\0\1\0\0\0\0\1",
        b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x0e",
        b"\x0b\0\1\xff\xff\xff\xff",
    ],
)
def test_lies_about_length_and_depth_are_found_at_once(protocol: type[Binary], content: bytes) -> None:
    with pytest.raises(Damaged):
        protocol(content).fill({})


def test_structs_within_structs_without_end_are_not_followed() -> None:
    with pytest.raises(Damaged, match="deep"):
        Binary(b"\x0c\0\1" * 1_000).fill({})


def test_maps_sets_and_small_numbers_are_stepped_over() -> None:
    fields = struct.pack(">bhbbi", 13, 20, 11, 8, 1) + struct.pack(">i1si", 1, b"k", 5)
    fields += struct.pack(">bhbib", 14, 21, 3, 1, 7) + struct.pack(">bhh", 6, 22, 9)
    fields += struct.pack(">bhbi2b", 15, 23, 2, 2, 1, 0)
    found: dict[int, Any] = {}
    Binary(fields + b"\0").fill(found)
    assert found == {20: {b"k": 5}, 21: [7], 22: 9, 23: [True, False]}
    found = {}
    Compact(b"\x1b\x01\x85\x01k\x0a\x1b\x00\x19\x21\x01\x02\x13\xff\x11\x12\x15\x03\x05\x28\x0a\x00").fill(
        found
    )
    assert found == {1: {b"k": 5}, 2: {}, 3: [True, False], 4: -1, 5: True, 6: False, 7: -2, 20: 5}


@pytest.mark.parametrize(
    "content",
    [
        b"\x82\x83\x84",
        b"\x0c\0\1\x0b\0\1",
        b"\x1c\x18\x00\x00\x00",
        b"\x80\x01\0\x01\0\0\0\x04ping\0\0\0\0\0",
        bytes(100),
    ],
)
def test_other_bytes_are_not_taken(content: bytes) -> None:
    assert jaeger.looks_like(sniff.head_of(content)) is None


def test_both_protocols_say_the_same() -> None:
    first, second = (
        Counter(
            (one.name, one.service, one.kind, one.status, len(one.events), repr(one.scope))
            for one in sent_by(client)
        )
        for client in ("jaeger-thrift-http", "jaeger-thrift-udp")
    )
    assert first == second
