"""Log lines as other rooms write and read them, and the spans that are inferred from them. Their SQL is in `logs.py`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import duckdb
import pyarrow as pa

from webapp.model.logs import LogLine
from webapp.model.spans import Span
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.connection import Connection
from webapp.store.reading import logs
from webapp.store.writing.encode import Encoded, Encoder
from webapp.store.writing.pending import setting

Append = Callable[[duckdb.DuckDBPyConnection, Encoded, Sequence[int]], None]


class Lines:
    """Asked of the store as `store.lines`. `append_spans` writes encoded spans of the sources with these ids."""

    def __init__(
        self,
        connection: Connection,
        knowing: Callable[[], AbstractContextManager[Catalogue]],
        append_spans: Append,
    ) -> None:
        self._connection = connection
        self._knowing = knowing
        self._append_spans = append_spans

    def append(self, rows: pa.Table, source_ids: Sequence[int]) -> None:
        """Lines of several sources, as `encode_lines` made them: `source_ids` of the numbers it was given."""
        with self._connection.writing() as writer:
            logs.append_lines(writer, rows, source_ids)

    def unexplained(
        self, beside: Sequence[str] = (), most_lines: int = 50_000
    ) -> Iterator[list[list[tuple[LogLine, int]]]]:
        """Lines, in time and with their sources, of traces without recorded spans: `infer` them before the next.

        Not of traces that only sources of the formats `beside` name.
        """
        with self._connection.reading() as cursor:
            if not logs.has_lines(cursor):
                return
        with self._connection.writing() as writer:
            logs.give_way(writer)
            logs.settle_beside(writer, beside)
        with self._connection.reading(seconds=float("inf")) as cursor:
            waiting = list(logs.waiting_traces(cursor, most_lines))
        for trace_ids in waiting:
            with self._connection.reading(seconds=float("inf")) as cursor:
                lines = logs.lines_of(cursor, trace_ids)
            yield lines

    def infer(self, trace_ids: Sequence[str], inferred: Sequence[tuple[Span, int]]) -> None:
        """Spans with the ids of their sources, in place of those that were inferred of these traces before."""
        encoder, source_ids = Encoder(), sorted({source_id for _, source_id in inferred})
        for number, source_id in enumerate(source_ids):
            encoder.add([span for span, own in inferred if own == source_id], number)
        with self._connection.writing() as writer:
            logs.drop_earlier(writer, trace_ids)
            first_row = setting(writer, "next_row")
            self._append_spans(writer, encoder.take(), source_ids)
            logs.mark_inferred(writer, trace_ids, first_row)

    def of(self, trace_id: str, most: int) -> tuple[list[LogLine], int]:
        """The first `most` lines of a trace, in time, and how many there are."""
        with self._knowing() as catalogue:
            total = logs.line_count(catalogue, trace_id)
            lines = logs.lines_of(catalogue.cursor, [trace_id], most)[0] if total else []
            return [line for line, _ in lines], total if len(lines) == most else len(lines)
