"""Which attributes tell the selected traces from the others, ranked, with the guard rails of analysis.md section 7.

The unit is the trace: a value counts once a trace, however many spans have it. A key is asked of each service apart,
since only there can it mean one thing. What is no value is "(missing)".
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from webapp.analysis.cohort_statistics import correlation, effective, false_discovery, independence, newcombe
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
_IDS = re.compile(
    r"(?:^|[._-])(?:[ug]uid|(?:trace|span|request|correlation|message)[._-]?id)$", re.IGNORECASE
)
_TIMES = re.compile(
    r"(?:^|[._-])(?:timestamp|time|date|at|duration|elapsed|latency|took)"
    r"(?:[._-](?:ns|us|ms|s|unix|nanos?|millis))*$",
    re.IGNORECASE,
)
_CONSEQUENCES = re.compile(
    r"^(?:error(?:\.|$)|exception\.|otel\.status|status(?:[._]|$)|.*\.status(?:_code|\.code|_text|\.message)?$|grpc\.code$)"
)


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

    def traces_of(self, value: int) -> list[int]:
        first, end = np.searchsorted(self.pair_value, [value, value + 1])
        traces: list[int] = self.pair_trace[first:end].tolist()
        return traces


def rank(
    columns: list[AttributeColumn], traces: CohortTraces, defining: Collection[str], errors: bool
) -> Ranking:
    """`defining`: keys that the selection was made by; `errors`: it was made by failure."""
    counter = _Counter(traces)
    groups, not_comparable = [], []
    for column in columns:
        if column.key in defining or _IDS.search(column.key) or _TIMES.search(column.key):
            continue
        for group in _groups(column, traces):
            if counter.is_id_like(group):
                not_comparable.append((column.key, group.service))
            else:
                groups.append(group)
    tested = [
        candidate for number, group in enumerate(groups) for candidate in counter.candidates(number, group)
    ]
    if not tested:
        return Ranking([], 0, not_comparable, 0)
    q = false_discovery(np.array([value.p for _, _, value in tested]))
    found: dict[int, list[tuple[int, Value]]] = {}
    for (number, place, value), sure in zip(tested, q.tolist(), strict=True):
        if sure < _SURE and abs(value.share_1 - value.share_0) >= FLOOR and value.score:
            found.setdefault(number, []).append((place, replace(value, q=sure)))
    keys = _merged([_Found(groups[number], values) for number, values in found.items()], traces, errors)
    return Ranking(keys[:MOST_KEYS], len(tested), not_comparable, max(0, len(keys) - MOST_KEYS))


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

    def candidates(self, number: int, group: _Group) -> Iterator[tuple[int, int, Value]]:
        """(number, value, what is known of it) of all that may be tested; value -1 is what has none."""
        traces = self._traces
        selected = traces.selected[group.pair_trace]
        values = len(group.codes)
        a, b = (np.bincount(group.pair_value[side], minlength=values) for side in (selected, ~selected))
        weight = traces.weight[group.pair_trace]
        share_1 = np.bincount(group.pair_value[selected], weight[selected], values) / self._whole[0]
        share_0 = np.bincount(group.pair_value[~selected], weight[~selected], values) / self._whole[1]
        having = np.zeros(len(traces), np.bool_)
        having[group.pair_trace] = True
        a = np.append(a, (traces.selected & ~having).sum())
        b = np.append(b, (~traces.selected & ~having).sum())
        share_1 = np.append(share_1, traces.weight[traces.selected & ~having].sum() / self._whole[0])
        share_0 = np.append(share_0, traces.weight[~traces.selected & ~having].sum() / self._whole[1])
        chosen = np.flatnonzero((a >= _LEAST) | (share_1 - share_0 <= -FLOOR))
        chosen = chosen[(a + b)[chosen] < len(traces)]  # what all have tells nothing
        if len(chosen):
            for place, value in zip(
                chosen.tolist(), self._values(group, chosen, (a, b), (share_1, share_0)), strict=True
            ):
                yield number, place if place < values else -1, value

    def _values(
        self, group: _Group, chosen: I64, counts: tuple[I64, I64], shares: tuple[F64, F64]
    ) -> Iterator[Value]:
        a, b = (count[chosen] for count in counts)
        share_1, share_0 = (np.clip(share[chosen], 0.0, 1.0) for share in shares)
        one, other = self._worth
        score = newcombe(share_1, one, share_0, other)
        lift = (share_1 * one + 0.5) / (one + 1) / ((share_0 * other + 0.5) / (other + 1))
        p = independence(share_1 * one, one, share_0 * other, other)
        for at, place in enumerate(chosen.tolist()):
            known = place < len(group.codes)
            low, high = group.edges[place] if known and group.edges is not None else (None, None)
            yield Value(
                int(a[at]), int(b[at]), float(share_1[at]), float(share_0[at]), float(score[at]), float(lift[at]),
                float(p[at]), 1.0, group.traces_of(place)[0] if known else -1, group.codes[place] if known else 0, low, high,
            )  # fmt: skip


def _groups(column: AttributeColumn, traces: CohortTraces) -> Iterator[_Group]:
    """Of each service that has the key."""
    order = np.argsort(column.service, kind="stable")
    services, firsts = np.unique(column.service[order], return_index=True)
    for service, entries in zip(services.tolist(), np.split(order, firsts[1:]), strict=True):
        number = None if column.number is None else column.number[entries]
        trace = column.trace[entries].astype(np.int64)
        edges: list[tuple[float, float]] | None = None
        if number is not None and _has_many(number):
            value, edges = _tenths(number, ~traces.selected[trace])
            codes = list(range(len(edges)))
        else:
            found, first, value = np.unique(column.code[entries], return_index=True, return_inverse=True)
            codes = found.tolist()
            if number is not None:
                edges = [(one, one) for one in number[first].tolist()]
        cells = np.unique(value.astype(np.int64) * len(traces) + trace)
        yield _Group(column, service, cells // len(traces), cells % len(traces), codes, edges)


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


def _merged(found: list[_Found], traces: CohortTraces, errors: bool) -> list[KeyScore]:
    """Best first; keys whose best value is in the same traces as that of a better one are one row with it."""
    for each in found:
        each.values.sort(key=lambda pair: (-round(abs(pair[1].score), 6), pair[1].score < 0, pair[0]))
    consequence = {id(each): errors and bool(_CONSEQUENCES.search(each.group.column.key)) for each in found}
    found.sort(key=lambda each: (consequence[id(each)], -abs(each.values[0][1].score), _plainness(each)))
    rows: list[tuple[KeyScore, list[int], Value]] = []
    for each in found:
        place, best = each.values[0]
        members = _members(each.group, place, len(traces))
        column, service = each.group.column, each.group.service
        same = next(
            (row for row, others, other in rows if _is_same(best, members, other, others, len(traces))), None
        )
        if same is not None:
            same.also.append((column.key, service, column.scope))
            continue
        values = [value for _, value in each.values[:MOST_VALUES]]
        marked = consequence[id(each)] or _determined(best)
        score = KeyScore(column.key, column.scope, service, values, len(each.group.codes), marked)
        rows.append((score, members, best))
    return [row for row, _, _ in rows]


def _plainness(each: _Found) -> tuple[int, str, int]:
    """Facts of the trace first, then of processes; by name."""
    column = each.group.column
    return ("trace", "resource", "span").index(column.scope), column.key, each.group.service


def _members(group: _Group, place: int, total: int) -> list[int]:
    if place >= 0:
        return group.traces_of(place)
    lacking = np.ones(total, np.bool_)
    lacking[group.pair_trace] = False
    missing: list[int] = np.flatnonzero(lacking).tolist()
    return missing


def _is_same(one: Value, members: list[int], other: Value, others: list[int], total: int) -> bool:
    """The same partition, also when one tells by having and the other by lacking."""
    near = abs(abs(one.share_1 - one.share_0) - abs(other.share_1 - other.share_0)) < 1 - _SAME + 1e-9
    return near and abs(correlation(members, others, total)) >= _SAME


def _determined(value: Value) -> bool:
    """All selected traces have it and hardly any other: it may be what the filter asks, in other words."""
    return value.share_1 >= _DETERMINED and value.share_0 <= 1 - _DETERMINED
