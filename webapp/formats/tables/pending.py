"""Logfire writes a span when it starts, as `pending_span` below the real one, and again when it ends: one of both stays."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from webapp.formats.notes import Notes
from webapp.formats.tables.cells import identifier
from webapp.formats.tables.status import PENDING, SPAN_TYPE
from webapp.model.spans import Span

_REAL_PARENT = "logfire.pending_parent_id"


def without_pending(spans: Iterable[Span], notes: Notes) -> Iterator[Span]:
    """Those whose real span never comes stand for it at the end, unfinished."""
    waiting: dict[tuple[str, str], Span] = {}
    ended: set[tuple[str, str]] = set()
    for span in spans:
        if span.attributes.get(SPAN_TYPE) == PENDING:
            key = (span.trace_id, span.parent_span_id or span.span_id)
            if key in ended:
                notes.warn("parts_merged", span_id=key[1])
            else:
                waiting[key] = span
            continue
        key = (span.trace_id, span.span_id)
        ended.add(key)
        if waiting.pop(key, None):
            notes.warn("parts_merged", span_id=span.span_id)
        yield span
    for (_, span_id), span in waiting.items():
        parent = identifier(span.attributes.get(_REAL_PARENT), 16)
        yield replace(span, span_id=span_id, parent_span_id=parent, end_ns=0, written_span_id="")
