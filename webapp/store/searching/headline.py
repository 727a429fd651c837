"""What the first sentence of many traces is made of: times by root operation, who had the time, where failures began,
and versions that are new. Asked of the store as `store.headline`; what stands out is settled in `analysis/headline.py`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

import duckdb
import numpy as np

from webapp.model.headline import Failures, RootTimes, VersionChange
from webapp.query import Query, Window
from webapp.query.spelling import MAX_NS
from webapp.store.conditions.matching import found_traces, in_window
from webapp.store.conditions.where import TRUE, Where, every
from webapp.store.searching.recent import Asked

MOST_TRACES = 200_000  # the newest; more are not looked at
_LEAST = 40  # traces of a root operation
_MOST_SLOW = 5_000  # traces whose time is summed by service
_MOST_CHANGES = 200

T = TypeVar("T")
Asking = Callable[[Query, Window], AbstractContextManager[tuple[duckdb.DuckDBPyConnection, Asked]]]


class Headline:
    """`asking` understands a query and keeps what was worked out of it."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def of_roots(
        self, query: Query, window: Window, find: Callable[[list[RootTimes]], T]
    ) -> tuple[T, int | None]:
        """What `find` finds in the root operations with enough traces, remembered by its name; and how many traces they
        are of when that is not all.
        """
        with self._asking(query, window) as (cursor, asked):
            roots, based_on = asked.once("root times", lambda: _roots(cursor, asked))
        return asked.once(("of root times", find.__qualname__), lambda: find(roots)), based_on

    def owners(
        self, query: Query, window: Window, root: tuple[str, str], from_ns: int, to_ns: int, over_ns: int
    ) -> list[tuple[str, float]]:
        """Of the traces of a root from … to that took longer: what share of it was spent waiting for whom."""
        with self._asking(query, window) as (cursor, asked):
            chosen = _chosen(cursor, asked, root, from_ns, to_ns, Where("t.duration_ns > ?", (over_ns,)))
            rows = cursor.execute(
                f"""
                WITH slow AS (SELECT t.services, t.duration_ns {chosen.text} LIMIT {_MOST_SLOW})
                SELECT part.service, sum(part.critical_ns) / (SELECT greatest(1, sum(duration_ns)) FROM slow) AS share
                FROM (SELECT unnest(services) AS part FROM slow)
                GROUP BY ALL
                ORDER BY share DESC, part.service
                LIMIT 3
                """,
                list(chosen.values),
            ).fetchall()
            return [(service, float(share)) for service, share in rows]

    def failures(
        self, query: Query, window: Window, root: tuple[str, str], from_ns: int, to_ns: int
    ) -> Failures:
        """Of the failed traces from … to of a root, of all if it is empty."""
        with self._asking(query, window) as (cursor, asked):
            chosen = _chosen(cursor, asked, root, from_ns, to_ns, Where("t.failed"))
            rows = cursor.execute(
                f"""
                SELECT
                  regexp_replace(t.failure_sentence, ' \\([0-9][^()]*\\)', '') AS sentence, count(*),
                  replace(arg_max(t.trace_id, t.start_ns)::VARCHAR, '-', '')
                {chosen.text}
                GROUP BY sentence
                ORDER BY 2 DESC, 1
                """,
                list(chosen.values),
            ).fetchall()
            if not rows:
                return Failures()
            sentence, often, example = rows[0]
            return Failures(sentence, often, example, sum(row[1] for row in rows))

    def usual(self, query: Query, window: Window, like: str) -> str:
        """Of the traces with the root operation of one: that of median duration among those that did not fail, or ""."""
        with self._asking(query, window) as (cursor, asked):
            root = cursor.execute(
                "SELECT root_service, root_name FROM traces WHERE trace_id = ?::UUID", [like]
            )
            chosen = _chosen(cursor, asked, root.fetchall()[0], 0, MAX_NS, Where("NOT t.failed"))
            rows = cursor.execute(
                f"""
                WITH ok AS (SELECT t.trace_id, t.duration_ns {chosen.text})
                SELECT replace(trace_id::VARCHAR, '-', '')
                FROM ok
                WHERE duration_ns = (SELECT quantile_disc(duration_ns, 0.5) FROM ok)
                ORDER BY trace_id
                LIMIT 1
                """,
                list(chosen.values),
            ).fetchall()
            return rows[0][0] if rows else ""

    def version_changes(self, query: Query, window: Window) -> list[VersionChange]:
        """Of the whole store, those whose first span lies in the window; by time."""
        with self._asking(query, window) as (cursor, asked):
            changes = asked.once("version changes", lambda: _version_changes(cursor))
            from_ns, to_ns = window.from_ns or 0, window.to_ns
            return [c for c in changes if c.first_ns >= from_ns and (to_ns is None or c.first_ns < to_ns)]


