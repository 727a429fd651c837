"""Where the lines of a logarithmic duration axis stand, and the labels of times. Numbers only."""

from datetime import UTC, datetime

from webapp.model import display

_STEPS = (
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    60_000_000_000,
    600_000_000_000,
    3_600_000_000_000,
    36_000_000_000_000,
    360_000_000_000_000,
    3_600_000_000_000_000,
    36_000_000_000_000_000,
)
_MOST_TICKS = 9  # lines of text that a chart is high
_HOUR_NS = 3_600_000_000_000
_DAY_NS = 24 * _HOUR_NS


def duration_ticks(low_ns: int, high_ns: int) -> tuple[list[int], list[str]]:
    """Powers of ten (then minutes and hours) within the range, and the range's own end; none over another."""
    apart = max(1.8, (high_ns / max(1, low_ns)) ** (1 / _MOST_TICKS))
    values: list[int] = []
    for step in (*(step for step in _STEPS if low_ns <= step <= high_ns), high_ns):
        if not values or step > apart * values[-1]:
            values.append(step)
    return values, [_round_words(value) for value in values]


def _round_words(ns: int) -> str:
    """`10 ms`, not `10.0 ms`, and `1 h`: a tick is exact by definition. Of 100 h and more the minutes do not matter."""
    if ns >= 100 * _HOUR_NS:
        return f"{ns // _HOUR_NS:,} h"
    text, _, unit = display.duration(ns).removesuffix(" 00 m").removesuffix(" 00 s").partition(" ")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {unit}"


def plotly_time(ns: int) -> str:
    """A moment as Plotly's date axis reads it (UTC, milliseconds)."""
    moment = datetime.fromtimestamp(ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ns % 1_000_000_000 // 1_000_000:03d}"


def time_format(from_ns: int, to_ns: int) -> str:
    """How the labels of a time axis are written: days only where there are several, years where those are."""
    if to_ns - from_ns > 300 * _DAY_NS:
        return "%b %Y"
    if to_ns - from_ns > 10 * _DAY_NS:
        return "%-d %b"
    if plotly_time(from_ns)[:10] != plotly_time(to_ns)[:10]:
        return "%-d %b %H:%M"
    if to_ns - from_ns > 600_000_000_000:
        return "%H:%M"
    if to_ns - from_ns > 10_000_000_000:
        return "%H:%M:%S"
    return "%H:%M:%S.%2f" if to_ns - from_ns > 100_000_000 else "%H:%M:%S.%4f"
