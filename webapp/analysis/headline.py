"""The first sentence of many traces: which root operation got slower, or fails, for a while. Silent when nothing stands out.

Cautious on purpose: a root operation needs dozens of traces, the change has to be more than chance explains
(`stretch.py`) and large enough for a person to care. Where the time went is asked of the store afterwards.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from webapp.analysis.stretch import risen, risen_each
from webapp.model.columns import Bool
from webapp.model.headline import Failing, RootTimes, Slower, Stretch
from webapp.model.weights import QUANTILES, quantile

_THRESHOLDS = (
    50,
    60,
    70,
    80,
    90,
    95,
)  # percentiles of all traces beyond which one counts as slow: the best is taken
_MOST_ROOTS = 50
_SLOWER = 1.5  # times the p95 outside
_OFTENER = 2.0  # times the share of failures outside
_FAILED_SHARE = 0.02


def find_slower(roots: Sequence[RootTimes]) -> list[Slower]:
    """Of the root operation that cost most (the time beyond the usual p95): when it was slower, what goes on first.

    At most two stretches: a slower one inside a slow one is told apart from the rest of it.
    """
    looked_at = _largest(roots)
    found = [(slower, root) for root in looked_at if (slower := _slower(root, len(looked_at)))]
    if not found:
        return []
    slower, root = max(found, key=lambda pair: _lost_ns(*pair))
    inner = _slower(_part(root, _inside(root, slower.stretch)), len(looked_at))
    if inner is None:
        return [slower]
    beside = ~_inside(root, slower.stretch)
    within = _inside(root, inner.stretch)
    peak = _against(root, _ends(root, within), within, beside)
    rest = _slower(_part(root, ~within), len(looked_at))
    return sorted(filter(None, [peak, rest]), key=lambda one: (one.stretch.over, -one.p95_ns)) or [slower]


def find_failing(roots: Sequence[RootTimes]) -> Failing | None:
    """Of one root operation or, with service and name "", of all: where most failed beyond what was to be expected."""
    looked_at = _largest(roots)
    series = [*looked_at, together(roots)] if len(roots) > 1 else looked_at
    found = [failing for root in series if (failing := _failing(root, len(series)))]
    return max(found, key=lambda failing: _beyond(failing.stretch), default=None)


def together(roots: Sequence[RootTimes]) -> RootTimes:
    """All their traces as one series."""
    start_ns = np.concatenate([root.start_ns for root in roots])
    order = np.argsort(start_ns, kind="stable")
    duration_ns = np.concatenate([root.duration_ns for root in roots])[order]
    failed = np.concatenate([root.failed for root in roots])[order]
    weight = np.concatenate([root.weight for root in roots])[order]
    return RootTimes("", "", start_ns[order], duration_ns, failed, weight)


def _largest(roots: Sequence[RootTimes]) -> list[RootTimes]:
    return sorted(roots, key=lambda root: (-len(root.start_ns), root.service, root.name))[:_MOST_ROOTS]


def _slower(root: RootTimes, roots: int) -> Slower | None:
    if not len(root.start_ns):
        return None
    limits_ns = np.unique(np.percentile(root.duration_ns, _THRESHOLDS))
    hits = [root.duration_ns > limit_ns for limit_ns in limits_ns]
    stretches = risen_each(root.start_ns, hits, roots * len(_THRESHOLDS))
    found = [slower for stretch in stretches if stretch and (slower := _measured(root, stretch))]
    return max(found, key=lambda slower: _lost_ns(slower, root), default=None)


def _measured(root: RootTimes, stretch: Stretch) -> Slower | None:
    inside = _inside(root, stretch)
    return _against(root, stretch, inside, ~inside)


def _against(root: RootTimes, stretch: Stretch, inside: Bool, usual: Bool) -> Slower | None:
    """The traces inside against the usual ones; hit are those beyond the usual p95, whichever limit found the stretch."""
    p95_ns, usual_ns = _p95(root, inside), max(1, _p95(root, usual))
    if p95_ns < _SLOWER * usual_ns:
        return None
    slow = root.duration_ns > usual_ns
    counts = (int(part.sum()) for part in (inside, slow & inside, usual, slow & usual))
    ends = (stretch.from_ns, stretch.to_ns, stretch.begun, stretch.over)
    return Slower(root.service, root.name, Stretch(*ends, *counts), p95_ns, usual_ns)


def _part(root: RootTimes, chosen: Bool) -> RootTimes:
    return replace(
        root, start_ns=root.start_ns[chosen], duration_ns=root.duration_ns[chosen], failed=root.failed[chosen],
        weight=root.weight[chosen],
    )  # fmt: skip


def _ends(root: RootTimes, inside: Bool) -> Stretch:
    """The stretch of these traces among all of the root; nothing is counted."""
    first, last = np.flatnonzero(inside)[[0, -1]]
    begun, over = bool(first > 0), bool(last < len(inside) - 1)
    return Stretch(int(root.start_ns[first]), int(root.start_ns[last]), begun, over, 0, 0, 0, 0)


def _failing(root: RootTimes, roots: int) -> Failing | None:
    stretch = risen(root.start_ns, root.failed, roots)
    if stretch is None:
        return None
    share = stretch.hit / stretch.traces
    if share < _FAILED_SHARE or share < _OFTENER * stretch.hit_outside / stretch.traces_outside:
        return None
    return Failing(root.service, root.name, stretch)


def _inside(root: RootTimes, stretch: Stretch) -> Bool:
    return (root.start_ns >= stretch.from_ns) & (root.start_ns <= stretch.to_ns)


def _p95(root: RootTimes, chosen: Bool) -> int:
    """By weight, as the summary of a search has it."""
    return quantile(root.duration_ns[chosen], root.weight[chosen], QUANTILES["p95"])


def _lost_ns(slower: Slower, root: RootTimes) -> int:
    durations_ns = root.duration_ns[_inside(root, slower.stretch)]
    return int(np.maximum(0, durations_ns - slower.usual_ns).sum())


def _beyond(stretch: Stretch) -> float:
    return stretch.hit - stretch.traces * stretch.hit_outside / stretch.traces_outside
