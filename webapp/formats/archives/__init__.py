"""Archives taken apart, file by file and without seeking: each file in one is recognised and read by itself.

Nothing is written to disk, so names are only names. What grows beyond the limits is cut, in all files together.
"""

from collections import Counter
from collections.abc import Generator, Iterator
from typing import BinaryIO

from webapp.formats.archives.members import Member
from webapp.formats.archives.tar import is_tar, tar_members
from webapp.formats.archives.zip import is_zip, zip_members
from webapp.formats.notes import CUT, Notes
from webapp.formats.unpack import Limits, Unpacked, unpacked

_DEPTH = 3  # archives in archives
_MOST_FILES = 100_000


def contents(stream: BinaryIO, name: str, limits: Limits | None = None) -> Iterator[Unpacked]:
    """The file itself, or the files in it if it is an archive; each must be read before the next is asked for."""
    yield from _contents(stream, name, Notes(), limits or Limits(), _DEPTH)


def _contents(
    stream: BinaryIO, name: str, notes: Notes, limits: Limits, depth: int
) -> Generator[Unpacked, None, bool]:
    """Whether it is cut, which the innermost file that is cut has to say, and nobody else."""
    whole = unpacked(stream, name, notes, limits)
    members = _members(whole, limits) if depth else None
    if members is None:
        yield whole
        return whole.notes.is_cut
    is_told = False
    seen: Counter[str] = Counter()
    for member in members:
        if _is_hidden(member.name):
            continue
        path = f"{name}/{_readable(member.name)}"
        seen[path] += 1
        path += f" ({seen[path]})" if seen[path] > 1 else ""
        if member.problem:
            yield Unpacked.failed(path, member.problem)
        elif seen.total() > _MOST_FILES:
            yield Unpacked.failed(name, f"Only the first {_MOST_FILES:,} files of this archive were read.")
            break
        else:
            is_told |= yield from _contents(member.stream, path, member.notes, limits, depth - 1)
    for warning in whole.notes.warnings:
        if warning.code == CUT and is_told:
            continue
        yield Unpacked.failed(name, f"{warning.message} ({warning.where})")
    if not seen and not whole.notes.warnings:
        yield Unpacked.failed(name, "There is no file in this archive.")
    return is_told or whole.notes.is_cut


def _members(whole: Unpacked, limits: Limits) -> Iterator[Member] | None:
    if is_zip(whole.start):
        return zip_members(whole.stream, whole.notes, limits)
    if is_tar(whole.start):
        return tar_members(whole.stream, whole.notes, limits)
    return None


def _is_hidden(name: str) -> bool:
    """As in folders; and what a Mac puts beside each file."""
    return any(part == "__MACOSX" or (part.startswith(".") and part.strip(".")) for part in name.split("/"))


def _readable(name: str) -> str:
    """Without what is not printable, and the `./` with which tar begins."""
    shown = "".join(one if one.isprintable() else "\ufffd" for one in name)
    return "/".join(part for part in shown.split("/") if part not in ("", "."))
