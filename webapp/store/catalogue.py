"""Small answers that a query is planned with: attribute columns, ids of services, operations, resources, bounds."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from webapp.store.where import Where


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """Where the values of a span attribute of one type lie: a column, `attributes_rest`, or both."""

    type: str
    column: str | None
    in_rest: bool


class Catalogue:
    """Reads the small tables through one cursor. `answers` of before are not asked again; who grows drops them."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        answers: dict[object, list[tuple]] | None = None,  # type: ignore[type-arg]
    ) -> None:
        self.cursor = cursor
        self._answers = {} if answers is None else answers

    def columns(self, key: str) -> list[KeyColumn]:
        return self._key_columns(Where("key = ?", (key,)))

    def columns_of_type(self, types: Iterable[str]) -> list[KeyColumn]:
        return self._key_columns(Where("list_contains(?, type)", (list(types),)))

    def has_rest(self) -> bool:
        """Whether any value lies in `attributes_rest`."""
        return bool(self.rows("SELECT 1 FROM key_catalog WHERE in_rest LIMIT 1", ()))

    def keys(self) -> list[str]:
        """All attribute keys, the most frequent first."""
        text = "SELECT key FROM key_catalog GROUP BY key ORDER BY sum(count) DESC, key"
        return [key for (key,) in self.rows(text, ())]

    def knows(self, key: str) -> bool:
        return bool(self.rows("SELECT 1 FROM key_catalog WHERE key = ? LIMIT 1", (key,)))

    def services(self, condition: Where) -> list[tuple[int, str]]:
        """Ids and names of the services that fit a condition on `service`."""
        text = f"SELECT service_id, service FROM services WHERE {condition.text} ORDER BY service"
        return self.rows(text, condition.values)

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
            self.rows("SELECT regexp_matches('', ?)", (pattern,))
        except duckdb.InvalidInputException as error:
            return str(error).removeprefix("Invalid Input Error: ")
        return ""

    def _key_columns(self, condition: Where) -> list[KeyColumn]:
        text = (
            f"""SELECT type, "column", in_rest FROM key_catalog WHERE scope = 'span' AND {condition.text}"""
        )
        return [KeyColumn(*row) for row in self.rows(text, condition.values)]

    def _ids(self, text: str, condition: Where) -> list[int]:
        return sorted(number for (number,) in self.rows(text, condition.values))

    def rows(self, text: str, values: tuple[object, ...] = ()) -> list[tuple]:  # type: ignore[type-arg]
        key = (text, *map(repr, values))
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = self.cursor.execute(text, list(values)).fetchall()
        return found
