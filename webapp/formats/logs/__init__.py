"""Structured logs that name traces: JSON of any logger, logfmt, text with ids, Docker's and Loki's wrappings.

Lines that say where a span starts and ends are yielded as spans, all others as `LogLine`s: what those are made
into is settled when everything is loaded, since their trace may have spans in another file.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from webapp.errors import NotTraces
from webapp.formats.head import Head
from webapp.formats.logs.pairs import Pairs
from webapp.formats.logs.reading import Entry, Lines
from webapp.formats.logs.records import header_of, read_records, records_in, text_record
from webapp.formats.notes import Notes
from webapp.model.logs import LogLine
from webapp.model.spans import Span

NAME = "logs"
EXAMPLE = (
    '{"time":"2026-01-02T03:04:05.678Z","level":"INFO","msg":"paid","service":"shop","trace_id":"0af76519…"}'
)

_LOOKED_AT = 50  # lines of a head
_DECIDED_BY = 1_000  # lines that say whether a file has trace ids, or only ids of requests
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_FOREIGN = ("resourceLogs", "resource_logs", "resourceSpans", "resource_spans", "traceEvents")


def looks_like(head: Head) -> str | None:
    for one in head.objects[:_LOOKED_AT]:
        if _is_foreign(one):
            return None
        for record in islice(records_in(one, ""), _LOOKED_AT):
            if (entry := Entry(record)).is_log():
                return f"Log lines: {_keys_of(entry)}"
    if columns := header_of(head.start)[1:]:
        return f"Log lines: a table with the columns {', '.join(f'`{name}`' for name in columns[:6])}"
    if head.start.lstrip()[:1] in (b"{", b"[", b"<") or _NOT_TEXT.search(head.start[:4096]):
        return None
    for line in head.start.decode("utf-8", "replace").splitlines()[:_LOOKED_AT]:
        entry = Entry(text_record(line, ""))
        if entry.is_log() and "message" in entry.fields and {"time", "level"} & entry.fields.keys():
            return f"Log lines: text with {_keys_of(entry)}"
    return None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span | LogLine]:
    """Raises NotTraces when no line names a trace."""
    entries = map(Entry, read_records(stream, notes))
    first = list(islice(entries, _DECIDED_BY))
    weak_ids = not any("trace_id" in entry.fields for entry in first)
    lines, pairs = Lines(notes, weak_ids=weak_ids), Pairs(notes)
    nameless = named = 0
    for entry in chain(first, entries):
        line = lines.line(entry)
        if line is None:
            nameless += 1
            continue
        named += 1
        spans = pairs.take(entry, line)
        if spans is None:
            yield line
        else:
            yield from spans
    yield from pairs.rest()
    if nameless and not named:
        hint = "A trace id is looked for under names such as trace_id, traceId, trace.id, X-Trace-ID and traceparent."
        raise NotTraces("This looks like log lines without a trace id.", hint=hint)
    if nameless:
        notes.warn("other_signal", "Log lines without a trace id were passed over.", count=nameless)


def _is_foreign(one: dict[str, object]) -> bool:
    """Elastic's agents send their events as objects with one member."""
    return any(key in one for key in _FOREIGN) or (
        len(one) == 1 and next(iter(one)) in ("metadata", "transaction", "span", "error", "metricset", "log")
    )


def _keys_of(entry: Entry) -> str:
    names = [
        entry.fields[name].path for name in ("time", "level", "message", "trace_id") if name in entry.fields
    ]
    return ", ".join(f"`{name}`" for name in names)
