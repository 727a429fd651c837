"""Which format a file is, by its content alone; what is refused and in which words; compressed files and bombs."""

import contextlib
import gzip
import io
import json
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats import answer_key
from webapp import formats
from webapp.errors import NotTraces, TailraceError, UnreadableFile
from webapp.formats import Limits, Reading
from webapp.formats.sniff import head_of

LINE = (
    b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",'
    b'"spanId":"eee19b7ec3c1b174","name":"one","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}\n'
)


class Pipe(io.RawIOBase):
    """A stream that cannot seek and gives little at a time, as stdin does."""

    def __init__(self, text: bytes) -> None:
        self.inner = io.BytesIO(text)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self.inner.read(min(size, 1_000) if size > 0 else 1_000)

    def seekable(self) -> bool:
        return False


def read(text: bytes, limits: Limits | None = None) -> tuple[Reading, int]:
    reading = formats.read(io.BytesIO(text), "some.file", limits)
    return reading, sum(len(batch) for batch in reading)


def refusal(text: bytes) -> str:
    with pytest.raises(NotTraces) as caught:
        formats.read(io.BytesIO(text), "some.file")
    assert caught.value.where == "some.file"
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LINE, "OTLP JSON: `resourceSpans`"),
        (b'{"result":' + LINE.strip() + b"}", "OTLP JSON: `result.resourceSpans`"),
        (b'{"trace":' + LINE.strip() + b"}", "OTLP JSON: `trace.resourceSpans`"),
        (b"[" + LINE.strip() + b"]", "OTLP JSON: `resourceSpans`"),
        (b'{"batches":[{"resource":{},"scopeSpans":[]}]}', "OTLP JSON: `batches`"),
        (b'{"resource":{},"scopeSpans":[]}', "OTLP JSON: `scopeSpans`"),
        (b'{"resource_spans":[]}', "OTLP JSON: `resource_spans`"),
        (b"\xef\xbb\xbf" + LINE, "OTLP JSON: `resourceSpans`"),
        (b"some log line\nbroken {\n" + LINE, "OTLP JSON: `resourceSpans`"),
        (b'{"resourceLogs":[]}\n' + LINE, "OTLP JSON: `resourceSpans`"),
        (LINE[:120], "OTLP JSON: `resourceSpans`"),
        (
            b'[{"traceId":"a","spanId":"b","name":"n","timestamp":1,"duration":2}]',
            "Span JSON: spans with `traceId`, `spanId`, `name`, `timestamp`",
        ),
    ],
)
def test_a_format_is_recognised_by_content_and_says_by_what(text: bytes, reason: str) -> None:
    assert read(text)[0].reason.removesuffix(", but there are no spans in it") == reason


@pytest.mark.parametrize("wrapper", ["result", "trace", "data"])
def test_what_wraps_spans_is_looked_into(wrapper: str) -> None:
    wrapped = b'{"%s":%s}' % (wrapper.encode(), LINE.strip())
    assert [len(spans) for spans in formats.read(io.BytesIO(wrapped + b"\n" + wrapped), "f")] == [2]


def test_a_file_of_a_known_format_without_spans_says_so() -> None:
    reading = formats.read(io.BytesIO(b'{"resourceSpans":[]}'), "f")
    assert reading.reason == "OTLP JSON: `resourceSpans`, but there are no spans in it"


@pytest.mark.parametrize("bad", [b"nul", b"--", b'"x'])
def test_a_bad_value_does_not_hide_the_format(bad: bytes) -> None:
    reading = formats.read(io.BytesIO(LINE.replace(b'"1"', bad) + LINE), "f")
    assert (reading.format, sum(map(len, reading))) == ("otlp", 1)


def test_spans_after_many_metrics_are_found() -> None:
    reading, spans = read(b'{"resourceMetrics":[{"scopeMetrics":[]}]}\n' * 20_000 + LINE)
    assert spans == 1
    assert reading.reason == "OTLP JSON: `resourceMetrics` lines"
    assert sum(warning.count for warning in reading.notes.warnings) == 20_000


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"resourceMetrics": [{"scopeMetrics": []}]}, "OTLP metrics"),
        ({"resourceLogs": []}, "OTLP logs"),
        ([{"parent": "a", "child": "b", "callCount": 1}], "a Jaeger dependency graph"),
        ({"data": [{"parent": "a", "child": "b", "callCount": 1}]}, "a Jaeger dependency graph"),
        (
            {"traces": [{"traceID": "1", "rootServiceName": "a"}]},
            "a Tempo search summary, which holds no spans",
        ),
        ({"TraceSummaries": [{"Id": "1-2"}]}, "X-Ray trace summaries, which hold no segments"),
        (
            {"data": {"queryBasicTraces": {"traces": [{"traceIds": ["a"], "endpointNames": ["/"]}]}}},
            "a list of SkyWalking's traces, which holds no spans",
        ),
        ([{"Start": 0, "Duration": 1, "Stats": []}], "Datadog statistics"),
        ({"message": "hello", "level": "info"}, "log lines without a trace id"),
        ({"name": "tailrace", "version": 1}, "JSON with the keys `name`, `version`"),
        ([1, 2, 3], "JSON without objects"),
    ],
)
def test_json_of_other_kinds_is_refused_by_name(value: object, what: str) -> None:
    assert refusal(json.dumps(value).encode()) == f"This looks like {what}."


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a PNG image"),
        (b"PK\x03\x04\x14\x00", "a zip archive; unpack it first"),
        (b"SQLite format 3\x00\x10", "a SQLite database"),
        (b"\x0a\xa8\x01\x0a\x3b\x00\x01", "protobuf, perhaps of OTLP or Zipkin"),
        (b"\x7f\x00\x01\x02\x03" * 40, "binary data"),
        (b"<!DOCTYPE html><html></html>", "HTML or XML"),
        (b"Dear diary,\ntoday nothing was traced.\n", "plain text"),
    ],
)
def test_what_is_no_json_is_refused_by_name(text: bytes, what: str) -> None:
    assert refusal(text) == f"This looks like {what}."


