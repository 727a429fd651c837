"""AWS X-Ray: segment documents however they are wrapped, subsegments sent alone, answers of BatchGetTraces.

What wraps a document is in `documents.py`, what its fields mean in `spans.py`, `causes.py` and `words.py`.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from webapp.formats import json_stream
from webapp.formats.by_trace import ByTrace
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.xray import documents
from webapp.formats.xray.documents import Record
from webapp.formats.xray.spans import spans
from webapp.model.spans import Span

NAME = "xray"
EXAMPLE = (
    '{"trace_id": "1-5759e988-…", "id": "70de5b6f19ff9a0a", "name": "shop", "start_time": 1478293361.271}'
)

_LISTS = ("Traces", "Segments")
_TELLING = {
    "subsegments",
    "in_progress",
    "fault",
    "throttle",
    "origin",
    "aws",
    "annotations",
    "metadata",
    "sql",
}
_TELLING |= {"precursor_ids", "inferred", "resource_arn", "namespace", "traced", "cause"}


def looks_like(head: Head) -> str | None:
    for one in head.objects:
        if isinstance(one.get("Traces"), list) and ("UnprocessedTraceIds" in one or _segments(one["Traces"])):
            return "AWS X-Ray: an answer of BatchGetTraces"
        if _segments([one]) or _segments([{"Segments": [one]}]):
            return "AWS X-Ray: `Segments` of a trace"
        if isinstance(one.get("TraceSegmentDocuments"), list):
            return "AWS X-Ray: documents as PutTraceSegments takes them"
        if documents.is_header(one):
            return "AWS X-Ray: messages to its daemon"
        if _is_document(one):
            kind = "subsegments" if one.get("type") == "subsegment" else "segments"
            return f"AWS X-Ray: {kind} with `id` and " + (
                "`trace_id`" if "trace_id" in one else "`subsegments`"
            )
    return None


def _segments(traces: list[Any]) -> bool:
    first = traces[0] if traces and isinstance(traces[0], dict) else {}
    inner = first.get("Segments")
    return isinstance(inner, list) and all(
        isinstance(one, dict) and one.keys() >= {"Id", "Document"} for one in inner[:1]
    )


def _is_document(one: dict[str, Any]) -> bool:
    if not isinstance(one.get("id"), str) or "name" not in one:
        return False
    if str(one.get("trace_id", "")).startswith("1-"):
        return True
    timed = isinstance(one.get("start_time"), (int, float)) and "trace_id" in one
    return (timed and not _TELLING.isdisjoint(one)) or isinstance(one.get("subsegments"), list)


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    """Spans come trace by trace: a subsegment learns its service, and a reference its exception, from the others."""
    traces = ByTrace[Record]()
    arrays = (*_LISTS, "subsegments", "children")
    for document in json_stream.documents(stream, notes, opened=_LISTS, records=arrays):
        value = json_stream.loads(document, notes)
        if value is None:
            continue
        found = list(documents.roots(value, notes, document.where))
        size = len(document.raw) // max(1, len(found))
        for root, trace_id, where in found:
            for record in documents.records(root, trace_id, notes, where, size):
                for trace in traces.add(record.trace_id, record, record.size):
                    yield from spans(trace, notes)
    for trace in traces.rest():
        yield from spans(trace, notes)
