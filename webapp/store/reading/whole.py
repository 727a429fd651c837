"""One trace as its page needs it, in one look: columns for analysis, where its spans came from, when their events were.

To plan a statement takes longer than to read a thousand spans: that is why it is one.
"""

from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from webapp.model.columns import I64, SpanColumns
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.reading.columns import Odd, Selection, columns_from, read_arrays
from webapp.store.reading.inferences import ANY_INFERRED, inferred_among
from webapp.store.reading.origins import Origin, origin_of
from webapp.store.reading.traces import rows_of
from webapp.store.reading.words import Words

# What few spans have, as JSON; NULL for all others. Event times as in `finding.event_times`.
_TOLD = """
  source_id,
  CASE
    WHEN events IS NOT NULL OR links IS NOT NULL OR written_trace_id IS NOT NULL
      OR error_message IS NOT NULL OR error_source IS NOT NULL
    THEN json_array(links, error_message, error_source, written_trace_id, json_extract(events, '$[*][1]'))
  END AS told
"""


@dataclass(frozen=True, slots=True)
class WholeTrace:
    """`event_rows`: of each event the `row` of its span, ascending; `event_times_ns` as recorded."""

    columns: SpanColumns
    origin: Origin
    event_rows: I64
    event_times_ns: I64


def read_whole(catalogue: Catalogue, words: Words, trace_id: str) -> WholeTrace | None:
    """None for a trace that is not here."""
    extent = rows_of(catalogue, trace_id)
    if extent is None:
        return None
    selection = Selection(
        [trace_id], "spans WHERE trace_id = ?::UUID AND span_row BETWEEN ? AND ?", "0", (trace_id, *extent)
    )
    arrays = read_arrays(catalogue.cursor, selection, _TOLD)
    told = arrays["told"]
    some = np.flatnonzero(told != None)  # noqa: E711 - of each element
    rows = arrays["span_row"][some]
    written, odd, times_ns, events = "", list[Odd](), list[int](), list[int]()
    for row, text in zip(rows.tolist(), told[some].tolist(), strict=True):
        links, message, source, written_id, times = orjson.loads(text)
        if links or message or source:
            odd.append((row, links or "[]", message or "", source or ""))
        written = written or written_id or ""
        times_ns += times or ()
        events.append(len(times or ()))
    inferred = inferred_among(catalogue.cursor, [trace_id]) if catalogue.rows(ANY_INFERRED) else ()
    return WholeTrace(
        columns=columns_from(catalogue.cursor, [trace_id], arrays, odd, words, inferred),
        origin=origin_of(catalogue, written, _occurring(arrays["source_id"])),
        event_rows=np.repeat(rows, events),
        event_times_ns=np.array(times_ns, np.int64),
    )


def _occurring(source_ids: NDArray[np.uint32]) -> set[int]:
    """Mostly a trace came from one source."""
    one = len(source_ids) and (source_ids == source_ids[0]).all()
    return set((source_ids[:1] if one else np.unique(source_ids)).tolist())
