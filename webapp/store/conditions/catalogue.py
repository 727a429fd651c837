"""Small answers that a query is planned with: attribute columns, ids of services, operations, resources, bounds."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import duckdb

from webapp.store.conditions.where import Where


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """Where the values of a span attribute of one type lie: a column, `attributes_rest`, or both."""

    type: str
    column: str | None
    in_rest: bool


Answers = dict[Hashable, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """Answers that need not be asked again: until something is written, or until it brings new names, keys or values.

    `guesses` may be old: they only tell where to look first.
    """

    until_written: Answers = field(default_factory=dict)
    until_named: Answers = field(default_factory=dict)
    guesses: Answers = field(default_factory=dict)


class Catalogue:
    """Reads the small tables through one cursor."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, known: Known | None = None) -> None:
        self.cursor = cursor
        self._known = known or Known()
        self.guesses = self._known.guesses

    def columns(self, key: str) -> list[KeyColumn]:
        return self._key_columns(Where("key = ?", (key,)))

    def columns_of_type(self, types: Iterable[str]) -> list[KeyColumn]:
        return self._key_columns(Where("list_contains(?, type)", (list(types),)))

    def span_columns(self) -> list[tuple[str, str]]:
        """Columns of span attributes, and their keys."""
        text = """SELECT "column", key FROM key_catalog WHERE "column" IS NOT NULL AND scope = 'span' ORDER BY key"""
        return self._names(text, ())

    def has_rest(self) -> bool:
        """Whether any value lies in `attributes_rest`."""
        return bool(self._names("SELECT 1 FROM key_catalog WHERE in_rest LIMIT 1", ()))

    def keys(self) -> list[str]:
        """All attribute keys, the most frequent first."""
        text = "SELECT key FROM key_catalog GROUP BY key ORDER BY sum(count) DESC, key"
        return [key for (key,) in self.rows(text, ())]

    def knows(self, key: str) -> bool:
        return bool(self._names("SELECT 1 FROM key_catalog WHERE key = ? LIMIT 1", (key,)))

    def services(self, condition: Where) -> list[tuple[int, str]]:
        """Ids and names of the services that fit a condition on `service`."""
        text = f"SELECT service_id, service FROM services WHERE {condition.text} ORDER BY service"
        return self._names(text, condition.values)

    def operations(self, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Service and name of each."""
        known = cast("dict[int, tuple[str, str]]", self._known.until_named.setdefault("operations", {}))
        unknown = {number for number in ids if number not in known}
        if unknown:
            found = self.cursor.execute(
                f"""
                SELECT operation_id, service, name FROM operations JOIN services USING (service_id)
                WHERE operation_id IN ({", ".join(map(str, unknown))})
                """
            ).fetchall()
            known.update({number: (service, name) for number, service, name in found})
        return known

    def operation_id(self, service: str, name: str) -> int:
        """-1 if there is none."""
        text = """
          SELECT operation_id
          FROM operations JOIN services USING (service_id)
          WHERE service = ? AND name = ?
        """
        found = self._names(text, (service, name))
        return int(found[0][0]) if found else -1

    def operation_ids(self, condition: Where) -> list[int]:
        """Of operations that fit a condition on `name`."""
        return self._ids(f"SELECT operation_id FROM operations WHERE {condition.text}", condition)

    def resource_ids(self, condition: Where) -> list[int]:
        """Of resources with an attribute that fits a condition on `key`, `type`, `text`, `number`."""
        text = f"SELECT DISTINCT resource_id FROM resource_attributes WHERE {condition.text}"
        return self._ids(text, condition)

    def resource_ids_by_json(self, condition: Where) -> list[int]:
        """Of resources that fit a condition on `attributes`, the JSON of them all."""
        return self._ids(f"SELECT resource_id FROM resources WHERE {condition.text}", condition)

    def pattern_error(self, pattern: str) -> str:
        """What is wrong with a regular expression, "" if nothing is."""
        try:
            self._names("SELECT regexp_matches('', ?)", (pattern,))
        except duckdb.InvalidInputException as error:
            return str(error).removeprefix("Invalid Input Error: ")
        return ""

    def _key_columns(self, condition: Where) -> list[KeyColumn]:
        text = (
            f"""SELECT type, "column", in_rest FROM key_catalog WHERE scope = 'span' AND {condition.text}"""
        )
        return [KeyColumn(*row) for row in self._names(text, condition.values)]

    def _ids(self, text: str, condition: Where) -> list[int]:
        return sorted(number for (number,) in self._names(text, condition.values))

    def trace_bounds(self) -> tuple[int, int, int]:
        """Of the traces whose start is known: how many, the first and the newest start, zeros for none."""
        text = "SELECT count(*), min(start_ns), max(start_ns) FROM traces WHERE start_ns <> 0"
        count, first_ns, newest_ns = self.rows(text)[0]
        return (count, first_ns, newest_ns) if count else (0, 0, 0)

    def rows(self, text: str, values: tuple[object, ...] = ()) -> list[tuple]:  # type: ignore[type-arg]
        """Of any table: what a statement found since the last write."""
        return self._asked(self._known.until_written, text, values)

    def remembered(self, name: Hashable, work_out: Callable[[], T]) -> T:
        """What was worked out under this name since the last write."""
        return _once(self._known.until_written, name, work_out)

    def remembered_names(self, name: Hashable, work_out: Callable[[], T]) -> T:
        """What was worked out under this name from tables that only grow by new names."""
        return _once(self._known.until_named, name, work_out)

    def _names(self, text: str, values: tuple[object, ...]) -> list[tuple]:  # type: ignore[type-arg]
        """Of tables that only grow by new names."""
        return self._asked(self._known.until_named, text, values)

    def _asked(self, answers: Answers, text: str, values: tuple[object, ...]) -> list[tuple]:  # type: ignore[type-arg]
        key = (text, *map(repr, values))
        found = answers.get(key)
        if found is None:
            found = answers[key] = self.cursor.execute(text, list(values)).fetchall()
        return cast("list[tuple[Any, ...]]", found)


def _once(answers: Answers, name: Hashable, work_out: Callable[[], T]) -> T:
    if name not in answers:
        answers[name] = work_out()
    return cast("T", answers[name])
