"""Parquet files of spans, one row a span: ours (`schema.py`) and tables of other tools (`tables`);
and blocks of Tempo (`tempo.py`), one row a trace.

Read row group by row group, so that memory is bounded and a damaged group costs no other.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from webapp.errors import NotTraces, UnreadableFile
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.parquet import schema as parquet_schema
from webapp.formats.parquet import spans as parquet_spans
from webapp.formats.parquet import tempo
from webapp.formats.tables import arrow
from webapp.formats.tables.layout import NO_MAPPING, unique
from webapp.formats.tables.mapping import Mapping
from webapp.formats.tables.pending import without_pending
from webapp.model.spans import Span

NAME = "parquet"
EXAMPLE = (
    "PAR1 … with the columns trace_id, span_id, name, start_ns, … or TraceId, SpanId, SpanName, Timestamp, …"
)

# the columns it needs, and what makes spans of a batch of them
Table = tuple[list[str], Callable[..., Iterable[Span]]]

_GROUP_ROWS = 50_000
_BATCH_ROWS = 10_000
_BATCH_BYTES = 32_000_000
_BROKEN = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


def looks_like(head: Head, mapping: Mapping = NO_MAPPING) -> str | None:  # noqa: ARG001  its columns are at its end
    return "Parquet: begins with `PAR1`" if head.start.startswith(b"PAR1") else None


def read(stream: BinaryIO, notes: Notes, mapping: Mapping = NO_MAPPING) -> Iterator[Span]:
    """Raises UnreadableFile when the index at the end of the file is lost, UnknownTable for tables of other things."""
    with _seekable(stream) as file:
        parquet, schema = _opened(file)
        groups = parquet.num_row_groups
        if parquet_schema.is_ours(schema.names):
            yield from _groups(parquet, groups, _ours(schema, notes), notes)
            return
        if tempo.is_block(schema):
            yield from _groups(parquet, groups, (tempo.COLUMNS, tempo.Block(notes).spans), notes)
            return
        layout, spans_of = arrow.reader(schema, notes, mapping)
        spans = _groups(parquet, groups, (_top_level(schema, layout.used), spans_of), notes)
        yield from without_pending(spans, notes) if layout.has_pending_spans else spans


def column_names(stream: BinaryIO) -> list[str]:
    """Of a table whose columns can be named; [] for ours and for blocks of Tempo. Raises UnreadableFile."""
    with _seekable(stream) as file:
        _, schema = _opened(file)
        return [] if parquet_schema.is_ours(schema.names) or tempo.is_block(schema) else unique(schema.names)


def _opened(file: IO[bytes]) -> tuple[pq.ParquetFile, pa.Schema]:
    try:
        parquet = pq.ParquetFile(file)
        schema = parquet.schema_arrow
        unique(schema.names)  # they may be no UTF-8
    except _BROKEN as error:
        raise UnreadableFile(
            "A Parquet file that cannot be opened: its end, where the index is, is cut off or damaged.",
            hint="Copy or write it again.",
        ) from error
    return parquet, schema


def _groups(parquet: pq.ParquetFile, groups: int, table: Table, notes: Notes) -> Iterator[Span]:
    first_row = 1
    for group in range(groups):
        yield from _group_spans(parquet, group, table, notes, first_row=first_row)
        first_row += parquet.metadata.row_group(group).num_rows


def _top_level(schema: pa.Schema, used: list[str]) -> list[str]:
    """The columns to read. Of two that share a name both are read, as one name means both to Parquet."""
    wanted = set(used)
    return [name for name, shown in zip(schema.names, unique(schema.names), strict=True) if shown in wanted]


def write_parquet(batches: Iterable[list[Span]], target: Path | str | IO[bytes]) -> None:
    """Our own schema; holds one row group in memory."""
    with pq.ParquetWriter(target, parquet_schema.SCHEMA, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(parquet_schema.to_batch(batch))
            if sum(one.num_rows for one in waiting) >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting, parquet_schema.SCHEMA))
                waiting = []
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, parquet_schema.SCHEMA))


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[IO[bytes]]:
    """Parquet is read from its end; what comes from a pipe or a decompressor is put on disk first."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy, 1_000_000)
        copy.seek(0)
        yield copy


def _ours(schema: pa.Schema, notes: Notes) -> Table:
    wrong = parquet_spans.wrong_column(schema)
    if wrong:
        raise NotTraces(f"A table with the columns of Tailrace, but {wrong}.")
    return schema.names, partial(parquet_spans.spans_of, notes=notes)


def _batch_rows(parquet: pq.ParquetFile, group: int) -> int:
    described = parquet.metadata.row_group(group)
    bytes_a_row = max(1, described.total_byte_size // max(1, described.num_rows))
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // bytes_a_row))


def _group_spans(
    parquet: pq.ParquetFile, group: int, table: Table, notes: Notes, *, first_row: int
) -> Iterator[Span]:
    columns, spans_of = table
    row = first_row
    try:
        for batch in parquet.iter_batches(_batch_rows(parquet, group), [group], columns):
            spans = list(spans_of(batch, first_row=row))
            row += batch.num_rows
            yield from spans
    except _BROKEN:
        lost = first_row + parquet.metadata.row_group(group).num_rows - row
        notes.rejected += lost
        notes.warn(
            "bad_record",
            "A damaged part of the file was left out; the rest is here.",
            where=f"row group {group + 1}, from row {row}",
            count=max(1, lost),
        )
