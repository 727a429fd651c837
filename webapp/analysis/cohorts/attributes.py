"""Which attributes tell the selected traces from the others, ranked, with the guard rails of analysis.md section 7.

The unit is the trace: a value counts once a trace, however many spans have it. A key is asked of each service apart,
since only there can it mean one thing. What is no value is "(missing)".
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from webapp.analysis.cohorts.counts import FLOOR, Counter, Pairs, Value
from webapp.analysis.cohorts.keys import follows_from_errors, tells_nothing
from webapp.analysis.cohorts.split import ENOUGH
from webapp.analysis.cohorts.statistics import correlation
from webapp.analysis.cohorts.values import Key, key_of
from webapp.analysis.runs import run_lengths, run_starts
from webapp.model.cohorts import TAKES_PART, AttributeColumn, CohortTraces
from webapp.model.columns import I64, Bool

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
    counter = Counter(traces, _there(columns, len(traces)))
    if counter.least_worth < ENOUGH:
        return Ranking([], 0, [], 0)
    keys, counted, not_comparable = [], [], []
    for column in columns:
        if column.key in defining or tells_nothing(column.key) or not len(column.trace):
            continue
        key = key_of(column, traces)
        counts, id_like = counter.count(key)
        not_comparable += [(column.key, key.service[group]) for group in np.flatnonzero(id_like).tolist()]
        keys.append(key)
        counted.append(counts)
    pairs = counter.test(counted)
    found = _found(keys, pairs, errors)
    rows, more = _merged(found, pairs, counter)
    return Ranking([_score(row, pairs) for row in rows], len(pairs.q), not_comparable, more)


@dataclass(frozen=True, slots=True)
class _Found:
    """A key of a service that tells; `telling` are its pairs, the one told first first."""

    key: Key
    group: int
    telling: I64
    consequence: bool
    best: float
    also: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def service(self) -> int:
        return self.key.service[self.group]

    @property
    def order(self) -> tuple[bool, bool, float, int, str, int]:
        """The surest first, of equals facts of the trace first, then of processes; by name. That a service takes part
        only says which calls there are, as the call paths do: it comes after what may be why.
        """
        column = self.key.column
        scope = ("trace", "resource", "span").index(column.scope)
        part = column.scope == "trace" and column.key == TAKES_PART
        return self.consequence, part, -self.best, scope, column.key, self.service


def _found(keys: list[Key], pairs: Pairs, errors: bool) -> list[_Found]:
    sure = pairs.q < _SURE
    telling = np.flatnonzero(sure & (np.abs(pairs.share_1 - pairs.share_0) >= FLOOR) & (pairs.score != 0))
    found = []
    for number in np.unique(pairs.key[telling]).tolist():
        key, mine = keys[number], telling[pairs.key[telling] == number]
        consequence = errors and follows_from_errors(key.column.key)
        # What selected traces have tells more than what they lack, where both are about as sure.
        worth = np.abs(pairs.score[mine]) * np.where(pairs.score[mine] > 0, 1.0, _LACKING)
        group = key.group(pairs.place[mine])
        mine = mine[(order := np.lexsort((pairs.place[mine], -worth, group)))]
        starts = run_starts(group[order])
        for first, length in zip(starts.tolist(), run_lengths(starts, len(mine)).tolist(), strict=True):
            own = mine[first : first + length]
            best = float(np.abs(pairs.score[own]).max())
            found.append(_Found(key, int(group[order][first]), own, consequence, best))
    found.sort(key=lambda each: each.order)
    return found


def _there(columns: list[AttributeColumn], traces: int) -> dict[int, Bool]:
    """By service the traces that it takes part in."""
    there: dict[int, Bool] = {}
    for column in columns:
        if column.scope == "trace" and column.key == TAKES_PART:
            for service in np.unique(column.service).tolist():
                members = there[service] = np.zeros(traces, np.bool_)
                members[column.trace[column.service == service]] = True
    return there


def _merged(found: list[_Found], pairs: Pairs, counter: Counter) -> tuple[list[_Found], int]:
    """Best first, and how many more there are; keys whose best value is in the same traces are one row."""
    one, other = (max(1, int(side.sum())) for side in counter.sides)
    apart = np.abs(pairs.a / one - pairs.b / other)
    rows: list[tuple[_Found, Bool]] = []
    more = 0
    for each in found:
        best = each.telling[0]
        near = [row for row in rows if abs(apart[row[0].telling[0]] - apart[best]) < 1 - _SAME + 1e-9]
        if not near and len(rows) == MOST_KEYS:
            more += 1
            continue
        members = each.key.members(int(pairs.place[best]), counter.asked(each.key, each.service).mask)
        # The same partition, also when one tells by having and the other by lacking.
        same = next((row for row, others in near if abs(correlation(members, others)) >= _SAME), None)
        if same is not None:
            same.also.append((each.key.column.key, each.service, each.key.column.scope))
        elif len(rows) == MOST_KEYS:
            more += 1
        else:
            rows.append((each, members))
    return [row for row, _ in rows], more


def _score(found: _Found, pairs: Pairs) -> KeyScore:
    values = [pairs.value(found.key, at) for at in found.telling[:MOST_VALUES].tolist()]
    column, best = found.key.column, values[0]
    # All selected traces have it and hardly any other: it may be what the filter asks, in other words.
    determined = best.share_1 >= _DETERMINED and best.share_0 <= 1 - _DETERMINED
    return KeyScore(
        column.key, column.scope, found.service, values, found.key.distinct(found.group),
        found.consequence or determined, found.also,
    )  # fmt: skip