@pytest.mark.parametrize("text", [b"", b"  \n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused_as_such(text: bytes) -> None:
    assert refusal(text) == "The file is empty."


def test_other_files_of_the_shared_collection_are_refused() -> None:
    for known in answer_key.files("not_traces"):
        with known.path.open("rb") as file, suppress(NotTraces):
            reading = formats.read(file, known.path.name)
            assert not list(reading)
            assert reading.format == ""


def halves(text: bytes) -> tuple[bytes, bytes]:
    return text[: len(text) // 2], text[len(text) // 2 :]


SQUEEZED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "two gzip": lambda text: b"".join(map(gzip.compress, halves(text))) + bytes(512),
    "zstd": zstandard.compress,
    "two zstd": lambda text: b"".join(map(zstandard.compress, halves(text))),
    "gzip in zstd": lambda text: zstandard.compress(gzip.compress(text)),
    "utf-16": lambda text: text.decode().encode("utf-16"),
}


@pytest.mark.parametrize("form", SQUEEZED)
def test_compressed_files_are_read_like_plain_ones(form: str) -> None:
    text = SQUEEZED[form](LINE * 8_000)
    reading, spans = read(text)
    assert spans == 8_000
    assert not reading.notes.warnings
    assert reading.reason.startswith("OTLP JSON: `resourceSpans`, ")
    assert sum(len(batch) for batch in formats.read(Pipe(text), "-")) == 8_000  # type: ignore[arg-type]


def test_stdin_is_read_without_seeking() -> None:
    assert sum(len(batch) for batch in formats.read(Pipe(LINE * 5_000), "-")) == 5_000  # type: ignore[arg-type]


def test_a_batch_holds_at_most_five_hundred_spans() -> None:
    assert [len(batch) for batch in formats.read(io.BytesIO(LINE * 1_200), "f")] == [500, 500, 200]


def test_a_damaged_gzip_gives_what_comes_before_the_damage() -> None:
    text = gzip.compress(bytes(f"{LINE.decode()}" * 20_000, "ascii"))
    for broken in (text[: len(text) // 2], text[: len(text) // 2] + b"\xff" * 500):
        reading, spans = read(broken)
        assert 0 < spans < 20_000
        assert "truncated" in {warning.code for warning in reading.notes.warnings}


def test_a_bomb_stops_with_a_warning_and_its_good_part_is_kept() -> None:
    engine = zlib.compressobj(wbits=31)
    bomb = engine.compress(LINE * 10)
    bomb += b"".join(engine.compress(b" " * 1_000_000) for _ in range(60)) + engine.flush()
    for limits in (Limits(most_bytes=20_000_000), Limits(ratio=50, ratio_from=20_000_000)):
        reading, spans = read(bomb, limits)
        assert spans == 10
        assert [warning.code for warning in reading.notes.warnings] == ["size_limit"]


def test_a_zstd_frame_with_an_enormous_window_is_not_followed() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=30)
    engine = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = engine.compress(LINE) + engine.flush()
    with pytest.raises(UnreadableFile, match="decompressed"):
        read(frame)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PAR1", b"{", b"[", b"\xff\xfe"]),
    st.binary(max_size=300),
)
def test_any_bytes_are_refused_or_read_but_never_crash(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(TailraceError):
        assert read(start + rest)[0].reason


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1_000), st.binary(max_size=20))
def test_a_head_may_be_cut_anywhere(end: int, rest: bytes) -> None:
    text = (LINE * 3)[: end % len(LINE * 3)] + rest
    assert isinstance(head_of(text).values, list)


def test_a_head_cut_in_a_long_value_still_shows_its_shape() -> None:
    text = (
        b'{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":{"stringValue":"' + b"x" * 300_000
    )
    assert list(head_of(text).first) == ["resourceSpans"]
