"""Calls counted by bucket of duration, and the percentiles that follow. Arrays, no SQL."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from webapp.model.columns import F64, I64, Bool
from webapp.model.red import worth
from webapp.store.writing.buckets import PER_DOUBLING

_BUCKETS = 256
_DENSE = 5_000_000  # greatest number of a group that is looked up in a table


class Counted(NamedTuple):
    """Calls as `model.results.GraphEdge` has them: whole where they are."""

    calls: float = 0
    errors: float = 0
    p50_ns: int = 0
    p95_ns: int = 0
    critical_ns: int = 0
    spans: int = 0
    weighted: int = 0
    worth: float = 0.0


class Sums(NamedTuple):
    """By group: `calls` and `errors` are sums of weights; `spans` were counted, of which `weighted` have a weight that is
    not 1; `squares`: the sum of the squares of all.
    """

    calls: F64
    errors: F64
    spans: F64
    weighted: F64
    squares: F64
    critical_ns: I64

    def by(self, number: I64, groups: int) -> "Sums":
        calls, errors, spans, weighted, squares = (_counted(number, each, groups) for each in self[:5])
        return Sums(calls, errors, spans, weighted, squares, _added(number, self.critical_ns, groups))

    def at(self, groups: Bool) -> "Sums":
        calls, errors, spans, weighted, squares = (each[groups] for each in self[:5])
        return Sums(calls, errors, spans, weighted, squares, self.critical_ns[groups])


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Rows have the calls of a group by bucket, as sums of weights. A group is known by its `place`; it may have several
    rows of one bucket, also with negative counts: they are summed.
    """

    place: I64
    bucket: I64
    counts: F64
    groups: I64  # ascending
    sums: Sums

    @classmethod
    def of(
        cls, groups: I64, errors: I64, critical_ns: I64, bucket: I64, calls: I64, rows: I64 | None = None
    ) -> "CallCounts":
        """`rows`: how many of `bucket` and `calls` each of `groups` has, None for one."""
        names, place = _numbered(groups)
        failed, own_ns = _counted(place, errors, len(names)), _added(place, critical_ns, len(names))
        each = place if rows is None else np.repeat(place, rows)
        spans = _counted(each, calls, len(names))
        sums = Sums(spans, failed, spans, np.zeros(len(names)), spans, own_ns)
        return cls(each, bucket, calls.astype(np.float64), names, sums)

    def weighed(self, groups: I64, bucket: I64, more: "Weights") -> "CallCounts":
        """With what weights other than 1 add; what is of no group that was counted is left out."""
        if not len(self.groups) or not len(groups):
            return self
        place = np.minimum(np.searchsorted(self.groups, groups), len(self.groups) - 1)
        known = self.groups[place] == groups
        place, sums = place[known], self.sums
        calls, errors, weighted, squares = (
            before + _counted(place, added[known], len(self.groups))
            for before, added in (
                (sums.calls, more.calls),
                (sums.errors, more.errors),
                (sums.weighted, more.weighted),
                (sums.squares, more.squares),
            )
        )
        return CallCounts(
            np.append(self.place, place), np.append(self.bucket, bucket[known]),
            np.append(self.counts, more.calls[known]), self.groups,
            Sums(calls, errors, sums.spans, weighted, squares, sums.critical_ns),
        )  # fmt: skip

    def timed(self, groups: I64, critical_ns: I64) -> "CallCounts":
        """With the critical time of groups that were counted."""
        known = np.isin(groups, self.groups)
        place = np.searchsorted(self.groups, groups[known])
        own_ns = _added(place, critical_ns[known], len(self.groups))
        return replace(self, sums=self.sums._replace(critical_ns=own_ns))

    def by(self, groups: I64) -> "CallCounts":
        """Groups of equal number in `groups` added up."""
        names, number = np.unique(groups, return_inverse=True)
        return CallCounts(
            number[self.place], self.bucket, self.counts, names, self.sums.by(number, len(names))
        )

    def at(self, groups: Bool) -> "CallCounts":
        if groups.all():
            return self
        rows = groups[self.place]
        place = (np.cumsum(groups) - 1)[self.place[rows]]
        return CallCounts(
            place, self.bucket[rows], self.counts[rows], self.groups[groups], self.sums.at(groups)
        )

    def counted(self) -> dict[int, Counted]:
        """By group with calls."""
        called, columns = self.columns()
        return dict(zip(called.tolist(), map(Counted._make, zip(*columns, strict=True)), strict=True))

    def columns(self) -> tuple[I64, list[list[Any]]]:
        """Groups with calls; the fields of `Counted` of all of them.

        A percentile is an estimate: calls are spread evenly over the (logarithmic) width of their bucket.
        """
        called = self.at(self.sums.spans > 0)
        calls, errors, spans, weighted, squares, critical_ns = called.sums
        times = *called.percentiles(), critical_ns, spans, weighted
        whole = [each.astype(np.int64).tolist() for each in times]
        if not weighted.any():
            sums = [each.astype(np.int64).tolist() for each in (calls, errors)]
            return called.groups, [*sums, *whole, spans.tolist()]
        sums = [[_whole(each) for each in column.tolist()] for column in (calls, errors)]
        sure = map(worth, whole[3], calls.tolist(), squares.tolist())
        return called.groups, [*sums, *whole, list(sure)]

    def percentiles(self) -> tuple[F64, F64]:
        """50 and 95 of each group that has calls."""
        key, counts = self._in_order()
        upto = np.cumsum(counts)
        last = np.searchsorted(key, np.arange(1, len(self.groups) + 1) * _BUCKETS) - 1
        before = np.append(0.0, upto[last])[:-1]
        p50, p95 = (
            _percentile(key, counts, upto, before + rank * (upto[last] - before), last)
            for rank in (0.5, 0.95)
        )
        return p50, p95

    def _in_order(self) -> tuple[I64, F64]:
        """Place * _BUCKETS + bucket, ascending, each with its count."""
        key = self.place * _BUCKETS + self.bucket
        if (key[1:] > key[:-1]).all():  # as sums of all time are stored
            return key, self.counts
        counts = _counted(key, self.counts, 0)
        used = np.flatnonzero(counts)
        return used, counts[used]


def _percentile(key: I64, counts: F64, upto: F64, sought: F64, last: I64) -> F64:
    """ns, by group; `last`: where its calls end in the others."""
    at = np.minimum(np.searchsorted(upto, sought), last)
    within = (sought - (upto[at] - counts[at])) / np.maximum(counts[at], np.finfo(np.float64).tiny)
    ns: F64 = np.rint(2.0 ** ((key[at] % _BUCKETS + within) / PER_DOUBLING))
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


def _counted(place: I64, counts: I64 | F64, groups: int) -> F64:
    """Sums by place."""
    counted: F64 = np.bincount(place, counts, groups).astype(np.float64, copy=False)
    return counted


def _added(place: I64, ns: I64, groups: int) -> I64:
    """The same, exact beyond what a float holds."""
    added = np.zeros(groups, np.int64)
    np.add.at(added, place, ns)
    return added


def _numbered(groups: I64) -> tuple[I64, I64]:
    """The groups that occur, ascending, and the place of each row's group among them."""
    if groups.max(initial=0) > _DENSE:
        return np.unique(groups, return_inverse=True)
    used = np.zeros(groups.max(initial=0) + 1, np.bool_)
    used[groups] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[groups]
