"""How large the store is, what goes first, and what became of what went. Taking it out is `removal.py`'s."""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from webapp.model.retention import Gone
from webapp.store.connection import Connection
from webapp.store.receivers import RECEIVED
from webapp.store.removal import Removal, Removed
from webapp.store.writing.arrow import uuids
from webapp.store.writing.pending import set_setting, setting

KEEP, SIZE, AGE = "keep", "size", "age"
_REMEMBERED = 500_000  # ids of traces that went; 16 bytes each
_SECONDS = 60.0
_HEX = "replace(trace_id::VARCHAR, '-', '')"
_RECEIVED = f"(SELECT source_id FROM sources WHERE reason = '{RECEIVED}')"
_OLDEST = f"""
SELECT {_HEX}, start_ns
FROM (
  SELECT trace_id, start_ns, sum(spans) OVER (ORDER BY start_ns, trace_id) - spans AS before
  FROM (SELECT trace_id, start_ns, spans FROM traces WHERE {{among}} ORDER BY start_ns, trace_id LIMIT 100000)
)
WHERE before < ?
ORDER BY start_ns
"""
_JUDGED = f"""
WITH asked AS (
  SELECT t.* FROM traces t SEMI JOIN asked_traces USING (trace_id)
)
SELECT
  {_HEX}, start_ns, errors, duration_ns,
  coalesce((SELECT bool_and(source_id IN {_RECEIVED}) FROM own WHERE own.trace_id = asked.trace_id), false),
  trace_id IN (SELECT trace_id FROM removed_traces WHERE rule = '{KEEP}'),
  trace_id IN (SELECT trace_id FROM weighed_traces),
  coalesce(last_row > (SELECT until_row FROM weighed_traces w WHERE w.trace_id = asked.trace_id), false)
FROM asked
"""
_OWN = """
CREATE OR REPLACE TEMP TABLE own AS
SELECT DISTINCT trace_id, source_id
FROM spans SEMI JOIN asked_traces USING (trace_id)
WHERE span_row BETWEEN (SELECT min(first_row) FROM traces SEMI JOIN asked_traces USING (trace_id))
  AND (SELECT max(last_row) FROM traces SEMI JOIN asked_traces USING (trace_id))
"""

_BLOCKS = (
    "SELECT used_blocks, block_size FROM pragma_database_size() WHERE database_name NOT IN ('system', 'temp')"
)
_ROWS = """
SELECT
  (SELECT sum(count) FROM pragma_storage_info('spans') WHERE column_name = 'span_row' AND segment_type = 'BIGINT'),
  (SELECT count(*) FROM spans)
"""


class Judged(NamedTuple):
    """What a policy asks of a trace that has its facts. `late`: spans came after it was weighed."""

    trace_id: str
    start_ns: int
    errors: int
    duration_ns: int
    received: bool  # all of it; none came from a file
    dropped: bool  # an earlier part of it
    weighed: bool
    late: bool


