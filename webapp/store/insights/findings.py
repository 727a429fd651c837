"""Known patterns over all traces, as `store.findings`: what is to be looked at, what was found, and how much of all."""

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import duckdb

from webapp.errors import TooSlow
from webapp.model.columns import I64
from webapp.model.insights import BrokenContext, Changes, InsightsAsked, LateService, LookedAt, Progress
from webapp.model.spans import Attributes
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.connection import READ_SECONDS, Connection
from webapp.store.insights import broken_context, changes, looked
from webapp.store.insights.broken_context import Matched
from webapp.store.insights.changes import Rules
from webapp.store.insights.insights import Insights, late_services, read_insights
from webapp.store.insights.looked import Unlooked
from webapp.store.reading.spans import read_asked
from webapp.store.reading.words import Words

_PAGE_SECONDS = 1.0  # for what a page can do without
_MOST_ANSWERS = 100  # of at most 200 kinds of findings each
_LOOKING_SECONDS = 600.0  # one batch: a trace may be as large as the store

T = TypeVar("T")


class Findings:
    def __init__(self, connection: Connection, words: Words) -> None:
        self._connection, self._words = connection, words
        self._answers: tuple[int, dict[Hashable, object]] = (-1, {})

    def progress(self) -> Progress:
        with self._connection.reading(READ_SECONDS) as cursor:
            return looked.progress(cursor)

    def looks_for(self, thresholds: str) -> bool:
        """Whether what was found was looked for under these thresholds."""
        with self._connection.reading(READ_SECONDS) as cursor:
            return looked.looks_for(cursor, thresholds)

    def look_for(self, thresholds: str) -> None:
        """Before the first batch: what was found under other thresholds is looked for again."""
        with self._connection.writing() as writer:
            looked.forget_others(writer, thresholds)

    def next_unlooked(self, most_spans: int, least_alike: int) -> Unlooked | None:
        with self._connection.reading(_LOOKING_SECONDS) as cursor:
            return looked.next_unlooked(cursor, self._words, most_spans, least_alike)

    def asked(self, rows: I64) -> dict[int, tuple[Attributes, str]]:
        """By row what its span says of whom it asks for what, and its status message."""
        with self._connection.reading(_LOOKING_SECONDS) as cursor:
            return read_asked(Catalogue(cursor), rows)

    def keep(self, of: Unlooked, found: LookedAt) -> None:
        with self._connection.writing() as writer:
            looked.keep(writer, of, found)

    def insights(self, asked: InsightsAsked, span: tuple[int, int]) -> Insights:
        name = ("insights", repr(asked), span)
        return self._once(name, lambda cursor: read_insights(cursor, asked, span), READ_SECONDS)

    def newest_version(self, from_ns: int, to_ns: int) -> tuple[int, tuple[str, str]] | None:
        """When the newest version of a service was first seen, and which; not at the very beginning or end."""
        return self._once(
            ("version", from_ns, to_ns), lambda cursor: changes.newest_version(cursor, from_ns, to_ns)
        )

    def changes(self, since_ns: int, span: tuple[int, int], rules: Rules) -> Changes:
        return self._once(
            ("changes", since_ns, span), lambda cursor: changes.read_changes(cursor, since_ns, span, rules)
        )

    def broken_context(self, rules: Matched, span: tuple[int, int]) -> list[BrokenContext]:
        """Pairs of services between which traces break."""
        return self._once(("broken", span), lambda cursor: broken_context.read_broken(cursor, rules, span))

    def _once(
        self, name: Hashable, ask: Callable[[duckdb.DuckDBPyConnection], T], seconds: float = _PAGE_SECONDS
    ) -> T:
        """Asked once until something is written; what a page can do without, and takes too long, is not tried again
        until then.
        """
        written, answers = self._answers
        if written != self._connection.writes or len(answers) >= _MOST_ANSWERS:
            written, answers = self._answers = self._connection.writes, {}
        if name not in answers:
            try:
                with self._connection.reading(seconds) as cursor:
                    answers[name] = ask(cursor)
            except TooSlow as error:
                if seconds > _PAGE_SECONDS:
                    raise
                answers[name] = error
        if isinstance(answers[name], TooSlow):
            raise cast("TooSlow", answers[name])
        return cast("T", answers[name])

    def late_services(self, asked: InsightsAsked, least: int) -> list[LateService]:
        name = ("late", repr(asked), least)
        return self._once(name, lambda cursor: late_services(cursor, asked, least), READ_SECONDS)
