"""Calls by bucket add up to counts and percentiles, in whatever order and however often a bucket comes."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.store.graph import call_counts
from webapp.store.graph.call_counts import CallCounts
from webapp.store.writing.buckets import PER_DOUBLING

ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 251), st.integers(1, 9), st.integers(0, 1)), max_size=30
)


def counts_of(rows: list[tuple[int, int, int, int]]) -> CallCounts:
    group, bucket, calls, errors = np.array(rows, np.int64).reshape(-1, 4).T
    return CallCounts.of(group, errors, 10 * calls, bucket, calls)


@given(ROWS, ROWS)
def test_counts_and_percentiles_are_those_of_the_rows(
    rows: list[tuple[int, int, int, int]], taken_back: list[tuple[int, int, int, int]]
) -> None:
    negative = [(group, bucket, -calls, -errors) for group, bucket, calls, errors in taken_back]
    found = counts_of(rows + taken_back + negative).counted()
    for group in {row[0] for row in rows} | set(found):
        own = Counter[int]()
        for name, bucket, calls, _ in rows:
            own[bucket] += calls if name == group else 0
        failed = sum(errors for name, _, _, errors in rows if name == group)
        assert found[group][:2] == (own.total(), failed)
        expected = [estimate(own, 0.5), estimate(own, 0.95)]
        assert found[group][2:4] == pytest.approx(expected, rel=1e-9, abs=1)
        assert found[group].critical_ns == 10 * own.total()


def estimate(calls: Counter[int], rank: float) -> float:
    sought, upto = rank * calls.total(), 0
    for bucket in sorted(calls):
        upto += calls[bucket]
        if upto >= sought and calls[bucket]:
            within = (sought - (upto - calls[bucket])) / calls[bucket]
            return float(2 ** ((bucket + within) / PER_DOUBLING))
    return math.inf


def test_groups_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(7, 40, 2, 1), (3, 44, 3, 0), (9, 40, 5, 0)]
    for dense in (100, 5):
        monkeypatch.setattr(call_counts, "_DENSE", dense)
        counts = counts_of(rows)
        assert counts.groups.tolist() == [3, 7, 9]
        added = counts.by(np.array([1, 0, 1]))
        assert {name: found[:2] for name, found in added.counted().items()} == {0: (2, 1), 1: (8, 0)}


def test_groups_may_come_with_lists_of_buckets() -> None:
    several = CallCounts.of(
        *(np.array(each) for each in ([7, 3, 7], [1, 0, 2], [5, 6, 7], [40, 44, 41, 40], [2, 3, 1, 4])),
        rows=np.array([1, 2, 1]),
    )
    rows = counts_of([(7, 40, 2, 1), (3, 44, 3, 0), (3, 41, 1, 0), (7, 40, 4, 2)])
    assert {group: found._replace(critical_ns=0) for group, found in several.counted().items()} == {
        group: found._replace(critical_ns=0) for group, found in rows.counted().items()
    }
    assert {group: found.critical_ns for group, found in several.counted().items()} == {3: 6, 7: 12}
