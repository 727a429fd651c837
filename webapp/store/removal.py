"""Removing traces and sources in steps, so that readers and receivers come in between. The SQL is in `writing/`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby

import duckdb
import numpy as np
import pyarrow as pa

from webapp.store.connection import Connection
from webapp.store.writing import tidying
from webapp.store.writing.arrow import uuids
from webapp.store.writing.keys import KeyCatalog
from webapp.store.writing.names import Names
from webapp.store.writing.pending import set_setting, setting
from webapp.store.writing.removing import take_out, weigh

STEP_SPANS = 50_000  # in one transaction; a larger trace is one
_READ_SECONDS = 600.0
_OF_TRACES = """
SELECT replace(a.trace_id::VARCHAR, '-', '') AS trace_id, coalesce(t.spans, 1)::BIGINT AS spans
FROM asked_traces a LEFT JOIN traces t USING (trace_id)
ORDER BY t.first_row
"""
_OF_SOURCE = """
SELECT replace(trace_id::VARCHAR, '-', '') AS trace_id, sum(spans)::BIGINT AS spans
FROM (
  SELECT trace_id, count(*) AS spans, min(span_row) AS row FROM spans WHERE source_id = $source GROUP BY trace_id
  UNION ALL
  SELECT trace_id, count(*), NULL FROM log_lines WHERE source_id = $source GROUP BY trace_id
)
GROUP BY trace_id
ORDER BY min(row)
"""


@dataclass(frozen=True, slots=True)
class Removed:
    """What left the store. A trace of which spans of other sources stay counts too."""

    traces: int = 0
    spans: int = 0


class Removal:
    """`known_ids` are the writer's names and keys, of which `forget_ids` makes it read the tables again."""

    def __init__(
        self,
        connection: Connection,
        known_ids: Callable[[duckdb.DuckDBPyConnection], tuple[Names, KeyCatalog]],
        forget_ids: Callable[[], None],
    ) -> None:
        self._connection, self._known_ids, self._forget_ids = connection, known_ids, forget_ids

    def traces(self, trace_ids: Sequence[str], *, tidy: bool = True) -> Removed:
        """With all that was made of them. In steps: readers and writers come in between.

        Without `tidy` sums of nothing and names of nobody stay until it is called.
        """
        removed = self._take_out(self._found(trace_ids), None)
        if tidy:
            self.tidy()
        return removed

    def source(self, source_id: int) -> Removed:
        """What only it brought, and itself. What others brought of its traces is pending afterwards."""
        with self._connection.reading(_READ_SECONDS) as cursor:
            found = cursor.sql(_OF_SOURCE, params={"source": source_id}).to_arrow_table()
        removed = self._take_out(found, source_id)
        self.tidy(source_id)
        return removed

    def weigh(self, trace_ids: Sequence[str], factor: float) -> None:
        """Multiply the weights of all spans that were not multiplied yet. The traces are pending afterwards."""
        for step in _steps(self._found(trace_ids)):
            with self._of(step) as (writer, _):
                weigh(writer, factor)

    def _found(self, trace_ids: Sequence[str]) -> pa.Table:
        with self._connection.reading(_READ_SECONDS) as cursor:
            cursor.register("asked_traces", pa.table({"trace_id": uuids(trace_ids)}))
            found: pa.Table = cursor.sql(_OF_TRACES).to_arrow_table()
            return found

    def _take_out(self, found: pa.Table, source_id: int | None) -> Removed:
        traces = spans = 0
        for step in _steps(found):
            with self._of(step) as (writer, keys):
                gone = take_out(writer, keys, source_id)
            traces, spans = traces + gone[0], spans + gone[1]
        return Removed(traces, spans)

    @contextmanager
    def _of(self, step: pa.Table) -> Iterator[tuple[duckdb.DuckDBPyConnection, KeyCatalog]]:
        """One transaction, in which `analysed_traces` names the traces of the step."""
        with self._connection.steady, self._connection.writing() as writer:
            _, keys = self._known_ids(writer)
            trace_ids = [str(trace_id) for trace_id in step["trace_id"].to_pylist()]
            writer.register("analysed_traces", pa.table({"trace_id": uuids(trace_ids)}))
            yield writer, keys
            writer.unregister("analysed_traces")
            self._connection.removals += 1

    def tidy(self, source_id: int | None = None) -> None:
        """Also gives the room back. Names that are gone must be told apart from those that come again."""
        with self._connection.steady, self._connection.writing() as writer:
            _, keys = self._known_ids(writer)
            tidying.tidy(writer, keys)
            if source_id is not None:
                writer.execute("DELETE FROM sources WHERE source_id = ?", [source_id])
                writer.execute("DELETE FROM repeated_spans WHERE source_id = ?", [source_id])
                set_setting(writer, "last_source", max(source_id, setting(writer, "last_source")))
            self._forget_ids()
            self._connection.brought_names = lambda: True
        self._connection.checkpoint()


def _steps(found: pa.Table) -> Iterator[pa.Table]:
    behind = np.cumsum(found["spans"].to_numpy())
    for _, places in groupby(range(found.num_rows), lambda place: (behind[place] - 1) // STEP_SPANS):
        step = list(places)
        yield found.slice(step[0], len(step))
