"""Elastic APM: what its agents send (lines of metadata, transaction, span, error) and what Elasticsearch keeps of it.

Errors become events of the span they happened in. What an event says is in `intake.py`, the spelling of browsers in
`short.py`, a document in `documents.py`; all are made into spans in `spans.py`.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from webapp.formats import json_stream
from webapp.formats.by_trace import ByTrace
from webapp.formats.elastic.documents import facts_of_document, in_documents, is_document
from webapp.formats.elastic.facts import Failure, Work
from webapp.formats.elastic.intake import KINDS, facts_of_event, is_event
from webapp.formats.elastic.names import dotted
from webapp.formats.elastic.short import is_short, lengthened
from webapp.formats.elastic.spans import Spans
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes, Span

NAME = "elastic"
EXAMPLE = '{"metadata": {"service": {…}}}\n{"transaction": {"id": "…", "trace_id": "…", "duration": 32.5, …}}'


def looks_like(head: Head) -> str | None:
    for value in head.values:
        if isinstance(value, dict) and (is_event(value) or is_short(value)):
            return f"Elastic APM: lines of `{next(iter(value))}`"
        for document in in_documents(value):
            if not is_deep(document) and is_document(dotted(document)):
                return "Elastic APM documents of Elasticsearch: `processor.event`, `trace.id`"
    return None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    traces: ByTrace[Work | Failure] = ByTrace()
    spans, reader = Spans(notes), _Reader(notes)
    for document in json_stream.documents(stream, notes, records=("hits",)):
        value = json_stream.loads(document, notes)
        for fact in reader.facts(value, document.where):
            for trace in traces.add(fact.trace_id, fact, len(document.raw)):
                yield from spans.of_trace(trace)
    for trace in traces.rest():
        yield from spans.of_trace(trace)


class _Reader:
    """Remembers the metadata, which speaks of all that follows it."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._process: Attributes = {}

    def facts(self, value: Any, where: str) -> Iterator[Work | Failure]:  # noqa: ANN401  JSON can be anything
        if value is None:
            return
        if is_deep(value):
            self._notes.reject("too_large", where=where)
            return
        if isinstance(value, dict) and is_event(value):
            yield from self._of_event(value, where)
            return
        if isinstance(value, dict) and is_short(value):
            for event in lengthened(value):
                yield from self._of_event(event, where)
            return
        for document in in_documents(value):
            flat = dotted(document)
            fact = facts_of_document(flat, where) if is_document(flat) else None
            if fact is None:
                self._notes.warn("other_signal", where=where)
            else:
                yield fact

    def _of_event(self, event: dict[str, Any], where: str) -> Iterator[Work | Failure]:
        [(kind, told)] = event.items()
        if kind == "metadata":
            self._process = dotted(told)
        elif kind in KINDS:
            yield facts_of_event(kind, dotted(told), self._process, where)
        else:
            self._notes.warn("other_signal", where=where)
