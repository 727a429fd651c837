"""Compressed files of every kind are read like plain ones; damaged ones as far as they go; bombs not at all."""

import bz2
import contextlib
import gzip
import io
import lzma
import random
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp import formats
from webapp.errors import TailraceError
from webapp.formats import Limits, collector_messages
from webapp.formats.notes import Notes

LINE = (
    b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",'
    b'"spanId":"%016x","name":"one","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}\n'
)
SPANS = 8_000  # more than one piece of what is read
TEXT = b"".join(LINE % number for number in range(1, SPANS + 1))

ACTIVITY = b"""\
Activity.TraceId:            5b8efff798038103d269b633813fc60c\r
Activity.SpanId:             eee19b7ec3c1b174\r
Activity.DisplayName:        GET /\r
"""

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": zstandard.compress,
    "lz4": lambda text: pa.Codec("lz4").compress(text).to_pybytes(),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda text: lzma.compress(text, lzma.FORMAT_ALONE),
}
JOINABLE = [name for name in COMPRESS if name not in ("zlib", "lzma")]


def read(text: bytes, limits: Limits | None = None) -> tuple[formats.Reading, int]:
    reading = formats.read(io.BytesIO(text), "some.file", limits)
    return reading, sum(len(batch) for batch in reading)


@pytest.mark.parametrize("name", COMPRESS)
def test_a_compressed_file_is_read_like_a_plain_one_and_says_so(name: str) -> None:
    reading, spans = read(COMPRESS[name](TEXT))
    assert spans == SPANS
    assert reading.reason.endswith(f", {name}")
    assert not reading.notes.warnings


@pytest.mark.parametrize("name", JOINABLE)
def test_several_compressed_parts_in_one_file_are_read_as_one(name: str) -> None:
    half = len(TEXT) // 2
    _, spans = read(COMPRESS[name](TEXT[:half]) + COMPRESS[name](TEXT[half:]))
    assert spans == SPANS


def test_a_zstd_file_may_begin_with_what_is_no_content() -> None:
    index = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"some"
    assert read(index + zstandard.compress(TEXT))[1] == SPANS


@pytest.mark.parametrize(
    ("text", "format_name"),
    [
        (TEXT, "otlp"),
        (b"trace_id,span_id,name,start_time,end_time\n5b8efff798038103d269b633813fc60c,1f,a,1,2\n", "csv"),
        (ACTIVITY, "dotnet-console"),
    ],
)
def test_a_byte_order_mark_is_no_part_of_the_first_line(text: bytes, format_name: str) -> None:
    for marked in (b"\xef\xbb\xbf" + text, gzip.compress(b"\xef\xbb\xbf" + text)):
        reading, spans = read(marked)
        assert (reading.format, spans) == (format_name, read(text)[1])
        assert not [warning for warning in reading.notes.warnings if warning.code == "other_text"]


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz"])
def test_padding_after_the_end_is_passed_over(name: str) -> None:
    reading, spans = read(COMPRESS[name](TEXT) + bytes(512))
    assert spans == SPANS
    assert not reading.notes.warnings


@pytest.mark.parametrize("name", COMPRESS)
def test_a_cut_or_damaged_file_gives_what_comes_before(name: str) -> None:
    # ids that do not compress, so that there is more than one block of every kind
    chance = random.Random(3)
    count = 12_000
    text = b"".join(LINE % chance.getrandbits(64) for _ in range(count))
    whole = COMPRESS[name](text)
    middle = len(whole) * 9 // 10
    for broken in (whole[:middle], whole[:middle] + b"\xff" * 2_000):
        reading, spans = read(broken)
        assert 0 < spans < count
        assert "truncated" in {warning.code for warning in reading.notes.warnings}


@pytest.mark.parametrize("name", COMPRESS)
def test_a_bomb_stops_with_a_warning_and_its_good_part_is_kept(name: str) -> None:
    bomb = COMPRESS[name](TEXT + b" " * 15_000_000)
    for limits in (Limits(most_bytes=5_000_000), Limits(ratio=50, ratio_from=5_000_000)):
        reading, spans = read(bomb, limits)
        assert spans == SPANS
        assert [warning.code for warning in reading.notes.warnings] == ["size_limit"]


@pytest.mark.parametrize("name", COMPRESS)
def test_a_file_cut_at_any_of_its_first_bytes_is_refused_or_read(name: str) -> None:
    whole = COMPRESS[name](LINE % 1)
    for stop in range(len(whole)):
        with contextlib.suppress(TailraceError):
            assert read(whole[:stop])[1] <= 1


def test_an_lzma_file_that_wants_more_memory_than_is_fair_is_not_followed() -> None:
    small = lzma.compress(LINE % 1, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 4096}])
    asking = small[:1] + (1_500_000_000).to_bytes(4, "little") + small[5:]
    with pytest.raises(TailraceError):
        read(asking)


def test_a_message_of_the_collector_that_grows_too_much_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector_messages, "_LONGEST", 3_000_000)
    parts = [zstandard.compress(part) for part in (LINE % 1, LINE % 2 + b" " * 5_000_000, LINE % 3)]
    reading, spans = read(b"".join(len(part).to_bytes(4, "big") + part for part in parts))
    assert spans == 2
    assert [(one.code, one.where) for one in reading.notes.warnings] == [
        ("too_large", f"byte {len(parts[0]) + 4}")
    ]


@pytest.mark.parametrize("compress", [zstandard.compress, bytes])
def test_messages_of_the_collector_may_be_cut_anywhere(compress: Callable[[bytes], bytes]) -> None:
    parts = [compress(LINE % number) for number in (1, 2)]
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    for stop in range(20, len(text)):
        with contextlib.suppress(TailraceError):
            reading, spans = read(text[:stop])
            assert (stop >= len(parts[0]) + 4) <= spans <= 2
            assert stop == len(parts[0]) + 4 or reading.notes.warnings


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_in_messages_of_the_collector_never_raise(rest: bytes) -> None:
    for start in (b"\x00\x00\x00\x40\x28\xb5\x2f\xfd", b'\x00\x00\x00\x09{"'):
        list(collector_messages.messages(io.BytesIO(start + rest), Notes()))
