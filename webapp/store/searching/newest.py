"""How far back the newest traces of a window reach: found by guessing from their density, since sorting all is dear.

Spans of older traces need not be read: they start earlier, or lie between other rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from webapp.model.columns import I64
from webapp.query import Window
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.where import TRUE, Where, every

_MARGIN = 1.5  # what is guessed beyond the wanted number of traces, since they come in waves
_GROWTH = 8
_FAR = 4  # times as many as wanted: bounds are looked up anew
_BOUNDS = "bounds of traces"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The traces of a window that start at or after `floor_ns`; all of the window if it is None.

    `rows` holds on all their spans (as s) and lets most others be skipped; `inside` holds on the traces (as t).
    """

    floor_ns: int | None
    inside: Where
    rows: Where


def in_window(window: Window, floor_ns: int | None = None) -> Where:
    bounds = (
        ("t.start_ns >= ?", window.from_ns),
        ("t.start_ns >= ?", floor_ns),
        ("t.start_ns < ?", window.to_ns),
    )
    return every(Where(text, (bound,)) for text, bound in bounds if bound is not None)


def newest(catalogue: Catalogue, window: Window, traces: int) -> Stretch:
    """That holds the newest `traces` of the window, with those that start when the last of them does."""
    key = ("newest", window, traces)
    return catalogue.remembered(key, lambda: _newest(catalogue, window, traces))


def _newest(catalogue: Catalogue, window: Window, traces: int) -> Stretch:
    bounds = catalogue.guesses.get(_BOUNDS)
    if bounds is None or bounds[0] <= traces * _FAR:
        bounds = catalogue.guesses[_BOUNDS] = catalogue.trace_bounds()
    count, first_ns, last_ns = bounds
    oldest_ns = first_ns if window.from_ns is None else max(first_ns, window.from_ns)
    end_ns = last_ns + 1 if window.to_ns is None else min(last_ns + 1, window.to_ns)
    reach_ns = int((last_ns - first_ns) / max(1, count) * traces * _MARGIN) + 1
    while count > traces:
        floor_ns = end_ns - reach_ns if end_ns - reach_ns > oldest_ns else None
        inside = in_window(window, floor_ns)
        found = catalogue.cursor.execute(
            f"SELECT t.start_ns, t.first_row, t.last_row FROM traces t WHERE {inside.text}",
            list(inside.values),
        ).fetchnumpy()
        if not traces < len(found["start_ns"]) < traces * _FAR:
            catalogue.guesses.pop(_BOUNDS, None)
        if len(found["start_ns"]) > traces:
            return _last(found, window, traces)
        if floor_ns is None:
            break
        reach_ns *= _GROWTH
    return whole(catalogue, window)


def _last(found: Mapping[str, I64], window: Window, traces: int) -> Stretch:
    starts = found["start_ns"]
    floor_ns = int(np.partition(starts, -traces)[-traces])
    kept = starts >= floor_ns
    rows = Where(
        f"s.span_row BETWEEN {found['first_row'][kept].min()} AND {found['last_row'][kept].max()}"
        " AND (s.start_ns >= ? OR s.start_ns = 0)",  # 0: start unknown
        (floor_ns,),
    )
    return Stretch(floor_ns, in_window(window, floor_ns), rows)


def whole(catalogue: Catalogue, window: Window) -> Stretch:
    inside = in_window(window)
    if inside == TRUE:
        return Stretch(None, TRUE, TRUE)
    first, last = catalogue.rows(
        f"SELECT min(t.first_row), max(t.last_row) FROM traces t WHERE {inside.text}", inside.values
    )[0]
    return Stretch(
        None, inside, Where("false" if first is None else f"s.span_row BETWEEN {first} AND {last}")
    )
