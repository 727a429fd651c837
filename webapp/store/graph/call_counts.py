"""Calls counted by bucket of duration, and the percentiles that follow. Arrays, no SQL.

There is one row a group and one column a bucket, so that nothing has to be sorted.
"""

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from webapp.model.columns import F64, I64, Bool
from webapp.model.red import worth
from webapp.store.writing.buckets import PER_DOUBLING

_DENSE = 5_000_000  # greatest number of a group that is looked up in a table


class Counted(NamedTuple):
    """Calls as `model.results.GraphEdge` has them: whole where they are."""

    calls: float = 0
    errors: float = 0
    p50_ns: int = 0
    p95_ns: int = 0
    spans: int = 0
    weighted: int = 0
    worth: float = 0.0


@dataclass(frozen=True, slots=True)
class CallCounts:
    """`calls` of each group by bucket from `lowest` on, of which `errors` failed: both sums of weights.

    `spans` were counted, of which `weighted` have a weight that is not 1; `squares`: the sum of the squares of all.
    """

    groups: I64
    lowest: int
    calls: F64
    errors: F64
    spans: F64
    weighted: F64
    squares: F64

    @classmethod
    def of(cls, groups: I64, bucket: I64, calls: I64, errors: I64) -> "CallCounts":
        """The same group and bucket may come several times, also with negative counts: they are summed."""
        names, place = _numbered(groups)
        lowest = int(bucket.min(initial=255))
        width = int(bucket.max(initial=0)) - lowest + 1 if len(bucket) else 1
        summed = np.bincount(place * width + bucket - lowest, calls, len(names) * width)
        failed = np.bincount(place, errors, len(names))
        counts = summed.astype(np.float64).reshape(len(names), width)
        spans = counts.sum(axis=1)
        return cls(names, lowest, counts, failed.astype(np.float64), spans, np.zeros(len(names)), spans)

    def weighed(self, groups: I64, bucket: I64, more: "Weights") -> "CallCounts":
        """With what weights other than 1 add; what is of no group that was counted is left out."""
        if not len(self.groups):
            return self
        place = np.minimum(np.searchsorted(self.groups, groups), len(self.groups) - 1)
        column = bucket - self.lowest
        known = (self.groups[place] == groups) & (column >= 0) & (column < self.calls.shape[1])
        place, column = place[known], column[known]
        calls = self.calls.copy()
        np.add.at(calls, (place, column), more.calls[known])
        errors, weighted, squares = (
            before + np.bincount(place, added[known], len(self.groups))
            for before, added in (
                (self.errors, more.errors),
                (self.weighted, more.weighted),
                (self.squares, more.squares),
            )
        )
        return replace(self, calls=calls, errors=errors, weighted=weighted, squares=squares)

    def by(self, groups: I64) -> "CallCounts":
        """Rows of equal number in `groups` added up."""
        order = np.argsort(groups, kind="stable")
        names, starts = np.unique(groups[order], return_index=True)
        if not len(names):
            return CallCounts(names, self.lowest, *(counts[:0] for counts in self._counts()))
        return CallCounts(
            names, self.lowest, *(np.add.reduceat(counts[order], starts) for counts in self._counts())
        )

    def at(self, places: Bool) -> "CallCounts":
        return CallCounts(self.groups[places], self.lowest, *(counts[places] for counts in self._counts()))

    def _counts(self) -> list[F64]:
        return [getattr(self, field.name) for field in fields(self)[2:]]

    def counted(self) -> dict[int, Counted]:
        """By group with calls.

        A percentile is an estimate: calls are spread evenly over the (logarithmic) width of their bucket.
        """
        called = self.at(self.spans > 0)
        upto = np.cumsum(called.calls, axis=1)
        p50, p95 = (called.percentile(upto, rank) for rank in (0.5, 0.95))
        columns = (upto[:, -1], called.errors, p50, p95, called.spans, called.weighted)
        if not called.weighted.any():
            rows = zip(*(column.astype(np.int64).tolist() for column in columns), strict=True)
            counts = (Counted._make((*row, float(row[4]))) for row in rows)
            return dict(zip(called.groups.tolist(), counts, strict=True))
        rows = zip(*(column.tolist() for column in columns), called.squares.tolist(), strict=True)
        return {
            group: Counted(_whole(calls), _whole(errors), int(p50), int(p95), int(spans), int(weighted),
                           worth(spans, calls, squares))
            for group, (calls, errors, p50, p95, spans, weighted, squares)
            in zip(called.groups.tolist(), rows, strict=True)
        }  # fmt: skip

    def percentile(self, upto: F64, rank: float) -> F64:
        """`upto`: calls of a group up to and with each bucket."""
        sought = rank * upto[:, -1]
        place = np.arange(len(upto)), np.argmax(upto >= sought[:, None], axis=1)
        calls = self.calls[place]
        within = (sought - (upto[place] - calls)) / np.maximum(calls, np.finfo(np.float64).tiny)
        ns: F64 = np.rint(2.0 ** ((self.lowest + place[1] + within) / PER_DOUBLING))
        return ns


@dataclass(frozen=True, slots=True)
class Weights:
    """Of calls whose weight is not 1: how many, and sums of weight - 1, of the same of failed ones, of weight² - 1."""

    weighted: F64
    calls: F64
    errors: F64
    squares: F64


def _whole(number: float) -> float:
    near = round(number, 6)
    return int(near) if near == int(near) else near


def _numbered(groups: I64) -> tuple[I64, I64]:
    """The groups that occur, ascending, and the place of each row's group among them."""
    if groups.max(initial=0) > _DENSE:
        return np.unique(groups, return_inverse=True)
    used = np.zeros(groups.max(initial=0) + 1, np.bool_)
    used[groups] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[groups]
