"""Queries that people gave a name: kept in the database, for everybody who opens it."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from webapp.store.connection import Connection

MOST_SAVED = 500
LONGEST_NAME = 100  # characters


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """`parameters`: of the search page: q, from, to, sort …"""

    name: str
    parameters: dict[str, str]


class Saved:
    """Asked of the store as `store.saved`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[SavedQuery]:
        """By name."""
        with self._connection.reading() as cursor:
            rows = cursor.execute(
                "SELECT name, parameters FROM saved_queries ORDER BY lower(name), name"
            ).fetchall()
        return [SavedQuery(name, orjson.loads(parameters)) for name, parameters in rows]

    def find(self, name: str) -> SavedQuery | None:
        with self._connection.reading() as cursor:
            row = cursor.execute("SELECT parameters FROM saved_queries WHERE name = ?", [name]).fetchone()
        return SavedQuery(name, orjson.loads(row[0])) if row else None

    def keep(self, name: str, parameters: Mapping[str, str]) -> bool:
        """In place of what has the name already. False: there are so many that some must go first."""
        with self._connection.writing() as writer:
            [(others,)] = writer.execute(
                "SELECT count(*) FROM saved_queries WHERE name != ?", [name]
            ).fetchall()
            if others >= MOST_SAVED:
                return False
            text = orjson.dumps(dict(parameters)).decode()
            writer.execute("INSERT OR REPLACE INTO saved_queries VALUES (?, ?)", [name, text])
            return True

    def drop(self, name: str) -> None:
        with self._connection.writing() as writer:
            writer.execute("DELETE FROM saved_queries WHERE name = ?", [name])
