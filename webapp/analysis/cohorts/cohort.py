"""Why some traces are slower than others: the facts of one page, from what the store read of both sets (analysis.md 6, 7).

The difference by path, and its causes. The rank of attributes, the statistics, the tree of paths and what-if have rooms
beside this one. Nothing here asks the clock; samples are drawn with a fixed seed, so that a page says the same each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from webapp.analysis.cohorts.paths import PathName, entries_of, path_tree
from webapp.analysis.cohorts.split import ENOUGH, Split, split
from webapp.model.cohorts import CohortData
from webapp.model.weights import LEAST, QUANTILES, effective, quantile

_SAID = 3  # causes in the sentence …
_WORTH = 0.05  # … of which each is at least this part of the difference


@dataclass(frozen=True, slots=True)
class SideFacts:
    """`quantiles`: part and ns. `worth`: how many equally weighted traces the sample is worth; `stands_for`: weights."""

    sampled: int
    worth: float
    stands_for: float
    mean_ns: float
    quantiles: list[tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Cause:
    """`how`: slower, faster, more or fewer (calls). `share` of the difference, negative if it works against it."""

    service: str
    name: str
    how: str
    ns: float
    share: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`enough`: both sets are large enough for claims; `sure`: the interval of the difference leaves out 0."""

    selection: SideFacts
    baseline: SideFacts
    enough: bool
    sure: bool
    difference_ns: float
    low_ns: float
    high_ns: float
    causes: list[Cause]
    split: Split
    untold_paths: int  # too many to tell apart


def compare(data: CohortData, names: Mapping[int, PathName]) -> Comparison:
    """`names`: of the paths that were looked up."""
    traces, times = data.traces, data.times
    total_ns = np.bincount(times.path, times.critical_ns, len(times.path_ids)).tolist()
    known = {path: ns for path, ns in zip(times.path_ids.tolist(), total_ns, strict=True) if path in names}
    tree = path_tree(names, known)
    entry = entries_of(tree, times.path_ids)
    parts = split(tree, entry, traces, times)
    sides = [_side(data, chosen) for chosen in (True, False)]
    enough = min(side.worth for side in sides) >= ENOUGH
    difference = sides[0].mean_ns - sides[1].mean_ns
    low, high = _interval(data, difference)
    return Comparison(
        sides[0], sides[1], enough, bool(low > 0 or high < 0), difference, low, high,
        _causes(parts, difference), parts, int((entry == len(tree) - 2).sum()),
    )  # fmt: skip


def _side(data: CohortData, selected: bool) -> SideFacts:
    here = data.traces.selected == selected
    response_ns, weight = data.traces.response_ns[here], data.traces.weight[here]
    whole, worth = float(weight.sum()), effective(weight)
    mean = float((response_ns * weight).sum() / whole) if whole else 0.0
    told = [
        (part, quantile(response_ns, weight, part))
        for name, part in QUANTILES.items()
        if worth >= LEAST[name]
    ]
    return SideFacts(int(here.sum()), worth, whole, mean, told)


def _interval(data: CohortData, difference: float) -> tuple[float, float]:
    """95 % bounds of the difference of the means."""
    variance = 0.0
    for selected in (True, False):
        here = data.traces.selected == selected
        response_ns, weight = data.traces.response_ns[here].astype(np.float64), data.traces.weight[here]
        if len(weight) < 2:
            return -np.inf, np.inf
        mean = (response_ns * weight).sum() / weight.sum()
        count = effective(weight)
        spread = ((response_ns - mean) ** 2 * weight**2).sum() / weight.sum() ** 2
        variance += float(spread) * count / max(1.0, count - 1)
    half = 1.96 * variance**0.5
    return difference - half, difference + half


def _causes(parts: Split, difference: float) -> list[Cause]:
    """What is sure, summed by operation, the largest first: first what explains the difference, never more than it."""
    sums: dict[tuple[str, str, bool], float] = {}
    for entry in np.flatnonzero(parts.sure).tolist():
        for values, calls in ((parts.slower, False), (parts.more_calls, True)):
            key = parts.tree.service[entry], parts.tree.name[entry], calls
            sums[key] = sums.get(key, 0.0) + float(values[entry])
    if not difference:
        return []
    causes = [
        Cause(service, name, _how(ns, calls), ns, ns / difference)
        for (service, name, calls), ns in sums.items()
    ]
    causes.sort(key=lambda cause: (-cause.share, cause.service, cause.name, cause.how))
    return [cause for cause in causes[:_SAID] if cause.share >= _WORTH]


def _how(ns: float, calls: bool) -> str:
    if calls:
        return "more" if ns > 0 else "fewer"
    return "slower" if ns > 0 else "faster"
