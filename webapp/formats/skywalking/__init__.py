"""Apache SkyWalking: answers of its query API, segments as its agents report them, tables with a row a span.

What wraps spans is in `shapes.py`, spellings of members in `members.py`, what they mean in `spans.py`.
"""

from collections.abc import Iterator
from typing import BinaryIO

from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.skywalking import members, shapes
from webapp.formats.skywalking.spans import Spans
from webapp.formats.unpack import peek
from webapp.model.spans import Span

NAME = "skywalking"
EXAMPLE = (
    '{"data": {"trace": {"spans": [{"traceId": "…", "segmentId": "…", "spanId": 0, "parentSpanId": -1}]}}}'
)

_TELLING = {"parent_span_id", "name", "start"}
_BLANK = b" \t\r\n\xef\xbb\xbf"


def looks_like(head: Head) -> str | None:
    if head.start.lstrip(_BLANK)[:1] not in (b"{", b"["):
        found = shapes.table_of(head.start)
        return "SkyWalking: a table of spans with segments" if found else None
    fields = shapes.first_span(head.values)
    if members.is_segment(fields):
        inner = [one for one in members.objects(fields["spans"]) if "start" in members.fields_of(one)]
        return "SkyWalking: segments with `spans`" if inner and "service" in fields else None
    return "SkyWalking: spans with a segment" if len(_TELLING.intersection(fields)) > 1 else None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    start, stream = peek(stream)
    spans = Spans(notes)
    is_table = shapes.table_of(start) is not None
    for fields, others, where in (shapes.of_table if is_table else shapes.of_json)(stream, notes):
        found = spans.span(fields, others, where)
        if found is not None:
            yield found
