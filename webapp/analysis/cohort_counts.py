"""How many traces of either set have each value of each key, and how surely that is no chance. Ranks nothing.

A key is asked of each service apart, since only there can it mean one thing. What is no value is "(missing)".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from webapp.analysis.cohort_statistics import effective, false_discovery, independence, newcombe
from webapp.analysis.runs import run_lengths, run_starts
from webapp.model.cohorts import F64, AttributeColumn, CohortTraces
from webapp.model.columns import I64, Bool

FLOOR = 0.05  # shares that differ by less are of no interest
_LEAST = 5  # selected traces that must have a value
_DISTINCT_NUMBERS = 12  # from here on numbers are compared by tenths of the baseline
_ID_LIKE = 0.5


@dataclass(frozen=True, slots=True)
class Value:
    """`a` of the selected and `b` of the other traces have it. `low`, `high`: of numbers, from one to below the other.

    `score`: the end of the 95 % interval of share_1 − share_0 nearer to 0. `trace`: one that has it, -1: it is missing.
    """

    a: int
    b: int
    share_1: float
    share_0: float
    score: float
    lift: float
    p: float
    q: float
    trace: int
    code: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """All pairs of a value and a trace of one key and service, sorted by value."""

    column: AttributeColumn
    service: int
    pair_value: I64
    pair_trace: I64
    codes: list[int]
    edges: list[tuple[float, float]] | None

    def traces_of(self, value: int) -> I64:
        first, end = np.searchsorted(self.pair_value, [value, value + 1])
        return self.pair_trace[first:end]


def _by_tenths(group: Group) -> bool:
    return group.edges is not None and any(low < high for low, high in group.edges)


class Counter:
    """Counts traces of both sets by weight; intervals go by how many traces the weights are worth."""

    def __init__(self, traces: CohortTraces) -> None:
        self._traces = traces
        self._whole = [float(traces.weight[side].sum()) for side in (traces.selected, ~traces.selected)]
        self._worth = [effective(traces.weight[side]) for side in (traces.selected, ~traces.selected)]

    def is_id_like(self, group: Group) -> bool:
        """Nearly every span another value, and none of them in several selected traces."""
        if len(group.codes) == 0 or _by_tenths(group) or len(group.codes) <= _ID_LIKE * len(group.pair_value):
            return False
        selected = self._traces.selected[group.pair_trace]
        often = np.bincount(group.pair_value[selected], minlength=1)
        return int(often.max(initial=0)) < _LEAST

    def count(self, group: Group) -> "Counts":
        """All values that may be tested; the place after the last value is that of what has none."""
        traces, values = self._traces, len(group.codes)
        selected = traces.selected[group.pair_trace]
        weight = traces.weight[group.pair_trace]
        having = np.zeros(len(traces), np.bool_)
        having[group.pair_trace] = True
        counts, shares = [], []
        for chosen, members, whole in zip(
            (selected, ~selected), (traces.selected, ~traces.selected), self._whole, strict=True
        ):
            lacking = members & ~having
            counts.append(np.append(np.bincount(group.pair_value[chosen], minlength=values), lacking.sum()))
            sums = np.bincount(group.pair_value[chosen], weight[chosen], values)
            shares.append(
                np.clip(np.append(sums, traces.weight[lacking].sum()) / max(whole, 1e-300), 0.0, 1.0)
            )
        (a, b), (share_1, share_0) = counts, shares
        place = np.flatnonzero(
            ((a >= _LEAST) | (share_1 - share_0 <= -FLOOR))
            & (a + b < len(traces))  # what all have tells nothing
        )
        return Counts(place, a[place], b[place], share_1[place], share_0[place])

    def test(self, counted: list["Counts"]) -> "Pairs":
        """All of them at once."""
        place, a, b = (
            np.concatenate([np.empty(0, np.int64), *(getattr(each, name) for each in counted)]).astype(
                np.int64
            )
            for name in ("place", "a", "b")
        )
        share_1, share_0 = (
            np.concatenate([np.empty(0), *(getattr(each, name) for each in counted)])
            for name in ("share_1", "share_0")
        )
        one, other = (max(worth, 1.0) for worth in self._worth)
        p = independence(share_1 * one, one, share_0 * other, other)
        lift = (share_1 * one + 0.5) / (one + 1) / ((share_0 * other + 0.5) / (other + 1))
        score = newcombe(share_1, one, share_0, other)
        return Pairs(place, a, b, share_1, share_0, score, lift, p, false_discovery(p))


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one group, by value that may be tested."""

    place: I64
    a: I64
    b: I64
    share_1: F64
    share_0: F64


@dataclass(frozen=True, slots=True)
class Pairs:
    """Arrays of what `Value` has, by tested value of any group."""

    place: I64
    a: I64
    b: I64
    share_1: F64
    share_0: F64
    score: F64
    lift: F64
    p: F64
    q: F64

    def value(self, group: Group, at: int) -> Value:
        place = int(self.place[at])
        known = place < len(group.codes)
        low, high = group.edges[place] if known and group.edges is not None else (None, None)
        return Value(
            int(self.a[at]), int(self.b[at]), float(self.share_1[at]), float(self.share_0[at]),
            float(self.score[at]), float(self.lift[at]), float(self.p[at]), float(self.q[at]),
            int(group.traces_of(place)[0]) if known else -1, group.codes[place] if known else 0, low, high,
        )  # fmt: skip


def groups_of(column: AttributeColumn, traces: CohortTraces) -> Iterator[Group]:
    """Of each service that has the key."""
    starts = run_starts(column.service)
    for first, length in zip(starts.tolist(), run_lengths(starts, len(column.service)).tolist(), strict=True):
        entries = slice(first, first + length)
        trace = column.trace[entries].astype(np.int64)
        number = None if column.number is None else column.number[entries]
        service = int(column.service[first])
        if number is not None and _has_many(number):
            value, edges = _tenths(number, ~traces.selected[trace])
            cells = np.unique(value * len(traces) + trace)
            codes = list(range(len(edges)))
            yield Group(column, service, cells // len(traces), cells % len(traces), codes, edges)
            continue
        values = run_starts(column.code[entries])
        value = np.repeat(np.arange(len(values)), run_lengths(values, length))
        exact = None if number is None else [(one, one) for one in number[values].tolist()]
        yield Group(column, service, value, trace, column.code[entries][values].tolist(), exact)


def _has_many(number: F64) -> bool:
    few = number[: 20 * _DISTINCT_NUMBERS]  # mostly they tell already
    return any(len(np.unique(some)) >= _DISTINCT_NUMBERS for some in (few, number))


def _tenths(number: F64, baseline: Bool) -> tuple[I64, list[tuple[float, float]]]:
    """The tenth of the baseline's values that each falls into, and the bounds [low, high) of each tenth."""
    measured = number[baseline] if baseline.any() else number
    inner = np.unique(np.sort(measured)[np.arange(1, 10) * len(measured) // 10])
    bounds = [-np.inf, *inner.tolist(), np.inf]
    return np.searchsorted(inner, number, side="right"), list(pairwise(bounds))
