"""Short ways to write and to read Chrome trace events, for their tests."""

import io
import json
from typing import Any

from webapp.formats import chrome
from webapp.formats.notes import Notes
from webapp.model.spans import Span


def read(content: Any) -> tuple[list[Span], Notes]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    notes = Notes()
    return list(chrome.read(io.BytesIO(raw), notes)), notes


def spans(content: bytes) -> list[Span]:
    return read(content)[0]


def event(ph: str, name: str, ts: object, **members: Any) -> dict[str, Any]:
    return {"ph": ph, "name": name, "ts": ts, "pid": 1, "tid": 1} | members
