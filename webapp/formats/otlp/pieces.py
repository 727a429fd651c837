"""An OTLP document taken span by span: one too long to decode at once, or one that does not fit its types."""

from collections.abc import Iterator
from itertools import count

import msgspec

from webapp.formats.json_stream import Document
from webapp.formats.notes import Notes
from webapp.formats.otlp.spans import Converter
from webapp.formats.otlp.tolerant import Tolerant
from webapp.formats.otlp.wire import (
    LooseMessage,
    Message,
    ScopeSpans,
    WireSpan,
    decode_loose_message,
    decode_scope_spans,
    decode_span,
    in_camel,
)
from webapp.model.logs import LogLine
from webapp.model.spans import Span

UNFIT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def spans_one_by_one(document: Document, converter: Converter) -> Iterator[Span | LogLine]:
    """What is bad is noted and left out: an attribute, a span, or a group whose shape cannot be understood."""
    numbers = count(1)
    waiting: list[msgspec.Raw | bytes | bytearray] = [document.raw]
    while waiting:
        message = _message(waiting.pop(), document, converter.notes)
        if message is None:
            continue
        waiting.extend(wrapped for wrapped in (message.result, message.trace) if wrapped)
        note_partial(message, document, converter.notes)
        waiting.extend(reversed(message.resource_spans or ()))
        if bytes(message.resource_logs):
            yield from converter.logs.in_json(message.resource_logs, document)
        resource = converter.resource(message.resource, message.schema_url, document)
        for scoped in map(_scope_spans, message.scope_spans or ()):
            if scoped is None:
                converter.notes.reject("bad_record", where=document.where)
                continue
            scope = converter.scope(scoped.scope, document)
            wires = decoded(scoped.spans or [], document, converter.notes, numbers)
            yield from converter.spans(wires, resource, scope, document)


def note_partial(message: Message | LooseMessage, document: Document, notes: Notes) -> None:
    """What Tempo says of a trace that it gives only in part."""
    status, words = (_text(bytes(raw)) for raw in (message.status, message.message))
    if words or status.upper().endswith("PARTIAL"):
        notes.warn("partial", f"Tempo says: {words}" if words else "", where=document.where)


def _text(raw: bytes) -> str:
    """Of a JSON string; "" for anything else."""
    try:
        return msgspec.json.decode(raw, type=str) if raw[:1] == b'"' else ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _message(raw: msgspec.Raw | bytes | bytearray, document: Document, notes: Notes) -> LooseMessage | None:
    if bytes(raw[:4] if isinstance(raw, bytes | bytearray) else raw) == b"null":
        return None
    try:
        message = decode_loose_message(raw)
        found = (
            message.resource_spans,
            message.scope_spans,
            message.result,
            message.trace,
            bytes(message.resource_logs),
        )
        empty = not any(found)
        return decode_loose_message(in_camel(bytes(raw))) if empty else message
    except UNFIT:
        notes.reject("bad_record", where=document.where)
        return None


def _scope_spans(raw: msgspec.Raw) -> ScopeSpans | None:
    try:
        return decode_scope_spans(raw)
    except UNFIT:
        return None


def decoded(
    spans: list[msgspec.Raw], document: Document, notes: Notes, numbers: Iterator[int]
) -> Iterator[WireSpan]:
    """Spans of a document; what does not fit its type is read part by part. `numbers`: of the spans of the document."""
    for raw, number in zip(spans, numbers, strict=False):
        try:
            yield decode_span(raw)
        except UNFIT:
            place = Document(b"", document.line, document.byte, f"span {number}")
            wire = Tolerant(notes, place).span(bytes(raw))
            if wire is not None:
                yield wire
