"""Siblings that are alike: runs of one service and operation, for which one row can stand. Built once a trace and kept.

Whether a run is folded is in `folding.py`.
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.rows import TraceRows
from webapp.analysis.runs import run_lengths, run_starts, stable_order
from webapp.model.columns import I32, I64, Bool

LEAST = 5  # siblings
_MANY = 50  # members from which one row is better than they
_SMALL = 8  # rows of a member that has little to show


@dataclass(frozen=True, slots=True)
class Alike:
    """By run, except `run`. A run takes the rows `first` to `after` - 1: its members and all that is below them."""

    first: I64
    after: I64
    count: I64
    end_ns: I64  # when the last member ends
    folds: Bool  # it is folded until somebody asks: fewer members, of many rows each, are worth a look
    run: I32  # by row: the run that the row is a member of, -1
    _place: I64  # of a run's first member among …
    _members: I64  # … the rows of all siblings

    def __len__(self) -> int:
        return len(self.first)

    def members(self, run: int) -> I64:
        """Rows, in their order."""
        place = int(self._place[run])
        return self._members[place : place + int(self.count[run])]


def alike_siblings(rows: TraceRows) -> Alike:
    """Runs of LEAST siblings or more, without a sibling of another kind between them; the primary root is in none."""
    forest, node = rows.forest, rows.node
    siblings = stable_order(rows.parent)
    siblings = siblings[siblings > 0]
    kinds = (rows.parent[siblings], forest.service[node][siblings], forest.name[node][siblings])
    starts = run_starts(*kinds)
    lengths = run_lengths(starts, len(siblings))
    long = lengths >= LEAST
    if len(starts):
        long &= kinds[1][starts] >= 0  # of spans that were not received nobody knows whether they are alike
    place, count = starts[long], lengths[long]
    member = np.repeat(long, lengths)
    run = np.full(len(rows), -1, np.int32)
    run[siblings[member]] = np.repeat(np.arange(len(place)), count)
    first = siblings[place]
    after = rows.after[siblings[place + count - 1]].astype(np.int64) if len(place) else place
    ends_ns = forest.end_ns[node][siblings[member]]
    return Alike(
        first=first,
        after=after,
        count=count,
        end_ns=np.maximum.reduceat(ends_ns, np.cumsum(count) - count) if len(place) else count,
        folds=(count > _MANY) | (after - first <= _SMALL * count),
        run=run,
        _place=place,
        _members=siblings,
    )
