"""Messages that the Collector's file exporter writes with their length before each: compressed one by one, or JSON.

Protobuf that is not compressed is left to its reader, which knows this form.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

import zstandard

from webapp.formats.notes import Notes
from webapp.model.display import size

_JSON = (b"{", b"[")
_PREFIX = 4  # bytes of the length, the highest first
_ZSTD = b"\x28\xb5\x2f\xfd"
_BEGINS = re.compile(rb".{4}" + re.escape(_ZSTD) + rb"|\x00.{3}\{\s*\"", re.DOTALL)
_ZSTD_WINDOW = 2**27
_LONGEST = 128_000_000  # of a message, decompressed
_PIECE = 1_000_000


def are_messages(start: bytes) -> bool:
    return _BEGINS.match(start) is not None


def messages(stream: BinaryIO, notes: Notes) -> Iterator[bytes]:
    """JSON as lines; anything else decompressed, with its new length before it."""
    at = 0
    while prefix := _exactly(stream, _PREFIX):
        length = int.from_bytes(prefix, "big")
        raw = _exactly(stream, length if length <= _LONGEST else 0)
        where = f"byte {at}"
        at += len(prefix) + len(raw)
        if len(prefix) < _PREFIX or length > _LONGEST:
            notes.reject("bad_record", where=where)
            return
        content = _decompressed(raw, notes, where) if raw.startswith(_ZSTD) else raw
        if len(raw) < length:
            notes.warn("truncated", where=f"byte {at}")
        if content.startswith(_JSON):
            yield content + b"\n"
        elif content:
            yield len(content).to_bytes(_PREFIX, "big") + content


def _exactly(stream: BinaryIO, length: int) -> bytes:
    """Less at the end."""
    pieces: list[bytes] = []
    while length > 0 and (piece := stream.read(min(length, _PIECE))):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _decompressed(raw: bytes, notes: Notes, where: str) -> bytes:
    """JSON as far as it goes."""
    pieces: list[bytes] = []
    room = _LONGEST
    try:
        reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(raw)
        while room > 0 and (piece := reader.read(_PIECE)):
            pieces.append(piece)
            room -= len(piece)
    except zstandard.ZstdError:
        notes.reject("bad_record", where=where)
        return b"".join(pieces) if pieces and pieces[0].startswith(_JSON) else b""
    if room <= 0:
        notes.reject("too_large", f"A message of over {size(_LONGEST)} was left out.", where=where)
        return b""
    return b"".join(pieces)
