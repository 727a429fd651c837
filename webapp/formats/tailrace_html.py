"""The one-file export of a trace page, read back: its spans lie in it as OTLP JSON. Writing: `views/takeaway/html.py`."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from webapp.formats import otlp
from webapp.formats.byte_source import ByteSource
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.unpack import buffered
from webapp.model.logs import LogLine
from webapp.model.spans import Span

NAME = "tailrace-html"
EXAMPLE = '<!doctype html> … <script type="application/json" id="tailrace-spans">{"tailrace":{…},"resourceSpans":[…]}'

GENERATOR = "Tailrace"
SPANS_ID = "tailrace-spans"
_PAGE = re.compile(rb"\s*<!doctype html", re.IGNORECASE)
_MADE_BY = re.compile(rb'<meta name="generator" content="' + GENERATOR.encode() + rb'\b[^"]{0,40}"')
_MADE_WITHIN = 10_000  # bytes; browsers put remarks of their own before it
_SPANS = re.compile(rb'<script type="application/json" id="' + SPANS_ID.encode() + rb'">')
_FARTHEST = 2**63
_BLOCK = 1_000_000


def looks_like(head: Head) -> str | None:
    is_page = _PAGE.match(head.start) and _MADE_BY.search(head.start, 0, _MADE_WITHIN)
    return "A trace page that Tailrace wrote, with its spans inside" if is_page else None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span | LogLine]:
    inside = spans_in(stream)
    if inside is None:
        notes.reject("truncated", "The file ends before its spans.")
        return
    yield from otlp.read(inside, notes)


def spans_in(stream: BinaryIO) -> BinaryIO | None:
    """The OTLP JSON within the page; None where it is cut off before."""
    source = ByteSource(stream)
    if not source.skip_to_match(_SPANS, _FARTHEST):
        return None
    source.take(source.peek(200).index(b">") + 1)
    return buffered(_until_tag(source))


def _until_tag(source: ByteSource) -> Iterator[bytes]:
    """No `<` stands in the JSON itself."""
    while block := source.take(_BLOCK):
        text, tag, _ = block.partition(b"<")
        if text:
            yield text
        if tag:
            return
