"""JSON as bytes: where a value ends, what is wrong with it, what can be saved of it. No streams, no spans.

msgspec checks syntax at 1 GB/s and says in its error where a value ended or broke; everything slower runs
only on what is broken.
"""

import re
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

import msgspec

Text = bytes | bytearray | memoryview

check: Callable[[Text], msgspec.Raw] = msgspec.json.Decoder(msgspec.Raw).decode

LONGEST_SEARCH = 4_000_000  # bytes in which the brackets of a broken record are matched
_DEEPEST = 100_000  # brackets within brackets; of what nests deeper no end is looked for
_LONGEST_LOOK = 64_000  # bytes of a broken record that are looked at for its keys
RECORD = re.compile(rb"\{\s*(?:[\"}]|$)|\[\s*(?:[\[{\]]|$)")  # an object begins, or an array of some

_AT = re.compile(r"byte (\d+)\)$")
STRING = rb'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_TOKEN = re.compile(STRING + rb'|[{}\[\],"]')
_REPAIRABLE = re.compile(
    STRING.replace(rb"\n", b"")  # raw line breaks within strings are repairable as long as the quotes match
    + rb"|(?P<number>-?(?:NaN|Infinity))\b|(?P<comma>,)(?=\s*[}\]])"
)
_CONTROL = re.compile(rb"[\x00-\x1f]")
_SURROGATES = re.compile(
    rb"\\\\|(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_FIRST_KEY = re.compile(rb'\{\s*"([^"\\\n]{1,200})"')
_CLOSER = {ord("{"): ord("}"), ord("["): ord("]")}


class State(IntEnum):
    WHOLE = 0
    CUT = 1  # fine so far, but the text ends within the value
    BAD = 2


class Probe(NamedTuple):
    """`at`: WHOLE: one past the value (and blanks after it); BAD: where the error was noticed."""

    state: State
    at: int


def probe(text: Text) -> Probe:
    """What the JSON value at the start of `text` is; more may follow it."""
    try:
        check(text)
    except msgspec.DecodeError as error:
        message = str(error)
        place = _AT.search(message)
        if place is None:
            return Probe(State.CUT, len(text))
        # msgspec has already consumed the character that does not belong
        trailing = "trailing characters" in message
        return Probe(State.WHOLE, int(place[1]) - 1) if trailing else Probe(State.BAD, int(place[1]))
    except RecursionError:
        return Probe(State.BAD, 1)
    return Probe(State.WHOLE, len(text))


class Shape(NamedTuple):
    """Of the brackets from a position on. `end`: one past the matching bracket, -1 if there is none.

    Cutting at `safe` and adding `closers` gives a valid value without its unfinished last part.
    """

    end: int
    safe: int
    closers: bytes


def shape(text: Text, start: int = 0, stop: int | None = None) -> Shape:
    stack = bytearray()
    safe, closed_since = start, bytearray()
    for token in _TOKEN.finditer(text, start, len(text) if stop is None else stop):
        at = token.start()
        char = text[at]
        if char in _CLOSER or char == 0x2C:
            if char in _CLOSER:
                stack.append(_CLOSER[char])
                at += 1
                if len(stack) > _DEEPEST:
                    break
            safe = at
            closed_since.clear()
        elif char != 0x22:
            if not stack or stack[-1] != char:
                break
            closed_since.append(stack.pop())
            if not stack:
                return Shape(at + 1, at + 1, b"")
        elif token.end() == at + 1:
            break  # a quote without its partner
    return Shape(-1, safe, bytes(closed_since + stack[::-1]))


def mend(text: bytes) -> bytes:
    """The same value in valid JSON where only small things are wrong with it.

    Those are bytes that are not UTF-8 (replaced), bare NaN and Infinity (quoted), line breaks and other
    control characters in strings (escaped), halves of surrogate pairs (replaced), commas before a closing
    bracket (left out).
    """
    if not is_utf8(text):
        text = text.decode("utf-8", "replace").encode()
    return _REPAIRABLE.sub(_mended, text)


def is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _mended(found: re.Match[bytes]) -> bytes:
    if found["comma"]:
        return b""
    if found["number"]:
        return b'"' + found["number"] + b'"'
    whole = _CONTROL.sub(lambda control: b"\\u%04x" % control[0][0], found[0])
    if b"\\u" not in whole:
        return whole
    return _SURROGATES.sub(lambda half: half[0] if half[1] or half[0] == b"\\\\" else b"\\ufffd", whole)


def sibling(text: Text, start: int, from_at: int, like: Text = b"") -> int:
    """The next sound object from `from_at` on that resembles the record `like`; -1 if there is none.

    It begins with the same key and has most of its keys. Without `like`, those of the object at `start` as far as
    it is sound: a record inside of it may begin with the same key.
    """
    first = _FIRST_KEY.match(like) or _FIRST_KEY.match(text, start)
    if first is None:
        return -1
    keys = _keys(like) or _keys(_closed(text, start, min(from_at, start + _LONGEST_LOOK)))
    same = re.compile(rb'\{\s*"' + re.escape(first[1]) + rb'"\s*:')
    with memoryview(text) as view:
        for found in same.finditer(text, max(from_at, start + 1)):
            with view[found.start() :] as rest:
                length = probe(rest).at if probe(rest).state is State.WHOLE else 0
                if not keys or 2 * len(keys & _keys(rest[:length])) > len(keys):
                    return found.start()
    return -1


def _closed(text: Text, start: int, stop: int) -> bytes:
    outline = shape(text, start, stop)
    return bytes(text[start : outline.safe]) + outline.closers


def _keys(record: Text) -> set[str]:
    """Of a sound record; none otherwise."""
    try:
        return set(msgspec.json.decode(record, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return set()
