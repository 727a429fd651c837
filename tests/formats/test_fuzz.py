"""Every reader of `FORMATS` survives noise, damage, cuts and bombs, and keeps what is good before them."""

import random
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.corpus import examples, name_of, read, read_as_found
from tests.formats.damage import damaged, mangled
from webapp.formats import FORMATS
from webapp.model.logs import LogLine
from webapp.model.spans import Span

NAMES = {name_of(module): module for module in FORMATS}
LONGEST_S = 3  # of processor time, for what takes milliseconds
MOST_MB = 200
TRIES = 60  # for all examples of a format together
CUTS, FEWER_CUTS = 1_000, 60  # of the shortest example, of the others
MANY = 4  # records, of which some lie wholly before the last tenth
SEED = "tailrace"

every_format = pytest.mark.parametrize("name", NAMES)


@contextmanager
def in_time() -> Iterator[None]:
    start_s = time.process_time()
    yield
    assert time.process_time() - start_s < LONGEST_S


@every_format
def test_there_is_something_to_damage(name: str) -> None:
    assert examples(name), "no small file of this format in sample_data/checkout or tests/data"
    for content in examples(name):
        assert read(NAMES[name], content)


@every_format
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_bytes_end_in_spans_or_a_refusal(name: str, data: st.DataObject) -> None:
    """Alone, behind the beginning of a good file, and behind a whole one."""
    content = data.draw(st.sampled_from(examples(name)))
    kept = data.draw(st.sampled_from((0, 1, 2, 4, 8, 16, 64, len(content))))
    noise = data.draw(st.binary(max_size=200))
    with in_time():
        read(NAMES[name], content[:kept] + noise)
        read_as_found(content[:kept] + noise)


