"""What the reader of logs makes of some text."""

import io
import json
from typing import Any

from webapp.formats import logs
from webapp.formats.notes import Notes
from webapp.model.logs import LogLine
from webapp.model.spans import Span

HEX = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
SECOND = 1_000_000_000
START_S = 1_767_323_045  # 2026-01-02T03:04:05Z


def read(content: Any) -> tuple[list[Span], list[LogLine], Notes]:
    raw = content if isinstance(content, bytes) else text_of(content).encode()
    notes = Notes()
    found = list(logs.read(io.BytesIO(raw), notes))
    return (
        [one for one in found if isinstance(one, Span)],
        [one for one in found if isinstance(one, LogLine)],
        notes,
    )


def text_of(content: Any) -> str:
    """A list of objects is written as lines, text as it is."""
    if isinstance(content, str):
        return content
    rows = content if isinstance(content, list) else [content]
    return "".join(json.dumps(row) + "\n" for row in rows)


def one_line(content: Any) -> LogLine:
    [line] = read(content)[1]
    return line


def codes(notes: Notes) -> dict[str, int]:
    found: dict[str, int] = {}
    for warning in notes.warnings:
        found[warning.code] = found.get(warning.code, 0) + warning.count
    return found
