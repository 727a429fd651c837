"""Zip archives read from front to back, as they were written: their directory at the end may be missing."""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from webapp.formats.archives.members import Growth, Member, stored
from webapp.formats.byte_source import ByteSource
from webapp.formats.notes import Notes
from webapp.formats.unpack import Limits, buffered

_FILE = b"PK\x03\x04"
_DIRECTORY = b"PK\x01\x02"
_EMPTY = b"PK\x05\x06"  # the end of the directory
_DESCRIPTOR = b"PK\x07\x08"
_NEXT = re.compile(rb"PK(?:\x03\x04|\x01\x02|\x05\x06)")
_DESCRIPTOR_BYTES = 12  # of it, up to the end of the compressed size
_HEADER = struct.Struct("<4s5H3L2H")
_ENCRYPTED, _SIZES_LATER, _UTF8 = 1, 8, 0x800
_STORED, _DEFLATED = 0, 8
# streams with their own first bytes, by which they are unpacked like any compressed file: bzip2, zstd, xz
_SELF_DESCRIBED = (12, 20, 93, 95)
_IN_ZIP64 = 0xFFFFFFFF
_NO_END = 2**63
_PIECE = 1_000_000


def is_zip(start: bytes) -> bool:
    return start.startswith((_FILE, _EMPTY))


@dataclass(slots=True)
class _Entry:
    name: str
    flags: int
    method: int
    size: int  # compressed
    at: int

    @property
    def stop(self) -> int:
        """Where its bytes end; unknown if its size is written after it."""
        return _NO_END if self.flags & _SIZES_LATER and not self.size else self.at + self.size

    @property
    def problem(self) -> str:
        if self.flags & _ENCRYPTED:
            return "The file is encrypted."
        if self.method not in (_STORED, _DEFLATED, *_SELF_DESCRIBED):
            return f"The file is compressed by a method that is not read (number {self.method} of zip's)."
        if self.method in _SELF_DESCRIBED and self.stop == _NO_END:
            return "The file's size is not known."
        return ""


def zip_members(stream: BinaryIO, notes: Notes, limits: Limits) -> Iterator[Member]:
    """What is wrong with the archive itself is noted in `notes`."""
    source = ByteSource(stream)
    growth = Growth(source, limits)
    while source.peek(4) == _FILE and not growth.is_too_much:
        entry = _entry(source)
        if entry is None:
            break
        member = Member(entry.name, problem=entry.problem)
        if member.problem:
            yield member
        elif not entry.name.endswith("/"):
            yield from _opened(source, entry, member, growth)
        if entry.stop < _NO_END:
            source.skip_to(entry.stop)
        if not source.skip_to_match(_NEXT, _NO_END):
            break
    if growth.is_too_much:
        notes.warn("size_limit", "The archive grew beyond the limit; its other files were not read.")
    elif source.peek(4) not in (_DIRECTORY, _EMPTY):
        message = "The archive is cut off or damaged; the files before that are here."
        notes.warn("truncated", message, where=f"byte {source.at}")


def _opened(source: ByteSource, entry: _Entry, member: Member, growth: Growth) -> Iterator[Member]:
    pieces = growth.watched(_content(source, entry, member.notes), member.notes)
    member.stream = buffered(pieces)
    yield member
    if entry.stop == _NO_END:  # only its own bytes say where it ends
        for _ in pieces:
            pass


def _entry(source: ByteSource) -> _Entry | None:
    """Takes the header; None if the archive ends in it."""
    header = source.take(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    _, _, flags, method, _, _, _, size, whole_size, name_length, extra_length = _HEADER.unpack(header)
    name, extra = source.take(name_length), source.take(extra_length)
    if len(name) < name_length or len(extra) < extra_length:
        return None
    if size == _IN_ZIP64:
        size = _size_in(extra, skip=8 if whole_size == _IN_ZIP64 else 0)
    text = name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    return _Entry(text, flags, method, size, source.at)


def _size_in(extra: bytes, skip: int) -> int:
    """The compressed size in the zip64 field; 0 if there is none."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1 and length >= skip + 8:
            return int.from_bytes(extra[4 + skip : 12 + skip], "little")
        extra = extra[4 + length :]
    return 0


def _content(source: ByteSource, entry: _Entry, notes: Notes) -> Iterator[bytes]:
    if entry.method == _DEFLATED:
        return _inflated(source, entry.stop, notes)
    if entry.stop < _NO_END:
        return stored(source, entry.stop, notes)
    return _up_to_descriptor(source, entry.at)


def _inflated(source: ByteSource, stop: int, notes: Notes) -> Iterator[bytes]:
    engine = zlib.decompressobj(-15)
    while not engine.eof:
        raw = engine.unconsumed_tail or source.take(min(_PIECE, stop - source.at))
        try:
            piece = engine.decompress(raw, _PIECE)
        except zlib.error as error:
            message = f"The file is damaged in its archive ({error}); what comes before that is here."
            notes.warn("truncated", message, where=f"byte {source.at} of the archive")
            return
        if piece:
            yield piece
        elif not raw:
            message = "The archive ends in the middle of this file."
            notes.warn("truncated", message, where=f"byte {source.at} of the archive")
            return
    source.give_back(len(engine.unused_data))


def _up_to_descriptor(source: ByteSource, at: int) -> Iterator[bytes]:
    """Stored bytes whose length is written after them: the descriptor is the one that names just that length."""
    while window := source.peek(_PIECE + _DESCRIPTOR_BYTES):
        found = window.find(_DESCRIPTOR)
        while (
            found >= 0 and int.from_bytes(window[found + 8 : found + 12], "little") != source.at + found - at
        ):
            found = window.find(_DESCRIPTOR, found + 1)
        if found >= 0:
            yield source.take(found)
            return
        yield source.take(min(len(window), _PIECE))
