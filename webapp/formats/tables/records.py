"""The records of a table written as text, each with its line, in bounded memory. What columns mean is not known here.

A quote that is never closed would swallow the rest of a file: then its line is given up, and the next read anew.
"""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, Self

from webapp.formats.notes import Notes
from webapp.formats.tables.dialect import Dialect, is_of_old_mac

LONGEST_RECORD = 16_000_000  # characters
_BLOCK = 1_000_000
_REPLAYED = 100_000_000  # characters read a second time, over the whole file

Record = tuple[int, list[str]]


class _TooLong(Exception):
    """A record beyond the limit."""


class Lines:
    """Lines of a stream for `csv`, which remember what the record under way was made of. `number` is of the last one."""

    def __init__(self, start: bytes, stream: BinaryIO, notes: Notes) -> None:
        self.number = 0
        self.taken: list[str] = []
        self.is_cut = False  # whether the last line of the file has no end
        self.ended = False
        self._size = 0
        self._again: list[str] = []
        self._lines = _lines(start, stream, notes, self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.pop()
        else:
            try:
                line = next(self._lines)
            except StopIteration:
                self.ended = True
                raise
        self.number += 1
        self.taken.append(line)
        self._size += len(line)
        if self._size > LONGEST_RECORD and len(self.taken) > 1:
            raise _TooLong
        return line

    def begin(self) -> None:
        self.taken = []
        self._size = 0

    def replay(self) -> int:
        """All but the first of the lines that were taken come again; how much that is."""
        again = self.taken[1:]
        self.number -= len(again)
        self._again.extend(reversed(again))
        return sum(len(line) for line in again)


def _lines(start: bytes, stream: BinaryIO, notes: Notes, owner: Lines) -> Iterator[str]:
    rest, block = b"", start.removeprefix(b"\xef\xbb\xbf")
    old_mac = is_of_old_mac(block)
    skipping = False
    while block:
        if old_mac:
            block = block.replace(b"\r", b"\n")
        whole, end, tail = block.rpartition(b"\n")
        if not end:
            rest += tail
        else:
            text = rest + whole + end
            rest = tail
            if skipping:
                text = text.partition(b"\n")[2]
                skipping = False
            yield from io.StringIO(_decoded(text, notes, owner), newline="\n")
        if len(rest) > LONGEST_RECORD:
            if not skipping:
                notes.reject("too_large", where=f"line {owner.number + 1}")
            rest, skipping = b"", True
        block = stream.read(_BLOCK)
    if rest and not skipping:
        owner.is_cut = True
        yield _decoded(rest, notes, owner)


def _decoded(text: bytes, notes: Notes, owner: Lines) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        line = owner.number + 1 + text.count(b"\n", 0, error.start)
        notes.warn("not_utf8", where=f"line {line}")
        return text.decode("utf-8", "replace")


def records(lines: Lines, dialect: Dialect, width: int, notes: Notes) -> Iterator[Record]:
    """`width`: how many cells a record has; those with more or less come too, unless a quote is to blame."""
    if not dialect.quoted:
        yield from _unquoted(lines, dialect)
        return
    reader = csv.reader(lines, delimiter=dialect.delimiter)
    budget = _REPLAYED
    while True:
        lines.begin()
        try:
            row = next(reader)
            broken = lines.ended or bool(width and len(lines.taken) > 1 and len(row) != width)
        except StopIteration:
            return
        except (csv.Error, _TooLong):
            row, broken = [], True
        if broken and len(lines.taken) == 1 and not lines.ended:
            notes.reject("bad_record", where=f"line {lines.number}")
            continue
        line = lines.number - len(lines.taken) + 1
        if not broken:
            if row and not dialect.is_rule(row):
                yield line, dialect.cells(row)
            continue
        code = "truncated" if lines.ended and lines.is_cut and len(lines.taken) == 1 else "bad_record"
        notes.reject(code, "A line was left out, for a quote in it has no end.", where=f"line {line}")
        if budget > 0:
            budget -= lines.replay()
            lines.ended = False


def _unquoted(lines: Lines, dialect: Dialect) -> Iterator[Record]:
    for line in lines:
        lines.begin()
        row = line.rstrip("\r\n").split(dialect.delimiter)
        if row != [""]:
            yield lines.number, dialect.cells(row)
