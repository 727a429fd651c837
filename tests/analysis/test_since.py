"""What is new since a moment: few data claim nothing, and chance next to nothing."""

import random

import pytest

from webapp.analysis.since import is_new, is_slower, wilson_lower

MS = 1_000_000


@pytest.mark.parametrize(
    ("before", "after", "beyond", "slower"),
    [
        ((200, 100 * MS), (200, 250 * MS), 60, True),
        ((200, 100 * MS), (200, 199 * MS), 60, False),  # not twice
        ((29, 100 * MS), (200, 250 * MS), 60, False),  # too few before
        ((200, 100 * MS), (29, 250 * MS), 20, False),  # too few since
        ((200, 100 * MS), (200, 250 * MS), 12, False),  # hardly more than a twentieth
        ((200, 100_000), (200, 300_000), 60, False),  # less than a millisecond
    ],
)
def test_an_operation_is_slower_with_enough_of_it(
    before: tuple[int, int], after: tuple[int, int], beyond: int, *, slower: bool
) -> None:
    assert is_slower(before, after, beyond) == slower


def test_equal_halves_are_hardly_ever_called_slower() -> None:
    draw = random.Random(3)
    claims = 0
    for _ in range(2_000):
        halves = [sorted(draw.lognormvariate(3, 1) * MS for _ in range(60)) for _ in range(2)]
        p95 = [round(half[56]) for half in halves]
        claims += is_slower((60, p95[0]), (60, p95[1]), sum(each > 2 * p95[0] for each in halves[1]))
    assert claims <= 10


def test_an_error_is_new_when_it_would_have_been_seen() -> None:
    assert is_new(20, 100, 100)
    assert not is_new(20, 100, 29)
    assert not is_new(1, 100, 100)  # one in a hundred may well be missing from a hundred
    assert not is_new(0, 100, 100)


def test_the_least_share_is_below_the_share() -> None:
    assert wilson_lower(0, 0) == 0
    assert 0.05 < wilson_lower(60, 200) < 0.3
