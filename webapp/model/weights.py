"""Arithmetic of observations that stand for several, as sampling leaves them."""

import numpy as np

from webapp.model.columns import F64, I64

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
LEAST = {
    "p50": 1,
    "p95": 30,
    "p99": 100,
}  # observations of one weight; with fewer it tells only of themselves


def effective(weight: F64) -> float:
    """How many equally weighted observations these are worth."""
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares else 0.0


def quantile(values: I64, weight: F64, part: float) -> int:
    """The smallest value that has at least this part of all weight at or below it; 0 of nothing."""
    [found] = quantiles(values, weight, [part])
    return found


def quantiles(values: I64, weight: F64, parts: list[float]) -> list[int]:
    if not len(values):
        return [0] * len(parts)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    places = np.searchsorted(reached, np.array(parts) * reached[-1] * (1 - 1e-12))
    return [int(values[order[place]]) for place in np.minimum(places, len(values) - 1)]
