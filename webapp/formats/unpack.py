"""Compressed files as plain streams, told by their first bytes, with a cap against bombs. No formats, no archives here."""

import bz2
import codecs
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Self, cast

import pyarrow as pa
import zstandard

from webapp.formats.collector_messages import are_messages, messages
from webapp.formats.head import HEAD_BYTES
from webapp.formats.notes import Notes
from webapp.model.display import size

GZIP = b"\x1f\x8b"
ZLIB = (b"\x78\x9c", b"\x78\xda", b"\x78\x01")
ZSTD = b"\x28\xb5\x2f\xfd"
LZ4 = b"\x04\x22\x4d\x18"
BZIP2 = b"BZh"
ZSTD_SKIPPED = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # a frame of other content, such as an index
XZ = b"\xfd7zXZ\x00"
LZMA = b"\x5d\x00\x00"
_LZMA_MEMORY = 256_000_000
_ZSTD_WINDOW = 2**27  # what `zstd --long` writes; a frame may ask for more only to exhaust memory
_PIECE = 1_000_000
_SMALL_PIECE = 64_000  # where what a damaged piece holds is lost
_LAYERS = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a compressed file may grow: to `most_bytes`, and from `ratio_from` on to `ratio` times itself."""

    most_bytes: int = 16_000_000_000
    ratio: int = 300
    ratio_from: int = 256_000_000


@dataclass(slots=True)
class Unpacked:
    """A file without its compression: `start` is not consumed. With a `problem` there is nothing to read in it."""

    name: str
    stream: BinaryIO
    start: bytes
    layers: list[str]
    notes: Notes
    problem: str = ""

    @classmethod
    def failed(cls, name: str, problem: str) -> Self:
        return cls(name, io.BytesIO(), b"", [], Notes(), problem)


def unpacked(stream: BinaryIO, name: str, notes: Notes, limits: Limits) -> Unpacked:
    stream, start, layers = plain(stream, notes, limits)
    return Unpacked(name, stream, start, layers, notes)


def plain(stream: BinaryIO, notes: Notes, limits: Limits) -> tuple[BinaryIO, bytes, list[str]]:
    """The stream without its compression, its first bytes (not consumed), and what was taken off."""
    layers: list[str] = []
    while True:
        start, stream = peek(stream)
        layer = _layer(start)
        if not layer or len(layers) == _LAYERS:
            if start.startswith(codecs.BOM_UTF8):  # nothing that readers should see
                stream.read(len(codecs.BOM_UTF8))
            return stream, start.removeprefix(codecs.BOM_UTF8), layers
        layers.append(layer)
        counted = _Counted(stream)
        pieces = _capped(_READ[layer](counted, notes), counted, notes, limits)
        stream = buffered(pieces)


def peek(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes of `stream`, and a stream that still begins with them."""
    if stream.seekable():
        place = stream.tell()
        start = stream.read(HEAD_BYTES)
        stream.seek(place)
        return start, stream
    start = b""
    while len(start) < HEAD_BYTES and (block := stream.read(HEAD_BYTES - len(start))):
        start += block
    return start, buffered(_after(start, stream))


def _after(start: bytes, stream: BinaryIO) -> Iterator[bytes]:
    yield start
    yield from _blocks(stream)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_PIECE):
        yield block


def buffered(pieces: Iterator[bytes]) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Pieces(pieces), _PIECE))


class _Pieces(io.RawIOBase):
    """An iterator of bytes as a raw stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        while not self.rest:
            piece = next(self.pieces, None)
            if piece is None:
                return 0
            self.rest = memoryview(piece)
        length = min(len(buffer), len(self.rest))
        buffer[:length] = self.rest[:length]
        self.rest = self.rest[length:]
        return length


class _Counted:
    """As little of a file as those who decompress ask for; closing is its owner's."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.bytes = 0
        self.closed = False

    def read(self, amount: int = -1) -> bytes:
        block = self.stream.read(amount)
        self.bytes += len(block)
        return block

    def close(self) -> None:
        self.closed = True


def _capped(pieces: Iterator[bytes], source: _Counted, notes: Notes, limits: Limits) -> Iterator[bytes]:
    grown = 0
    for piece in pieces:
        grown += len(piece)
        yield piece
        if grown > limits.most_bytes or (grown > limits.ratio_from and grown > limits.ratio * source.bytes):
            message = (
                f"{size(source.bytes)} of compressed data grew beyond {size(grown)}; reading stopped there."
            )
            notes.warn("size_limit", message, where=f"byte {source.bytes} of the compressed file")
            return


