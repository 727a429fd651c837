"""Geometry of the lane in percent."""

import numpy as np
import pytest

from webapp.views.trace.lane import MOST_THREADS, NARROWEST, Lane, Thread
from webapp.views.trace.paths import Handovers

MS = 1_000_000
NOTHING = (np.empty(0, np.int64), np.empty(0, np.int64))


def solid(*pieces: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a * MS for a, _ in pieces]), np.array([b * MS for _, b in pieces])


def test_a_bar_lies_where_its_span_was() -> None:
    bar = Lane(0, 4000 * MS).bar(80 * MS, 3280 * MS, solid((80, 3280)), "3.20 s", [])
    assert (bar.x, bar.width) == (2.0, 80.0)
    assert bar.solid == [(2.0, 80.0)]
    assert (bar.label.side, bar.label.x) == ("after", 82.0)


def test_a_tiny_bar_is_still_seen_also_at_the_very_end() -> None:
    lane = Lane(0, 1000 * MS)
    assert lane.bar(500 * MS, 500 * MS, NOTHING, "0 ns", []).width == NARROWEST
    last = lane.bar(1000 * MS, 1000 * MS, NOTHING, "0 ns", [])
    assert last.x + last.width <= 100


def test_segments_that_touch_on_the_screen_are_one() -> None:
    pieces = [(k, k + 1) for k in range(0, 5000, 2)]
    bar = Lane(0, 5000 * MS).bar(0, 5000 * MS, solid(*pieces), "5 s", [])
    assert len(bar.solid) == 1
    assert bar.solid[0][1] == pytest.approx(99.98)


def test_a_label_goes_before_the_bar_at_the_end_of_the_lane() -> None:
    bar = Lane(0, 100 * MS).bar(90 * MS, 100 * MS, NOTHING, "10.0 ms", [])
    assert (bar.label.side, bar.label.x) == ("before", 90.0)


def test_a_label_is_not_written_over_the_wait_before_a_bar() -> None:
    bar = Lane(0, 100 * MS).bar(90 * MS, 100 * MS, solid((40, 100)), "10.0 ms", [])
    assert (bar.label.side, bar.label.x) == ("before", 40.0)


def test_a_label_goes_inside_where_threads_pass_on_both_sides() -> None:
    threads = [Thread(2, ""), Thread(93, "")]
    bar = Lane(0, 100 * MS).bar(5 * MS, 90 * MS, solid((5, 20)), "85.0 ms", threads)
    assert bar.label.side == "inside"
    assert bar.label.x > 20


def test_a_bar_outside_the_zoom_says_on_which_side_it_lies() -> None:
    lane = Lane(100 * MS, 100 * MS)
    assert lane.bar(0, 50 * MS, NOTHING, "50.0 ms", []).outside == "before"
    assert lane.bar(300 * MS, 350 * MS, NOTHING, "50.0 ms", []).outside == "after"


def test_threads_begin_pass_and_end() -> None:
    handovers = Handovers(np.array([0]), np.array([2]), np.array([50 * MS]))
    parts = Lane(0, 100 * MS).threads(handovers, 0, 4)
    assert parts == [[Thread(50.0, "down")], [Thread(50.0, "")], [Thread(50.0, "up")], []]
    assert Lane(0, 100 * MS).threads(handovers, 1, 1) == [[Thread(50.0, "")]]


def test_where_too_many_threads_cross_none_is_drawn() -> None:
    count = MOST_THREADS + 1
    handovers = Handovers(np.zeros(count, np.int64), np.full(count, 3), np.arange(count) * MS)
    assert Lane(0, 100 * MS).threads(handovers, 0, 4) == [[], [], [], []]


@pytest.mark.parametrize(
    ("begin_ms", "length_ms", "texts"),
    [
        (0, 4000, ["0", "0.5 s", "1.0 s", "1.5 s", "2.0 s", "2.5 s", "3.0 s", "3.5 s", "4.0 s"]),
        (0, 8, ["0", "1 ms", "2 ms", "3 ms", "4 ms", "5 ms", "6 ms", "7 ms", "8 ms"]),
        (0, 600_000, ["0", "2 m", "4 m", "6 m", "8 m", "10 m"]),
        (0, 8_000 * 3_600_000, ["0", *(f"{thousand},000 h" for thousand in range(1, 9))]),
        (60_000, 1, ["60.0000 s", "60.0002 s", "60.0004 s", "60.0006 s", "60.0008 s", "60.0010 s"]),
    ],
)
def test_ticks_are_round_and_in_one_unit(begin_ms: int, length_ms: int, texts: list[str]) -> None:
    ticks, first, step = Lane(begin_ms * MS, length_ms * MS).ticks(0)
    assert [tick.text for tick in ticks] == texts
    assert first == 0
    assert step == pytest.approx(1 / (len(texts) - 1))


def test_a_label_of_a_short_bar_goes_behind_a_thread_close_by() -> None:
    bar = Lane(0, 100 * MS).bar(1 * MS, 2 * MS, NOTHING, "1.00 ms", [Thread(3, "")])
    assert (bar.label.side, bar.label.x) == ("after", 3)


def test_the_patch_of_a_label_is_as_wide_as_its_letters() -> None:
    threads = [Thread(1, ""), Thread(99, "")]
    lane = Lane(0, 100 * MS)
    narrow = lane.bar(2 * MS, 98 * MS, NOTHING, "i" * 40, threads).label
    wide = lane.bar(2 * MS, 98 * MS, NOTHING, "支" * 40, threads).label
    assert (narrow.side, wide.side) == ("inside", "inside")
    assert narrow.width >= 40 * 5
    assert wide.width >= 40 * 11
