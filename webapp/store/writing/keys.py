"""The catalog of attribute keys: which (key, type) has a typed column of `spans`, and how often each is seen."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from webapp.model.spans import Value
from webapp.store.writing.anyvalue import clean
from webapp.store.writing.arrow import insert, strings

MAX_COLUMNS = 256
MAX_ROWS_TO_ALTER = (
    2_000_000  # adding a column rewrites metadata of every row group; later keys go to attributes_rest
)
RARE = 10_000  # a key in fewer than one of so many spans of its first batch gets no column

TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
SQL_TYPES = {"str": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN"}
ARROW_TYPES: dict[str, pa.DataType] = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
}
_KINDS = {python_type: kind for kind, python_type in TYPES.items()}


def type_of(value: Value) -> str:
    """str, int, float, bool, or json for what only JSON can hold."""
    if type(value) is int and not -(2**63) <= value < 2**63:
        return "json"
    return _KINDS.get(type(value), "json")


@dataclass(slots=True)
class _Entry:
    column: str | None = None
    in_rest: bool = False
    count: int = 0


class KeyCatalog:
    """Kept in memory by the writer. A failed transaction leaves it ahead of the tables: load it anew."""

    def __init__(self, writer: duckdb.DuckDBPyConnection) -> None:
        rows = writer.execute('SELECT key, type, scope, "column", in_rest, count FROM key_catalog').fetchall()
        self._entries = {(key, kind, scope): _Entry(*rest) for key, kind, scope, *rest in rows}
        self._columns = sum(entry.column is not None for entry in self._entries.values())
        self._changed: set[tuple[str, str, str]] = set()
        self._grew = False

    def grew(self) -> bool:
        """Whether keys came, or values where a key had none, since this was last asked."""
        grew, self._grew = self._grew, False
        return grew

    def column_of(self, key: str, kind: str) -> str | None:
        entry = self._entries.get((key, kind, "span"))
        return entry.column if entry else None

    def add_columns(
        self, writer: duckdb.DuckDBPyConnection, wanted: Iterable[tuple[str, str]], stored_rows: int
    ) -> None:
        """Give columns to these (key, type), most wanted first, as far as there is room."""
        if stored_rows > MAX_ROWS_TO_ALTER:
            return
        for key, kind in wanted:
            if self._columns >= MAX_COLUMNS:
                return
            self._columns += 1
            column = f"c{self._columns:04}"
            writer.execute(f"ALTER TABLE spans ADD COLUMN {column} {SQL_TYPES[kind]}")
            self._entry(key, kind, "span").column = column
            self._grew = True

    def count(self, key: str, kind: str, number: int, *, scope: str = "span", in_rest: bool = False) -> None:
        entry = self._entry(key, kind, scope)
        self._grew |= not entry.count or in_rest > entry.in_rest
        entry.count += number
        entry.in_rest |= in_rest

    def flush(self, writer: duckdb.DuckDBPyConnection) -> None:
        names = sorted(self._changed)
        entries = [self._entries[name] for name in names]
        columns = {
            "key": strings([key for key, _, _ in names]),
            "type": strings([kind for _, kind, _ in names]),
            "scope": strings([scope for _, _, scope in names]),
            "column": strings([entry.column for entry in entries]),
            "in_rest": pa.array([entry.in_rest for entry in entries], pa.bool_()),
            "count": pa.array([entry.count for entry in entries], pa.uint64()),
        }
        insert(writer, "key_catalog", columns, replace=True)
        self._changed.clear()

    def _entry(self, key: str, kind: str, scope: str) -> _Entry:
        name = clean(key), kind, scope
        self._changed.add(name)
        return self._entries.setdefault(name, _Entry())