def _inflate(source: _Counted, notes: Notes, *, name: str, bits: int, magic: bytes) -> Iterator[bytes]:
    """All members, one after the other; zeros and other padding after the last are passed over."""
    rest = _at_least(len(magic), b"", source)
    while rest.startswith(magic):
        member = zlib.decompressobj(bits)
        while not member.eof:
            try:
                piece = member.decompress(rest, _PIECE)
            except zlib.error as error:
                _damaged(source, notes, f"{name}: {error}")
                return
            if piece:
                yield piece
            rest = member.unconsumed_tail or (b"" if member.eof else source.read(_PIECE))
            if not rest and not piece and not member.eof:
                _damaged(source, notes, f"{name}: cut off")
                return
        rest = _at_least(len(magic), member.unused_data.lstrip(b"\x00"), source)


def _by_steps(
    source: _Counted,
    notes: Notes,
    *,
    name: str,
    magic: bytes,
    engine: "Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]",
) -> Iterator[bytes]:
    """The same for the decompressors that keep what they have not used."""
    rest = _at_least(len(magic), b"", source)
    while rest.startswith(magic):
        member = engine()
        while not member.eof:
            try:
                piece = member.decompress(rest, _PIECE)
            except (OSError, lzma.LZMAError) as error:
                _damaged(source, notes, f"{name}: {error}")
                return
            if piece:
                yield piece
            rest = source.read(_PIECE) if member.needs_input and not member.eof else b""
            if not rest and not piece and not member.eof:
                _damaged(source, notes, f"{name}: cut off")
                return
        rest = _at_least(len(magic), member.unused_data.lstrip(b"\x00"), source)


def _at_least(length: int, rest: bytes, source: _Counted) -> bytes:
    """`rest` and so much more that a magic can be seen; less at the end."""
    while len(rest) < length and (block := source.read(_PIECE)):
        rest += block
    return rest


def _unzstd(source: _Counted, notes: Notes) -> Iterator[bytes]:
    engine = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    reader = engine.stream_reader(cast("BinaryIO", source), read_across_frames=True)
    try:
        while piece := reader.read(_PIECE):
            yield piece
    except zstandard.ZstdError as error:
        _damaged(source, notes, str(error))


def _unlz4(source: _Counted, notes: Notes) -> Iterator[bytes]:
    try:
        with pa.CompressedInputStream(pa.PythonFile(cast("io.IOBase", source), mode="r"), "lz4") as reader:
            while piece := reader.read(_SMALL_PIECE):
                yield piece
    except OSError as error:
        _damaged(source, notes, f"lz4: {error}")


def _damaged(source: _Counted, notes: Notes, why: str) -> None:
    message = f"The compressed data is damaged ({why}); what comes before that is here."
    notes.warn("truncated", message, where=f"byte {source.bytes} of the compressed file")


def _from_utf16(source: _Counted, notes: Notes) -> Iterator[bytes]:  # noqa: ARG001  a layer like the others
    """What a Windows shell writes when output is redirected."""
    for text in codecs.iterdecode(_blocks(cast("BinaryIO", source)), "utf-16", "replace"):
        yield text.encode("utf-8", "replace")


_READ: dict[str, Callable[[_Counted, Notes], Iterator[bytes]]] = {
    "gzip": partial(_inflate, name="gzip", bits=31, magic=GZIP),
    "zlib": partial(_inflate, name="zlib", bits=15, magic=ZLIB[0][:1]),
    "zstd": _unzstd,
    "lz4": _unlz4,
    "bzip2": partial(_by_steps, name="bzip2", magic=BZIP2, engine=bz2.BZ2Decompressor),
    "xz": partial(
        _by_steps, name="xz", magic=XZ, engine=partial(lzma.LZMADecompressor, memlimit=_LZMA_MEMORY)
    ),
    "lzma": partial(
        _by_steps, name="lzma", magic=LZMA, engine=partial(lzma.LZMADecompressor, memlimit=_LZMA_MEMORY)
    ),
    "UTF-16": _from_utf16,
    "the Collector's messages": lambda source, notes: messages(cast("BinaryIO", source), notes),
}
_MAGICS = (
    (GZIP, "gzip"),
    *((magic, "zlib") for magic in ZLIB),
    (ZSTD, "zstd"),
    (LZ4, "lz4"),
    (BZIP2, "bzip2"),
    (XZ, "xz"),
    (LZMA, "lzma"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def _layer(start: bytes) -> str:
    if are_messages(start):
        return "the Collector's messages"
    if ZSTD_SKIPPED.match(start):
        return "zstd"
    return next((name for magic, name in _MAGICS if start.startswith(magic)), "")
