"""One trace as its page needs it, in one look: columns for analysis, where its spans came from, when their events were.

To plan a statement takes longer than to read a thousand spans: that is why it is one.
"""

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from webapp.model.columns import I64, SpanColumns
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.reading.columns import Odd, Selection, columns_from, read_arrays
from webapp.store.reading.inferences import ANY_INFERRED, inferred_among
from webapp.store.reading.origins import Origin, origin_of
from webapp.store.reading.spans import Asked, asked_columns, asked_in
from webapp.store.reading.traces import rows_of, sums_of
from webapp.store.reading.words import Words

_FEW = 20_000  # spans: up to here what only some of them have is read with all else
_SOME = """(
  events IS NOT NULL OR links IS NOT NULL OR written_trace_id IS NOT NULL OR error_message IS NOT NULL
  OR error_source IS NOT NULL
)"""
_TOLD = "json_array(links, error_message, error_source, written_trace_id, json_extract(events, '$[*][1]'))"


@dataclass(frozen=True, slots=True)
class WholeTrace:
    """`event_rows`: of each event the `row` of its span, ascending; `event_times_ns` as recorded.

    `asked`: what the spans of a small trace say of whom they ask for what; None of a larger one.
    """

    columns: SpanColumns
    origin: Origin
    event_rows: I64
    event_times_ns: I64
    asked: Asked | None


def read_whole(catalogue: Catalogue, words: Words, trace_id: str, small: int) -> WholeTrace | None:
    """None for a trace that is not here. `small`: spans up to which what they ask for is read beside."""
    extent = rows_of(catalogue, trace_id)
    if extent is None:
        return None
    sums = sums_of(catalogue, trace_id)
    spans = sums.spans if sums else extent[1] + 1 - extent[0]
    selection = Selection(
        [trace_id], "spans WHERE trace_id = ?::UUID AND span_row BETWEEN ? AND ?", "0", (trace_id, *extent)
    )
    if spans <= _FEW:
        beside = [f"CASE WHEN {_SOME} THEN {_TOLD} END AS told"]
        beside += asked_columns(catalogue) if spans <= small else []
        arrays = read_arrays(catalogue.cursor, selection, ["source_id", *beside])
        some = np.flatnonzero(~np.ma.getmaskarray(arrays["told"]))
        rows, told = arrays["span_row"][some], arrays["told"][some]
    else:
        arrays = read_arrays(catalogue.cursor, selection, ["source_id"])
        rows, told = _told_apart(catalogue, selection)
    odd, written, times_ns = _read_told(rows, told)
    inferred = inferred_among(catalogue.cursor, [trace_id]) if catalogue.rows(ANY_INFERRED) else ()
    return WholeTrace(
        columns=columns_from(catalogue.cursor, [trace_id], arrays, odd, words, inferred),
        origin=origin_of(catalogue, written, _occurring(arrays["source_id"])),
        event_rows=np.repeat(rows, list(map(len, times_ns))),
        event_times_ns=np.fromiter(chain.from_iterable(times_ns), np.int64),
        asked=asked_in(catalogue, arrays) if spans <= min(small, _FEW) else None,
    )


def _told_apart(catalogue: Catalogue, selection: Selection) -> tuple[I64, NDArray[Any]]:
    """By row."""
    found = catalogue.cursor.execute(
        f"SELECT span_row, {_TOLD} AS told FROM {selection.source} AND {_SOME} ORDER BY span_row",
        list(selection.parameters),
    ).fetchnumpy()
    return found["span_row"], found["told"]


def _read_told(rows: I64, told: NDArray[Any]) -> tuple[list[Odd], str, list[list[int]]]:
    """What is odd, the first written id of the trace, and by row the times of events."""
    odd, written, times_ns = list[Odd](), "", list[list[int]]()
    each = orjson.loads(f"[{','.join(told.tolist())}]")  # at once: there may be many
    for row, (links, message, source, written_id, times) in zip(rows.tolist(), each, strict=True):
        if links or message or source:
            odd.append((row, links or "[]", message or "", source or ""))
        written = written or written_id or ""
        times_ns.append(times or [])
    return odd, written, times_ns


def _occurring(source_ids: NDArray[np.uint32]) -> set[int]:
    """Mostly a trace came from one source."""
    one = len(source_ids) and (source_ids == source_ids[0]).all()
    return set((source_ids[:1] if one else np.unique(source_ids)).tolist())
