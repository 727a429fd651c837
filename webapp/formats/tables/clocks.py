"""Columns of times in nanoseconds. The unit of a column is what its name or type says, else decided once by its size."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from statistics import median_low
from typing import Any

from webapp.formats import units
from webapp.formats.moments import checked
from webapp.formats.nesting import SAMPLE, WORDS, Timed, decide
from webapp.formats.notes import Notes

Kin = Iterable[tuple[str, str, str]]  # trace, span and parent id of each row
Place = Callable[[int], str]

_DAY_CLOCK = re.compile(r"(-?)(?:(\d+)[. ])?(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?")
_US_DATE = re.compile(
    r"(\d\d?)/(\d\d?)/(\d{4}),? (\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?([AP])M)?", re.IGNORECASE
)
_EUROPEAN_DATE = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4}),? (\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d{1,2}|-?0,\d+")  # with three digits behind it, it may part thousands
_FINE = re.compile(r"[.,]\d{9}")
_DECIDED = "The unit of times was decided by their size, as no name says it."
_LENGTH_DECIDED = "No name says the unit of durations; they were taken for {unit}, {why}."
_ABSENT = (None, "", "\\N")
_RELATIVE = (
    10**8
)  # smaller numbers are no time since 1970 in any unit but seconds of 1973: a clock that starts at zero


class Clocks:
    """Start, end and duration are told apart by field; a unit that was decided once stays."""

    def __init__(self, notes: Notes, **declared: str) -> None:
        self._units = declared
        self._notes = notes
        self._date = ""  # one that was read, if any was text
        self._seen_numbers = False

    def declare(self, units_by_field: Mapping[str, str]) -> None:
        """What names or types say, unless it is known already."""
        self._units = {**units_by_field, **self._units}

    def points(self, field: str, column: Sequence[Any], place: Place) -> list[int]:
        """0 for what is absent and for what cannot be a time, which is warned about."""
        if (quick := self._whole(field, column)) is not None:
            return quick
        found = []
        for row, written in enumerate(column):
            value = written.decode("latin-1") if isinstance(written, bytes) else written
            if value in _ABSENT:
                found.append(0)
                continue
            if isinstance(value, str) and not value.isdigit() and (time_ns := _moment(value)) is not None:
                self._date = value
            else:
                time_ns = units.scaled_ns(
                    int(value) if _is_digits(value) else value, self._unit(field, column)
                )
            found.append(checked(time_ns, self._notes, f"{place(row)}, {field} “{str(value)[:40]}”"))
        return found

    def _whole(self, field: str, column: Sequence[Any]) -> list[int] | None:
        """The fast way, for a column of nothing but whole numbers that can all be times."""
        try:
            numbers = list(map(int, column)) if set(map(type, column)) in ({str}, {int}) else []
        except ValueError:
            return None
        if not numbers:
            return None
        factor = units.NS_PER_UNIT[self._unit(field, column)]
        if min(numbers) < 0 or max(numbers) * factor > units.INT64_MAX:
            return None
        return numbers if factor == 1 else [number * factor for number in numbers]

    def point(self, value: object, place: str) -> int:
        """Of an event, each judged for itself."""
        if isinstance(value, int) and not isinstance(value, bool):
            return checked(units.scaled_ns(value, units.unit_by_size(value)), self._notes, place)
        [found] = Clocks(self._notes, event=units.unit_by_size(value)).points(
            "event", [value], lambda _: place
        )
        return found

    def ends(self, starts: Sequence[int], column: Sequence[Any], place: Place, kin: Kin = ()) -> list[int]:
        """The ends of what took so long; 0 where start or duration is not known. `kin` helps to decide the unit."""
        quick = self._whole("duration", column) if "duration" in self._units else None
        if quick and max(starts) + max(quick) <= units.INT64_MAX:
            return [start + length if start else 0 for start, length in zip(starts, quick, strict=True)]
        found = []
        for row, (start_ns, written) in enumerate(zip(starts, column, strict=True)):
            value = written.decode("latin-1") if isinstance(written, bytes) else written
            if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip()):
                value = value.strip().replace(",", ".")
            if value in _ABSENT or not start_ns:
                found.append(0)
                continue
            length = _length(value)
            if length is None:
                unit = self._units.get("duration") or self._duration_unit(starts, column, kin)
                length = units.scaled_ns(int(value) if _is_digits(value) else value, unit)
            end_ns = None if length is None else start_ns + length
            found.append(checked(end_ns, self._notes, f"{place(row)}, duration “{str(value)[:40]}”"))
        return found

    def _unit(self, field: str, column: Sequence[Any]) -> str:
        self._seen_numbers = self._seen_numbers or field in ("start", "end")
        if field not in self._units:
            typical = median_low(sorted(_numbers(column)) or [0])
            unit = units.unit_by_size(typical) if typical >= _RELATIVE else "us"
            self._units[field] = unit
            self._notes.warn("time_unit", _DECIDED, where=f"{field} in {unit}")
        return self._units[field]

    def _duration_unit(self, starts: Sequence[int], column: Sequence[Any], kin: Kin) -> str:
        """That in which the spans nest. Likely is that of the start if it is a number; beside dates to the nanosecond
        whole numbers are ns, others ms.
        """
        whole = all(_is_digits(value) or isinstance(value, int) for value in column if value not in _ABSENT)
        start = (
            self._units.get("start", "ms")
            if self._seen_numbers
            else "ns"
            if _FINE.search(self._date)
            else "ms"
        )
        lengths = map(_plain_number, column)
        timed = [
            Timed(*own, start_ns, length)
            for own, start_ns, length in islice(zip(kin, starts, lengths, strict=False), SAMPLE)
            if length is not None
        ]
        decided = decide(timed, start if whole or start != "ns" else "ms")
        self._units["duration"] = decided.unit
        message = _LENGTH_DECIDED.format(unit=WORDS[decided.unit], why=decided.why)
        self._notes.warn("length_unit", message, where=f"duration in {decided.unit}")
        return decided.unit


def _plain_number(value: object) -> float | None:
    """None for what says its unit itself."""
    if isinstance(value, bytes) or value in _ABSENT or _length(value) is not None:
        return None
    found = units.scaled_ns(value, "s")
    return None if found is None else found / units.NS_PER_UNIT["s"]


def _is_digits(value: object) -> bool:
    return isinstance(value, str) and len(value) < 40 and value.isascii() and value.isdigit()


def _numbers(column: Sequence[Any]) -> list[int]:
    found = (units.whole_number(value) for value in column if not isinstance(value, bytes))
    return [abs(number) for number in found if number]


def _moment(text: str) -> int | None:
    found = units.iso_ns(text)
    if found is None and (date := _US_DATE.fullmatch(text.strip())):
        hour = int(date[4]) % 12 + 12 * (date[8].upper() == "P") if date[8] else int(date[4])
        day = f"{date[3]}-{date[1]}-{date[2]}"
        found = units.iso_ns(f"{day}T{hour:02}:{date[5]}:{date[6] or '00'}.{date[7] or '0'}")
    if found is None and (date := _EUROPEAN_DATE.fullmatch(text.strip())):
        clock = f"{date[4]}:{date[5]}:{date[6] or '00'}.{date[7] or '0'}"
        found = units.iso_ns(f"{date[3]}-{date[2]}-{date[1]}T{clock}")
    return found


def _length(value: object) -> int | None:
    """Written with its unit or as a clock shows it: `12.5ms`, `1.02:03:04.5`; None for mere numbers."""
    if not isinstance(value, str) or _is_digits(value):
        return None
    if clock := _DAY_CLOCK.fullmatch(value.strip()):
        seconds = int(clock[2] or 0) * 86_400 + int(clock[3]) * 3_600 + int(clock[4]) * 60 + int(clock[5])
        length = seconds * 10**9 + int((clock[6] or "0").ljust(9, "0"))
        return -length if clock[1] else length
    return units.duration_ns(value.replace(" ", ""), "ns") if value.strip()[-1:].isalpha() else None
