"""What spans of one trace come to, as a condition after GROUP BY: their number, or an aggregate over one key."""

import operator

from webapp.query.tree import Measure
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.compare import Place, as_number
from webapp.store.conditions.places import attribute_places
from webapp.store.conditions.where import Where

_OPPOSITE = {"=": "!=", "!=": "=", ">": "<=", "<=": ">", "<": ">=", ">=": "<"}
_PYTHON = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


def measured(measure: Measure, catalogue: Catalogue) -> tuple[Where, bool]:
    """The condition, and whether the measure holds where it does not: so does count<3 for a trace without such spans."""
    op, number = measure.term.op, measure.term.number or 0
    if measure.function == "count":
        without = bool(_PYTHON[op](0, number))
        return Where(f"count(*) {_OPPOSITE[op] if without else op} ?", (number,)), without
    value = _value(measure, catalogue)
    return Where(f"{measure.function}({value.text}) {op} ?", (*value.values, number)), False


def _value(measure: Measure, catalogue: Catalogue) -> Where:
    if measure.term.scope == "own":
        return Where("s.duration_ns")
    places = attribute_places(catalogue, "span", measure.term.key)
    numbers = [as_number(place) for place in places if isinstance(place, Place)]
    written = [number for number in numbers if number is not None]
    if not written:
        return Where("NULL::DOUBLE")
    text = ", ".join(number.text for number in written)
    return Where(f"coalesce({text})", tuple(value for number in written for value in number.values))
