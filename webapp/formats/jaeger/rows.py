"""Rows of text that cqlsh writes: CSV with or without a header, tables drawn with `|`, and one column a line (`EXPAND ON`).

A row may be of several lines; one that does not end costs no row after it. What cells mean is in `cassandra.py`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import BinaryIO

from webapp.formats.notes import Notes
from webapp.formats.unpack import peek

LONGEST_ROW = 64_000_000

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_RULE = re.compile(r"\s*-[-+\s]*")
_NO_ROW = re.compile(r"\s*(\(\d+( r.*)?|---MORE---.*|)\s*")
_EXPANDED = "@ Row "
_STARTS_ROW = re.compile(r'"?0x[0-9a-fA-F]+"?[,;\t|]')
_DOUBLED_QUOTE = re.compile(r'[^,;\t|\n\r"]""[^,;\t|\n\r"]')
_DELIMITERS = ",\t;|"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

Lines = Iterator[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Row:
    columns: list[str]
    cells: list[str]
    where: str


def columns_of(start: bytes) -> list[str]:
    """The names in the first line that has any; of `EXPAND ON` those that stand before the values."""
    lines = [line for line in _COLOURS.sub("", start.decode("utf-8", "replace")).splitlines() if line.strip()]
    if not lines:
        return []
    if lines[0].startswith(_EXPANDED):
        return [line.partition("|")[0].strip() for line in lines[1:] if "|" in line]
    return _names(lines[0])


def _names(line: str) -> list[str]:
    return [name.strip(" \"'") for name in line.strip("\ufeff").rstrip().split(_delimiter(line))]


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def read(stream: BinaryIO, notes: Notes, *, unnamed: Sequence[str]) -> Iterator[Row]:
    """`unnamed`: the columns of a file without a header."""
    start, stream = peek(stream)
    lines = _lines(stream, notes)
    first = next(((number, line) for number, line in lines if line.strip()), (0, ""))
    if first[1].startswith(_EXPANDED):
        yield from _expanded(lines, notes)
        return
    second = next(lines, None)
    rest = lines if second is None else chain([second], lines)
    if second is not None and _RULE.fullmatch(second[1].rstrip()):
        yield from _drawn(rest, _names(first[1]), second[1], notes)
        return
    row_start = _STARTS_ROW.match(first[1])
    delimiter = row_start[0][-1] if row_start else _delimiter(first[1])
    csv = _Csv(delimiter, is_doubled=bool(_DOUBLED_QUOTE.search(start.decode("utf-8", "replace"))))
    if row_start:
        yield from csv.rows(chain([first], rest), list(unnamed), notes)
    else:
        yield from csv.rows(rest, _names(first[1]), notes)


def _lines(stream: BinaryIO, notes: Notes) -> Lines:
    number = 0
    while line := stream.readline(LONGEST_ROW):
        number += 1
        if len(line) == LONGEST_ROW:
            notes.reject("too_large", where=f"line {number}")
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_ROW)
            continue
        text = line.decode("utf-8", "replace")
        if "\ufffd" in text and "\ufffd".encode() not in line:
            notes.warn("not_utf8", where=f"line {number}")
        yield number, _COLOURS.sub("", text).removeprefix("\ufeff")


class _Csv:
    """cqlsh puts a backslash before quotes within quotes, others double them."""

    def __init__(self, delimiter: str, *, is_doubled: bool) -> None:
        self._is_doubled = is_doubled
        quoted = r'"((?:[^"]|"")*)"' if is_doubled else r'"((?:[^"\\]|\\.)*)"'
        self._cell = re.compile(rf"(?:{quoted}|([^{delimiter}]*))({re.escape(delimiter)}|$)", re.DOTALL)

    def rows(self, lines: Lines, columns: list[str], notes: Notes) -> Iterator[Row]:
        text, where = "", ""
        for number, line in lines:
            if text and _STARTS_ROW.match(line):
                notes.reject("bad_record", where=where)
                text = ""
            where = where if text else f"line {number}"
            text += line
            if len(text) > LONGEST_ROW:
                notes.reject("too_large", where=where)
                text = ""
            if not self._is_open(text):
                yield from self._row(text, columns, where, notes)
                text = ""
        if text:
            notes.reject("truncated", where=where)

    def _row(self, text: str, columns: list[str], where: str, notes: Notes) -> Iterator[Row]:
        cells = self._cells(text.rstrip("\r\n"))
        if len(cells) == len(columns):
            yield Row(columns, cells, where)
        elif text.strip():
            notes.reject("bad_record" if text.endswith("\n") else "truncated", where=where)

    def _is_open(self, text: str) -> bool:
        """Whether the row goes on in the next line, within quotes."""
        return (text if self._is_doubled else _ESCAPED.sub("", text)).count('"') % 2 == 1

    def _cells(self, text: str) -> list[str]:
        """[] if they cannot be told from each other."""
        cells: list[str] = []
        at = 0
        while match := self._cell.match(text, at):
            cells.append(match[2] if match[1] is None else self._unquoted(match[1]))
            at = match.end()
            if not match[3]:
                return cells
        return []

    def _unquoted(self, text: str) -> str:
        return text.replace('""', '"') if self._is_doubled else _ESCAPED.sub(r"\1", text)


def _drawn(lines: Lines, columns: list[str], rule: str, notes: Notes) -> Iterator[Row]:
    """By the crosses of the rule; where wide characters have moved the bars, by the bars."""
    crosses = [at for at, sign in enumerate(rule) if sign == "+"]
    for number, line in lines:
        text = line.rstrip("\r\n")
        if _NO_ROW.fullmatch(text) or _RULE.fullmatch(text) or _names(text) == columns:
            continue
        if all(text[at : at + 1] == "|" for at in crosses):
            edges = [-1, *crosses, len(text)]
            cells = [text[begin + 1 : end] for begin, end in pairwise(edges)]
        else:
            cells = text.split("|")
        if len(cells) == len(columns):
            yield Row(columns, [_without_null(cell) for cell in cells], f"line {number}")
        else:
            notes.reject("bad_record" if line.endswith("\n") else "truncated", where=f"line {number}")


def _expanded(lines: Lines, notes: Notes) -> Iterator[Row]:
    """The line `@ Row 1` was read. Rows have the columns of the first, if they are whole."""
    columns: list[str] = []
    for where, cells in _by_row(lines):
        columns = columns or list(cells)
        if list(cells) == columns:
            yield Row(columns, list(cells.values()), where)
        else:
            notes.reject("truncated", where=where)


def _by_row(lines: Lines) -> Iterator[tuple[str, dict[str, str]]]:
    cells: dict[str, str] = {}
    where = "row 1"
    for _, line in lines:
        if line.startswith(_EXPANDED):
            yield where, cells
            cells, where = {}, line.strip("@ \r\n").lower()
        elif "|" in line:
            name, _, cell = line.partition("|")
            cells[name.strip()] = _without_null(cell)
    if cells:
        yield where, cells


def _without_null(cell: str) -> str:
    text = cell.strip()
    return "" if text == "null" else text
