"""What recent searches found: the parts of a page ask the same, so it is found once. Forgotten when anything is written."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

import duckdb

from webapp.query import Query, Window
from webapp.store.conditions.catalogue import Answers, Catalogue, Known
from webapp.store.conditions.matching import Found, find, in_window
from webapp.store.conditions.parts import planned
from webapp.store.conditions.sql import Plan
from webapp.store.connection import Connection

T = TypeVar("T")
_KEPT = 16  # of at most 10,000 traces, 480 kB, each
_MOST_CATALOGUED = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, understood, and what was worked out of it since."""

    query: Query
    window: Window
    plan: Plan
    known: Known = field(compare=False)
    find: Callable[[], Found] = field(compare=False)
    answers: dict[Hashable, object] = field(default_factory=dict, compare=False)

    @property
    def found(self) -> Found:
        """Looked for when first asked for: the newest page does without, where counting all that match would take long."""
        return self.once("found", self.find)

    @property
    def is_found(self) -> bool:
        return "found" in self.answers

    def once(self, name: Hashable, work_out: Callable[[], T]) -> T:
        """The answer of that name. Two threads may both work it out, and then find the same."""
        if name not in self.answers:
            self.answers[name] = work_out()
        return cast("T", self.answers[name])


class Recent:
    """Shared by the threads that read one store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._answers: OrderedDict[tuple[object, ...], Asked] = OrderedDict()
        self._written: tuple[int, Answers] = (-1, {})
        self._named: tuple[int, Answers] = (-1, {})
        self._guesses: Answers = {}
        self._lock = threading.Lock()

    def ask(self, cursor: duckdb.DuckDBPyConnection, query: Query, window: Window) -> Asked:
        key = (query.text, window, self._connection.writes)
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        known = self._known()
        understood = planned(query, Catalogue(cursor, known), in_window(window))
        asked = Asked(query, window, understood, known, lambda: self._find(understood, window))
        with self._lock:
            self._answers[key] = asked
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        return asked

    def catalogue(self, cursor: duckdb.DuckDBPyConnection) -> Catalogue:
        """Does not ask again what it was asked since the last write."""
        return Catalogue(cursor, self._known())

    def _known(self) -> Known:
        with self._lock:
            self._written = _kept(self._written, self._connection.writes)
            self._named = _kept(self._named, self._connection.namings)
            if len(self._guesses) > _MOST_CATALOGUED:
                self._guesses = {}
            return Known(self._written[1], self._named[1], self._guesses)

    def _find(self, understood: Plan, window: Window) -> Found:
        with self._connection.reading() as cursor:
            found = find(self.catalogue(cursor), understood, window)
            return found if understood.whole else replace(found, complete=False, whole_s=float("inf"))


def _kept(before: tuple[int, Answers], version: int) -> tuple[int, Answers]:
    return before if before[0] == version and len(before[1]) <= _MOST_CATALOGUED else (version, {})
