"""`--map COLUMN=FIELD`: what the user says about the columns of a table. Nothing is read here."""

import dataclasses
import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from webapp.errors import BadSetting
from webapp.formats.tables.names import FIELDS, TIMES
from webapp.formats.units import NS_PER_UNIT

UNITS = ("ns", "us", "ms", "s")
# those that a table of one cell a value can hold
NAMEABLE = tuple(
    field
    for field in FIELDS
    if field not in ("events", "links") and not field.startswith(("event_", "link_"))
)


@dataclass(frozen=True, slots=True)
class Named:
    column: str
    field: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Falsy when nothing is said. Of several columns for one field a table has one; `seen` are those that any had."""

    named: tuple[Named, ...] = ()
    seen: set[str] = dataclasses.field(default_factory=set, compare=False)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Raises BadSetting for what is not COLUMN=FIELD."""
        return cls(tuple(_parsed(text.strip()) for text in texts if text.strip()))

    def among(self, columns: Collection[str]) -> list[Named]:
        """What is said of a table with these columns. Raises BadSetting if that is two columns for one field."""
        found = [one for one in dict.fromkeys(self.named) if one.column in columns]
        self.seen.update(one.column for one in found)
        fields = [one.field for one in found]
        for one in found:
            if fields.count(one.field) > 1:
                raise BadSetting(
                    f"Two columns of this table are named for {one.field}.",
                    where="map",
                    hint="A field is in one column.",
                )
        return found

    def check_used(self) -> None:
        """Raises BadSetting for a column that no table has."""
        for one in self.named:
            if one.column not in self.seen:
                raise BadSetting(
                    f"No table has a column {one.column!r}.", where="map", hint="The column comes first."
                )

    def __bool__(self) -> bool:
        return bool(self.named)

    def __iter__(self) -> Iterator[Named]:
        return iter(self.named)


def _parsed(text: str) -> Named:
    column, equals, written = text.rpartition("=")
    column, written = column.strip(), written.strip()
    if not equals or not column:
        raise BadSetting(
            f"{text!r} names no field.", where="map", hint=f"Write COLUMN=FIELD; fields are {field_names()}."
        )
    field, _, unit = written.rpartition("_")
    if field in TIMES and unit in NS_PER_UNIT:
        return Named(column, field, unit)
    if written in NAMEABLE:
        return Named(column, written)
    raise BadSetting(f"There is no field {written!r}.", where="map", hint=_advice(column, written))


def _advice(column: str, written: str) -> str:
    fields = f"Fields are {field_names()}."
    if column.rpartition("_")[0] in TIMES or column in NAMEABLE:
        return f"The column comes first: {written}={column}. {fields}"
    near = difflib.get_close_matches(written, NAMEABLE, 1)
    return f"Did you mean {near[0]}? {fields}" if near else fields


def choices() -> list[str]:
    """All that may stand after the column, the usual ones first."""
    return [*NAMEABLE, *(f"{field}_{unit}" for field in TIMES for unit in UNITS)]


def field_names() -> str:
    units = " or ".join(f"_{unit}" for unit in UNITS)
    return f"{', '.join(NAMEABLE)}; {', '.join(TIMES)} also with {units}"
