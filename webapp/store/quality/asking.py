"""Counts what queries find, by the very conditions by which a search finds it: so a count and its link agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from webapp.query import Query, Window, parse
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.matching import matching_traces
from webapp.store.conditions.parts import planned
from webapp.store.conditions.sql import plan
from webapp.store.conditions.where import TRUE, Where, every
from webapp.store.writing.pending import setting

EVER = Window()


@dataclass(frozen=True, slots=True)
class Counted:
    """`services`: the spans by service, most first."""

    spans: int
    traces: int
    services: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Asking:
    """About all spans with facts, or those of one source (0: all)."""

    catalogue: Catalogue
    source_id: int = 0

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        return self.catalogue.cursor

    def within(self, query: str) -> str:
        """The query, of the source alone; braces have a place for it: `{kind=client%s}`."""
        term = f" source={self.source_id}" if self.source_id else ""
        return query.replace("%s", term) if "%s" in query else (query + term).strip()

    @property
    def rows(self) -> Where:
        """A condition on spans as s: they can be counted, since a search finds them."""
        conditions = [Where(f"s.source_id = {self.source_id}") if self.source_id else TRUE]
        if setting(self.cursor, "settled_row") < setting(self.cursor, "next_row"):
            conditions.append(Where("s.trace_id IN (SELECT trace_id FROM traces)"))
        return every(conditions)

    def fits(self, query: str) -> Where:
        """What a query that speaks of spans alone asks of them."""
        return plan(parse(query), self.catalogue).spans or TRUE

    def spans(self, queries: Sequence[str]) -> list[Counted]:
        """One scan for all of the queries, which speak of spans alone, and one more for those that found something."""
        if not queries:
            return []
        conditions = [self.fits(query) for query in queries]
        counts = ", ".join(f"count(*) FILTER (WHERE {each.text})" for each in conditions)
        values = [value for each in conditions for value in each.values]
        by_service = self.cursor.execute(
            f"""
            SELECT service, {counts}
            FROM spans s JOIN services USING (service_id)
            WHERE {self.rows.text}
            GROUP BY service
            """,
            [*values, *self.rows.values],
        ).fetchall()
        found = []
        for number, condition in enumerate(conditions, 1):
            services = [(row[0], row[number]) for row in by_service if row[number]]
            services.sort(key=lambda pair: (-pair[1], pair[0]))
            total = sum(count for _, count in services)
            found.append(Counted(total, self._traces_with(condition) if total else 0, services))
        return found

    def _traces_with(self, condition: Where) -> int:
        fits = every([self.rows, condition])
        text = f"SELECT count(DISTINCT s.trace_id) FROM spans s WHERE {fits.text}"
        return int(self.cursor.execute(text, list(fits.values)).fetchall()[0][0])

    def traces(self, query: str) -> tuple[int, bool]:
        """How many traces fit; False: more than that."""
        understood = planned(self._parsed(query), self.catalogue, TRUE)
        found = matching_traces(self.cursor, understood, EVER)
        counted = self.cursor.execute(f"SELECT count(*) {found.text}", list(found.values)).fetchall()
        return int(counted[0][0]), understood.whole

    def trace_ids(self, query: str) -> Where:
        """SELECT of the traces that fit."""
        understood = planned(self._parsed(query), self.catalogue, TRUE)
        found = matching_traces(self.cursor, understood, EVER)
        return Where(f"SELECT t.trace_id {found.text}", found.values)

    def _parsed(self, query: str) -> Query:
        return parse(self.within(query))
