"""What tests of the console exporters share: a span as Python prints it, and short ways to read."""

import io
from typing import Any

from webapp.formats import console
from webapp.formats.notes import Notes
from webapp.model.logs import LogLine
from webapp.model.spans import Span

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
PYTHON: dict[str, Any] = {
    "name": "hello",
    "context": {"trace_id": f"0x{TRACE}", "span_id": f"0x{SPAN}", "trace_state": "[]"},
    "kind": "SpanKind.SERVER",
    "parent_id": None,
    "start_time": "2026-01-02T03:04:05.123457Z",
    "end_time": "2026-01-02T03:04:05.223457Z",
    "status": {"status_code": "UNSET"},
    "attributes": {"n": 1},
    "events": [],
    "links": [],
    "resource": {"attributes": {"service.name": "x"}, "schema_url": ""},
}


def read(content: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    found = console.read(io.BytesIO(content), notes)
    return [one for one in found if isinstance(one, Span)], notes


def lines(content: bytes) -> list[LogLine]:
    return [one for one in console.read(io.BytesIO(content), Notes()) if isinstance(one, LogLine)]


def spans(content: bytes) -> list[Span]:
    return read(content)[0]
