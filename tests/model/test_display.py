"""Numbers are written as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.model import display


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"), (850, "850 ns"), (412_000, "412 µs"), (999_600, "1.00 ms"), (4_100_000, "4.10 ms"),
        (50_000_000, "50.0 ms"), (182_000_000, "182 ms"), (3_200_000_000, "3.20 s"), (59_940_000_000, "59.9 s"),
        (59_960_000_000, "1 m 00 s"), (62_000_000_000, "1 m 02 s"), (3_840_000_000_000, "1 h 04 m"), (-1_500, "−1.50 µs"),
    ],
)  # fmt: skip
def test_a_duration_has_three_digits_and_a_unit(ns: int, text: str) -> None:
    assert display.duration(ns) == text


@given(st.integers(1, 59_000_000_000))
def test_a_written_duration_is_within_half_a_percent(ns: int) -> None:
    number, unit = display.duration(ns).split(" ")
    size = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}[unit]
    assert abs(float(number) * size - ns) <= ns * 0.005 + 0.5
    assert len(number.replace(".", "")) <= 3


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0, "0%"),
        (0.0004, "<0.1%"),
        (0.001, "0.1%"),
        (0.0875, "8.8%"),
        (0.0995, "10%"),
        (0.8, "80%"),
        (0.995, ">99%"),
        (1.0, "100%"),
    ],
)
def test_a_share_is_whole_from_ten_percent(fraction: float, text: str) -> None:
    assert display.share(fraction) == text


def test_counts_sizes_and_plurals() -> None:
    assert display.count(1284) == "1,284"
    assert display.size(218_000_000) == "218 MB"
    assert display.plural(1, "span") == "1 span"
    assert display.plural(2, "query", "queries") == "2 queries"
    assert display.offset(2_000_000) == "+2.00 ms"
