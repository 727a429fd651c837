"""Datadog: what its tracers send to the agent, as JSON or msgpack, answers of its span search, traces of its pages.

Msgpack is read in `packed.py`, JSON in `shapes.py`; both give records, whose meaning is in `spans.py`.
"""

import io
from collections.abc import Iterator
from typing import BinaryIO

from webapp.formats import json_stream
from webapp.formats.datadog import ids, shapes
from webapp.formats.datadog.packed import FIRST_BYTES, Packed
from webapp.formats.datadog.records import Chunk, mapping
from webapp.formats.datadog.spans import Spans
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.unpack import peek
from webapp.model.spans import Span

NAME = "datadog"
EXAMPLE = '[[{"trace_id": 123, "span_id": 456, "service": "web", "resource": "GET /", "start": 1700000000000000000}]]'

_IDS = {"trace_id", "span_id"}
_TELLING = {"service", "name", "resource", "start", "meta"}
_STRINGS = {"_dd.p.tid", "_dd.p.dm", "_sampling_priority_v1", "_dd.agent_psr", "_dd.top_level", "runtime-id"}


def looks_like(head: Head) -> str | None:
    if head.start[:1] and head.start[0] in FIRST_BYTES:
        return _looks_packed(head.start)
    for one in head.objects:
        if shapes.is_span(one) or shapes.holds_traces(one):
            return "Datadog: spans with `trace_id`, `span_id` and `resource`"
        data = one.get("data")
        if shapes.is_found(one) or (isinstance(data, list) and any(map(shapes.is_found, data[:3]))):
            return "Datadog: an answer of its span search"
        if shapes.is_of_page(one.get("trace")) or ("root_id" in one and shapes.is_of_page(one)):
            return "Datadog: a trace of its web pages"
        chunks = one.get("chunks")
        if isinstance(chunks, list) and any(
            map(shapes.is_span, mapping(next(iter(chunks), None)).get("spans") or ())
        ):
            return "Datadog: a tracer's payload of `chunks`"
    return None


def _looks_packed(start: bytes) -> str | None:
    packed = Packed(io.BytesIO(start), Notes())
    record = next((record for chunk in packed.chunks() for record in chunk), None)
    fields = record.fields if record else {}
    if fields.keys() >= _IDS and not _TELLING.isdisjoint(fields):
        return "Datadog: msgpack of spans with `trace_id` and `span_id`"
    if not _STRINGS.isdisjoint(packed.strings):
        return (
            "Datadog: msgpack of strings, such as `"
            + min(_STRINGS.intersection(packed.strings))
            + "`, and spans"
        )
    return None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    start, stream = peek(stream)
    is_packed = bool(start) and start[0] in FIRST_BYTES
    chunks = Packed(stream, notes).chunks() if is_packed else _json_chunks(stream, notes)
    traces, spans = ids.Traces(notes), Spans(notes)
    for chunk in chunks:
        yield from filter(None, map(spans.span, traces.add(chunk)))
    yield from filter(None, map(spans.span, traces.rest()))


def _json_chunks(stream: BinaryIO, notes: Notes) -> Iterator[Chunk]:
    records = ("trace", *shapes.LISTS)
    for document in json_stream.documents(stream, notes, opened=shapes.LISTS, records=records):
        value = json_stream.loads(document, notes)
        if value is not None:
            yield from shapes.chunks(value, notes, document.where, len(document.raw))
