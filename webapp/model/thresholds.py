"""From where on each known pattern counts: how often, how long, which part of the response. No rules, only numbers.

What a setting or an address may change of it is parsed here, so that both say the same.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from webapp.errors import BadSetting

_MS = 1_000_000
_UNITS_NS = {"": _MS, "ms": _MS, "s": 1_000 * _MS, "m": 60_000 * _MS, "us": 1_000, "µs": 1_000, "ns": 1}
_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ns|us|µs|ms|s|m|%|)", re.ASCII | re.IGNORECASE)
PARTS = ("count", "time", "share")
_MOST_NS = 10**15


@dataclass(frozen=True, slots=True)
class Least:
    """0: that number does not matter. `share` is a part of the response."""

    count: int = 0
    ns: int = 0
    share: float = 0.0


Thresholds = Mapping[str, Least]  # by code; a code that is not in it is not looked for

DEFAULTS: Thresholds = MappingProxyType(
    {
        "n_plus_one": Least(5, 50 * _MS, 0.05),
        "n_plus_one_calls": Least(5, 50 * _MS, 0.05),
        "repeated_identical": Least(3, 20 * _MS, 0.05),
        "serial_calls": Least(3, 100 * _MS, 0.10),
        "retry": Least(2),
        "timeout": Least(),
        "error_root": Least(),
        "gap": Least(0, 100 * _MS, 0.20),
        "queue_wait": Least(0, 1_000 * _MS),
        "lock_or_pool_wait": Least(10, 20 * _MS, 0.10),
        "straggler": Least(4, 50 * _MS, 0.10),
        "serial_db": Least(3, 0, 0.50),
        "slow_query": Least(0, 500 * _MS),
        "large_transport": Least(0, 50 * _MS),
        "connection_overhead": Least(2, 20 * _MS),
        "chatty": Least(15),
        "wide_fanout": Least(21),
        "missing_spans": Least(),
        "duplicate_span": Least(),
    }
)


def parse_thresholds(texts: Iterable[str]) -> Thresholds:
    """The defaults, changed by `gap.time=200ms`, `gap.share=30%`, `n_plus_one.count=10` and `gap=off`.

    Raises:
        BadSetting: one of them is none of these.
    """
    found = dict(DEFAULTS)
    for text in texts:
        name, _, value = text.strip().partition("=")
        code, _, part = name.strip().partition(".")
        if code not in DEFAULTS:
            raise BadSetting(f"{code!r} is nothing that is looked for.", where="thresholds", hint=_hint())
        if not part and value.strip() == "off":
            found.pop(code, None)
            continue
        amount = amount_of(part, value)
        if amount is None or not getattr(DEFAULTS[code], _FIELDS[part]):
            raise BadSetting(
                f"{text.strip()!r} is no threshold.",
                where="thresholds",
                hint=f"{code} has {', '.join(parts_of(code)) or 'none'}; or write {code}=off.",
            )
        if code in found:
            found[code] = replaced(found[code], part, amount)
    return MappingProxyType(found)


_FIELDS = {"count": "count", "time": "ns", "share": "share"}


def parts_of(code: str) -> list[str]:
    """Which of count, time and share a code asks for."""
    return [part for part in PARTS if getattr(DEFAULTS[code], _FIELDS[part])]


def replaced(least: Least, part: str, amount: float) -> Least:
    return replace(least, **{_FIELDS[part]: amount})  # type: ignore[arg-type]


def part_of(least: Least, part: str) -> float:
    value: float = getattr(least, _FIELDS[part])
    return value


def amount_of(part: str, text: str) -> float | None:
    """A number of calls from 1, nanoseconds (`200ms`; without a unit milliseconds), a share (`30%`, `0.3`); else None."""
    match = _AMOUNT.fullmatch(text.strip())
    if not match or part not in PARTS:
        return None
    number, unit = float(match[1]), match[2].lower()
    if part == "count":
        return int(number) if number >= 1 and not unit and number == int(number) else None
    if part == "share":
        share = number / 100 if unit == "%" else number
        return share if unit in ("", "%") and 0 < share <= 1 else None
    ns = round(number * _UNITS_NS[unit]) if unit in _UNITS_NS else 0
    return ns if 0 < ns <= _MOST_NS else None


def written(thresholds: Thresholds) -> str:
    """The same text for the same thresholds: what was looked for under others has to be looked for again."""
    return ";".join(f"{code}={thresholds[code]}" for code in sorted(thresholds))


def _hint() -> str:
    return f"Known are {', '.join(DEFAULTS)}."
