"""Which rows of a comparison are shown: what changed, and what leads to it. Nothing is lost: a folded row stands for
all below it, and a line for each run of unchanged rows.

Arrays by row of the comparison, unless they say otherwise. What changed is decided once, what is shown by each view.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from webapp.analysis.alignment import AlignedRows, Change
from webapp.analysis.compare import Comparison
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import TraceFacts
from webapp.model.spans import Status

LEAST = 0.01  # of all change, or of the longer response: less than this is no difference
_LONGEST_OPEN = 10  # rows below one that only one trace has
_SHORTEST_RUN = 2  # one row is as long as the line that would stand for it


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """By position on the page: its row; how many rows the line stands for (0: it is no such line); whether it is
    folded; what it, with all it stands for, adds to the difference.
    """

    row: I64
    unchanged: I64
    folded: Bool
    delta_ns: I64
    hidden: int  # unchanged rows that are not shown

    def __len__(self) -> int:
        return len(self.row)

    def position(self, row: int) -> int:
        """-1 if it is not shown."""
        found = np.flatnonzero((self.row == row) & (self.unchanged == 0))
        return int(found[0]) if len(found) else -1


def changed_rows(found: Comparison, a: TraceFacts, b: TraceFacts) -> Bool:
    """Rows that say something: a span of one trace only, another count, status, time waited for or duration."""
    rows = found.rows
    least_ns = max(1, LEAST * found.change_ns)
    changed: Bool = (rows.change != Change.SAME) | rows.group | (np.abs(found.delta_ns) >= least_ns)
    both = (rows.a >= 0) & (rows.b >= 0)
    failed_a, failed_b = (
        facts.forest.status[nodes] == Status.ERROR for facts, nodes in ((a, rows.a), (b, rows.b))
    )
    longer_ns = _durations(b, rows.b) - _durations(a, rows.a)
    long_ns = max(1, LEAST * max(a.response_ns, b.response_ns))
    changed |= both & ((failed_a != failed_b) | (np.abs(longer_ns) >= long_ns))
    return changed


def view_of(
    found: Comparison, changed: Bool, *, everything: bool, toggled: Collection[int], shown: Collection[int]
) -> ComparisonView:
    """`toggled`: rows that are folded where they would be open, or the other way round. `shown`: first rows of runs
    of unchanged ones that are shown all the same.
    """
    rows = found.rows
    below = rows.after - np.arange(len(rows)) - 1
    closed = _closed(rows, below)
    closed[list(toggled)] ^= True
    closed &= below > 0
    first, end = _runs(rows, changed, shown) if not everything else (np.empty(0, np.int64),) * 2
    visible = _outside(len(rows), np.flatnonzero(closed) + 1, rows.after[closed])
    run_length = np.zeros(len(rows), np.int64)
    run_length[first] = end - first
    row = np.flatnonzero(visible & (_outside(len(rows), first, end) | (run_length > 0)))
    before_ns = np.concatenate(([0], np.cumsum(found.delta_ns)))
    stands_for = np.where(run_length > 0, run_length, np.where(closed, below + 1, 1))[row]
    return ComparisonView(
        row=row,
        unchanged=run_length[row],
        folded=closed[row] & (run_length[row] == 0),
        delta_ns=before_ns[row + stands_for] - before_ns[row],
        hidden=int(run_length[row].sum()),
    )


def to_reveal(found: Comparison, changed: Bool, row: int) -> tuple[list[int], list[int]]:
    """What must be turned for a row to be seen, in a view without exceptions: rows to open, runs to show."""
    rows = found.rows
    above = np.flatnonzero(rows.after[:row] > row)
    closed = _closed(rows, rows.after - np.arange(len(rows)) - 1)
    first, end = _runs(rows, changed, ())
    around = first[(first <= row) & (end > row)]
    return above[closed[above]].tolist(), around.tolist()


def _closed(rows: AlignedRows, below: I32 | I64) -> Bool:
    """Several calls in one row; and long trees of only one trace, at their top."""
    whole = np.isin(rows.change, (Change.ADDED, Change.REMOVED))
    is_top = whole & ((rows.parent < 0) | ~whole[rows.parent])
    closed: Bool = rows.group | (is_top & (below > _LONGEST_OPEN))
    return closed


def _runs(rows: AlignedRows, changed: Bool, shown: Collection[int]) -> tuple[I64, I64]:
    """First and end of each run of neighbours below one parent in which, and below which, nothing changed."""
    before = np.concatenate(([0], np.cumsum(changed)))
    alike = before[rows.after] == before[:-1]
    alike[0] = False  # the root is shown whatever it is
    tops = np.flatnonzero(alike & ((rows.parent < 0) | ~alike[rows.parent]))
    if not len(tops):
        return tops, tops
    parent, after = rows.parent[tops], rows.after[tops]
    is_first = np.concatenate(([True], (parent[1:] != parent[:-1]) | (after[:-1] != tops[1:])))
    first = tops[is_first]
    end = after[np.append(np.flatnonzero(is_first)[1:], len(tops)) - 1].astype(np.int64)
    kept = (end - first >= _SHORTEST_RUN) & ~np.isin(first, list(shown))
    return first[kept], end[kept]


def _outside(count: int, first: I64, end: I32 | I64) -> Bool:
    """Rows that none of the stretches covers; they may lie in each other."""
    level = np.bincount(first, minlength=count + 1) - np.bincount(end, minlength=count + 1)
    outside: Bool = np.cumsum(level)[:count] == 0
    return outside


def _durations(facts: TraceFacts, nodes: I32) -> I64:
    duration_ns: I64 = (facts.forest.end_ns - facts.forest.start_ns)[nodes]
    return duration_ns
