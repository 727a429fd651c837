"""Jaeger in all its forms: answers of its APIs, downloads, documents and rows of its storages, bodies of its clients.

This room decides between them. What a span's record means is in `spans.py`, writing in `writing.py`.
"""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from webapp.formats import json_stream
from webapp.formats.head import Head
from webapp.formats.jaeger import cassandra, records, thrift_batch
from webapp.formats.jaeger.spans import Group, Spans
from webapp.formats.jaeger.writing import write as write
from webapp.formats.notes import Notes
from webapp.formats.unpack import peek
from webapp.model.spans import Span

NAME = "jaeger"
EXAMPLE = '{"data": [{"traceID": "…", "spans": [{"spanID": "…", "operationName": "…"}], "processes": {}}]}'

_LOOKED_AT = 20  # what begins a bulk file or stands between its documents says nothing


def looks_like(head: Head) -> str | None:
    if found := thrift_batch.looks_like(head.start) or cassandra.looks_like(head.start):
        return found
    documents = [one for one in head.objects[:_LOOKED_AT] if not records.is_action(one)]
    return next((found for one in documents if (found := records.recognised(one))), None)


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    start, stream = peek(stream)
    start = start.removeprefix(codecs.BOM_UTF8)
    spans = Spans(notes)
    if thrift_batch.looks_like(start):
        groups = thrift_batch.groups(stream, notes)
    elif cassandra.looks_like(start):
        groups = cassandra.groups(stream, notes)
    else:
        groups = _of_json(stream, notes)
    for group in groups:
        yield from spans.of(group)


def _of_json(stream: BinaryIO, notes: Notes) -> Iterator[Group]:
    for document in json_stream.documents(stream, notes, opened=records.OPENED, records=records.RECORDS):
        yield from records.groups(json_stream.loads(document, notes), notes, document.where)
