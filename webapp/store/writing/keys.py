"""The catalog of attribute keys: which (key, type) has a typed column of `spans`, and how often each is seen."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from webapp.model.spans import Value
from webapp.store.writing.anyvalue import clean, decode_attributes
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
_COLUMN = re.compile(r"c\d{4}")
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
        self._columns, self._free = self._columns_of(writer)
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
        for key, kind in wanted:
            column = self._free[kind].pop() if self._free[kind] else ""
            if not column and self._columns < MAX_COLUMNS and stored_rows <= MAX_ROWS_TO_ALTER:
                self._columns += 1
                column = f"c{self._columns:04}"
                writer.execute(f"ALTER TABLE spans ADD COLUMN {column} {SQL_TYPES[kind]}")
            if column:
                self._entry(key, kind, "span").column = column
                self._grew = True

    def count(self, key: str, kind: str, number: int, *, scope: str = "span", in_rest: bool = False) -> None:
        entry = self._entry(key, kind, scope)
        self._grew |= not entry.count or in_rest > entry.in_rest
        entry.count += number
        entry.in_rest |= in_rest

    def take_off(self, writer: duckdb.DuckDBPyConnection, rows: str) -> None:
        """The keys of spans that are about to be deleted, by a table of their `span_row`."""
        among = f"FROM spans SEMI JOIN {rows} USING (span_row) WHERE span_row BETWEEN ? AND ?"
        bounds = writer.execute(f"SELECT min(span_row), max(span_row) FROM {rows}").fetchall()[0]
        columns = {entry.column: name for name, entry in self._entries.items() if entry.column}
        if columns:
            text = ", ".join(f"count({column})" for column in columns)
            counts = writer.execute(f"SELECT {text} {among}", bounds).fetchall()[0]
            for name, count in zip(columns.values(), counts, strict=True):
                self._take_off(name, count)
        if any(entry.in_rest for entry in self._entries.values()):
            rests = writer.execute(
                f"SELECT attributes_rest {among} AND attributes_rest IS NOT NULL", bounds
            ).fetchall()
            for (rest,) in rests:
                for key, value in decode_attributes(rest).items():
                    self._take_off((key, type_of(value), "span"), 1)

    def take_off_resources(self, writer: duckdb.DuckDBPyConnection, resource_ids: str) -> None:
        """The keys of resources that are about to be deleted, by a query for their ids."""
        found = writer.execute(
            f"SELECT key, type, count(*) FROM resource_attributes WHERE resource_id IN ({resource_ids}) GROUP BY ALL"
        ).fetchall()
        for key, kind, count in found:
            self._take_off((key, kind, "resource"), count)

    def _take_off(self, name: tuple[str, str, str], count: int) -> None:
        if count:
            self._changed.add(name)
            self._entries[name].count -= count

    def flush(self, writer: duckdb.DuckDBPyConnection) -> None:
        self._forget_unused(writer)
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

    def _forget_unused(self, writer: duckdb.DuckDBPyConnection) -> None:
        """Keys of which no value is left. Their columns, which are empty now, go to the next keys of the type."""
        unused = [name for name in self._changed if not self._entries[name].count]
        for name in unused:
            column = self._entries.pop(name).column
            if column:
                self._free[name[1]].append(column)
            writer.execute("DELETE FROM key_catalog WHERE key = ? AND type = ? AND scope = ?", name)
            self._grew = True
        self._changed.difference_update(unused)

    def _columns_of(self, writer: duckdb.DuckDBPyConnection) -> tuple[int, dict[str, list[str]]]:
        """How many there are, and those that no key has, by type."""
        used = {entry.column for entry in self._entries.values()}
        described = [(name, kind) for name, kind, *_ in writer.execute("DESCRIBE spans").fetchall()]
        columns = [(name, kind) for name, kind in described if _COLUMN.fullmatch(name)]
        free = {
            kind: [name for name, own in columns if own == SQL_TYPES[kind] and name not in used]
            for kind in SQL_TYPES
        }
        return len(columns), free

    def _entry(self, key: str, kind: str, scope: str) -> _Entry:
        name = clean(key), kind, scope
        self._changed.add(name)
        return self._entries.setdefault(name, _Entry())
