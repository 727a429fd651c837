"""Quantiles and sureness of what was sampled."""

import numpy as np
import pytest

from webapp.model.weights import effective, quantile


def test_quantiles_go_by_weight() -> None:
    values, weight = np.array([3, 1, 2]), np.array([1.0, 1.0, 8.0])
    assert [quantile(values, weight, part) for part in (0.05, 0.5, 0.9, 0.95, 1.0)] == [1, 2, 2, 3, 3]
    assert effective(weight) == pytest.approx(100 / 66)


def test_of_nothing_nothing_is_said() -> None:
    assert quantile(np.zeros(0, np.int64), np.zeros(0), 0.5) == 0
    assert effective(np.zeros(0)) == 0
    assert quantile(np.array([5, 3]), np.zeros(2), 0.5) == 3