class Retention:
    """Asked of the store as `store.retention`."""

    def __init__(self, connection: Connection, removal: Removal) -> None:
        self._connection, self._removal = connection, removal

    def size(self) -> int:
        """Bytes in use: of the database file, or of memory where there is none.

        Without those of deleted spans, which DuckDB gives back only when whole blocks of rows are free: else they would
        have more and more spans removed.
        """
        with self._connection.reading(_SECONDS) as cursor:
            [(blocks, block_size)] = cursor.execute(_BLOCKS).fetchall()
            if block_size:
                used = blocks * block_size
            else:
                used = cursor.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchall()[0][0]
            [(stored, left)] = cursor.execute(_ROWS).fetchall()
            return int(used * (left / stored if stored else 1))

    def oldest(self, spans: int) -> list[tuple[str, int]]:
        """Traces with about so many spans, at least one, with their starts."""
        return self._oldest("true", [], spans)

    def began_before(self, time_ns: int, spans: int) -> list[tuple[str, int]]:
        """The same of those that were received and began before."""
        old = "start_ns BETWEEN 1 AND ?"
        rows = f"(SELECT min(first_row) FROM traces WHERE {old}) AND (SELECT max(first_row) FROM traces WHERE {old})"
        first = f"SELECT span_row FROM spans WHERE source_id IN {_RECEIVED} AND span_row BETWEEN {rows}"
        return self._oldest(f"{old} AND first_row IN ({first})", [time_ns - 1] * 3, spans)

    def remove(self, rule: str, traces: Sequence[tuple[str, int]], now_ns: int) -> Removed:
        """Traces with their starts, and remember by which rule. `tidy` when there is nothing more to remove."""
        ids = [trace_id for trace_id, _ in traces]
        removed = self._removal.traces(ids, tidy=False)
        newest_ns = max((start_ns for _, start_ns in traces), default=0)
        if not removed.traces:
            return removed
        with self._connection.writing() as writer:
            _remember(writer, rule, ids, now_ns)
            _count(writer, Gone(rule, removed.traces, removed.spans, now_ns, now_ns, newest_ns))
        return removed

    def tidy(self) -> None:
        self._removal.tidy()

    def weigh(self, trace_ids: Sequence[str], factor: float) -> None:
        """From now on each stands for so many times as many traces; what came late for as many as the rest of its trace.

        They are pending afterwards.
        """
        self._removal.weigh(trace_ids, factor)

    def judge(self, trace_ids: Sequence[str]) -> list[Judged]:
        """Those that are here and have their facts."""
        with self._connection.reading(_SECONDS) as cursor:
            cursor.register("asked_traces", pa.table({"trace_id": uuids(trace_ids)}))
            cursor.execute(_OWN)
            return [Judged(*row) for row in cursor.execute(_JUDGED).fetchall()]

    def gone(self) -> list[Gone]:
        """By rule what went since the store is there, the most first."""
        with self._connection.reading() as cursor:
            found = cursor.execute(
                "SELECT rule, traces, spans, since_ns, last_ns, newest_ns FROM removals ORDER BY spans DESC"
            ).fetchall()
        return [Gone(*row) for row in found]

    def fate(self, trace_id: str) -> tuple[str, int] | None:
        """By which rule a trace went, and when; None when that is not known (any more)."""
        with self._connection.reading() as cursor:
            found = cursor.execute(
                "SELECT rule, removed_ns FROM removed_traces WHERE trace_id = ?::UUID ORDER BY removed_ns DESC LIMIT 1",
                [trace_id],
            ).fetchall()
        return (found[0][0], found[0][1]) if found else None

    def undecided(self) -> list[str]:
        """Traces that may have become quiet without a policy that had its say; none the first time there is one."""
        with self._connection.writing() as writer:
            row = setting(writer, "decided_row")
            if not row:
                set_setting(writer, "decided_row", max(1, setting(writer, "next_row")))
                return []
            found = writer.execute(f"SELECT {_HEX} FROM traces WHERE last_row >= ?", [row]).fetchall()
        return [trace_id for (trace_id,) in found]

    def decided(self) -> None:
        """The policy had its say of all that is quiet."""
        with self._connection.writing() as writer:
            set_setting(writer, "decided_row", max(1, setting(writer, "settled_row")))

    def _oldest(self, among: str, values: list[int], spans: int) -> list[tuple[str, int]]:
        with self._connection.reading(_SECONDS) as cursor:
            found = cursor.execute(_OLDEST.format(among=among), [*values, spans]).fetchall()
        return [(trace_id, start_ns) for trace_id, start_ns in found]


def _remember(writer: duckdb.DuckDBPyConnection, rule: str, trace_ids: Sequence[str], now_ns: int) -> None:
    writer.register("gone_traces", pa.table({"trace_id": uuids(trace_ids)}))
    writer.execute("INSERT INTO removed_traces SELECT trace_id, ?, ? FROM gone_traces", [rule, now_ns])
    writer.unregister("gone_traces")
    [(count,)] = writer.execute("SELECT count(*) FROM removed_traces").fetchall()
    if count > 1.2 * _REMEMBERED:
        writer.execute(
            f"""
            DELETE FROM removed_traces
            WHERE removed_ns < (
              SELECT removed_ns FROM removed_traces ORDER BY removed_ns DESC LIMIT 1 OFFSET {_REMEMBERED}
            )
            """
        )


def _count(writer: duckdb.DuckDBPyConnection, gone: Gone) -> None:
    writer.execute(
        """
        INSERT INTO removals VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET
          traces = traces + excluded.traces, spans = spans + excluded.spans, last_ns = excluded.last_ns,
          newest_ns = greatest(newest_ns, excluded.newest_ns)
        """,
        [gone.rule, gone.traces, gone.spans, gone.since_ns, gone.last_ns, gone.newest_ns],
    )
