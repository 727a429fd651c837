"""The head of a file, to recognise its format by. What the unrecognised may be is in `refusals.py`."""

import json
import re
from typing import Any

import msgspec

from webapp.formats.head import Head
from webapp.formats.json_syntax import State, mend, probe, shape

_VALUES = 50  # documents looked at; the first lines may be metrics, logs or damaged
_BLANK = b" \t\r\n,\x1e"
_RECORD = re.compile(rb"\{\s*\"|^[ \t]*(?:[\[{]\s*[\[{]|[\[{]\s*$)", re.MULTILINE)


def head_of(start: bytes) -> Head:
    text = start.removeprefix(b"\xef\xbb\xbf")
    return Head(text, list(_values(text)))


def _values(text: bytes) -> list[Any]:
    found: list[Any] = []
    at = 0
    with memoryview(text) as view:
        for _ in range(2 * _VALUES):
            at += len(text) - at - len(text[at:].lstrip(_BLANK))
            if at >= len(text) or len(found) == _VALUES:
                break
            if text[at] not in b"{[":
                at = _next_object(text, at)
                continue
            first = probe(view[at:])
            if first.state is State.WHOLE:
                piece, end = text[at : at + first.at], at + first.at
            else:
                piece, end = _closed(text, at)
            value = _decoded(piece)
            if value is None and first.state is State.BAD:
                outline = shape(text, at, at + first.at)
                value = _decoded(text[at : outline.safe] + outline.closers) or None
            if value is not None:
                found.append(value)
            at = end
    return found


def _next_object(text: bytes, at: int) -> int:
    """After a logger's prefix on the line, else on a later line: programs print hundreds before the first record."""
    found = _RECORD.search(text, at)
    return found.start() if found else len(text)


def _closed(text: bytes, at: int) -> tuple[bytes, int]:
    """A broken or unfinished value, closed before its break, and where to look for the next."""
    outline = shape(text, at)
    if outline.end > 0:
        return text[at : outline.end], outline.end
    line_end = text.find(b"\n", at)
    return text[at : outline.safe] + outline.closers, len(text) if line_end < 0 else line_end


def _decoded(piece: bytes) -> Any:  # noqa: ANN401  JSON can be anything
    try:
        return msgspec.json.decode(piece)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(mend(piece), strict=False)
    except (ValueError, RecursionError):
        return None
