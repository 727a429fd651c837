"""Within one trace: which spans fit a query, and when events happened. Across traces it is `matching.py`."""

import numpy as np

from webapp.model.columns import I64
from webapp.query import Query
from webapp.store.catalogue import Catalogue
from webapp.store.sql import plan
from webapp.store.traces import rows_of
from webapp.store.where import TRUE, every


def matching_rows(catalogue: Catalogue, trace_id: str, query: Query) -> I64:
    """Their span_row, ascending. What the query asks of the trace must hold too."""
    extent = rows_of(catalogue, trace_id)
    if extent is None:
        return np.empty(0, np.int64)
    asked = plan(query, catalogue)
    condition = every([asked.spans or TRUE, asked.both or TRUE, asked.traces])
    source = (
        "spans s JOIN traces t USING (trace_id)" if (asked.traces, asked.both) != (TRUE, None) else "spans s"
    )
    found = catalogue.cursor.execute(
        f"""
        SELECT s.span_row
        FROM {source}
        WHERE s.trace_id = ?::UUID AND s.span_row BETWEEN ? AND ? AND ({condition.text})
        ORDER BY s.span_row
        """,
        [trace_id, *extent, *condition.values],
    ).fetchnumpy()
    return found["span_row"].astype(np.int64)


def event_times(catalogue: Catalogue, trace_id: str) -> tuple[I64, I64]:
    """The span_row and the time of every event of the trace, ascending by span_row."""
    extent = rows_of(catalogue, trace_id)
    if extent is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    found = catalogue.cursor.execute(
        """
        SELECT span_row, unnest(CAST(json_extract_string(events, '$[*][1]') AS BIGINT[])) AS time_ns
        FROM spans
        WHERE trace_id = ?::UUID AND span_row BETWEEN ? AND ? AND events IS NOT NULL
        ORDER BY span_row
        """,
        [trace_id, *extent],
    ).fetchnumpy()
    return found["span_row"].astype(np.int64), found["time_ns"].astype(np.int64)