@every_format
def test_a_damaged_file_is_read_without_a_crash(name: str) -> None:
    for number, content in enumerate(examples(name)):
        for attempt in range(TRIES // len(examples(name))):
            chance = random.Random(f"{SEED} {name} {number} {attempt}")
            damage = damaged if attempt % 3 == 0 else mangled
            with in_time():
                read(NAMES[name], damage(content, chance))


# What is good before the damage stays

INDEX_AT_END = ("parquet",)
ONE_TABLE = ("parquet", "tables.ipc")  # what is appended to these belongs to no file


def names(records: list[object]) -> list[object]:
    """What does not depend on what follows: services and attributes may be told behind the spans."""
    return [(getattr(one, "name", ""), getattr(one, "message", "")) for one in records]


def ids(name: str, records: list[object]) -> list[object]:
    """The trace of a profile is known when all of it is; its spans have no ids of their own."""
    if name == "chrome":
        return names(records)
    return [(one.trace_id, one.span_id) for one in records if isinstance(one, (Span, LogLine))]


@every_format
def test_a_file_cut_anywhere_keeps_the_records_before_the_cut(name: str) -> None:
    for content in examples(name):
        cut_anywhere(name, content, CUTS if content == min(examples(name), key=len) else FEWER_CUTS)


def cut_anywhere(name: str, content: bytes, cuts: int) -> None:
    whole = ids(name, read(NAMES[name], content))
    most = 0
    for end in range(0, len(content), -(-len(content) // cuts)):
        with in_time():
            found = ids(name, read(NAMES[name], content[:end]))
        if name in INDEX_AT_END:
            continue
        assert sum(one not in whole for one in found) <= 1, end  # the last may be known in part
        assert len(found) >= most - 1, end
        most = max(most, len(found))


@every_format
def test_of_a_file_that_lacks_its_last_part_most_is_there(name: str) -> None:
    for content in examples(name) if name not in INDEX_AT_END else ():
        count = len(read(NAMES[name], content))
        assert len(read(NAMES[name], content[:-3])) >= count // 2
        assert len(read(NAMES[name], content[: len(content) * 9 // 10])) >= count // 2 or count < MANY


@every_format
def test_what_comes_after_a_good_file_does_not_cost_it_anything(name: str) -> None:
    if name in ONE_TABLE:
        pytest.skip("a file of this format ends with its table")
    for content in examples(name):
        whole = read(NAMES[name], content)
        tails = [content[: len(content) // part] for part in (2, 3, 7)]
        for tail in (b"\x00\xff{[", b"}]\n", *tails):
            found = read(NAMES[name], content + b"\n" + tail)
            if name == "chrome":
                assert not set(names(whole)) - set(names(found))
            else:
                assert not [one for one in whole if one not in found]


# Bombs: small files that promise much


def nested_messages(depth: int) -> bytes:
    """Protobuf: a field 1 in a field 1 and so on, each with its length in five bytes."""
    lengths = (6 * (depth - level - 1) for level in range(depth))
    return b"".join(
        b"\x0a" + bytes((size >> 7 * place & 0x7F) | (0x80 if place < 4 else 0) for place in range(5))
        for size in lengths
    )


HUGE = b"\xff\xff\xff\xff"
DEEP = 40_000
WIDE = b",".join(b"c%d" % number for number in range(20_000))
TABLE = b"trace_id,span_id,parent_id,name,start_time,duration"
BOMBS = {
    "arrays without end": b"[" * DEEP * 5,
    "objects without end": b'[{"traceId":"1","spanId":"2","attributes":' + b'{"a":' * DEEP,
    "known arrays within each other": b'{"resourceSpans":[' * 10_000,
    "a number of many digits": b'[{"traceId":' + b"9" * DEEP + b"}]",
    "a text without end": b'[{"traceId":"' + b"\\" * DEEP * 5,
    "one line of blanks": b'[{"traceId":"1"' + b" " * DEEP * 5,
    "only line breaks": b"\n" * DEEP * 5,
    "zeros": bytes(DEEP * 5),
    "protobuf: a length of gigabytes": b"\x0a" + HUGE + b"\x07\x0a\x04abcd",
    "protobuf: gigabytes announced in a frame": b"\x7f\xff\xff\xff\x0a\x04abcd",
    "protobuf: messages within messages": nested_messages(DEEP),
    "protobuf: a varint without end": b"\xff" * DEEP,
    "protobuf: groups within groups": b"\x0b" * DEEP,
    "msgpack: billions of elements": b"\xdd" + HUGE + b"\xdd" + HUGE + b"\x80",
    "msgpack: billions of keys": b"\x91\x91\xdf" + HUGE + b"\xa8trace_id",
    "msgpack: a text of gigabytes": b"\x91\x91\x81\xdb" + HUGE,
    "msgpack: bytes of gigabytes": b"\x91\x91\x81\xa1a\xc9" + HUGE + b"\x01",
    "msgpack: lists within lists": b"\x91" * DEEP,
    "msgpack: maps within maps": b"\x91\x91" + b"\x81\xa1a" * DEEP,
    "Thrift: billions of structs": b"\x0c\x7f\xff\xff\xff\x0b",
    "Thrift: billions of empty structs": b"\x0c\x7f\xff\xff\xff" + bytes(DEEP),
    "Thrift: billions of truths": b"\x0c\0\x01\x0b\0\x01\0\0\0\x04shop\0\x0f\0\x02\x02\x7f\xff\xff\xff",
    "Thrift: a text of gigabytes": b"\x0c\0\x01\x0b\0\x01\x7f\xff\xff\xff",
    "Thrift: structs within structs": b"\x0c\0\x01" * DEEP,
    "Thrift: a call with a long name": b"\x80\x01\0\x04\x7f\xff\xff\xff",
    "Thrift: compact, a list of billions": b"\x82\x81\x01" + HUGE + b"\x0f",
    "Arrow: a description of gigabytes": b"ARROW1\0\0" + HUGE + b"\xff\xff\xff\x7f",
    "Parquet: an index of gigabytes": b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1",
    "Parquet: billions of columns": b"PAR1" + b"\x19\xfc" + HUGE * 100 + struct.pack("<i", 402) + b"PAR1",
    "a table of very many columns": TABLE + b"," + WIDE + b"\n1,2,3,a,5,6\n",
    "a cell without end": TABLE + b'\n1,2,"' + b"x" * DEEP * 10,
    "brackets without end in a cell": TABLE
    + b',attributes\n%032d,%016d,,n,1700000000000000,5,"' % (1, 2)
    + b"{" * DEEP * 5
    + b'"\n',
    "printed objects within each other": b"{ traceId: " + b"{ a: " * DEEP,
    "a log line without end": b'time=2026-01-02T03:04:05Z level=info msg=a trace_id=a1 x="' + b"y" * DEEP * 10,
}  # fmt: skip


@every_format
def test_bombs_cost_neither_much_memory_nor_time(name: str) -> None:
    for bomb, content in BOMBS.items():
        forget_peak_memory()
        before_mb = peak_memory_mb()
        start_s = time.process_time()
        read(NAMES[name], content)
        assert time.process_time() - start_s < LONGEST_S, bomb
        assert peak_memory_mb() - before_mb < MOST_MB, bomb


def forget_peak_memory() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
