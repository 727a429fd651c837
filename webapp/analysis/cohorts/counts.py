"""How many traces of either set have each value of each key, and how surely that is no chance. Ranks nothing.

A key is asked of each service apart, since only there can it mean one thing, and among the traces that the service takes
part in: that it does not is told for itself. What is no value there is "(missing)". All services of a key are counted at
once, and all pairs of a key and a value are tested at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from webapp.analysis.cohorts.split import ENOUGH
from webapp.analysis.cohorts.statistics import false_discovery, independence, newcombe
from webapp.analysis.cohorts.values import Key
from webapp.model.cohorts import F64, CohortTraces
from webapp.model.columns import I64, Bool
from webapp.model.weights import effective

FLOOR = 0.05  # shares that differ by less are of no interest
_LEAST = 5  # selected traces that must have a value
_ID_LIKE = 0.5  # of the values are in one trace alone …
_COMMON = 0.2  # … and none in such a part of the selected traces that have one


@dataclass(frozen=True, slots=True)
class Value:
    """`a` of `of_1` selected and `b` of `of_0` other traces have it. `low`, `high`: of numbers, from one to below the other.

    `score`: the end of the 95 % interval of share_1 − share_0 nearer to 0. `trace`: one that has it, -1: it is missing.
    """

    a: int
    b: int
    of_1: int
    of_0: int
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
class Counts:
    """Of one key, by place that may be tested. `of_1`, `of_0`: traces it is asked of; `worth_1`, `worth_0`: as many of one
    weight.
    """

    place: I64
    a: I64
    b: I64
    of_1: I64
    of_0: I64
    share_1: F64
    share_0: F64
    worth_1: F64
    worth_0: F64


@dataclass(frozen=True, slots=True)
class Pairs:
    """Arrays of what `Value` has, by tested place of any key; `key` is the number of the key."""

    key: I64
    place: I64
    a: I64
    b: I64
    of_1: I64
    of_0: I64
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
            int(self.a[at]), int(self.b[at]), int(self.of_1[at]), int(self.of_0[at]),
            float(self.share_1[at]), float(self.share_0[at]),
            float(self.score[at]), float(self.lift[at]), float(self.p[at]), float(self.q[at]),
            int(key.traces_of(place)[0]) if known else -1, int(key.code[place]) if known else 0,
            float(key.low[place]) if bounds and key.low is not None else None,
            float(key.high[place]) if bounds and key.high is not None else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """The traces that a key is asked of, and of each set how many they are, by weight, and worth how many of one weight."""

    mask: Bool
    traces: list[int]
    whole: list[float]
    worth: list[float]


@dataclass(frozen=True, slots=True)
class _Side:
    """What was counted in one set, by place."""

    count: I64
    of: I64
    share: F64
    worth: F64


class Counter:
    """Counts traces of both sets by weight; intervals go by how many traces the weights are worth.

    `there`: by service the traces that it takes part in, and so may have values in; a key of what is not in it is asked
    of all.
    """

    def __init__(self, traces: CohortTraces, there: Mapping[int, Bool]) -> None:
        self._traces = traces
        self.sides = (traces.selected, ~traces.selected)
        self._of_all = self._asked_of(np.ones(len(traces), np.bool_))
        self._asked = {service: self._asked_of(mask) for service, mask in there.items()}

    @property
    def least_worth(self) -> float:
        return min(self._of_all.worth)

    def asked(self, key: Key, service: int) -> Asked:
        """That a service takes part is itself asked of all."""
        return self._of_all if key.column.scope == "trace" else self._asked.get(service, self._of_all)

    def _asked_of(self, mask: Bool) -> Asked:
        weights = [self._traces.weight[mask & side] for side in self.sides]
        return Asked(
            mask, [len(each) for each in weights], [float(each.sum()) for each in weights],
            [effective(each) for each in weights],
        )  # fmt: skip

    def count(self, key: Key) -> tuple[Counts, Bool]:
        """What may be tested, and which services have a new value nearly every time: of these nothing is."""
        traces, groups = len(self._traces), len(key.service)
        owner = np.repeat(np.arange(groups), np.diff(key.first))
        cells = np.zeros(groups * traces, np.bool_)
        cells[owner[key.pair_value] * traces + key.pair_trace] = True
        having = np.divmod(np.flatnonzero(cells), traces)
        owners = np.append(owner, np.arange(groups))
        one, other = (self._side(number, key, owners, *having) for number in (0, 1))
        id_like = self._id_like(key, owner, one)
        place = np.flatnonzero(
            ((one.count >= _LEAST) | (one.share - other.share <= -FLOOR))
            & (one.count + other.count < one.of + other.of)  # what all have tells nothing
            & (np.minimum(one.worth, other.worth) >= ENOUGH)
            & ~id_like[owners]
        )
        return Counts(
            place, one.count[place], other.count[place], one.of[place], other.of[place],
            one.share[place], other.share[place], one.worth[place], other.worth[place],
        ), id_like  # fmt: skip

    def _side(self, number: int, key: Key, owners: I64, of: I64, trace: I64) -> _Side:
        """`of`, `trace`: the service and the trace of all that have some value."""
        side, values, groups = self.sides[number], len(key.code), len(key.service)
        weight = np.where(side, self._traces.weight, 0.0)
        asked = [self.asked(key, service) for service in key.service]
        traces = np.array([each.traces[number] for each in asked])
        whole = np.array([each.whole[number] for each in asked])
        worth = np.array([each.worth[number] for each in asked])
        with_it = np.bincount(key.pair_value[side[key.pair_trace]], minlength=values)
        lacking = traces - np.bincount(of[side[trace]], minlength=groups)
        weights = np.bincount(key.pair_value, weight[key.pair_trace], values)
        lacking_weight = whole - np.bincount(of, weight[trace], groups)
        share = np.append(weights, lacking_weight) / np.maximum(whole, 1e-300)[owners]
        return _Side(np.append(with_it, lacking), traces[owners], np.clip(share, 0.0, 1.0), worth[owners])

    def _id_like(self, key: Key, owner: I64, selected: _Side) -> Bool:
        values, groups = len(key.code), len(key.service)
        pairs = np.bincount(owner[key.pair_value], minlength=groups)
        often = np.zeros(groups, np.int64)
        np.maximum.at(often, owner, selected.count[:values])
        having = selected.of[values:] - selected.count[values:]
        rare = often < np.maximum(_LEAST, _COMMON * having)
        found: Bool = ~key.tenths & (np.diff(key.first) > _ID_LIKE * pairs) & rare & (pairs >= ENOUGH)
        return found

    def test(self, counted: list[Counts]) -> Pairs:
        """All of them at once."""
        number = np.repeat(np.arange(len(counted)), [len(each.place) for each in counted])
        place, a, b, of_1, of_0 = (
            np.concatenate([np.empty(0, np.int64), *(getattr(each, name) for each in counted)]).astype(
                np.int64
            )
            for name in ("place", "a", "b", "of_1", "of_0")
        )
        share_1, share_0, one, other = (
            np.concatenate([np.empty(0), *(getattr(each, name) for each in counted)])
            for name in ("share_1", "share_0", "worth_1", "worth_0")
        )
        p = independence(share_1 * one, one, share_0 * other, other)
        lift = (share_1 * one + 0.5) / (one + 1) / ((share_0 * other + 0.5) / (other + 1))
        score = newcombe(share_1, one, share_0, other)
        return Pairs(number, place, a, b, of_1, of_0, share_1, share_0, score, lift, p, false_discovery(p))
