"""Zipkin in all its forms: JSON of versions 2 and 1, also mixed, in lists and lists of lists; protobuf; Thrift.

What a record means is in `spans.py`, version 1 in `version1.py`, which records are one span in `reports.py`, writing in
`writing.py`.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from webapp.formats import json_stream
from webapp.formats.head import Head
from webapp.formats.ids import Ids
from webapp.formats.json_stream import Document
from webapp.formats.notes import Notes
from webapp.formats.unpack import peek
from webapp.formats.zipkin import proto3, thrift1, version1
from webapp.formats.zipkin.reports import Report, Reports
from webapp.formats.zipkin.spans import Spans
from webapp.formats.zipkin.tags import JsonObject
from webapp.formats.zipkin.writing import write as write
from webapp.model.spans import Span

NAME = "zipkin"
EXAMPLE = '[{"traceId": "…", "id": "…", "name": "get", "timestamp": 1472470996199000, "localEndpoint": {}}]'

_WRAPPERS = ("traces", "data", "spans", "result", "trace", "hits")
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
    if proto3.looks_like(head.start):
        return "Zipkin protobuf: a list of spans that begin with a trace id"
    if thrift1.looks_like(head.start):
        return "Zipkin Thrift: spans of version 1"
    found = (record for value in head.values for record in _records(value))
    first = next((one for one in found if isinstance(one, dict) and not _is_order(one)), {})
    if not (isinstance(first.get("traceId"), str) and isinstance(first.get("id"), str)):
        return None
    if first.keys() & _ENDPOINTS:
        return f"Zipkin v2 JSON: spans with `id` and `{min(first.keys() & _ENDPOINTS)}`"
    if version1.is_version_1(first):
        key = "binaryAnnotations" if "binaryAnnotations" in first else "annotations` with `endpoint"
        return f"Zipkin v1 JSON: spans with `id` and `{key}`"
    return "Zipkin v2 JSON: spans with `traceId` and `id`" if first.keys() <= _MEMBERS else None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    start, stream = peek(stream)
    reader = _Reader(notes)
    if proto3.looks_like(start):
        reports = reader.of_protobuf(stream)
    elif thrift1.looks_like(start):
        reports = reader.of_thrift(stream)
    else:
        reports = reader.of_json(stream)
    together, spans = Reports(notes), Spans(notes, reader.ids)
    for report in reports:
        yield from map(spans.span, together.add(report))
    yield from map(spans.span, together.rest())


class _Reader:
    """Records of any form as reports."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self.ids = Ids(notes)

    def of_json(self, stream: BinaryIO) -> Iterator[Report]:
        for document in json_stream.documents(stream, self._notes, opened=_WRAPPERS):
            yield from self._of_document(document)

    def of_protobuf(self, stream: BinaryIO) -> Iterator[Report]:
        for record in proto3.records(stream):
            where = f"byte {record.byte}"
            if not record.is_utf8:
                self._notes.warn("not_utf8", where=where)
            if record.span is None:
                self._notes.reject("truncated" if record.is_cut else "bad_record", where=where)
            else:
                yield from self._reports(record.span, where, record.size)

    def of_thrift(self, stream: BinaryIO) -> Iterator[Report]:
        content = stream.read(thrift1.LARGEST_BODY + 1)
        if len(content) > thrift1.LARGEST_BODY:
            self._notes.warn("too_large", where=f"byte {thrift1.LARGEST_BODY}")
        for number, record in enumerate(thrift1.records(content), start=1):
            if record is None:
                self._notes.reject("truncated", where=f"span {number}")
            else:
                yield from self._reports(record, f"span {number}", len(repr(record)))

    def _of_document(self, document: Document) -> Iterator[Report]:
        records = _records(json_stream.loads(document, self._notes))
        size = len(document.raw) // max(1, len(records))
        for number, record in enumerate(records, start=1):
            where = document.where if len(records) == 1 else f"{document.where}, span {number}"
            yield from self._reports(record, where, size)

    def _reports(self, record: Any, where: str, size: int) -> Iterator[Report]:  # noqa: ANN401  JSON can be anything
        if not isinstance(record, dict):
            self._notes.reject("bad_record", where=where)
            return
        if _is_order(record):
            return
        trace_id = self.ids.trace(record.get("traceId"), where)
        span_id = self.ids.span(record.get("id"), where)
        if not trace_id or not span_id:
            self._notes.reject("bad_id", where=where)
            return
        for one in self._halves(record, where):
            yield Report(one, trace_id, span_id, where, size)

    def _halves(self, record: JsonObject, where: str) -> list[JsonObject]:
        """Most are one."""
        if not version1.is_version_1(record):
            return [record]
        return version1.as_version_2(record, self._notes, where)


def _records(value: object) -> list[object]:
    """All that is not a list, out of lists of lists, in order."""
    if value is None:
        return []
    found: list[object] = []
    wrapped = [value]
    while wrapped:
        one = wrapped.pop()
        inner: list[Any] = one if isinstance(one, list) else _members(one)
        if inner or isinstance(one, list):
            wrapped.extend(reversed(inner))
        else:
            found.append(one)
    return found


def _members(value: object) -> list[Any]:
    """The spans or traces that an object holds which is no span itself: an answer of somebody's API, a test's file."""
    if not isinstance(value, dict) or "traceId" in value:
        return []
    if isinstance(value.get("_source"), dict):
        return [value["_source"]]
    answer = value.get("hits")
    value = answer if isinstance(answer, dict) else value
    inner: list[Any] = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), list)), [])
    return [span for one in inner for span in (one if isinstance(one, list) else [one])]


def _is_order(record: JsonObject) -> bool:
    """What stands before each document for Elasticsearch to index it."""
    return len(record) == 1 and isinstance(record.get("index", record.get("create")), dict)
