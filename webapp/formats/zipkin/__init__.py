"""Zipkin v2 JSON: a list of spans, a list of traces, single spans one after another.

What a record means is in `spans.py`, which records are one span in `reports.py`, writing in
`writing.py`. Version 1, with its annotations of cs and sr, is a format of its own.
"""

from collections.abc import Iterator
from typing import BinaryIO

from webapp.formats import json_stream, units
from webapp.formats.head import Head
from webapp.formats.json_stream import Document
from webapp.formats.notes import Notes
from webapp.formats.zipkin.reports import Report, Reports
from webapp.formats.zipkin.spans import Spans
from webapp.formats.zipkin.writing import write as write
from webapp.model.spans import Span

NAME = "zipkin"
EXAMPLE = '[{"traceId": "…", "id": "…", "name": "get", "timestamp": 1472470996199000, "localEndpoint": {}}]'

_ENDPOINTS = frozenset({"localEndpoint", "remoteEndpoint"})
_MEMBERS = _ENDPOINTS | {
    "traceId",
    "id",
    "parentId",
    "kind",
    "name",
    "timestamp",
    "duration",
    "annotations",
    "tags",
    "debug",
    "shared",
}


def looks_like(head: Head) -> str | None:
    first = head.first
    if not (isinstance(first.get("traceId"), str) and isinstance(first.get("id"), str)):
        return None
    if first.keys() & _ENDPOINTS:
        return f"Zipkin v2 JSON: spans with `id` and `{min(first.keys() & _ENDPOINTS)}`"
    annotations = first.get("annotations")
    of_version_1 = isinstance(annotations, list) and any(
        isinstance(one, dict) and "endpoint" in one for one in annotations
    )
    return (
        "Zipkin v2 JSON: spans with `traceId` and `id`"
        if first.keys() <= _MEMBERS and not of_version_1
        else None
    )


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    reports, spans = Reports(notes), Spans(notes)
    for document in json_stream.documents(stream, notes):
        for report in _reports(document, notes):
            yield from map(spans.span, reports.add(report))
    yield from map(spans.span, reports.rest())


def _reports(document: Document, notes: Notes) -> Iterator[Report]:
    records = _records(json_stream.loads(document, notes))
    size = len(document.raw) // max(1, len(records))
    for number, record in enumerate(records, start=1):
        where = document.where if len(records) == 1 else f"{document.where}, span {number}"
        if not isinstance(record, dict):
            notes.reject("bad_record", where=where)
            continue
        trace_id = units.read_id(record.get("traceId"), 32)
        span_id = units.read_id(record.get("id"), 16)
        if trace_id is None or span_id is None:
            notes.reject("bad_id", where=where)
            continue
        if trace_id.unusual or span_id.unusual:
            notes.warn("id_padded", where=where)
        yield Report(record, trace_id.hex, span_id.hex, where, size)


def _records(value: object) -> list[object]:
    """All that is not a list, out of lists of lists, in order."""
    if value is None:
        return []
    found: list[object] = []
    wrapped = [value]
    while wrapped:
        one = wrapped.pop()
        if isinstance(one, list):
            wrapped.extend(reversed(one))
        else:
            found.append(one)
    return found
