"""Within one trace: which spans fit a query, and when events happened. Across traces it is `conditions/matching.py`."""

from collections.abc import Sequence

import numpy as np

from webapp.model.columns import I64
from webapp.model.semconv import FAILED_EVENTS, FAILED_WORDS, LEVELS
from webapp.query import Query, Term
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.compare import containing, containing_json
from webapp.store.conditions.parts import planned, showing
from webapp.store.conditions.where import TRUE, Where, either, every
from webapp.store.reading.traces import rows_of


def matching_rows(catalogue: Catalogue, trace_id: str, query: Query) -> I64:
    """Their span_row, ascending. What the query asks of the trace must hold too."""
    extent = rows_of(catalogue, trace_id)
    if extent is None:
        return np.empty(0, np.int64)
    trace = Where("t.trace_id = ?::UUID", (trace_id,))
    rows = Where("s.trace_id = ?::UUID AND s.span_row BETWEEN ? AND ?", (trace_id, *extent))
    asked = showing(catalogue, planned(query, catalogue, trace, rows), trace)
    condition = every([asked.spans or TRUE, asked.both or TRUE, asked.traces])
    source = (
        "spans s JOIN traces t USING (trace_id)" if (asked.traces, asked.both) != (TRUE, None) else "spans s"
    )
    found = catalogue.cursor.execute(
        f"""
        SELECT s.span_row
        FROM {source}
        WHERE {rows.text} AND ({condition.text})
        """,
        [*rows.values, *condition.values],
    ).fetchnumpy()
    return np.sort(found["span_row"].astype(np.int64))


def event_times(
    catalogue: Catalogue, trace_id: str, words: Sequence[Term] = (), *, failed: bool = False
) -> tuple[I64, I64]:
    """The span_row and the time of each event of the trace that holds all words, ascending by span_row."""
    extent = rows_of(catalogue, trace_id)
    if extent is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    fits = every([*map(_holding, words), _failed() if failed else TRUE])
    times = "json_extract_string(events, '$[*][1]')"
    if fits != TRUE:
        chosen = f"list_filter(json_extract(events, '$[*]'), lambda event: {fits.text})"
        times = f"list_transform({chosen}, lambda event: json_extract_string(event, '$[1]'))"
    found = catalogue.cursor.execute(
        f"""
        SELECT span_row, unnest(CAST({times} AS BIGINT[])) AS time_ns
        FROM spans
        WHERE trace_id = ?::UUID AND span_row BETWEEN ? AND ? AND events IS NOT NULL
        ORDER BY span_row
        """,
        [*fits.values, trace_id, *extent],
    ).fetchnumpy()
    return found["span_row"].astype(np.int64), found["time_ns"].astype(np.int64)


def _holding(term: Term) -> Where:
    """On an event as JSON: its name, or a text or whole number of its attributes, holds what is sought."""
    return either(
        [
            containing(term, "json_extract_string(event, '$[0]')"),
            containing_json(term, "event", "$..stringValue"),
            containing_json(term, "event", "$..intValue"),
        ]
    )


def _failed() -> Where:
    """The same as `semconv.event_failed`."""
    levels = [f"lower(json_extract_string(event, '$[3].\"{key}\".stringValue'))" for key in LEVELS]
    return either(
        [
            Where(f"json_extract_string(event, '$[0]') IN {FAILED_EVENTS}"),
            Where("""json_exists(event, '$[3]."exception.type"')"""),
            *(Where(f"coalesce({level}, '') IN {FAILED_WORDS}") for level in levels),
        ]
    )
