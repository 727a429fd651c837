"""A stream of JSON in any arrangement, as single records with their places, in bounded memory. No spans here.

JSON lines, concatenated and pretty-printed documents and the elements of one huge document come out alike.
After a broken record reading goes on with the next one. How values end and mend is in `json_syntax.py`.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, BinaryIO

import msgspec

from webapp.formats.json_buffer import BLANK, BLOCK, JsonBuffer
from webapp.formats.json_salvage import without_broken
from webapp.formats.json_syntax import (
    LONGEST_SEARCH,
    RECORD,
    Probe,
    State,
    check,
    is_utf8,
    mend,
    probe,
    shape,
    sibling,
)
from webapp.formats.notes import Notes

OPEN_FROM = 16_000_000  # a document longer than this is read element by element
LONGEST_RECORD = 2_000_000_000
_PATIENCE = 1_000_000_000  # bytes read on in search of the end of a broken record
_MOST_OPEN = 32  # records lie six deep in the format where they lie deepest

_MEMBER = re.compile(rb'\s*"((?:[^"\\\n]|\\.)*)"\s*:\s*')
_OBJECT = re.compile(rb'\{\s*"')
_FIRST_INNER = re.compile(rb"\s*[{\[]")


class Document(msgspec.Struct, frozen=True, gc=False):
    """One JSON object or array, syntactically whole. `line` is 0 when it does not begin its line.

    `part` names a place within it, for whoever takes it apart. `value` is what `decode` made of it, if it did.
    """

    raw: bytes | bytearray
    line: int
    byte: int
    part: str = ""
    value: Any = None

    @property
    def where(self) -> str:
        place = f"line {self.line}" if self.line else f"byte {self.byte}"
        return f"{place}, {self.part}" if self.part else place


def documents(
    stream: BinaryIO,
    notes: Notes,
    *,
    opened: Collection[str] = (),
    records: Collection[str] = (),
    decode: Callable[[bytes], object] = lambda _: None,
    prose: bool = False,
) -> Iterator[Document]:
    """The top-level documents of `stream`; of one longer than `OPEN_FROM` the elements.

    A huge or broken top-level array is always opened. Such an object is, when one of its members is named in
    `opened`: arrays of such names yield their elements, objects are opened in turn, other members
    are dropped. `records` names the arrays (at any depth, `opened` too) of which in a broken document only
    the broken elements are left out. What is lost is counted in `notes` as rejected, with its place.

    `decode` is tried on documents of one line, in place of a mere syntax check; None if it does not fit.
    With `prose`, lines that are no JSON are what a program prints, and no records that were lost.
    """
    scan = _Scan(stream, notes, opened=opened, records=records)
    scan.decode, scan.prose = decode, prose
    return scan.run()


def loads(document: Document, notes: Notes) -> Any:  # noqa: ANN401  JSON can be anything
    """The decoded value; None (and a rejected record) if that cannot be. What is not UTF-8 is replaced."""
    raw = bytes(document.raw)
    for attempt in (msgspec.json.decode, _lenient):
        try:
            value = attempt(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            continue
        if attempt is _lenient and not is_utf8(raw):
            notes.warn("not_utf8", where=document.where)
        return value
    notes.reject("bad_record", where=document.where)
    return None


def _lenient(raw: bytes) -> object:
    """Python's own reader takes numbers beyond every range."""
    return json.loads(mend(raw), strict=False)


