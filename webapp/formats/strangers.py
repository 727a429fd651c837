"""Lines of another format in a file of JSON lines, kept apart for their own reader. What a line means is not here.

A line is known by its first two keys: only the first line of each such pair is looked into, or all that are strangers.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Generic, TypeVar, cast

import msgspec

from webapp.formats.json_syntax import check
from webapp.formats.unpack import buffered

_BLOCK = 1_000_000
_LONGEST_LINE = 16_000_000  # what comes after a longer one is not looked at
_IN_MEMORY = 16_000_000
_MOST_KEYS = 200  # pairs of first keys; programs have a few
_KEYS = re.compile(
    rb'[ \t\[]*\{[ \t]*"([^"\\\n]{1,60})"[ \t]*:[ \t]*'
    rb'(?:(?:"[^"\\\n]{0,300}"|[\w.+-]{1,40})[ \t]*,[ \t]*"([^"\\\n]{1,60})")?'
)
Kind = TypeVar("Kind")


def are_lines(start: bytes) -> bool:
    """Whether a file begins with a JSON document that is one line, and has more lines."""
    line, newline, rest = start.lstrip().partition(b"\n")
    if not newline or not rest.strip() or line[:1] not in (b"{", b"["):
        return False
    try:
        check(line)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


@dataclass(slots=True)
class Apart:
    """Lines of one format, each at the place that it has in the file: what is between them is blank."""

    stream: BinaryIO = field(
        default_factory=lambda: cast("BinaryIO", SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115  until it is read
    )
    first: int = 0
    count: int = 0
    _last: int = 1

    def add(self, line: bytes, number: int) -> None:
        self.stream.write(b"\n" * (number - self._last) + line)
        self.first, self._last, self.count = self.first or number, number, self.count + 1


class Strangers(Generic[Kind]):
    """`kind_of` a line is what it is if that is another format than the file's, else None.

    `apart` is complete when `others` has been read.
    """

    def __init__(self, stream: BinaryIO, kind_of: Callable[[bytes], Kind | None]) -> None:
        self._stream = stream
        self._kind_of = kind_of
        self._known: dict[tuple[bytes | None, ...], Kind | None] = {}
        self._line = 1  # that the next block begins with
        self.apart: defaultdict[Kind, Apart] = defaultdict(Apart)

    def others(self) -> BinaryIO:
        """The file with empty lines in place of strangers."""
        return buffered(self._sorted())

    def close(self) -> None:
        for apart in self.apart.values():
            apart.stream.close()

    def _sorted(self) -> Iterator[bytes]:
        rest = b""
        while piece := self._stream.read(_BLOCK):
            rest += piece
            end = rest.rfind(b"\n") + 1
            if end:
                yield from self._without_strangers(rest[:end])
                rest = rest[end:]
            elif len(rest) > _LONGEST_LINE:
                yield rest
                yield from iter(lambda: self._stream.read(_BLOCK), b"")
                return
        yield from self._without_strangers(rest)

    def _without_strangers(self, block: bytes) -> Iterator[bytes]:
        done = start = 0
        for number in count(self._line):
            end = block.find(b"\n", start)
            end = len(block) if end < 0 else end
            kind = self._kind_at(block, start, end)
            if kind is not None:
                yield block[done:start]
                done = end
                self.apart[kind].add(block[start:end], number)
            start = end + 1
            if start >= len(block):
                break
        self._line = number + 1
        yield block[done:]

    def _kind_at(self, block: bytes, start: int, end: int) -> Kind | None:
        found = _KEYS.match(block, start, end)
        if found is None:
            return None
        keys = found.groups()
        if keys not in self._known and len(self._known) < _MOST_KEYS:
            self._known[keys] = self._kind_of(block[start:end])
        return self._kind_of(block[start:end]) if self._known.get(keys) is not None else None
