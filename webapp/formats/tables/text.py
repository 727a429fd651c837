"""Tables of spans as text: CSV and its relatives with tab, semicolon or bar, with and without a header, line by line."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import BinaryIO

from webapp.formats.head import HEAD_BYTES, Head
from webapp.formats.notes import Notes
from webapp.formats.tables import own
from webapp.formats.tables.asking import UnknownTable
from webapp.formats.tables.dialect import Dialect, dialect_of
from webapp.formats.tables.layout import NO_MAPPING, Layout, layout_of, unique
from webapp.formats.tables.mapping import Mapping
from webapp.formats.tables.pending import without_pending
from webapp.formats.tables.records import Lines, Record, records
from webapp.formats.tables.rows import Rows
from webapp.model.spans import Span

NAME = "csv"
EXAMPLE = "TraceId,SpanId,ParentSpanId,SpanName,ServiceName,Timestamp,Duration"

_BATCH_ROWS = 1_000
_BATCH_CELLS = 200_000
_BATCH_CHARACTERS = 16_000_000
_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_LEAST_ASKED = 3  # columns; prose has commas too


def looks_like(head: Head, mapping: Mapping = NO_MAPPING) -> str | None:
    dialect = dialect_of(head.start)
    if dialect is None:
        return None
    try:
        layout = layout_of(dialect.columns, mapping)
    except UnknownTable:
        return None
    named = ", ".join(
        f"`{layout.fields[field]}`" for field in ("trace_id", "start", "name") if field in layout.fields
    )
    header = "" if dialect.has_header else " without a header, in the order of ClickHouse's table otel_traces"
    return f"A table with {_NAMES.get(dialect.delimiter, 'separators')} between the columns {named}{header}"


def unknown(head: Head, mapping: Mapping = NO_MAPPING) -> UnknownTable | None:
    """What is to be asked about a table that nobody recognised; None if it is no table."""
    dialect = dialect_of(head.start)
    if dialect is None or not dialect.is_regular or len(dialect.columns) < _LEAST_ASKED:
        return None
    try:
        layout_of(dialect.columns, mapping)
    except UnknownTable as table:
        return table.seeing(dialect.sample)
    return None


def read(stream: BinaryIO, notes: Notes, mapping: Mapping = NO_MAPPING) -> Iterator[Span]:
    """Raises UnknownTable."""
    start = stream.read(HEAD_BYTES)
    dialect = dialect_of(start.removeprefix(b"\xef\xbb\xbf"))
    if dialect is None:
        return
    lines = Lines(start, stream, notes)
    columns = _columns(lines, dialect, notes)
    layout = layout_of(columns, mapping)
    if own.is_ours(columns) and not mapping:
        rows = _whole(records(lines, dialect, len(columns), notes), lines, layout, notes)
        yield from own.spans_of(rows, columns, notes)
        return
    spans = _spans(lines, dialect, layout, notes)
    yield from without_pending(spans, notes) if layout.has_pending_spans else spans


def _columns(lines: Lines, dialect: Dialect, notes: Notes) -> Sequence[str]:
    """From the whole header, which may go beyond what detection saw. The rows before the data are consumed."""
    if not dialect.has_header:
        return dialect.columns
    head = [cells for _, cells in islice(records(lines, dialect, 0, notes), dialect.skipped)]
    widest = max(head, key=len, default=[])
    found = next((cells for cells in head if len(cells) == len(widest)), [])
    return unique(found)


def _spans(lines: Lines, dialect: Dialect, layout: Layout, notes: Notes) -> Iterator[Span]:
    width = len(layout.columns)
    rows = Rows(notes)
    at = {name: layout.columns.index(name) for name in layout.used}
    for batch in _batches(_whole(records(lines, dialect, width, notes), lines, layout, notes), width):
        by_column = list(zip(*(cells for _, cells in batch), strict=True))
        columns = {name: by_column[index] for name, index in at.items()}
        yield from rows.spans(layout, columns, len(batch), partial(_place, batch))


def _place(batch: list[Record], row: int) -> str:
    return f"line {batch[row][0]}"


def _whole(found: Iterator[Record], lines: Lines, layout: Layout, notes: Notes) -> Iterator[Record]:
    """Records with a cell for each column: empty ones at the end may be absent, what a span needs may not.

    A header within is that of a file appended to another.
    """
    width = len(layout.columns)
    header = list(layout.columns)
    needed = 1 + max(
        layout.columns.index(layout.fields[field])
        for field in ("trace_id", "span_id", "start")
        if field in layout.fields
    )
    for line, cells in found:
        short = width - len(cells)
        if cells == header:
            continue
        if not short:
            yield line, cells
        elif short < 0 and not any(cells[width:]):
            yield line, cells[:width]
        elif short > 0 and len(cells) >= needed and not lines.is_cut:
            notes.warn(
                "bad_attribute", "A row without its last cells; the span is here.", where=f"line {line}"
            )
            yield line, cells + [""] * short
        else:
            code = "truncated" if short > 0 and lines.is_cut else "bad_record"
            notes.reject(code, where=f"line {line}")


def _batches(found: Iterator[Record], width: int) -> Iterator[list[Record]]:
    most = max(1, min(_BATCH_ROWS, _BATCH_CELLS // max(1, width)))
    batch: list[Record] = []
    characters = 0
    for record in found:
        batch.append(record)
        characters += sum(map(len, record[1]))
        if len(batch) == most or characters > _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
