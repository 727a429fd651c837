"""Spans that OpenTelemetry's console exporters print as JSON: Go's stdouttrace, the ConsoleSpanExporter of Python
and PHP, mixed too.

What a record of either means is in `go.py` and `python.py`, what a logger prints between them in `logs.py`.
JavaScript's, which is no JSON, is in `javascript.py`.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from webapp.formats import json_stream
from webapp.formats.console.go import GoSpans, is_go
from webapp.formats.console.logs import PrintedLogs
from webapp.formats.console.python import PythonSpans, is_php, is_python
from webapp.formats.console.wrapped import unwrapped, unwrapped_head
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.value_text import is_deep
from webapp.model.logs import LogLine
from webapp.model.spans import Span

NAME = "console"
EXAMPLE = '{"Name": "GET /", "SpanContext": {"TraceID": "…", "SpanID": "…"}, "Parent": {…}, "StartTime": "…"}'


def looks_like(head: Head) -> str | None:
    for one in (*head.objects, *unwrapped_head(head).objects):
        if is_go(one):
            return "Go stdouttrace: spans with `SpanContext`"
        if is_python(one):
            return "Python ConsoleSpanExporter: spans with `context.trace_id`"
        if is_php(one):
            return "PHP ConsoleSpanExporter: spans with `context.trace_id` and `parent_span_id`"
    return None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span | LogLine]:
    """Arrays are what one export of Go's old versions printed. Records of other signals are counted."""
    go, python, logs = GoSpans(notes), PythonSpans(notes), PrintedLogs(notes)
    for document in json_stream.documents(unwrapped(stream), notes, prose=True):
        records = _records(json_stream.loads(document, notes))
        for number, record in enumerate(records, start=1):
            where = document.where if len(records) == 1 else f"{document.where}, span {number}"
            if is_go(record) or is_python(record) or is_php(record):
                found = go.span(record, where) if is_go(record) else python.span(record, where)
                if found is None:
                    notes.reject("bad_id", where=where)
                else:
                    yield found
            elif is_deep(record):
                notes.reject("too_large", where=where)
            elif (line := logs.line(record, where)) is not None:
                yield line
            else:
                notes.warn("other_signal", where=where)


def _records(value: object) -> list[dict[str, Any]]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, dict)]
