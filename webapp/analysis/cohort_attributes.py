"""Which attributes tell the selected traces from the others, ranked, with the guard rails of analysis.md section 7.

The unit is the trace: a value counts once a trace, however many spans have it. A key is asked of each service apart,
since only there can it mean one thing. What is no value is "(missing)".
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from webapp.analysis.cohort_keys import follows_from_errors, tells_nothing
from webapp.analysis.cohort_statistics import correlation, effective, false_discovery, independence, newcombe
from webapp.analysis.runs import run_lengths, run_starts
from webapp.model.cohorts import F64, AttributeColumn, CohortTraces
from webapp.model.columns import I64, Bool

FLOOR = 0.05  # shares that differ by less are of no interest
_LEAST = 5  # selected traces that must have a value
_SURE = 0.05  # q
_SAME = 0.99  # φ from which two values are one finding
_DETERMINED = 0.99
MOST_KEYS, MOST_VALUES = 20, 5
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
class KeyScore:
    """A key of a service (`service` "" for facts of the whole trace) with its telling values, best first.

    `also`: keys whose best value is in the same traces. `consequence`: it follows from what was selected.
    """

    key: str
    scope: str
    service: int
    values: list[Value]
    distinct: int
    consequence: bool = False
    also: list[tuple[str, int, str]] = field(default_factory=list)  # key, service, scope

    @property
    def score(self) -> float:
        return abs(self.values[0].score)


@dataclass(frozen=True, slots=True)
class Ranking:
    """`tested` pairs of key and value. `not_comparable`: key and service of keys with a new value nearly every time."""

    keys: list[KeyScore]
    tested: int
    not_comparable: list[tuple[str, int]]
    more: int  # keys beyond those listed


@dataclass(frozen=True, slots=True)
class _Group:
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


def rank(
    columns: list[AttributeColumn], traces: CohortTraces, defining: Collection[str], errors: bool
) -> Ranking:
    """`defining`: keys that the selection was made by; `errors`: it was made by failure."""
    counter = _Counter(traces)
    groups, not_comparable = [], []
    for column in columns:
        if column.key in defining or tells_nothing(column.key):
            continue
        for group in _groups(column, traces):
            if counter.is_id_like(group):
                not_comparable.append((column.key, group.service))
            else:
                groups.append(group)
    tested = [counter.test(group) for group in groups]
    p = np.concatenate([pairs.p for pairs in tested]) if tested else np.empty(0)
    found, done = [], 0
    q_all = false_discovery(p)
    for group, pairs in zip(groups, tested, strict=True):
        q = q_all[done : done + len(pairs.p)]
        done += len(pairs.p)
        telling = np.flatnonzero(
            (q < _SURE) & (np.abs(pairs.share_1 - pairs.share_0) >= FLOOR) & (pairs.score != 0)
        )
        if len(telling):
            found.append(
                _Found(
                    group, [(int(pairs.place[at]), pairs.value(group, at, q[at])) for at in telling.tolist()]
                )
            )
    keys, more = _merged(found, traces, errors)
    return Ranking(keys, len(p), not_comparable, more)


def _by_tenths(group: _Group) -> bool:
    return group.edges is not None and any(low < high for low, high in group.edges)


class _Counter:
    """Counts traces of both sets by weight; intervals go by how many traces the weights are worth."""

    def __init__(self, traces: CohortTraces) -> None:
        self._traces = traces
        self._whole = [float(traces.weight[side].sum()) for side in (traces.selected, ~traces.selected)]
        self._worth = [effective(traces.weight[side]) for side in (traces.selected, ~traces.selected)]

    def is_id_like(self, group: _Group) -> bool:
        """Nearly every span another value, and none of them in several selected traces."""
        if len(group.codes) == 0 or _by_tenths(group) or len(group.codes) <= _ID_LIKE * len(group.pair_value):
            return False
        selected = self._traces.selected[group.pair_trace]
        often = np.bincount(group.pair_value[selected], minlength=1)
        return int(often.max(initial=0)) < _LEAST

    def test(self, group: _Group) -> "_Pairs":
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
        a, b, share_1, share_0 = a[place], b[place], share_1[place], share_0[place]
        one, other = self._worth
        return _Pairs(
            place, a, b, share_1, share_0, newcombe(share_1, one, share_0, other),
            (share_1 * one + 0.5) / (one + 1) / ((share_0 * other + 0.5) / (other + 1)),
            independence(share_1 * one, one, share_0 * other, other),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Arrays of what `Value` has, by tested value."""

    place: I64
    a: I64
    b: I64
    share_1: F64
    share_0: F64
    score: F64
    lift: F64
    p: F64

    def value(self, group: _Group, at: int, q: float) -> Value:
        place = int(self.place[at])
        known = place < len(group.codes)
        low, high = group.edges[place] if known and group.edges is not None else (None, None)
        return Value(
            int(self.a[at]), int(self.b[at]), float(self.share_1[at]), float(self.share_0[at]),
            float(self.score[at]), float(self.lift[at]), float(self.p[at]), float(q),
            int(group.traces_of(place)[0]) if known else -1, group.codes[place] if known else 0, low, high,
        )  # fmt: skip


