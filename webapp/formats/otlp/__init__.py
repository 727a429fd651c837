"""OTLP JSON in all arrangements: collector files, export requests, Tempo and Jaeger v3 responses; read and written.

Log records among the spans are log lines of their traces, metrics are passed over.

Each document is decoded in one go but for its spans, and these one by one; what does not fit its type, part by part.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, BinaryIO

import msgspec

from webapp.formats.head import Head
from webapp.formats.json_stream import OPEN_FROM, Document, documents
from webapp.formats.json_syntax import RECORD
from webapp.formats.notes import Notes
from webapp.formats.otlp.pieces import UNFIT, decoded, note_partial, spans_one_by_one
from webapp.formats.otlp.spans import Converter
from webapp.formats.otlp.wire import (
    Message,
    ResourceSpans,
    decode_message,
    decode_span_ids,
    in_camel,
    in_camel_from_pascal,
)
from webapp.formats.otlp.writing import write as write
from webapp.formats.otlp.writing import written as written
from webapp.formats.unpack import peek
from webapp.model.logs import LogLine
from webapp.model.spans import Span

NAME = "otlp"
EXAMPLE = '{"resourceSpans":[{"resource":{…},"scopeSpans":[{"spans":[{"traceId":"5b8e…","spanId":…}]}]}]}'

_TOP = ("resourceSpans", "resource_spans", "ResourceSpans", "batches")
_WRAPPERS = ("result", "trace", "data")
_SCOPES = (
    "scopeSpans",
    "scope_spans",
    "ScopeSpans",
    "instrumentationLibrarySpans",
    "instrumentation_library_spans",
)
_LOGS = ("resourceLogs", "resource_logs")
_OTHER_SIGNALS = ("resourceMetrics", "resource_metrics", *_LOGS)
_RECORDS = (*_TOP, *_SCOPES, "spans", *_LOGS, "scopeLogs", "scope_logs", "logRecords", "log_records")


def looks_like(head: Head) -> str | None:
    for found in head.objects:
        for wrapper in ("", *_WRAPPERS):
            inner = found.get(wrapper) if wrapper else found
            key = _span_key(inner)
            if key:
                path = f"{wrapper}.{key}" if wrapper else key
                return f"OTLP JSON: `{path}`"
    # metrics and logs often share a file with spans, which may come later
    return f"OTLP JSON: `{signal}` lines" if (signal := other_signal(head)) else None


def _span_key(found: Any) -> str:  # noqa: ANN401  JSON can be anything
    if not isinstance(found, dict):
        return ""
    for key in _TOP + _SCOPES:
        if isinstance(found.get(key), list) and (key != "batches" or _are_batches(found[key])):
            return key
    return ""


def _are_batches(values: list[Any]) -> bool:
    return not values or (
        isinstance(values[0], dict) and ("resource" in values[0] or bool(_span_key(values[0])))
    )


def other_signal(head: Head) -> str:
    """The key of metrics or logs in the head, "" if there is none."""
    return next((key for found in head.objects for key in _OTHER_SIGNALS if key in found), "")


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span | LogLine]:
    start, stream = peek(stream)
    converter = Converter(notes)
    spelling = _Spelling()
    found = documents(
        stream,
        notes,
        opened=_TOP + _LOGS + _WRAPPERS,
        records=_RECORDS,
        decode=spelling.decode,
        prose=_is_prose(start),
    )
    for document in _objects(found):
        message = document.value
        if message is None and len(document.raw) < OPEN_FROM:
            message = spelling.decode(document.raw)
        if message is None:
            yield from spans_one_by_one(document, converter)
        else:
            yield from _records(message, document, converter)


def _is_prose(start: bytes) -> bool:
    """What a program prints, such as Java's logging exporter: its other lines are no records that were lost."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(text) and RECORD.match(text) is None


class _Spelling:
    """One file keeps to one spelling of keys: what the last document needed is tried first."""

    def __init__(self) -> None:
        self._ours: Callable[[bytes | bytearray], bytes] | None = None  # from that spelling

    def decode(self, raw: bytes | bytearray) -> Message | None:
        """None if a value in it does not fit its type."""
        try:
            message = decode_message(self._ours(raw) if self._ours else raw)
            if self._ours or not _is_foreign(message):
                return message
            for ours in (in_camel_from_pascal, in_camel):
                message = decode_message(ours(raw))
                if not _is_foreign(message):
                    self._ours = ours
                    break
        except UNFIT:
            return None
        return message


def _objects(found: Iterable[Document]) -> Iterator[Document]:
    """Elements of arrays on their own."""
    for document in found:
        if document.raw[:1] == b"[":
            for raw in msgspec.json.decode(document.raw, type=list[msgspec.Raw]):
                yield Document(bytes(raw), document.line, document.byte)
        else:
            yield document


def _is_foreign(message: Message) -> bool:
    """Whether nothing in it was recognised: its keys may be in another spelling."""
    message = _unwrapped(message)
    if message.resource_metrics or message.resource_logs or message.scope_logs:
        return False
    for group in message.resource_spans or (ResourceSpans(scope_spans=message.scope_spans),):
        for scoped in group.scope_spans or ():
            for raw in scoped.spans or ():
                ids = decode_span_ids(raw)
                return not ids.trace_id and not ids.span_id
    return True


def _unwrapped(message: Message) -> Message:
    while inner := message.result or message.trace:
        message = inner
    return message


def _records(message: Message, document: Document, converter: Converter) -> Iterator[Span | LogLine]:
    note_partial(message, document, converter.notes)
    message = _unwrapped(message)
    groups = message.resource_spans or []
    if message.scope_spans:
        groups = [ResourceSpans(message.resource, message.schema_url, message.scope_spans)]
    elif message.resource_metrics:
        converter.notes.warn("other_signal", where=document.where)
    elif message == Message() and document.raw.strip() != b"{}":
        converter.notes.reject("bad_record", where=document.where)
    if message.resource_logs or message.scope_logs:
        raw = message.resource_logs or msgspec.Raw(document.raw)
        yield from converter.logs.in_json(raw, document)
    numbers = count(1)
    for group in groups:
        resource = converter.resource(group.resource, group.schema_url, document)
        for scoped in group.scope_spans or ():
            if scoped.spans:
                scope = converter.scope(scoped.scope, document)
                wires = decoded(scoped.spans, document, converter.notes, numbers)
                yield from converter.spans(wires, resource, scope, document)
