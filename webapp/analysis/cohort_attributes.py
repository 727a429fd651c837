"""Which attributes tell the selected traces from the others, ranked, with the guard rails of analysis.md section 7.

The unit is the trace: a value counts once a trace, however many spans have it. A key is asked of each service apart,
since only there can it mean one thing. What is no value is "(missing)".
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from webapp.analysis.cohort_counts import FLOOR, Counter, Group, Value, groups_of
from webapp.analysis.cohort_keys import follows_from_errors, tells_nothing
from webapp.analysis.cohort_statistics import correlation
from webapp.model.cohorts import AttributeColumn, CohortTraces
from webapp.model.columns import Bool

_SURE = 0.05  # q
_SAME = 0.99  # φ from which two values are one finding
_DETERMINED = 0.99
_LACKING = 0.9
MOST_KEYS, MOST_VALUES = 20, 5


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


def rank(
    columns: list[AttributeColumn], traces: CohortTraces, defining: Collection[str], errors: bool
) -> Ranking:
    """`defining`: keys that the selection was made by; `errors`: it was made by failure."""
    counter = Counter(traces)
    groups, not_comparable = [], []
    for column in columns:
        if column.key in defining or tells_nothing(column.key):
            continue
        for group in groups_of(column, traces):
            if counter.is_id_like(group):
                not_comparable.append((column.key, group.service))
            else:
                groups.append(group)
    counted = [counter.count(group) for group in groups]
    pairs = counter.test(counted)
    sure = pairs.q < _SURE
    telling = np.flatnonzero(sure & (np.abs(pairs.share_1 - pairs.share_0) >= FLOOR) & (pairs.score != 0))
    bounds = np.cumsum([0, *(len(each.place) for each in counted)])
    owners = np.searchsorted(bounds, telling, side="right") - 1
    by_group: dict[int, list[tuple[int, Value]]] = {}
    for number, at in zip(owners.tolist(), telling.tolist(), strict=True):
        by_group.setdefault(number, []).append((int(pairs.place[at]), pairs.value(groups[number], at)))
    found = [_Found(groups[number], values) for number, values in by_group.items()]
    keys, more = _merged(found, traces, errors)
    return Ranking(keys, len(pairs.q), not_comparable, more)


@dataclass(frozen=True, slots=True)
class _Found:
    group: Group
    values: list[tuple[int, Value]]  # place in the group, and what is known


def _merged(found: list[_Found], traces: CohortTraces, errors: bool) -> tuple[list[KeyScore], int]:
    """Best first, and how many more there are; keys whose best value is in the same traces are one row."""
    for each in found:
        each.values.sort(key=_told_first)
    consequence = {id(each): errors and follows_from_errors(each.group.column.key) for each in found}
    found.sort(
        key=lambda each: (
            consequence[id(each)],
            -max(abs(value.score) for _, value in each.values),
            _plainness(each),
        )
    )
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


def _told_first(pair: tuple[int, Value]) -> tuple[float, int]:
    """Best first; what selected traces have tells more than what they lack, where both are about as sure."""
    place, value = pair
    return -abs(value.score) * (1.0 if value.score > 0 else _LACKING), place


def _plainness(each: _Found) -> tuple[int, str, int]:
    """Facts of the trace first, then of processes; by name."""
    column = each.group.column
    return ("trace", "resource", "span").index(column.scope), column.key, each.group.service


def _members(group: Group, place: int, total: int) -> Bool:
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
