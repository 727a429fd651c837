"""Which traces have spans that are guesses from their log lines."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from webapp.store.writing.arrow import uuids

ANY_INFERRED = "SELECT 1 FROM log_traces WHERE inferred_first IS NOT NULL LIMIT 1"


def inferred_among(cursor: duckdb.DuckDBPyConnection, trace_ids: Sequence[str]) -> tuple[int, ...]:
    """The numbers of those of `trace_ids`."""
    if not cursor.execute(ANY_INFERRED).fetchall():
        return ()
    cursor.register("asked_ids", pa.table({"trace_id": uuids(trace_ids), "number": range(len(trace_ids))}))
    found = cursor.execute(
        """
        SELECT number
        FROM asked_ids JOIN log_traces USING (trace_id)
        WHERE inferred_first IS NOT NULL
        ORDER BY number
        """
    ).fetchall()
    cursor.unregister("asked_ids")
    return tuple(number for (number,) in found)
