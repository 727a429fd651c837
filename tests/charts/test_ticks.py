"""The lines of duration axes and the labels of time axes: readable over any range."""

import math
from itertools import pairwise

from webapp.charts.ticks import duration_ticks, time_format

MS, S, H = 1_000_000, 1_000_000_000, 3_600_000_000_000
DAY = 24 * H


def test_durations_have_round_lines_and_their_own_end() -> None:
    assert duration_ticks(2 * MS, 5 * S) == (
        [10 * MS, 100 * MS, S, 5 * S], ["10 ms", "100 ms", "1 s", "5 s"],
    )  # fmt: skip
    assert duration_ticks(2 * MS, 3 * MS)[1] == ["3 ms"]
    assert duration_ticks(S, 2 * H)[1] == ["1 s", "10 s", "1 m", "10 m", "1 h"]


def test_of_a_huge_range_no_line_stands_over_another_and_labels_stay_short() -> None:
    low, high = 50_000, 20_968 * H + 37 * 60 * S
    values, words = duration_ticks(low, high)
    least = math.log(high / low) / 9
    assert all(math.log(b / a) >= least for a, b in pairwise(values))
    assert len(words) >= 6
    assert max(len(word) for word in words) <= len("10,000 h")


def test_a_time_axis_over_years_names_the_year() -> None:
    assert time_format(0, 20 * 365 * DAY) == "%b %Y"
    assert time_format(0, 30 * DAY) == "%-d %b"
    assert time_format(0, 2 * DAY) == "%-d %b %H:%M"
    assert time_format(0, H) == "%H:%M"
    assert time_format(0, 10**10) == "%H:%M:%S.%2f"
    assert time_format(0, 10**7) == "%H:%M:%S.%4f"  # no label twice
