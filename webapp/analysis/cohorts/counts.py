"""How many traces of either set have each value of each key, and how surely that is no chance. Ranks nothing.

A key is asked of each service apart, since only there can it mean one thing. What is no value is "(missing)". All
services of a key are counted at once, and all pairs of a key and a value are tested at once.
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.cohorts.statistics import false_discovery, independence, newcombe
from webapp.analysis.runs import run_lengths, run_starts
from webapp.model.cohorts import F64, AttributeColumn, CohortTraces
from webapp.model.columns import I64, U64, Bool
from webapp.model.weights import effective

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
class Key:
    """All pairs of a value and a trace of one key, sorted by value; the values of each service are together.

    `service` has an entry a service, `first` where its values begin, and one more. `low`, `high`: of numbers. `tenths`:
    services whose numbers are compared by tenths. A place is a value, or, after all values, a service: it is missing.
    """

    column: AttributeColumn
    service: list[int]
    first: I64
    code: U64
    low: F64 | None
    high: F64 | None
    tenths: Bool
    pair_value: I64
    pair_trace: I64

    def group(self, places: I64) -> I64:
        """The place of the service in `service`."""
        of_value = np.searchsorted(self.first, places, side="right") - 1
        return np.where(places < len(self.code), of_value, places - len(self.code))

    def distinct(self, group: int) -> int:
        return int(self.first[group + 1] - self.first[group])

    def traces_of(self, value: int) -> I64:
        first, end = np.searchsorted(self.pair_value, [value, value + 1])
        return self.pair_trace[first:end]

    def members(self, place: int, total: int) -> Bool:
        """The traces with that value, or with none of that service."""
        known = place < len(self.code)
        members = np.full(total, not known)
        if known:
            members[self.traces_of(place)] = True
        else:
            group = place - len(self.code)
            first, end = np.searchsorted(self.pair_value, self.first[group : group + 2])
            members[self.pair_trace[first:end]] = False
        return members


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one key, by place that may be tested."""

    place: I64
    a: I64
    b: I64
    share_1: F64
    share_0: F64


@dataclass(frozen=True, slots=True)
class Pairs:
    """Arrays of what `Value` has, by tested place of any key; `key` is the number of the key."""

    key: I64
    place: I64
    a: I64
    b: I64
    share_1: F64
    share_0: F64
    score: F64
    lift: F64
    p: F64
    q: F64

    def value(self, key: Key, at: int) -> Value:
        place = int(self.place[at])
        known = place < len(key.code)
        bounds = known and key.low is not None and key.high is not None
        return Value(
            int(self.a[at]), int(self.b[at]), float(self.share_1[at]), float(self.share_0[at]),
            float(self.score[at]), float(self.lift[at]), float(self.p[at]), float(self.q[at]),
            int(key.traces_of(place)[0]) if known else -1, int(key.code[place]) if known else 0,
            float(key.low[place]) if bounds and key.low is not None else None,
            float(key.high[place]) if bounds and key.high is not None else None,
        )  # fmt: skip


