"""What can be kept of a broken JSON document whose records lie in arrays of known names. Syntax is `json_syntax.py`."""

import re
from collections.abc import Collection
from typing import NamedTuple

from webapp.formats.json_syntax import (
    LONGEST_SEARCH,
    STRING,
    Probe,
    State,
    Text,
    is_utf8,
    mend,
    probe,
    shape,
    sibling,
)

_MEMBER = re.compile(rb"[\s,]*(" + STRING + rb")\s*:\s*")
_GAP = re.compile(rb"[\s,]*")
_DEEPEST = 8  # known arrays nest five deep in the format where they nest most

# pieces of text, to be joined once: what is kept may be most of a huge document
Parts = list[bytes | memoryview]


class Lost(NamedTuple):
    """A record that was left out: its offset and whether the text ended in it."""

    at: int
    cut: bool


class Salvage(NamedTuple):
    text: bytes  # valid JSON; b"" if nothing could be kept
    lost: list[Lost]
    replaced: bool  # bytes that are not UTF-8


def without_broken(text: bytes | bytearray, arrays: Collection[str]) -> Salvage:
    """`text` with the broken elements of `arrays` (by key, at any depth of such arrays) left out.

    Small faults are mended. A member that is broken itself ends its object there.
    """
    walk = _Walk(text, frozenset(key.encode() for key in arrays))
    parts, _ = walk.value(_gap(text, 0))
    kept = b"".join(parts) if walk.records else b""
    return Salvage(kept, walk.lost, walk.replaced)


class _Walk:
    def __init__(self, text: bytes | bytearray, arrays: frozenset[bytes]) -> None:
        self.text = text
        self.view = memoryview(text)
        self.arrays = arrays
        self.begins_array = re.compile(rb'"(?:' + b"|".join(map(re.escape, arrays)) + rb')"\s*:\s*\[')
        self.lost: list[Lost] = []
        self.replaced = False
        self.records = 0  # kept
        self.depth = 0
        self.elements = 0  # of arrays that we are inside of
        self.like: dict[bytes, Text] = {}  # a sound element of the arrays of each name

    def value(self, start: int, name: bytes = b"") -> tuple[Parts, int]:
        """What can be kept of the value at `start`, and where to go on. `name`: under which key it lies."""
        first = self.text[start : start + 1]
        if first not in (b"{", b"[") or self.depth >= _DEEPEST:
            return [], start
        self.depth += 1
        kept = self.array(start + 1, name) if first == b"[" else self.object(start + 1, name)
        self.depth -= 1
        return kept

    def object(self, at: int, name: bytes) -> tuple[Parts, int]:
        """Under a known name, outside of all arrays, the members may be records by their ids."""
        parts: Parts = [b"{"]
        while member := _MEMBER.match(self.text, at):
            key, at = member[1], member.end()
            whole, end = self.whole(at)
            if whole is None and key[1:-1] in self.arrays:
                kept, end = self.value(at, key[1:-1])
            elif whole is None:
                break
            else:
                kept = [whole]
                self.records += self.has_records(
                    at, known=key[1:-1] in self.arrays, within=name in self.arrays
                )
            parts += [b"," if len(parts) > 1 else b"", key, b":", *(kept or [b"null"])]
            at = end
        else:
            at = _gap(self.text, at)
            at += self.text[at : at + 1] == b"}"
        return [*parts, b"}"], at

    def has_records(self, at: int, *, known: bool, within: bool) -> bool:
        """Whether the sound member at `at` is a record or holds some: an array under a known name, an object outside."""
        if self.text[at] == ord("["):
            return known and self.text[_gap(self.text, at + 1)] in b"{["
        return self.text[at] == ord("{") and (known or within) and not self.elements

    def array(self, at: int, name: bytes) -> tuple[Parts, int]:
        parts: Parts = [b"["]
        while (at := _gap(self.text, at)) < len(self.text) and self.text[at] not in b"]}":
            whole, end = self.whole(at)
            kept: Parts = [whole] if whole is not None else []
            if whole is None:
                kept, end = self.broken_element(at, name)
            elif self.text[at] in b"{[":
                self.records += 1
                self.like[name] = whole
            if kept:
                parts += [b"," if len(parts) > 1 else b"", *kept]
            at = end
        return [*parts, b"]"], at + (self.text[at : at + 1] == b"]")

    def whole(self, at: int) -> tuple[bytes | memoryview | None, int]:
        """The value at `at` if it is sound or can be mended."""
        found = self.probe(at)
        if found.state is State.WHOLE:
            return self.view[at : at + found.at], at + found.at
        end = shape(self.text, at, min(len(self.text), at + LONGEST_SEARCH)).end
        if end > 0 and found.state is State.BAD:
            piece = bytes(self.text[at:end])
            mended = mend(piece)
            if probe(mended).state is State.WHOLE:
                self.replaced = self.replaced or not is_utf8(piece)
                return mended, end
        return None, at

    def probe(self, at: int) -> Probe:
        with self.view[at:] as rest:
            return probe(rest)

    def broken_element(self, start: int, name: bytes) -> tuple[Parts, int]:
        records_before, lost_before = self.records, len(self.lost)
        self.elements += 1
        kept, end = self.value(start)
        self.elements -= 1
        if self.records > records_before and end > start:
            return kept, end
        del self.lost[lost_before:]
        found = self.probe(start)
        self.lost.append(Lost(start, found.state is State.CUT))
        return [], self.next_record(start, start + found.at, name)

    def next_record(self, start: int, broke_at: int, name: bytes) -> int:
        """Where to go on after the broken record at `start`: behind its last bracket, or at the next one like it.

        A wrong bracket or quote makes the first wrong, and the second may lie in another array.
        """
        end = shape(self.text, start, min(len(self.text), start + LONGEST_SEARCH)).end
        fresh = sibling(self.text, start, broke_at, self.example(name))
        if fresh < 0 or _gap(self.text, end) == fresh:
            return end if end > 0 else len(self.text)
        elsewhere = self.begins_array.search(self.text, max(start, end), fresh)
        if elsewhere:
            return end if end > 0 else elsewhere.start()
        return fresh

    def example(self, name: bytes) -> Text:
        """A sound element of an array of this name, from anywhere in the text; b"" if there is none."""
        first_elements = re.compile(rb'"' + re.escape(name) + rb'"\s*:\s*\[\s*(?=\{)')
        for found in first_elements.finditer(self.text) if name not in self.like else ():
            element = self.probe(found.end())
            if element.state is State.WHOLE:
                self.like[name] = self.view[found.end() : found.end() + element.at]
                break
        return self.like.setdefault(name, b"")


def _gap(text: Text, at: int) -> int:
    match = _GAP.match(text, at)
    return match.end() if match else at
