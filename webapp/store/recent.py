"""What recent searches found: the parts of a page ask the same, so it is found once. Forgotten when anything is written."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import duckdb

from webapp.query import Query, Window
from webapp.store.catalogue import Catalogue
from webapp.store.matching import Found, find
from webapp.store.sql import Plan, plan

T = TypeVar("T")
_KEPT = 16  # of at most 10,000 traces, 480 kB, each
_MOST_CATALOGUED = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, understood, what it finds, and what was worked out of that since."""

    query: Query
    window: Window
    plan: Plan
    found: Found
    answers: dict[Hashable, object] = field(default_factory=dict, compare=False)

    def once(self, name: Hashable, work_out: Callable[[], T]) -> T:
        """The answer of that name. Two threads may both work it out, and then find the same."""
        if name not in self.answers:
            self.answers[name] = work_out()
        return cast("T", self.answers[name])


class Recent:
    """Shared by the threads that read one store."""

    def __init__(self, version: Callable[[], int]) -> None:
        """`version` differs whenever something was written since."""
        self._version = version
        self._answers: OrderedDict[tuple[object, ...], Asked] = OrderedDict()
        self._catalogued: tuple[int, dict[object, list[tuple[Any, ...]]]] = (-1, {})
        self._lock = threading.Lock()

    def ask(self, cursor: duckdb.DuckDBPyConnection, query: Query, window: Window) -> Asked:
        key = (query.text, window, self._version())
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        catalogue = self.catalogue(cursor)
        understood = plan(query, catalogue)
        asked = Asked(query, window, understood, find(catalogue, understood, window))
        with self._lock:
            self._answers[key] = asked
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        return asked

    def catalogue(self, cursor: duckdb.DuckDBPyConnection) -> Catalogue:
        """Does not ask again what it was asked since the last write."""
        now = self._version()
        with self._lock:
            version, answers = self._catalogued
            if version != now or len(answers) > _MOST_CATALOGUED:
                answers = {}
                self._catalogued = now, answers
        return Catalogue(cursor, answers)
