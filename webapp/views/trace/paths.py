"""Paths as rows draw them: the segments of each row, and the threads from one row to another. Which path: `cache.py`."""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.folding import View
from webapp.analysis.rows import TraceRows
from webapp.model.columns import I64
from webapp.model.facts import Path


@dataclass(frozen=True, slots=True)
class Segments:
    """A path by row: those of row r are `bounds[r]` to `bounds[r + 1]`, so a whole subtree is one slice too."""

    bounds: I64
    start_ns: I64
    end_ns: I64

    def within(self, first_row: int, end_row: int) -> tuple[I64, I64]:
        part = slice(int(self.bounds[first_row]), int(self.bounds[end_row]))
        return self.start_ns[part], self.end_ns[part]


@dataclass(frozen=True, slots=True)
class Handovers:
    """Where a path goes from one row to another: thread k crosses the view's rows `top[k]` to `bottom[k]`."""

    top: I64
    bottom: I64
    time_ns: I64


def segments_of(rows: TraceRows, path: Path) -> Segments:
    row = rows.row_of_node[path.node]
    order = np.argsort(row, kind="stable")  # in time order within a row
    bounds = np.searchsorted(row[order], np.arange(len(rows) + 1))
    return Segments(bounds.astype(np.int64), path.start_ns[order], path.end_ns[order])


def handovers(view: View, path: Path) -> Handovers:
    """Between neighbours on the path; a folded span is stood for by the row that folds it."""
    row = view.rows.row_of_node[path.node].astype(np.int64)
    position = np.searchsorted(view.shown, row, "right") - 1
    before, after = position[:-1], position[1:]
    end = int(view.rows.after[view.top]) if view.top else len(view.rows)
    inside = (row >= view.top) & (row < end)
    moved = (before != after) & inside[:-1] & inside[1:]
    top, bottom = np.minimum(before, after)[moved], np.maximum(before, after)[moved]
    return Handovers(top, bottom, path.start_ns[1:][moved])
