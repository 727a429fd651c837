"""The difference of two mean response times by call path, each split exactly into slower and more calls (analysis.md 6.4).

m: mean critical time a trace, n: mean calls a trace, t = m / n. Traces without the path count as 0, so that the m of all
paths add up to the mean response time, and their differences to the difference.
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.cohorts.paths import PathTree
from webapp.analysis.cohorts.statistics import ColumnMeans, difference_interval
from webapp.model.cohorts import F64, CohortTraces, PathTimes
from webapp.model.columns import I64, Bool
from webapp.model.weights import effective

ENOUGH = 20  # traces of either set; fewer allow no claim


@dataclass(frozen=True, slots=True)
class Split:
    """One entry of each array a path of `tree`. Times are mean ns a trace, calls mean calls a trace.

    `slower` + `more_calls` is `after` − `before`, for every path and in sum. `low`, `high`: 95 % bounds of that.
    `traces`: how many of the selection have the path.
    """

    tree: PathTree
    before: F64
    after: F64
    calls_before: F64
    calls_after: F64
    slower: F64
    more_calls: F64
    low: F64
    high: F64
    traces: I64

    @property
    def difference(self) -> F64:
        return self.after - self.before

    @property
    def sure(self) -> Bool:
        """Whether the interval leaves out 0."""
        return (self.low > 0) | (self.high < 0)


def split(tree: PathTree, entry_of_path: I64, traces: CohortTraces, times: PathTimes) -> Split:
    """`entry_of_path`: by `times.path`. What no path explains of a response is in the last entry of the tree."""
    trace, entry, critical_ns, calls = _entries(tree, entry_of_path, traces, times)
    sides = [_means(chosen, trace, entry, critical_ns, traces.weight, len(tree))
             for chosen in (~traces.selected, traces.selected)]  # fmt: skip
    counts = [_means(chosen, trace, entry, calls, traces.weight, len(tree)).mean
              for chosen in (~traces.selected, traces.selected)]  # fmt: skip
    before, after = sides[0].mean, sides[1].mean
    slower, more_calls = divided(before, after, counts[0], counts[1])
    smallest = min(effective(traces.weight[chosen]) for chosen in (~traces.selected, traces.selected))
    low, high = difference_interval(sides[1], sides[0], smallest)
    present = traces.selected[trace] & (calls > 0)
    pairs = np.unique(entry[present] * np.int64(len(traces)) + trace[present])
    return Split(
        tree, before, after, counts[0], counts[1], slower, more_calls, low, high,
        np.bincount(pairs // max(1, len(traces)), minlength=len(tree)),
    )  # fmt: skip


def divided(before: F64, after: F64, calls_before: F64, calls_after: F64) -> tuple[F64, F64]:
    """Symmetric and exact. A side without calls has the time a call of the other side."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each_before, each_after = before / calls_before, after / calls_after
    called_before, called_after = calls_before > 0, calls_after > 0
    each_before = np.where(called_before, each_before, np.where(called_after, each_after, 0.0))
    each_after = np.where(called_after, each_after, each_before)
    more_calls = (calls_after - calls_before) * (each_before + each_after) / 2
    uncalled = ~called_before & ~called_after  # time without calls, such as that of spans not received
    more_calls = np.where(uncalled, 0.0, more_calls)
    slower = np.where(uncalled, after - before, (each_after - each_before) * (calls_before + calls_after) / 2)
    return slower, more_calls


def _entries(
    tree: PathTree, entry_of_path: I64, traces: CohortTraces, times: PathTimes
) -> tuple[I64, I64, F64, F64]:
    """By trace and entry of the tree; what the paths of a trace leave of its response is time not received."""
    known = np.zeros(len(traces), np.int64)
    np.add.at(known, times.trace, times.critical_ns)
    rest = traces.response_ns - known
    lacking = np.flatnonzero(rest != 0)
    trace = np.concatenate((times.trace.astype(np.int64), lacking))
    entry = np.concatenate((entry_of_path[times.path], np.full(len(lacking), len(tree) - 1)))
    critical_ns = np.concatenate((times.critical_ns, rest[lacking]))
    calls = np.concatenate((times.calls, np.zeros(len(lacking), np.int64)))
    cell, place = np.unique(
        trace * len(tree) + entry, return_inverse=True
    )  # several paths may share an entry
    sums, counts = np.zeros(len(cell), np.int64), np.zeros(len(cell), np.int64)
    np.add.at(sums, place, critical_ns)
    np.add.at(counts, place, calls)
    return cell // len(tree), cell % len(tree), sums.astype(np.float64), counts.astype(np.float64)


def _means(chosen: Bool, trace: I64, entry: I64, values: F64, weight: F64, entries: int) -> ColumnMeans:
    number = np.cumsum(chosen) - 1  # within the set
    here = chosen[trace]
    return ColumnMeans(number[trace[here]], entry[here], values[here], weight[chosen], entries)