class _Scan(JsonBuffer):
    def __init__(
        self, stream: BinaryIO, notes: Notes, *, opened: Collection[str], records: Collection[str]
    ) -> None:
        super().__init__(stream)
        self.notes = notes
        self.names = frozenset(opened)
        self.records = frozenset(records) | self.names
        self.open: list[int] = []  # brackets of the document we are inside of
        self.last: bytes = b""  # element of the document we are inside of
        self.decode: Callable[[bytes], object] = lambda _: None
        self.prose = False

    def run(self) -> Iterator[Document]:
        while self.skip_blank():
            char = self.text[self.at]
            if char in b"{[" and not self.is_prose():
                found = self.whole_line()
                if found is not None:
                    yield found
                else:
                    yield from self.value()
            elif char in b"]}" and not self.is_prose():
                if self.open and self.open[-1] == ord("[{"[char == ord("}")]):
                    self.open.pop()
                self.at += 1
            elif not self.member():
                self.junk()
        if self.open and not self.notes.warnings:  # else the brackets may have gone with what was broken
            self.notes.warn("truncated", where=f"byte {self.base + len(self.text)}")

    def whole_line(self) -> Document | None:
        """The fast way: the rest of this line is one document. Elements of an opened one share a long line."""
        end = self.end_of_line()
        if (end == len(self.text) and not self.ended) or (self.open and self.indent() is None):
            return None
        raw = bytes(self.text[self.at : end])
        value = self.decode(raw)
        if value is None:
            try:
                check(raw)
            except (msgspec.DecodeError, RecursionError):
                return None
        line, byte = self.place()
        self.at = end
        return Document(raw, line, byte, value=value)

    def found(self, length: int) -> Document:
        line, byte = self.place()
        raw = self.take(length) if length < OPEN_FROM else self.hand_over(length)
        if self.open and isinstance(raw, bytes):
            self.last = raw
        return Document(raw, line, byte)

    def value(self) -> Iterator[Document]:
        while True:
            with memoryview(self.text) as view, view[self.at :] as rest:
                found = probe(rest)
            length = len(self.text) - self.at
            if found.state is State.WHOLE:
                yield self.found(found.at)
                return
            unfinished = found.state is State.CUT and not self.ended
            if unfinished and length >= LONGEST_RECORD:
                self.notes.reject("too_large", where=f"byte {self.base + self.at}")
                self.at = len(self.text)
                return
            if (not unfinished or length >= OPEN_FROM) and self.opens():
                return
            if not unfinished and (saved := self.broken(found)) is not None:
                yield from saved
                return
            self.more(max(BLOCK, length))

    # documents that are read element by element

    def opens(self) -> bool:
        """Step into the array or object at `at`, if its elements are documents of their own."""
        if len(self.open) == _MOST_OPEN:
            return False
        if self.text[self.at] == ord("["):
            if not _FIRST_INNER.match(self.text, self.at + 1):
                return False
        elif self.open or not self.has_named_member():
            return False
        self.open.append(self.text[self.at])
        self.at += 1
        return True

    def has_named_member(self) -> bool:
        at = self.at + 1
        with memoryview(self.text) as view:
            while member := _MEMBER.match(self.text, _skip_commas(self.text, at)):
                if _name(member) in self.names:
                    return True
                with view[member.end() :] as rest:
                    found = probe(rest)
                if found.state is not State.WHOLE:
                    return False
                at = member.end() + found.at
        return False

    def member(self) -> bool:
        """Inside an opened object: step into the member at `at` if it is named, else over it."""
        if not self.open or self.open[-1] != ord("{"):
            return False
        while True:
            member = _MEMBER.match(self.text, self.at)
            start = member.end() if member else len(self.text)
            if member and start < len(self.text):
                if _name(member) in self.names and self.text[start] in b"{[":
                    self.open.append(self.text[start])
                    self.at = start + 1
                    return True
                with memoryview(self.text) as view, view[start:] as rest:
                    found = probe(rest)
                if found.state is State.WHOLE and (start + found.at < len(self.text) or self.ended):
                    self.at = start + found.at
                    return True
                if found.state is State.BAD:
                    return False
            if self.ended or len(self.text) - self.at > _PATIENCE:
                return False
            self.more(max(BLOCK, len(self.text) - self.at))

    # what is not as it should be

    def is_prose(self) -> bool:
        return self.prose and not self.open and RECORD.match(self.text, self.at) is None

    def junk(self) -> None:
        """What begins no record: go on with the next object on this line, such as after a logger's prefix."""
        end = self.end_of_line()
        where = Document(b"", *self.place()).where
        found = _OBJECT.search(self.text, self.at, end)
        if self.open and self.ended and end == len(self.text) and self.open[-1] == ord("{"):
            self.notes.warn("truncated", where=f"byte {self.base + end}")  # a member beside the records
        elif self.open or (found is None and not self.prose):
            self.notes.reject("bad_record", where=where)
        elif found is None:
            self.notes.warn("other_text", where=where)
        self.at = found.start() if found else end

    def broken(self, found: Probe) -> list[Document] | None:
        """What can be saved of the broken record at `at`; None after reading on in search of its end."""
        end = self.broken_end(found)
        if end < 0:
            if not self.ended and len(self.text) - self.at < _PATIENCE:
                return None
            end = len(self.text)
        line, byte = self.place()
        length = end - self.at
        raw = self.take(length) if length < OPEN_FROM else self.hand_over(length)
        document = Document(raw, line, byte)
        if length < LONGEST_SEARCH and probe(mended := mend(bytes(raw))).state is State.WHOLE:
            if not is_utf8(bytes(raw)):
                self.notes.warn("not_utf8", where=document.where)
            return [Document(mended, line, byte)]
        return self.saved(document, cut=found.state is State.CUT)

    def saved(self, document: Document, *, cut: bool) -> list[Document]:
        kept, lost, replaced = without_broken(document.raw, self.records)
        end = document.byte + len(document.raw)
        where = f"byte {end}" if cut else document.where
        if replaced:
            self.notes.warn("not_utf8", where=document.where)
        if not kept:
            self.notes.reject("truncated" if cut else "bad_record", where=where)
            return []
        if not lost:
            self.notes.warn("truncated" if cut else "bad_record", where=where)
        for record in lost:
            code = "truncated" if record.cut and cut else "bad_record"
            self.notes.reject(code, where=f"byte {document.byte + record.at}")
        return [Document(kept, document.line, document.byte)]

    def broken_end(self, found: Probe) -> int:
        """By its brackets; else where the next record begins: a line like its own, or the same first key."""
        indent = self.indent()
        lead = re.compile(rb"\n" + (indent if indent and self.open else b"") + rb"[{\[]")
        next_line = lead.search(self.text, max(self.at + 1, self.end_of_line()))
        fresh = next_line.start() if next_line else -1
        if indent is None:
            same_key = sibling(self.text, self.at, self.at + found.at, self.last)
            fresh = min((place for place in (fresh, same_key) if place > 0), default=-1)
        limit = fresh if fresh > 0 else min(len(self.text), self.at + LONGEST_SEARCH)
        end = shape(self.text, self.at, limit).end
        misled = indent is None and self.last and 0 < end < fresh  # by a wrong quote
        return fresh if misled or end < 0 else end


def _name(member: re.Match[bytes]) -> str:
    return member[1].decode("utf-8", "replace")


def _skip_commas(text: bytearray, at: int) -> int:
    match = BLANK.match(text, at)
    return match.end() if match else at
