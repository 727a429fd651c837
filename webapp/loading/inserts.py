"""Batches as they were read → batches of whole row groups, as the store takes them fastest. Nothing changes its order."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from webapp.loading.batches import Batch, News
from webapp.store.writing.row_groups import ROW_GROUP, cut, joined

_MOST_BYTES = 256_000_000  # held back, for spans that hold much


def in_row_groups(news: Iterable[News]) -> Iterator[News]:
    """The last batch has what fills no row group. A file is ended by the batch with the last of its spans."""
    waiting: list[Batch] = []
    for each in news:
        if not isinstance(each, Batch):
            yield each
            continue
        waiting.append(each)
        rows = sum(batch.encoded.rows.num_rows for batch in waiting)
        rest: list[Batch] = []
        if rows >= ROW_GROUP and rows % ROW_GROUP:
            waiting[-1:], rest = _cut(each, each.encoded.rows.num_rows - rows % ROW_GROUP)
        if rows >= ROW_GROUP or sum(map(_bytes_of, waiting)) > _MOST_BYTES:
            yield _together(waiting)
            waiting = rest
    yield _together(waiting)


def _cut(batch: Batch, size: int) -> tuple[list[Batch], list[Batch]]:
    first, rest = cut(batch.encoded, size)
    return [Batch(first, batch.files, [], batch.lines)], [Batch(rest, batch.files, batch.ended)]


def _bytes_of(batch: Batch) -> int:
    return batch.encoded.rows.nbytes + (batch.lines.nbytes if batch.lines is not None else 0)


def _together(batches: list[Batch]) -> Batch:
    encoded = joined([batch.encoded for batch in batches], [len(batch.files) for batch in batches])
    files = [file for batch in batches for file in batch.files]
    ended = [file for batch in batches for file in batch.ended]
    return Batch(encoded, files, ended, _lines_of(batches))


def _lines_of(batches: list[Batch]) -> pa.Table | None:
    tables: list[pa.Table] = []
    behind = 0
    for batch in batches:
        if batch.lines is not None:
            source = pc.add(batch.lines["source"], pa.scalar(behind, pa.uint32()))
            tables.append(batch.lines.set_column(batch.lines.column_names.index("source"), "source", source))
        behind += len(batch.files)
    return pa.concat_tables(tables) if tables else None