def _groups(column: AttributeColumn, traces: CohortTraces) -> Iterator[_Group]:
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
            yield _Group(column, service, cells // len(traces), cells % len(traces), codes, edges)
            continue
        values = run_starts(column.code[entries])
        value = np.repeat(np.arange(len(values)), run_lengths(values, length))
        exact = None if number is None else [(one, one) for one in number[values].tolist()]
        yield _Group(column, service, value, trace, column.code[entries][values].tolist(), exact)


def _has_many(number: F64) -> bool:
    return len(np.unique(number)) >= _DISTINCT_NUMBERS


def _tenths(number: F64, baseline: Bool) -> tuple[I64, list[tuple[float, float]]]:
    """The tenth of the baseline's values that each falls into, and the bounds [low, high) of each tenth."""
    measured = number[baseline] if baseline.any() else number
    inner = np.unique(np.quantile(measured, np.arange(1, 10) / 10))
    bounds = [-np.inf, *inner.tolist(), np.inf]
    return np.searchsorted(inner, number, side="right"), list(pairwise(bounds))


@dataclass(frozen=True, slots=True)
class _Found:
    group: _Group
    values: list[tuple[int, Value]]  # place in the group, and what is known


def _merged(found: list[_Found], traces: CohortTraces, errors: bool) -> tuple[list[KeyScore], int]:
    """Best first, and how many more there are; keys whose best value is in the same traces are one row."""
    for each in found:
        each.values.sort(key=lambda pair: (-round(abs(pair[1].score), 6), pair[1].score < 0, pair[0]))
    consequence = {id(each): errors and follows_from_errors(each.group.column.key) for each in found}
    found.sort(key=lambda each: (consequence[id(each)], -abs(each.values[0][1].score), _plainness(each)))
    rows: list[tuple[KeyScore, Bool, Value]] = []
    more = 0
    for each in found:
        place, best = each.values[0]
        members = _members(each.group, place, len(traces))
        column, service = each.group.column, each.group.service
        same = next((row for row, others, other in rows if _is_same(best, members, other, others)), None)
        if same is not None:
            same.also.append((column.key, service, column.scope))
        elif len(rows) == MOST_KEYS:
            more += 1
        else:
            values = [value for _, value in each.values[:MOST_VALUES]]
            marked = consequence[id(each)] or _determined(best)
            score = KeyScore(column.key, column.scope, service, values, len(each.group.codes), marked)
            rows.append((score, members, best))
    return [row for row, _, _ in rows], more


def _plainness(each: _Found) -> tuple[int, str, int]:
    """Facts of the trace first, then of processes; by name."""
    column = each.group.column
    return ("trace", "resource", "span").index(column.scope), column.key, each.group.service


def _members(group: _Group, place: int, total: int) -> Bool:
    """The traces with that value, or without any."""
    known = place < len(group.codes)
    members = np.full(total, not known)
    members[group.traces_of(place) if known else group.pair_trace] = known
    return members


def _is_same(one: Value, members: Bool, other: Value, others: Bool) -> bool:
    """The same partition, also when one tells by having and the other by lacking."""
    near = abs(abs(one.share_1 - one.share_0) - abs(other.share_1 - other.share_0)) < 1 - _SAME + 1e-9
    return near and abs(correlation(members, others)) >= _SAME


def _determined(value: Value) -> bool:
    """All selected traces have it and hardly any other: it may be what the filter asks, in other words."""
    return value.share_1 >= _DETERMINED and value.share_0 <= 1 - _DETERMINED
