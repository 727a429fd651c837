"""Tar archives: blocks of 512 bytes, a header before each file. Old, POSIX and GNU headers; long names."""

import tarfile
from collections.abc import Iterator
from typing import BinaryIO

from webapp.formats.archives.members import Growth, Member, stored
from webapp.formats.byte_source import ByteSource
from webapp.formats.notes import Notes
from webapp.formats.unpack import Limits, buffered

_BLOCK = tarfile.BLOCKSIZE
_LONGEST_HEADER = 1_000_000  # of what stands in for a name that is too long
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)


def is_tar(start: bytes) -> bool:
    return _header(start[:_BLOCK]) is not None and start[257:262] == b"ustar"


def tar_members(stream: BinaryIO, notes: Notes, limits: Limits) -> Iterator[Member]:
    """What is wrong with the archive itself is noted in `notes`."""
    source = ByteSource(stream)
    growth = Growth(source, limits)
    long_name = ""
    while block := source.take(_BLOCK):
        if not block.strip(b"\x00"):
            return
        found = _header(block)
        if found is None:
            message = "The archive is damaged; the files before that are here."
            notes.warn("truncated", message, where=f"byte {source.at - len(block)}")
            return
        stop = source.at + found.size
        if found.type in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE):
            content = source.take(min(found.size, _LONGEST_HEADER))
            long_name = _gnu_name(content) if found.type == tarfile.GNUTYPE_LONGNAME else _pax_name(content)
        elif found.type in _FILES:
            member = Member(long_name or found.name)
            pieces = growth.watched(stored(source, stop, member.notes), member.notes)
            member.stream = buffered(pieces)
            yield member
            long_name = ""
        if growth.is_too_much:
            notes.warn("size_limit", "The archive grew beyond the limit; its other files were not read.")
            return
        source.skip_to(stop + -found.size % _BLOCK)
    notes.warn(
        "truncated", "The archive is cut off; the files before that are here.", where=f"byte {source.at}"
    )


def _header(block: bytes) -> tarfile.TarInfo | None:
    try:
        found = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return None
    return found if found.size >= 0 else None


def _gnu_name(content: bytes) -> str:
    return content.rstrip(b"\x00").decode("utf-8", "replace")


def _pax_name(content: bytes) -> str:
    """Records are `length key=value` and a newline."""
    for record in content.split(b"\n"):
        _, _, pair = record.partition(b" ")
        key, _, value = pair.partition(b"=")
        if key == b"path":
            return value.decode("utf-8", "replace")
    return ""
