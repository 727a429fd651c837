"""Long files of OTLP cut into sections between lines or messages, so that several processes can read one file."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from webapp.formats import otlp
from webapp.formats.head import HEAD_BYTES
from webapp.formats.notes import PLACES_KEPT
from webapp.formats.otlp.protobuf.framing import Framing, Signal, frames, recognise, without_damage
from webapp.formats.otlp.protobuf.wire import Source
from webapp.model.warnings import Warning

FORMAT = otlp.NAME
_FIRST = b'{"resourceSpans"'  # the only lines of which it is certain that each stands for itself
_LINE_END = re.compile(rb"\}\r?\n(?=" + re.escape(_FIRST) + rb")")
_LONGEST_LINE = 4_000_000
FRAMINGS_CUT = (Framing.PREFIXED, Framing.GRPC, Framing.DELIMITED)
_LONGEST_LENGTH = 10  # bytes of what stands before a message
_PLACE = re.compile(r"^(line|byte) (\d+)")


@dataclass(frozen=True, slots=True)
class Section:
    """The bytes from `start` up to `stop`; `number` counts from 0."""

    number: int
    start: int
    stop: int
    last: bool


class SectionStream(io.RawIOBase):
    """The bytes of one section, counting the lines."""

    def __init__(self, stream: BinaryIO, section: Section) -> None:
        self._stream = stream
        self._left = section.stop - section.start
        self.lines = 0
        stream.seek(section.start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        block = self._stream.read(min(len(buffer), self._left))
        self._left -= len(block)
        self.lines += block.count(b"\n")
        buffer[: len(block)] = block
        return len(block)


def lines_in(path: str, section: Section) -> int:
    """0 if it cannot be read any more."""
    try:
        with Path(path).open("rb") as stream:
            lines = SectionStream(stream, section)
            while lines.read(1_000_000):
                pass
            return lines.lines
    except OSError:
        return 0


def cut(path: str, size: int, longest: int) -> list[Section]:
    """Sections of about `longest` bytes; none if the file had better be read in one piece."""
    with Path(path).open("rb") as stream:
        start = stream.read(HEAD_BYTES)
        if start.startswith(_FIRST):
            stops = [*_line_ends(stream, size, longest), size]
        elif framing := _framing(start):
            stops = [*_message_ends(stream, size, longest, framing), size]
        else:
            return []
    starts = [0, *stops[:-1]]
    return [
        Section(number, start, stop, stop == size)
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True))
    ]


def _line_ends(stream: BinaryIO, size: int, longest: int) -> Iterator[int]:
    """Where lines end that are whole, and another one begins like the first."""
    aim = longest
    while aim < size:
        start = max(0, aim - _LONGEST_LINE)
        stream.seek(start)
        text = stream.read(2 * _LONGEST_LINE)
        found = next((end.end() for end in _LINE_END.finditer(text, aim - start) if _is_whole(text, end)), 0)
        if found:
            yield start + found
        aim = max(aim, start + found) + longest


def _message_ends(stream: BinaryIO, size: int, longest: int, framing: Framing) -> Iterator[int]:
    """Where messages end and another one with spans begins, as far as their lengths lead from one to the next."""
    at, aim = 0, longest
    while at < size:
        stream.seek(at)
        source = Source(io.BytesIO(stream.read(_LONGEST_LENGTH)))
        message = next(without_damage(frames(source, framing)), None)
        if message is None:
            return
        at += message.stop
        if aim <= at < size:
            aim = at + longest
            stream.seek(at)
            if _framing(stream.read(HEAD_BYTES)) is framing:
                yield at


def _framing(start: bytes) -> Framing | None:
    """How messages of spans are told from each other, if that is how it begins."""
    found = recognise(start)
    return found[0] if found and found[0] in FRAMINGS_CUT and found[1] is Signal.SPANS else None


def _is_whole(text: bytes, end: re.Match[bytes]) -> bool:
    """A broken record before the cut would look like the end of a file that is cut off."""
    line = text[text.rfind(b"\n", 0, end.start()) + 1 : end.end()]
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return line.startswith(_FIRST)


def moved(warnings: Sequence[Warning], section: Section, lines_before: int) -> list[Warning]:
    """With the places that they have in the whole file."""
    before = {"line": lines_before, "byte": section.start}

    def place(found: re.Match[str]) -> str:
        return f"{found[1]} {int(found[2]) + before[found[1]]}"

    return [msgspec.structs.replace(each, where=_PLACE.sub(place, each.where)) for each in warnings]


def merged(warnings: Sequence[Warning]) -> list[Warning]:
    """Of each code the first places alone; what happened there again counts with them, elsewhere with the last of them."""
    kept: dict[str, list[Warning]] = {}
    for each in warnings:
        places = kept.setdefault(each.code, [])
        again = (at for at, place in enumerate(places) if _same(place, each))
        at = next(again, -1 if len(places) == PLACES_KEPT else None)
        if at is None:
            places.append(each)
        else:
            places[at] = msgspec.structs.replace(places[at], count=places[at].count + each.count)
    return [each for places in kept.values() for each in places]


def _same(one: Warning, other: Warning) -> bool:
    return (one.message, one.where, one.span_id) == (other.message, other.where, other.span_id)
