"""Tables of spans as flat JSON objects, one a row: of ClickHouse, Phoenix, Logfire, Azure, New Relic, SigNoz, Google.

A file says that it is one by keys that only such tables have; other JSON spans have readers of their own.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, BinaryIO

from webapp.formats.head import Head
from webapp.formats.json_stream import documents, loads
from webapp.formats.notes import Notes
from webapp.formats.tables import google
from webapp.formats.tables.asking import UnknownTable
from webapp.formats.tables.layout import NO_MAPPING, Layout, layout_of
from webapp.formats.tables.mapping import Mapping
from webapp.formats.tables.names import letters
from webapp.formats.tables.pending import without_pending
from webapp.formats.tables.rows import Rows
from webapp.formats.wrapped import in_rows
from webapp.model.spans import Span

NAME = "json-rows"
EXAMPLE = '{"TraceId":"5b8e…","SpanId":"0a1b…","SpanName":"GET /","Timestamp":"2024-05-06 07:08:09.123","Duration":1500}'

Json = dict[str, Any]
Row = tuple[Json, str]  # and where it is

_BATCH_ROWS = 1_000
_BATCH_CELLS = 500_000
_SEEN = 20  # rows looked at to recognise a file
_WRAPPERS = ("data", "results", "rows", "events", "tables", "traces", "spans")
# who writes it -> keys, as `letters`, that are all there
_SIGNATURES: tuple[tuple[str, frozenset[str]], ...] = (
    ("ClickHouse's otel_traces", frozenset({"timestamp", "traceid", "spanid", "spanname", "duration"})),
    ("Phoenix", frozenset({"contexttraceid", "contextspanid", "starttime"})),
    ("Logfire", frozenset({"starttimestamp", "traceid", "spanid", "spanname", "otelscopename"})),
    ("Logfire", frozenset({"starttimestamp", "traceid", "spanid", "spanname", "otelstatuscode"})),
    ("Logfire", frozenset({"starttimestamp", "endtimestamp", "traceid", "spanid", "spanname"})),
    ("Azure Application Insights", frozenset({"operationid", "id", "name", "duration", "timestamp"})),
    ("Azure Application Insights", frozenset({"operationid", "id", "name", "durationms", "timegenerated"})),
    ("New Relic", frozenset({"traceid", "guid", "timestamp", "durationms"})),
    ("New Relic", frozenset({"traceid", "id", "timestamp", "durationms", "entityname"})),
    ("SigNoz", frozenset({"traceid", "spanid", "timestamp", "durationnano", "name"})),
)


def looks_like(head: Head, mapping: Mapping = NO_MAPPING) -> str | None:
    for row in first_rows(head):
        spelled = {letters(key) for key in row}
        writer = next((name for name, keys in _SIGNATURES if spelled >= keys), "")
        if writer and _layout(row, mapping):
            return f"Rows as JSON objects with the columns of {writer}"
        if google.is_span(row):
            return "Spans of Google Cloud Trace"
        if any(one.column in row for one in mapping) and _layout(row, mapping):
            return "Rows as JSON objects with the columns that --map names"
    return None


def unknown(head: Head, mapping: Mapping = NO_MAPPING) -> UnknownTable | None:
    """What is to be asked about flat objects that may be spans; None if they are nothing of that kind."""
    for row in first_rows(head):
        is_flat = sum(isinstance(value, (str, int, float)) for value in row.values()) * 2 > len(row)
        try:
            layout_of(list(row), mapping)
        except UnknownTable as table:
            if is_flat and len(row) > 2 and table.is_likely:
                return table
    return None


def read(stream: BinaryIO, notes: Notes, mapping: Mapping = NO_MAPPING) -> Iterator[Span]:
    """Rows may have different keys. Those without an id are rejected."""
    found = _all_rows(stream, notes)
    first = next(found, None)
    if first is None:
        return
    layout = _layout(first[0], mapping)
    spans = _spans(chain([first], found), notes, mapping)
    is_logfire = layout is not None and layout.has_pending_spans
    yield from without_pending(spans, notes) if is_logfire else spans


def first_rows(head: Head) -> Iterator[Json]:
    count = 0
    for value in head.values:
        for row in rows_in(value):
            yield _flat(row)
            count += 1
            if count == _SEEN:
                return


def _layout(row: Json, mapping: Mapping) -> Layout | None:
    try:
        return layout_of(list(row), mapping)
    except UnknownTable:
        return None


def rows_in(value: object) -> Iterator[Json]:
    """The rows in what a database answered: objects, or lists of cells below the names of their columns."""
    waiting = [in_rows(value)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(reversed(one))
        if not isinstance(one, dict):
            continue
        columns, cells_of_rows = _first_list(one, "columns", "meta"), _first_list(one, "rows", "data")
        named = [str(column.get("name")) for column in columns if isinstance(column, dict)]
        lists = [cells for cells in cells_of_rows if isinstance(cells, list)]
        inner = [one[key] for key in _WRAPPERS if isinstance(one.get(key), list)]
        if named and lists:
            yield from (dict(zip(named, cells, strict=False)) for cells in lists)
        elif inner and not any(letters(key).endswith(("traceid", "operationid")) for key in one):
            waiting.extend(reversed(inner))
        else:
            yield from google.spans_of(one)


def _first_list(value: Json, *keys: str) -> list[Any]:
    return next((value[key] for key in keys if isinstance(value.get(key), list)), [])


def _flat(row: Json) -> Json:
    """`context` as its members (Phoenix's own API); Google's names as ours."""
    context = row.get("context")
    if isinstance(context, dict):
        row = {**{f"context.{key}": value for key, value in context.items()}, **row}
        del row["context"]
    return row


def _all_rows(stream: BinaryIO, notes: Notes) -> Iterator[Row]:
    for document in documents(stream, notes, opened=_WRAPPERS, records=_WRAPPERS):
        value = loads(document, notes)
        several = isinstance(in_rows(value), list) or (
            isinstance(value, dict) and any(key in value for key in _WRAPPERS)
        )
        for number, row in enumerate(rows_in(value), 1):
            yield _flat(row), f"{document.where}, row {number}" if several else document.where


def _spans(found: Iterator[Row], notes: Notes, mapping: Mapping) -> Iterator[Span]:
    rows = Rows(notes)
    layouts: dict[frozenset[str], Layout | None] = {}
    for batch in _batches(found):
        keys = dict.fromkeys(key for row, _ in batch for key in row)
        spelled = frozenset(keys)
        if spelled not in layouts:
            layouts.clear()
            layouts[spelled] = _layout(dict(keys), mapping)
        layout = layouts[spelled]
        if layout is None:
            for _, where in batch:
                notes.reject("bad_id", where=where)
            continue
        columns = {name: [row.get(name) for row, _ in batch] for name in layout.used}
        yield from rows.spans(layout, columns, len(batch), partial(_place, batch))


def _place(batch: Sequence[Row], row: int) -> str:
    return batch[row][1]


def _batches(found: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    keys: set[str] = set()
    for row in found:
        batch.append(row)
        keys.update(row[0])
        if len(batch) == _BATCH_ROWS or len(batch) * len(keys) > _BATCH_CELLS:
            yield batch
            batch, keys = [], set()
    if batch:
        yield batch