def _roots(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> tuple[list[RootTimes], int | None]:
    traces = _traces(cursor, asked)
    table = cursor.sql(
        f"""
        SELECT t.root_service, t.root_name, t.start_ns, t.duration_ns, t.failed, t.weight {traces.text}
        ORDER BY t.start_ns DESC
        LIMIT {MOST_TRACES + 1}
        """,
        params=list(traces.values),
    ).to_arrow_table()
    cut = table.num_rows > MOST_TRACES
    table = table.slice(0, MOST_TRACES).combine_chunks()
    services, names = (
        table[column].combine_chunks().dictionary_encode() for column in ("root_service", "root_name")
    )
    codes = services.indices.to_numpy().astype(np.int64) * len(names.dictionary) + names.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    columns = [table[column].to_numpy()[order] for column in ("start_ns", "duration_ns", "failed", "weight")]
    found, first, counts = np.unique(codes[order], return_index=True, return_counts=True)
    roots = []
    for code, at, count in zip(found.tolist(), first.tolist(), counts.tolist(), strict=True):
        service = services.dictionary[code // len(names.dictionary)].as_py()
        if count >= _LEAST and service:
            part = slice(at, at + count)
            name = names.dictionary[code % len(names.dictionary)].as_py()
            roots.append(RootTimes(service, name, *(column[part][::-1] for column in columns)))
    whole = (
        None
        if (asked.query.root is None and not cut) or asked.found.complete
        else min(table.num_rows, MOST_TRACES)
    )
    return roots, whole


def _traces(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> Where:
    """FROM and WHERE of the traces: all of the window, or those that a query was found to match."""
    if asked.query.root is None:
        inside = in_window(asked.window)
        return Where(f"FROM traces t WHERE {inside.text}", inside.values)
    return found_traces(cursor, asked.found)


def _chosen(
    cursor: duckdb.DuckDBPyConnection,
    asked: Asked,
    root: tuple[str, str],
    from_ns: int,
    to_ns: int,
    condition: Where,
) -> Where:
    traces = _traces(cursor, asked)
    conditions = every(
        [
            Where("t.start_ns BETWEEN ? AND ?", (from_ns, to_ns)),
            Where("t.root_service = ? AND t.root_name = ?", root) if root[0] else TRUE,
            condition,
        ]
    )
    return Where(f"{traces.text} AND {conditions.text}", (*traces.values, *conditions.values))


def _version_changes(cursor: duckdb.DuckDBPyConnection) -> list[VersionChange]:
    rows = cursor.execute(
        f"""
        WITH versions AS (
          SELECT resource_id, text AS version
          FROM resource_attributes
          WHERE key = 'service.version' AND text != ''
        ), seen AS (
          SELECT service_id, version, min(first_ns) AS first_ns
          FROM resource_sums JOIN versions USING (resource_id)
          WHERE first_ns IS NOT NULL AND (SELECT count(DISTINCT version) FROM versions) > 1
          GROUP BY ALL
        ), ordered AS (
          SELECT *, row_number() OVER (PARTITION BY service_id ORDER BY first_ns, version) AS place
          FROM seen
        )
        SELECT service, version, first_ns
        FROM ordered JOIN services USING (service_id)
        WHERE place > 1
        ORDER BY first_ns, service, version
        LIMIT {_MOST_CHANGES}
        """
    ).fetchall()
    return [VersionChange(*row) for row in rows]
