"""How numbers are written, everywhere: pages, sentences, CLI (ux.md section 8). No HTML here."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))


def _half_up(value: Decimal, places: int) -> str:
    return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def duration(ns: int) -> str:
    """Three significant digits, a space, the unit: `850 ns`, `4.10 ms`, `3.20 s`; from a minute `1 m 02 s`, `1 h 04 m`.

    >>> duration(3_200_000_000), duration(50_000_000), duration(412_000), duration(62_000_000_000)
    ('3.20 s', '50.0 ms', '412 µs', '1 m 02 s')
    """
    if ns < 0:
        return "−" + duration(-ns)
    if ns < 1_000:
        return f"{ns} ns"
    if ns >= 59_950_000_000:  # what would round to 60.0 s
        minutes, seconds = divmod((ns + 500_000_000) // 1_000_000_000, 60)
        if minutes < 60:
            return f"{minutes} m {seconds:02d} s"
        minutes = (ns + 30_000_000_000) // 60_000_000_000
        return f"{minutes // 60:,} h {minutes % 60:02d} m"
    for index, (size, unit) in enumerate(_UNITS):
        if ns >= size:
            text = _three_digits(ns, size)
            if text == "1000" and index:  # 999.9 ms reads as 1.00 s
                return f"1.00 {_UNITS[index - 1][1]}"
            return f"{text} {unit}"
    raise AssertionError(ns)


def _three_digits(number: int, unit: int) -> str:
    """Of their quotient, which is at least 1; half up. Whole numbers alone: a page of rows writes six hundred."""
    for places, parts in ((2, 100), (1, 10)):
        rounded = (2 * number * parts + unit) // (2 * unit)
        if rounded < 1000:
            return f"{rounded // parts}.{rounded % parts:0{places}}"
    return str((2 * number + unit) // (2 * unit))


def offset(ns: int) -> str:
    """A time into the trace or the span: `+2.00 ms`."""
    return duration(ns) if ns < 0 else f"+{duration(ns)}"


def share(fraction: float) -> str:
    """Whole percent from 10 %, one decimal below, `<0.1%`; half up.

    >>> share(0.8), share(0.0875), share(0.0004), share(0.0), share(1.0)
    ('80%', '8.8%', '<0.1%', '0%', '100%')
    """
    percent = Decimal(repr(fraction)) * 100
    if percent <= 0:
        return "0%"
    if percent < Decimal("0.1"):
        return "<0.1%"
    if Decimal("99.5") <= percent < 100:
        return ">99%"
    if percent >= Decimal("9.95"):
        return f"{_half_up(percent, 0)}%"
    return f"{_half_up(percent, 1)}%"


def count(number: float) -> str:
    """`1,284`; sums of weights as whole numbers."""
    return f"{round(number):,}"


def plural(number: float, noun: str, many: str = "") -> str:
    """`1 span`, `5 spans`, `2 queries` with `many="queries"`."""
    return f"{count(number)} {noun if round(number) == 1 else many or noun + 's'}"


def size(number_of_bytes: int) -> str:
    """`218 MB`, in powers of ten."""
    if number_of_bytes < 1000:
        return f"{number_of_bytes} B"
    for power, unit in enumerate(("kB", "MB", "GB"), 1):
        if number_of_bytes < 1000 ** (power + 1):
            return f"{_three_digits(number_of_bytes, 1000**power)} {unit}"
    return f"{_three_digits(number_of_bytes, 1000**4)} TB"


def iso(ns: int) -> str:
    """`2025-11-20T10:32:07.123Z`, always UTC: for URLs, files and <time datetime>."""
    seconds = datetime.fromtimestamp(ns // 1_000_000_000, UTC)
    return f"{seconds:%Y-%m-%dT%H:%M:%S}.{ns % 1_000_000_000 // 1_000_000:03d}Z"


def exact_iso(ns: int) -> str:
    """The same, with whole nanoseconds where there are any: what reads it back must not find more or less."""
    return iso(ns) if ns % 1_000_000 == 0 else f"{iso(ns)[:-1]}{ns % 1_000_000:06d}Z"
