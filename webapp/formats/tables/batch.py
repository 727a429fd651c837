"""Some rows of a table as columns of plain values, found by field. No meaning of values here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.formats.tables import cells
from webapp.formats.tables.layout import Layout

Columns = Mapping[str, Sequence[Any]]
Place = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Batch:
    """`place` says where in the file a row is, counted from 0 in this batch. Columns that are not there are empty."""

    layout: Layout
    columns: Columns
    rows: int
    place: Place

    def has(self, field: str) -> bool:
        return self.layout.fields.get(field) in self.columns

    def of(self, field: str) -> Sequence[Any]:
        return self.column(self.layout.fields.get(field, ""))

    def column(self, name: str) -> Sequence[Any]:
        found = self.columns.get(name)
        return [None] * self.rows if found is None else found

    def texts(self, field: str) -> list[str]:
        if not self.has(field):
            return [""] * self.rows
        column = self.of(field)
        return [one if one.__class__ is str and one != "\\N" else cells.text(one) for one in column]
