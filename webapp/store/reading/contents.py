"""Which spans of one id are equal in everything that was recorded: one number a span. Nothing is dropped here."""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.columns import I64, U64

# Our own words about a span. Resources, scopes and operations are interned: equal ids, equal content.
_NOT_RECORDED = ("span_row", "source_id", "peer_id", "error_message", "error_source", "duration_ns")
_SALT = np.uint64(0x9E3779B97F4A7C15)


def salted(span_id: U64, trace: NDArray[Any]) -> U64:
    """One number for (trace, span id): small span ids repeat from trace to trace. May collide, if hardly ever."""
    return span_id + trace.astype(np.uint64) * _SALT


def contents_of(cursor: duckdb.DuckDBPyConnection, arrays: Mapping[str, NDArray[Any]]) -> U64:
    """Equal for two spans of one trace and id exactly when they are equal; 0 for an id that occurs once."""
    contents = np.zeros(len(arrays["span_row"]), np.uint64)
    repeated = _repeated(arrays["trace"], arrays["span_id"])
    if not len(repeated):
        return contents
    rows = arrays["span_row"][repeated]
    hashes = _hashes(cursor, rows)
    contents[repeated] = [hashes[row] for row in rows.tolist()]
    return contents


def _repeated(trace: NDArray[Any], span_id: NDArray[Any]) -> I64:
    """Places whose (trace, span id) occurs more than once. Mostly there are none, and one plain sort tells."""
    keys = np.sort(salted(span_id, trace))
    if not (keys[1:] == keys[:-1]).any():
        return np.zeros(0, np.int64)
    order = np.lexsort((span_id, trace))
    trace, span_id = trace[order], span_id[order]
    twice = (trace[1:] == trace[:-1]) & (span_id[1:] == span_id[:-1])
    either: NDArray[np.bool_] = np.append(twice, False) | np.insert(twice, 0, False)
    return np.asarray(order[either])


def _hashes(cursor: duckdb.DuckDBPyConnection, rows: NDArray[Any]) -> dict[int, int]:
    description = cursor.execute("SELECT * FROM spans LIMIT 0").description
    recorded = ", ".join(name for name, *_ in description if name not in _NOT_RECORDED)
    cursor.register("repeated_rows", pa.table({"span_row": rows}))
    found = cursor.execute(
        f"""
        SELECT span_row, hash({recorded})
        FROM spans JOIN repeated_rows USING (span_row)
        WHERE span_row BETWEEN ? AND ?
        """,
        [int(rows.min()), int(rows.max())],
    ).fetchall()
    return dict(found)
