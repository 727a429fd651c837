"""Datadog's msgpack bodies: versions, bodies one after another, detection, damage."""

import io
import struct
from pathlib import Path
from typing import Any

import msgpack
import pytest

from webapp.formats import datadog, sniff
from webapp.formats.datadog import packed
from webapp.formats.notes import Notes
from webapp.model.spans import Span

CASES = Path(__file__).parents[1] / "data" / "datadog"
CAPTURES = ["python-v05.msgpack", "python-v04.msgpack", "javascript-v04.msgpack"]
START = 1_700_000_000_000_000_000


def read(raw: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(datadog.read(io.BytesIO(raw), notes)), notes


def packb(value: object) -> bytes:
    return bytes(msgpack.packb(value, unicode_errors="surrogateescape"))


def record(number: int, **members: Any) -> dict[str, Any]:
    own = {"trace_id": 2**64 - 1, "span_id": number, "service": "web", "name": "n", "resource": "r"}
    return own | {"start": START, "duration": 5, "meta": {"k": "v"}} | members


def indexed(number: int) -> list[Any]:
    return [1, 2, 3, 2**64 - 1, number, 0, START, 5, 0, {4: 5}, {6: 1.5}, 0]


STRINGS = ["", "web", "n", "r", "k", "v", "m"]


def ids(spans: list[Span]) -> list[int]:
    return [int(one.span_id, 16) for one in spans]


@pytest.mark.parametrize(
    "body",
    [
        [[record(1), record(2)], [record(3)]],
        [[], [record(1)], [record(2), record(3)]],
        [record(1), record(2), record(3)],
        [STRINGS, [[indexed(1), indexed(2)], [indexed(3)]]],
        {"chunks": [{"spans": [record(1)], "priority": 1}, {"spans": [record(2), record(3)]}], "env": "prod"},
    ],
)
def test_each_version_is_recognised_and_read(body: Any) -> None:
    raw = packb(body)
    found, notes = read(raw)
    assert (ids(found), notes.warnings) == ([1, 2, 3], [])
    assert {one.trace_id for one in found} == {"0" * 16 + "f" * 16}
    assert all(one.attributes["k"] == "v" for one in found)
    assert datadog.looks_like(sniff.head_of(raw))


def test_bodies_may_follow_each_other() -> None:
    raw = (
        packb([[record(1)]]) + packb([STRINGS, [[indexed(2)]]]) + packb({"chunks": [{"spans": [record(3)]}]})
    )
    found, notes = read(raw)
    assert (ids(found), notes.warnings) == ([1, 2, 3], [])


def test_what_a_payload_says_after_its_spans_holds_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"language_name": "go", "chunks": [{"spans": [record(1)], "origin": "rum"}], "env": "prod"}
    [found], _ = read(packb(body))
    assert found.resource.attributes["deployment.environment.name"] == "prod"
    assert found.attributes["_dd.origin"] == "rum"
    monkeypatch.setattr(packed, "MOST_IN_CHUNK", 1)
    monkeypatch.setattr(packed, "_MOST_HELD", 1)
    many = {"chunks": [{"spans": [record(n) for n in range(1, 5)]}, {"spans": [record(5)]}]}
    assert ids(read(packb(many))[0]) == [1, 2, 3, 4, 5]


def test_structures_are_msgpack_within_msgpack() -> None:
    [found], _ = read(packb([[record(1, meta_struct={"s": packb({"a": [1]}), "raw": b"\xc1"})]]))
    assert (found.attributes["s"], found.attributes["raw"]) == ({"a": [1]}, b"\xc1")


def test_large_bodies_are_recognised_by_their_strings_alone() -> None:
    strings = ["", *(f"filler {n}" for n in range(30_000)), "web"]
    strings[7] = "_dd.p.tid"
    raw = packb([strings, [[[0, 0, 0, 1, 2, 0, START, 5, 0, {}, {}, 0]]]])
    assert "_dd.p.tid" in (datadog.looks_like(sniff.head_of(raw[:262_144])) or "")


@pytest.mark.parametrize(
    "value",
    [
        [1, 2, 3],
        [[1], [2]],
        [{"id": 1, "name": "n"}],
        {"name": "n", "chunks": 5},
        {"users": [{"name": "n"}]},
        [["a", "b"], [["c"]]],
        "text",
    ],
)
def test_other_msgpack_is_not_datadogs(value: Any) -> None:
    assert datadog.looks_like(sniff.head_of(packb(value))) is None


def test_text_that_begins_like_an_array_is_not_datadogs() -> None:
    assert datadog.looks_like(sniff.head_of("ܐܒܓ and more text\n".encode() * 50)) is None


# damage


@pytest.mark.parametrize(
    "body",
    [
        [[record(1), record(2)], [record(3)]],
        [STRINGS, [[indexed(1), indexed(2)], [indexed(3)]]],
        {"chunks": [{"spans": [record(1), record(2)]}, {"spans": [record(3)]}], "env": "prod"},
    ],
)
def test_a_body_cut_anywhere_gives_the_spans_before(body: Any) -> None:
    raw = packb(body)
    counts = []
    for end in range(1, len(raw)):
        found, notes = read(raw[:end])
        assert "truncated" in {one.code for one in notes.warnings}
        counts.append(len(found))
    assert counts == sorted(counts)
    assert counts[-1] >= 2


def test_spans_before_damage_are_kept() -> None:
    raw = packb([[record(1), record(2)]]) + b"\xc1" + packb([[record(3)]])
    found, notes = read(raw)
    assert (ids(found), notes.rejected) == ([1, 2], 1)


def test_what_is_no_span_among_spans_is_counted() -> None:
    found, notes = read(packb([[record(1), 7, record(2)], "x", [None]]))
    assert (ids(found), notes.rejected) == ([1, 2], 3)


def test_strings_that_are_not_there_are_warned_about() -> None:
    found, notes = read(packb([STRINGS, [[[1, 99, 3, 1, 1, 0, START, 5, 0, {77: 5}, None, 0]]]]))
    assert (ids(found), {one.code for one in notes.warnings}) == ([1], {"bad_attribute"})


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    found, notes = read(packb([[record(1, name="n\udcff", meta={"k\udcff": "v\udcff"})]]))
    assert (found[0].attributes["operation.name"], found[0].attributes["k�"]) == ("n�", "v�")
    assert {one.code for one in notes.warnings} == {"not_utf8"}
    "".join(map(str, found)).encode()


@pytest.mark.parametrize("first", [b"\xdd", b"\xdf", b"\x91\xdd", b"\x91\x91\xdf", b"\x92\xdd"])
def test_lengths_that_the_file_does_not_have_take_neither_memory_nor_time(first: bytes) -> None:
    found, notes = read(first + struct.pack(">I", 2**32 - 1) + b"\xa1a" * 5_000)
    assert found == []
    assert notes.rejected


def test_lists_nested_in_lists_take_no_memory() -> None:
    read(b"\x91\x91\x81\xa1a" + b"\xdd\x00\x01\x86\xa0" * 2_000)
    read(b"\x91" * 100_000)
