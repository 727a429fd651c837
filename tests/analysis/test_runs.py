"""Sorting and running maxima are one sort and one sweep where numbers are small, and the plain way where they are not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from webapp.analysis.runs import (
    among,
    positions,
    renumbered,
    run_starts,
    running_max,
    sorted_by,
    stable_order,
)

small = st.tuples(st.integers(0, 4), st.integers(-3, 3), st.integers(0, 2))
large = st.tuples(st.integers(0, 4), st.integers(-(2**61), 2**61), st.integers(0, 2))


@given(st.lists(small) | st.lists(large))
def test_sorted_by_is_a_stable_sort_by_all_keys(rows: list[tuple[int, int, int]]) -> None:
    major, minor, last = (np.array([row[k] for row in rows], np.int64) for k in range(3))
    assert sorted_by(major, minor, last).tolist() == sorted(range(len(rows)), key=lambda k: rows[k])
    assert sorted_by(major, minor).tolist() == sorted(range(len(rows)), key=lambda k: rows[k][:2])


@given(st.lists(small) | st.lists(large))
def test_a_running_maximum_begins_anew_with_each_run(rows: list[tuple[int, int, int]]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    run, values = (np.array([row[k] for row in rows], np.int64) for k in range(2))
    expected = [max(v for r, v, _ in rows[: k + 1] if r == row[0]) for k, row in enumerate(rows)]
    assert running_max(values, positions(run_starts(run), len(rows))).tolist() == expected


@given(st.lists(st.integers(-1, 5) | st.integers(-1, 2**62)))
def test_a_stable_order_and_new_numbers_are_those_of_numpy(numbers: list[int]) -> None:
    values = np.array(numbers, np.int64)
    assert stable_order(values).tolist() == sorted(range(len(numbers)), key=numbers.__getitem__)
    counted = values + 1
    assert renumbered(counted).tolist() == np.unique(counted, return_inverse=True)[1].tolist()


@given(st.lists(st.integers(-3, 40) | st.integers(-(2**62), 2**62)), st.lists(st.integers(-5, 45)))
def test_values_are_among_those_chosen_wherever_they_lie(values: list[int], chosen: list[int]) -> None:
    found = among(np.array(values, np.int64), np.array(sorted(chosen), np.int64))
    assert found.tolist() == [value in chosen for value in values]
