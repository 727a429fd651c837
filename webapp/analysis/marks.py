"""What rows show beside their spans: time that no span explains, and work that goes on when its span is over."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np

from webapp.analysis.rows import TraceRows
from webapp.analysis.runs import range_max
from webapp.model.columns import I64, Bool
from webapp.model.facts import Path, Where
from webapp.model.spans import Kind

LEAST_NS = 100_000_000  # of a gap, and …
LEAST_SHARE = 0.2  # … of the response
_COVERED = 0.8  # of a gap by one child that was waited for: then that explains it
_BESIDE = (Where.BEFORE, Where.BETWEEN, Where.AFTER)


@dataclass(frozen=True, slots=True)
class Gaps:
    """Stretches of a path that lie in a span with children, beside all of them; by row, then by time."""

    row: I64
    start_ns: I64
    end_ns: I64

    def of(self, row: int) -> list[tuple[int, int]]:
        first, end = bisect_left(self.row, row), bisect_right(self.row, row)
        return list(zip(self.start_ns[first:end].tolist(), self.end_ns[first:end].tolist(), strict=True))


def gaps_of(rows: TraceRows, path: Path, response_ns: int) -> Gaps:
    """As the finding of that name (analysis.md 8, rule 6). In spans made from log lines there is none."""
    length_ns = path.end_ns - path.start_ns
    found: Bool = (length_ns >= max(LEAST_NS, LEAST_SHARE * response_ns)) & np.isin(path.where, _BESIDE)
    found &= rows.forest.source[path.node] >= 0
    if rows.forest.columns.inferred:
        found[:] = False
    kept = [k for k in np.flatnonzero(found).tolist() if not _explained(rows, path, k)]
    row = rows.row_of_node[path.node[kept]].astype(np.int64)
    order = np.lexsort((path.start_ns[kept], row))
    return Gaps(row[order], path.start_ns[kept][order], path.end_ns[kept][order])


def _explained(rows: TraceRows, path: Path, segment: int) -> bool:
    """By a child that was waited for and ran most of the time; or by the way to the server that answered."""
    forest, row = rows.forest, int(rows.row_of_node[path.node[segment]])
    children = rows.node[row + 1 : int(rows.after[row])][rows.parent[row + 1 : int(rows.after[row])] == row]
    if forest.kind[path.node[segment]] == Kind.CLIENT and (forest.kind[children] == Kind.SERVER).any():
        return True
    start_ns, end_ns = path.start_ns[segment], path.end_ns[segment]
    ran_ns = np.minimum(forest.end_ns[children], end_ns) - np.maximum(forest.start_ns[children], start_ns)
    return bool((forest.blocking[children] & (ran_ns >= _COVERED * (end_ns - start_ns))).any())


def last_ends_ns(rows: TraceRows, chosen: I64) -> I64:
    """Of each of the rows chosen: when the last span of its subtree ends."""
    if not len(chosen):
        return np.empty(0, np.int64)
    after = rows.after[chosen]
    bounds = np.unique(
        np.concatenate((chosen, after))
    )  # between two of them all rows lie in the same subtrees
    ends_ns = rows.forest.end_ns[rows.node[bounds[0] : bounds[-1]]]
    of_part = np.maximum.reduceat(ends_ns, bounds[:-1] - bounds[0])
    return range_max(of_part, np.searchsorted(bounds, chosen), np.searchsorted(bounds, after))