class Counter:
    """Counts traces of both sets by weight; intervals go by how many traces the weights are worth."""

    def __init__(self, traces: CohortTraces) -> None:
        self._traces = traces
        sides = (traces.selected, ~traces.selected)
        self._weights = [np.where(side, traces.weight, 0.0) for side in sides]
        self._wholes = [max(float(weight.sum()), 1e-300) for weight in self._weights]
        self._worth = [effective(traces.weight[side]) for side in sides]

    @property
    def least_worth(self) -> float:
        return min(self._worth)

    def count(self, key: Key) -> tuple[Counts, Bool]:
        """What may be tested, and which services have a new value nearly every time: of these nothing is."""
        traces, values, groups = self._traces, len(key.code), len(key.service)
        owner = np.repeat(np.arange(groups), np.diff(key.first))
        group = owner[key.pair_value]
        cells = np.zeros(groups * len(traces), np.bool_)
        cells[group * len(traces) + key.pair_trace] = True
        having = np.flatnonzero(cells)
        trace, of = having % len(traces), having // len(traces)
        counts, shares = [], []
        for weight, whole, side in zip(
            self._weights, self._wholes, (traces.selected, ~traces.selected), strict=True
        ):
            chosen = side[key.pair_trace]
            with_it = np.bincount(key.pair_value[chosen], minlength=values)
            lacking = int(side.sum()) - np.bincount(of[side[trace]], minlength=groups)
            counts.append(np.append(with_it, lacking))
            weights = np.bincount(key.pair_value, weight[key.pair_trace], values)
            lacking_weight = whole - np.bincount(of, weight[trace], groups)
            shares.append(np.clip(np.append(weights, lacking_weight) / whole, 0.0, 1.0))
        (a, b), (share_1, share_0) = counts, shares
        pairs = np.bincount(group, minlength=groups)
        often = np.zeros(groups, np.int64)
        np.maximum.at(often, owner, a[:values])
        id_like: Bool = ~key.tenths & (np.diff(key.first) > _ID_LIKE * pairs) & (often < _LEAST)
        place = np.flatnonzero(
            ((a >= _LEAST) | (share_1 - share_0 <= -FLOOR))
            & (a + b < len(traces))  # what all have tells nothing
            & ~id_like[np.append(owner, np.arange(groups))]
        )
        return Counts(place, a[place], b[place], share_1[place], share_0[place]), id_like

    def test(self, counted: list[Counts]) -> Pairs:
        """All of them at once."""
        number = np.repeat(np.arange(len(counted)), [len(each.place) for each in counted])
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
        return Pairs(number, place, a, b, share_1, share_0, score, lift, p, false_discovery(p))


def key_of(column: AttributeColumn, traces: CohortTraces) -> Key:
    starts = run_starts(column.service, column.code)
    value = np.repeat(np.arange(len(starts)), run_lengths(starts, len(column.code)))
    of_service = run_starts(column.service[starts])
    services = column.service[starts][of_service].tolist()
    first = np.append(of_service, len(starts))
    trace = column.trace.astype(np.int64)
    tenths = np.zeros(len(services), np.bool_)
    if column.number is None:
        return Key(column, services, first, column.code[starts], None, None, tenths, value, trace)
    tenths = np.diff(first) >= _DISTINCT_NUMBERS
    exact = column.number[starts]
    if not tenths.any():
        return Key(column, services, first, column.code[starts], exact, exact, tenths, value, trace)
    return _by_tenths(column, column.number, traces, services, first, tenths, starts)


def _by_tenths(
    column: AttributeColumn, numbers: F64, traces: CohortTraces, services: list[int], first: I64, tenths: Bool,
    starts: I64,
) -> Key:  # fmt: skip
    """Of services with many numbers the values are the tenths of the baseline that each number falls into."""
    ends = np.append(starts, len(column.code))[first]
    low: list[F64] = []
    high: list[F64] = []
    values, pair_traces = [], []
    sizes = [0]
    for group, many in enumerate(tenths.tolist()):
        entries = slice(int(ends[group]), int(ends[group + 1]))
        number, trace = numbers[entries], column.trace[entries].astype(np.int64)
        if many:
            inner = _bounds(number, ~traces.selected[trace])
            cells = np.unique(np.searchsorted(inner, number, side="right") * len(traces) + trace)
            value, trace = cells // len(traces), cells % len(traces)
            low.append(np.append(-np.inf, inner))
            high.append(np.append(inner, np.inf))
        else:
            begins = starts[first[group] : first[group + 1]]
            value = np.searchsorted(begins - entries.start, np.arange(len(trace)), side="right") - 1
            low.append(numbers[begins])
            high.append(numbers[begins])
        values.append(value + sum(sizes))
        sizes.append(len(low[-1]))
        pair_traces.append(trace)
    code = np.concatenate([np.arange(size) for size in sizes[1:]]).astype(np.uint64)
    return Key(
        column, services, np.cumsum(sizes), code, np.concatenate(low), np.concatenate(high), tenths,
        np.concatenate(values), np.concatenate(pair_traces),
    )  # fmt: skip


def _bounds(number: F64, baseline: Bool) -> F64:
    """Between the tenths of the baseline's values."""
    measured = number[baseline] if baseline.any() else number
    inner: F64 = np.unique(np.sort(measured)[np.arange(1, 10) * len(measured) // 10])
    return inner
