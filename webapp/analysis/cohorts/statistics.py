"""Arithmetic of comparing two samples: weighted means, intervals, tests. Knows no traces and no words.

Sources: Wilson 1927 and Newcombe 1998 (method 10) for shares, Benjamini and Hochberg 1995 for many tests at once.
"""

import math

import numpy as np

from webapp.model.cohorts import F64
from webapp.model.columns import I64, Bool
from webapp.model.weights import effective

Z = 1.959963984540054  # 95 %
_RESAMPLES = 200
_FEW_EXPECTED = 10  # below, a chi-squared distribution is no good and the hypergeometric one is summed up …
_DOUBTFUL = 1e-7, 0.2  # … where that may decide
_AT_ONCE = 1_000


def wilson(share: F64, count: F64) -> tuple[F64, F64]:
    """95 % bounds of shares that were seen among `count`."""
    middle = (share + Z * Z / (2 * count)) / (1 + Z * Z / count)
    half = Z * np.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count)) / (1 + Z * Z / count)
    return np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)


def newcombe(share_1: F64, count_1: F64, share_0: F64, count_0: F64) -> F64:
    """The 95 % bound of share_1 − share_0 that is nearer to 0, with its sign; 0 where the interval holds 0."""
    low_1, high_1 = wilson(share_1, count_1)
    low_0, high_0 = wilson(share_0, count_0)
    more = share_1 - share_0 - np.sqrt((share_1 - low_1) ** 2 + (high_0 - share_0) ** 2)
    less = share_0 - share_1 - np.sqrt((high_1 - share_1) ** 2 + (share_0 - low_0) ** 2)
    bound: F64 = np.where(share_1 >= share_0, np.maximum(0.0, more), -np.maximum(0.0, less))
    return bound


def independence(a: F64, count_1: F64, b: F64, count_0: F64) -> F64:
    """P that a of count_1 and b of count_0 come from one share: G-test, Fisher's exact test where little is expected."""
    having = a + b
    total = count_1 + count_0
    observed = np.stack((a, count_1 - a, b, count_0 - b))
    lacking = total - having
    expected = np.stack((having * count_1, lacking * count_1, having * count_0, lacking * count_0)) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(observed > 0, observed * np.log(observed / expected), 0.0)
    p = np.array([math.erfc(math.sqrt(max(0.0, half_g))) for half_g in terms.sum(axis=0).tolist()])
    doubtful = np.flatnonzero(
        (expected.min(axis=0) < _FEW_EXPECTED) & (p > _DOUBTFUL[0]) & (p < _DOUBTFUL[1])
    )
    logs: F64 = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, round(total.max(initial=0)) + 2)))))
    for first in range(0, len(doubtful), _AT_ONCE):
        these = doubtful[first : first + _AT_ONCE]
        whole = [np.rint(counted[these]).astype(np.int64) for counted in (a, count_1, b, count_0)]
        p[these] = _fisher(whole[0], whole[1], whole[2], whole[3], logs)
    return p


def _fisher(a: I64, count_1: I64, b: I64, count_0: I64, logs: F64) -> F64:
    """Sums of the chances of all tables that are no likelier than the one seen. `logs`: of factorials."""
    having = a + b
    first, last = np.maximum(0, having - count_0), np.minimum(having, count_1)
    starts = np.cumsum(last - first + 1) - (last - first + 1)
    owner = np.repeat(np.arange(len(a)), last - first + 1)
    each = np.arange(len(owner)) - starts[owner] + first[owner]
    left = having[owner] - each
    chance = -(logs[each] + logs[count_1[owner] - each] + logs[left] + logs[count_0[owner] - left])
    chance -= np.maximum.reduceat(chance, starts)[owner]
    seen = chance[starts + np.clip(a, first, last) - first]
    weights = np.exp(chance)
    unlikelier = np.where(chance <= seen[owner] + 1e-9, weights, 0.0)
    found: F64 = np.minimum(1.0, np.add.reduceat(unlikelier, starts) / np.add.reduceat(weights, starts))
    return found


def false_discovery(p: F64) -> F64:
    """q: among all tests that are at least as sure, the share that chance alone would give."""
    order = np.argsort(p, kind="stable")
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1.0, np.minimum.accumulate(ranked[::-1])[::-1])
    return q


class ColumnMeans:
    """Weighted means of many columns over the traces of one set, of which only what is not 0 is given."""

    def __init__(self, trace: I64, column: I64, values: F64, weight: F64, columns: int) -> None:
        """`trace` is from 0 within the set."""
        self.columns = columns
        self._trace, self._column, self._values, self._weight = trace, column, values, weight
        self.whole = max(float(weight.sum()), 1e-300)
        self.mean: F64 = np.bincount(column, values * weight[trace], columns) / self.whole

    def variance(self) -> F64:
        """Of the means, by the normal approximation."""
        weight = self._weight[self._trace]
        squares = np.bincount(self._column, (weight * self._values) ** 2, self.columns)
        cross = np.bincount(self._column, weight**2 * self._values, self.columns)
        spread = squares - 2 * self.mean * cross + self.mean**2 * float((self._weight**2).sum())
        count = max(2.0, effective(self._weight))
        found: F64 = np.maximum(0.0, spread) / self.whole**2 * count / (count - 1)
        return found

    def resampled(self, seed: int) -> F64:
        """Means of 200 samples drawn from the traces with replacement, a row each; always the same ones."""
        traces = len(self._weight)
        if not traces:
            return np.zeros((_RESAMPLES, self.columns))
        drawn = np.random.default_rng(seed).multinomial(traces, np.full(traces, 1 / traces), _RESAMPLES)
        weights = drawn * self._weight
        dense = np.zeros((traces, self.columns))
        np.add.at(dense, (self._trace, self._column), self._values)
        means: F64 = (weights @ dense) / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        return means


def difference_interval(one: ColumnMeans, other: ColumnMeans, smallest: float) -> tuple[F64, F64]:
    """95 % bounds of one's means less the other's. From 200 traces on normal, below by resampling."""
    difference = one.mean - other.mean
    if smallest >= _RESAMPLES:
        half = Z * np.sqrt(one.variance() + other.variance())
        return difference - half, difference + half
    drawn = one.resampled(1) - other.resampled(2)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return low, high


def correlation(first: Bool, second: Bool) -> float:
    """φ of two sets out of as many as the arrays are long."""
    total, a, b = len(first), int(first.sum()), int(second.sum())
    both = int(np.count_nonzero(first & second))
    scale = math.sqrt(a * (total - a) * b * (total - b))
    return (both * total - a * b) / scale if scale else float(np.array_equal(first, second))
