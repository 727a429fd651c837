"""Comparisons that were asked for lately, as arrays: a page of rows, a fold, an opened row are looked up, not made anew.

The traces themselves are in `trace/cache.py`; nothing here holds on to them.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from webapp.analysis.compare import Comparison, compare
from webapp.analysis.compare_folding import changed_rows
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import Path
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.paths import Segments

MOST_BYTES = 128_000_000
_BYTES_A_ROW = 200  # arrays of the rows, of the nodes and of the paths together; measured


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison with what finds a span's row (by node) and a row's part of the two critical paths."""

    found: Comparison
    changed: Bool
    row_of_a: I32
    row_of_b: I32
    path_a: Segments
    path_b: Segments


def compared(a: OpenTrace, b: OpenTrace) -> Compared:
    found = compare(a.facts, b.facts)
    row_of_a, row_of_b = _rows_of(found.rows.a, len(a.rows)), _rows_of(found.rows.b, len(b.rows))
    return Compared(
        found=found,
        changed=changed_rows(found, a.facts, b.facts),
        row_of_a=row_of_a,
        row_of_b=row_of_b,
        path_a=_segments(a.facts.path, row_of_a, len(found.rows)),
        path_b=_segments(b.facts.path, row_of_b, len(found.rows)),
    )


def _rows_of(nodes: I32, count: int) -> I32:
    row = np.zeros(count, np.int32)
    there = np.flatnonzero(nodes >= 0)
    row[nodes[there]] = there
    return row


def _segments(path: Path, row_of_node: I32, rows: int) -> Segments:
    row = row_of_node[path.node]
    order = np.argsort(row, kind="stable")
    bounds: I64 = np.searchsorted(row[order], np.arange(rows + 1)).astype(np.int64)
    return Segments(bounds, path.start_ns[order], path.end_ns[order])


class ComparisonCache:
    """By both traces and their versions. One comparison is made at a time: two large ones at once help nobody."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, int, str, int], Compared] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, a: OpenTrace, b: OpenTrace) -> Compared:
        key = (a.trace_id, a.version, b.trace_id, b.version)
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                found = self._kept[key] = compared(a, b)
                while len(self._kept) > 1 and self._bytes() > self._most_bytes:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return found

    def _bytes(self) -> int:
        return sum(len(kept.found.rows) * _BYTES_A_ROW for kept in self._kept.values())
