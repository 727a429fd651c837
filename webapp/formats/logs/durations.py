"""In which unit a duration field is: as its name says, unless the times of the lines say otherwise. No spans here.

zap's production encoder writes `zap.Duration("duration_ms", …)` in seconds; others name no unit at all.
"""

from decimal import Decimal

from webapp.formats import units
from webapp.formats.logs.reading import Field

_SLACK_NS = 5_000_000  # between taking a time and writing the line that holds it
_UNNAMED = "ms"  # what a bare `duration: 12` is, as far as nothing else says
_UNITS = ("s", "ms", "us", "ns")
_FINEST_DECIMALS = {"s": 9, "ms": 6, "us": 3, "ns": 0}


class Durations:
    """What one source means by its duration fields, learned from the spans that have both their times."""

    def __init__(self) -> None:
        self._learned: dict[str, str] = {}

    def read(self, field: Field) -> int | None:
        """In ns; None if it is no duration."""
        if _says_its_unit(field.value):
            return units.duration_ns(field.value, _UNNAMED)
        declared = field.unit or _UNNAMED
        unit = self._learned.get(field.path) or _by_decimals(field.value, declared)
        found = units.duration_ns(field.value, unit)
        return found if found is not None and 0 <= found <= units.INT64_MAX else None

    def unit_of(self, field: Field) -> str:
        """The unit that the lines' times taught, "" if they taught none."""
        return self._learned.get(field.path, "")

    def agrees(self, field: Field, measured_ns: int, resolution_ns: int) -> bool:
        """Whether the field says what the lines' times do, in the unit of its name; else another one is learned."""
        declared = field.unit or _UNNAMED
        tolerance_ns = _SLACK_NS + resolution_ns + measured_ns // 10
        if _says_its_unit(field.value):
            said = units.duration_ns(field.value, declared)
            return said is None or abs(said - measured_ns) <= tolerance_ns
        lengths = {unit: units.scaled_ns(field.value, unit) for unit in _UNITS}
        length = lengths[declared]
        if length is None or length < 0:
            return True
        if abs(length - measured_ns) <= tolerance_ns:
            return True
        fitting = [unit for unit, ns in lengths.items() if ns and abs(ns - measured_ns) <= tolerance_ns]
        if fitting and measured_ns > 2 * tolerance_ns // 3:
            self._learned[field.path] = fitting[0]
        return not field.unit and bool(fitting)  # what names no unit can be in any


def _says_its_unit(value: object) -> bool:
    """`12.5ms`"""
    return isinstance(value, str) and value.strip()[-1:].isalpha()


def _by_decimals(value: object, declared: str) -> str:
    """More decimals than nanoseconds have make no sense: then it is seconds, as clocks give them."""
    if isinstance(value, float) and declared != "s":
        exponent = Decimal(repr(value)).as_tuple().exponent
        decimals = -exponent if isinstance(exponent, int) else 0
        if _FINEST_DECIMALS[declared] < decimals <= _FINEST_DECIMALS["s"]:
            return "s"
    return declared
