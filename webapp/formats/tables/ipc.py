"""Arrow files and streams (IPC, Feather) of spans, batch by batch; one cut off gives the batches before that."""

import io
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from webapp.errors import UnreadableFile
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.tables import arrow
from webapp.formats.tables.layout import NO_MAPPING, unique
from webapp.formats.tables.mapping import Mapping
from webapp.formats.tables.pending import without_pending
from webapp.model.spans import Span

NAME = "arrow"
EXAMPLE = "ARROW1 … with the columns TraceId, SpanId, SpanName, Timestamp, Duration, …"

_FILE = b"ARROW1\x00\x00"
_MESSAGE = b"\xff\xff\xff\xff"
_BATCH_ROWS = 10_000
_BROKEN = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


def looks_like(head: Head, mapping: Mapping = NO_MAPPING) -> str | None:  # noqa: ARG001  its columns are binary
    if head.start.startswith(_FILE):
        return "Arrow: begins with `ARROW1`"
    length = int.from_bytes(head.start[4:8], "little")
    if head.start.startswith(_MESSAGE) and 8 <= length < 2**26 and not length % 8:
        return "Arrow: begins with the schema of a stream"
    return None


def read(stream: BinaryIO, notes: Notes, mapping: Mapping = NO_MAPPING) -> Iterator[Span]:
    """Raises UnreadableFile when the schema is lost, UnknownTable for tables of other things."""
    batches = _opened(stream)
    layout, spans_of = arrow.reader(batches.schema, notes, mapping)
    spans = _spans(batches, spans_of, notes)
    yield from without_pending(spans, notes) if layout.has_pending_spans else spans


def column_names(stream: BinaryIO) -> list[str]:
    """Raises UnreadableFile."""
    return unique(_opened(stream).schema.names)


def _opened(stream: BinaryIO) -> pa.RecordBatchReader:
    start = stream.read(len(_FILE))
    try:
        # in a file the same messages follow its magic; what stands at its end is needed for jumping only
        whole = io.BufferedReader(_Joined(b"" if start == _FILE else start, stream))
        batches = pa.ipc.open_stream(pa.PythonFile(whole, mode="r"))
        unique(batches.schema.names)  # they may be no UTF-8
    except _BROKEN as error:
        raise UnreadableFile(
            "An Arrow file whose beginning, where the columns are named, is damaged.",
            hint="Copy or write it again.",
        ) from error
    return batches


def _spans(batches: pa.RecordBatchReader, spans_of: arrow.BatchReader, notes: Notes) -> Iterator[Span]:
    row = 1
    try:
        for batch in batches:
            batch.validate(full=True)
            for first in range(0, batch.num_rows, _BATCH_ROWS):
                part = batch.slice(first, _BATCH_ROWS)
                yield from list(spans_of(part, first_row=row))
                row += part.num_rows
    except _BROKEN:
        message = "The file is damaged or cut off; the rows before that are here."
        notes.warn("truncated", message, where=f"from row {row}")


class _Joined(io.RawIOBase):
    """Bytes that were read already, and the stream they come from."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start = start
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        block = self._start[: len(buffer)] or self._stream.read(len(buffer))
        self._start = self._start[len(block) :] if self._start else b""
        buffer[: len(block)] = block
        return len(block)
