"""One term against the columns or expressions where its values lie, as SQL. The meaning is that of `query/match.py`.

Which places a key has: `places.py`.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.model.sensitive import look_of
from webapp.query.match import NUMERIC_TEXT
from webapp.query.tree import Number, Term
from webapp.store.conditions.sensitive import holds
from webapp.store.conditions.where import FALSE, TRUE, Where, either, every

_SQL_OPS = {"=": "=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")  # in a regular expression
_BEYOND_INT = 2**120  # HUGEINT holds less than 2**127


class Source(Protocol):
    """Somewhere that values of a key lie."""

    @property
    def has_value(self) -> Where: ...

    def fits(self, term: Term) -> Where:
        """That a value there fits; != is asked as =."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A column or expression, NULL where there is no value; `values` are bound in it.

    `type`: str, int, float, bool, or json (something that only is there or not).
    `present` says where there is a value, when that is simpler than asking the expression.
    """

    expression: str
    type: str
    values: tuple[object, ...] = ()
    present: Where | None = None

    @property
    def has_value(self) -> Where:
        return self.present or Where(f"({self.expression}) IS NOT NULL", self.values)

    def fits(self, term: Term) -> Where:
        if self.type == "json":
            return FALSE
        if term.op in ("=", "!="):
            return _equal(term, self)
        return _searched(term, self) if term.op == "~" else _ordered(term, self)


def compare(term: Term, sources: Sequence[Source]) -> Where:
    """The condition that any value fits; for != that there is a value and none is equal."""
    has_value = either(source.has_value for source in sources)
    if term.op == "?":
        return has_value
    fits = either(source.fits(term) for source in sources)
    return every([has_value, fits.negated()]) if term.op == "!=" else fits


def _equal(term: Term, place: Place) -> Where:
    if term.wild:
        return _alike(term.value, _as_text(place))
    if place.type == "str":
        return Where(f"{place.expression} = ?", (*place.values, term.value))
    if place.type == "bool":
        spelled = {"true": place.expression, "false": f"NOT ({place.expression})"}
        return Where(spelled[term.value], place.values) if term.value in spelled else FALSE
    return FALSE if term.number is None else _numeric(place, "=", term.number)


def _ordered(term: Term, place: Place) -> Where:
    if term.number is None or place.type not in ("str", "int", "float"):
        return FALSE
    if place.type == "str":
        number = _text_as_number(place)
        return Where(f"{number.text} {_SQL_OPS[term.op]} ?", (*number.values, float(term.number)))
    return _numeric(place, term.op, term.number)


def as_number(place: Place) -> Where | None:
    """The value as DOUBLE, NULL for text that is no number; None for a place without numbers."""
    if place.type == "str":
        return _text_as_number(place)
    return (
        Where(f"CAST({place.expression} AS DOUBLE)", place.values) if place.type in ("int", "float") else None
    )


def _text_as_number(place: Place) -> Where:
    text = place.expression
    number = f"CASE WHEN regexp_full_match({text}, '{NUMERIC_TEXT}') THEN TRY_CAST({text} AS DOUBLE) END"
    return Where(number, (*place.values, *place.values))


def _numeric(place: Place, op: str, number: Number) -> Where:
    if place.type == "float":
        return Where(f"{place.expression} {_SQL_OPS[op]} ?", (*place.values, float(number)))
    if isinstance(number, float):  # whole numbers compare exactly with the whole number beside it
        if op == "=" and not number.is_integer():
            return FALSE
        number = math.ceil(number) if op in (">=", "<") else math.floor(number)
    bounded = max(-_BEYOND_INT, min(_BEYOND_INT, number))
    return Where(f"{place.expression} {_SQL_OPS[op]} ?", (*place.values, bounded))


def _searched(term: Term, place: Place) -> Where:
    text = _as_text(place)
    if look := look_of(term.value):
        return holds(text.text, look, text.values)
    plain = not _SPECIAL.search(term.value)
    return Where(f"{'contains' if plain else 'regexp_matches'}({text.text}, ?)", (*text.values, term.value))


def _alike(value: str, text: Where) -> Where:
    """`*` at one or both ends alone has functions that are many times faster than LIKE."""
    match value.split("*"):
        case ["", inner, ""]:
            return Where(f"contains({text.text}, ?)", (*text.values, inner))
        case [start, ""]:
            return Where(f"starts_with({text.text}, ?)", (*text.values, start))
        case ["", end]:
            return Where(f"ends_with({text.text}, ?)", (*text.values, end))
    return Where(f"{text.text} LIKE ? ESCAPE '\\'", (*text.values, like(value)))


def _as_text(place: Place) -> Where:
    cast = place.expression if place.type == "str" else f"CAST({place.expression} AS VARCHAR)"
    return Where(cast, place.values)


def like(value: str) -> str:
    r"""A value with `*` as a LIKE pattern with escape character \\."""
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")


def containing(term: Term, expression: str) -> Where:
    """Free text within a text, in any case."""
    sought = term.value.lower()
    if term.wild:
        return Where(f"lower({expression}) LIKE ? ESCAPE '\\'", (f"%{like(sought)}%",))
    return Where(f"contains(lower({expression}), ?)", (sought,))


def containing_json(term: Term, expression: str, strings: str) -> Where:
    """Free text within the strings at path `strings` of JSON text; the text as a whole is looked through first."""
    inner = containing(term, "x")
    found = f"len(list_filter(json_extract_string({expression}, '{strings}'), lambda x: {inner.text})) > 0"
    written_as_is = json.dumps(term.value, ensure_ascii=False) == f'"{term.value}"'
    return every([containing(term, expression) if written_as_is else TRUE, Where(found, inner.values)])
