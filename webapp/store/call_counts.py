"""Calls counted by bucket of duration, and the percentiles that follow. Arrays, no SQL.

There is one row a group and one column a bucket, so that nothing has to be sorted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.model.columns import I64
from webapp.store.buckets import PER_DOUBLING

_DENSE = 5_000_000  # greatest number of a group that is looked up in a table


@dataclass(frozen=True, slots=True)
class CallCounts:
    """`calls` of each group by bucket from `lowest` on, of which `errors` failed."""

    groups: I64
    lowest: int
    calls: NDArray[np.float64]  # whole numbers below 2 ** 53
    errors: NDArray[np.float64]

    @classmethod
    def of(cls, groups: I64, bucket: I64, calls: I64, errors: I64) -> "CallCounts":
        """The same group and bucket may come several times, also with negative counts: they are summed."""
        names, place = _numbered(groups)
        lowest = int(bucket.min(initial=255))
        width = int(bucket.max(initial=0)) - lowest + 1 if len(bucket) else 1
        summed = np.bincount(place * width + bucket - lowest, calls, len(names) * width)
        failed = np.bincount(place, errors, len(names))
        return cls(
            names, lowest, summed.astype(np.float64).reshape(len(names), width), failed.astype(np.float64)
        )

    def by(self, groups: I64) -> "CallCounts":
        """Rows of equal number in `groups` added up."""
        order = np.argsort(groups, kind="stable")
        names, starts = np.unique(groups[order], return_index=True)
        if not len(names):
            return CallCounts(names, self.lowest, self.calls[:0], self.errors[:0])
        added = (np.add.reduceat(counts[order], starts) for counts in (self.calls, self.errors))
        return CallCounts(names, self.lowest, *added)

    def at(self, places: NDArray[np.bool_]) -> "CallCounts":
        return CallCounts(self.groups[places], self.lowest, self.calls[places], self.errors[places])

    def counted(self) -> dict[int, tuple[int, int, int, int]]:
        """By group with calls: how many, how many failed, p50 and p95 in ns.

        A percentile is an estimate: calls are spread evenly over the (logarithmic) width of their bucket.
        """
        called = self.at(self.calls.sum(axis=1) > 0)
        upto = np.cumsum(called.calls, axis=1)
        p50, p95 = (called.percentile(upto, rank) for rank in (0.5, 0.95))
        columns = (upto[:, -1], called.errors, p50, p95)
        rows = zip(*(column.astype(np.int64).tolist() for column in columns), strict=True)
        return dict(zip(called.groups.tolist(), rows, strict=True))

    def percentile(self, upto: NDArray[np.float64], rank: float) -> NDArray[np.float64]:
        """`upto`: calls of a group up to and with each bucket."""
        sought = rank * upto[:, -1]
        place = np.arange(len(upto)), np.argmax(upto >= sought[:, None], axis=1)
        calls = self.calls[place]
        within = (sought - (upto[place] - calls)) / calls
        ns: NDArray[np.float64] = np.rint(2.0 ** ((self.lowest + place[1] + within) / PER_DOUBLING))
        return ns


def _numbered(groups: I64) -> tuple[I64, I64]:
    """The groups that occur, ascending, and the place of each row's group among them."""
    if groups.max(initial=0) > _DENSE:
        return np.unique(groups, return_inverse=True)
    used = np.zeros(groups.max(initial=0) + 1, np.bool_)
    used[groups] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[groups]
