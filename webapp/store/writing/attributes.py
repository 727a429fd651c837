"""Attributes of spans → one Arrow column a key and type, and JSON text for the rest. Knows no database."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from webapp.model.spans import Attributes, Value
from webapp.store.writing.anyvalue import decode_attributes, encode_attributes
from webapp.store.writing.arrow import Column, strings
from webapp.store.writing.keys import ARROW_TYPES, MAX_COLUMNS, RARE, TYPES, type_of

AttributeKey = tuple[str, str]  # key and type
Columns = dict[str | AttributeKey, Column]  # of the table by name, of attributes by their key
_Cells = dict[type, dict[str, list[Any]]]  # values of one type, None where a span has none
_MOST_CELLS = 400  # keys that get such a list; a span with 10,000 keys must not take all memory


class AttributeCells:
    """Encodes the attributes of spans chunk by chunk; what gets no column of its own is collected until it is taken."""

    def __init__(self) -> None:
        self._columns: set[AttributeKey] = set()
        self._strays: dict[AttributeKey, list[tuple[int, Value]]] = {}

    def encode(self, attributes_of_spans: Sequence[Attributes], first_row: int) -> Columns:
        cells: _Cells = {each: {} for each in TYPES.values()}
        for row, attributes in enumerate(attributes_of_spans):
            for key, value in attributes.items():
                try:  # the hot line of an import: 15 times a span
                    cells[type(value)][key][row] = value
                except KeyError:
                    if self._has_room(key, value):
                        cells[type(value)][key] = [None] * len(attributes_of_spans)
                        cells[type(value)][key][row] = value
                    else:
                        self._set_aside(first_row + row, key, value)
        self._set_aside_big_integers(cells[int], first_row)
        return {
            (key, kind): strings(values) if kind == "str" else pa.array(values, ARROW_TYPES[kind])
            for kind, python_type in TYPES.items()
            for key, values in cells[python_type].items()
        }

    def take_strays(self, size: int) -> "tuple[Column | None, list[tuple[AttributeKey, int]]]":
        """JSON text for each of the `size` rows encoded so far, and how often each key occurs in it."""
        if not self._strays:
            return None, []
        rest: list[Attributes | None] = [None] * size
        for (key, _), found in self._strays.items():
            for row, value in found:
                attributes = rest[row]
                if attributes is None:
                    attributes = rest[row] = {}
                attributes[key] = value
        counts = [(name, len(found)) for name, found in self._strays.items()]
        self._strays = {}
        return strings([encode_attributes(each) if each else None for each in rest]), counts

    def remember(self, names: Sequence[AttributeKey], counts: Sequence[int], size: int) -> None:
        """From now on there is always room for the frequent ones of these; for the others as far as it goes."""
        frequent = [pair for pair in zip(counts, names, strict=True) if pair[0] * RARE >= size]
        self._columns = {name for _, name in sorted(frequent, reverse=True)[:MAX_COLUMNS]}

    def _has_room(self, key: str, value: Value) -> bool:
        name = key, type_of(value)
        if name[1] == "json" or (name not in self._columns and len(self._columns) >= _MOST_CELLS):
            return False
        self._columns.add(name)
        return True

    def _set_aside(self, row: int, key: str, value: Value) -> None:
        self._strays.setdefault((key, type_of(value)), []).append((row, value))

    def _set_aside_big_integers(self, cells: dict[str, list[Any]], first_row: int) -> None:
        for key, values in cells.items():
            try:
                pa.array(values, pa.int64())
            except OverflowError:
                for row, value in enumerate(values):
                    if value and type_of(value) == "json":
                        self._set_aside(first_row + row, key, value)
                        values[row] = None


def with_more(rest: "Column | None", columns: dict[AttributeKey, Column], size: int) -> Column:
    """`attributes_rest` with the values of these columns added."""
    texts: list[str | None] = [None] * size if rest is None else rest.to_pylist()
    added: dict[int, Attributes] = {}
    for (key, _), column in columns.items():
        rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        for row, value in zip(rows.tolist(), column.drop_null().to_pylist(), strict=True):
            added.setdefault(row, {})[key] = value
    for row, attributes in added.items():
        known = decode_attributes(texts[row] or "{}")
        texts[row] = encode_attributes(known | attributes)
    return strings(texts)
