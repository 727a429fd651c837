"""Facets of what lies in spans: services, and the attributes that tell the found traces apart best.

Counted in the spans that match, or in all spans of the traces when the query does not speak of spans.
"""

import math
from dataclasses import dataclass

import duckdb
import numpy as np

from webapp.store.matching import Found, found_traces, matching_spans
from webapp.store.recent import Asked

ATTRIBUTES = 4
_FEW = 20  # values that fit a facet
_CANDIDATES = 8
_SAMPLE = 20_000  # newest spans, to guess which keys have few values
MOST_SPANS = 150_000  # of the newest traces that are counted
Counts = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class _Key:
    """`value`: text, on the chosen spans; `column`: what it needs of spans; `join`: of other tables, with `bound`."""

    key: str
    value: str
    column: str
    join: str = ""
    bound: tuple[str, ...] = ()


_SERVICE = _Key("service", "service", "service_id", "JOIN services USING (service_id)")


class SpanCounts:
    """Reads the spans once, when first asked."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, asked: Asked) -> None:
        keys = [*_span_keys(cursor), *_resource_keys(cursor)]
        if asked.plan.spans is not None:
            keys.append(_SERVICE)
        self._counts: dict[str, Counts] = {key.key: [] for key in keys}
        for number, value, traces in _count(cursor, asked, keys) if keys and len(asked.found.rows) else ():
            self._counts[keys[number].key].append((value, traces))

    def services(self) -> Counts:
        """Only of a query that speaks of spans."""
        return self._counts["service"]

    def attributes(self) -> list[tuple[str, Counts]]:
        """Those that tell most first; none that tells nothing."""
        telling = {key: _bits(counts) for key, counts in self._counts.items() if key != "service"}
        ranked = sorted((key for key in telling if telling[key] > 0), key=lambda key: (-telling[key], key))
        return [(key, self._counts[key]) for key in ranked[:ATTRIBUTES]]


def _span_keys(cursor: duckdb.DuckDBPyConnection) -> list[_Key]:
    found = cursor.execute(
        """
        SELECT key, min("column")
        FROM key_catalog
        WHERE scope = 'span' AND type IN ('str', 'int', 'bool') AND "column" IS NOT NULL AND key != 'service'
        GROUP BY key
        HAVING count(*) = 1
        ORDER BY sum(count) DESC, key
        LIMIT 40
        """
    ).fetchall()
    if not found:
        return []
    distinct = ", ".join(f"approx_count_distinct({column})" for _, column in found)
    counts = cursor.execute(
        f"SELECT {distinct} FROM spans WHERE span_row > (SELECT max(span_row) FROM spans) - {_SAMPLE}"
    ).fetchall()[0]
    few = [pair for pair, count in zip(found, counts, strict=True) if 2 <= count <= _FEW]
    return [_Key(key, f"CAST({column} AS VARCHAR)", column) for key, column in few[:_CANDIDATES]]


def _resource_keys(cursor: duckdb.DuckDBPyConnection) -> list[_Key]:
    found = cursor.execute(
        f"""
        SELECT key
        FROM resource_attributes
        WHERE type IN ('str', 'int', 'bool') AND key NOT IN ('service.name', 'service')
        AND key NOT IN (SELECT key FROM key_catalog WHERE scope = 'span')
        GROUP BY key
        HAVING count(DISTINCT text) BETWEEN 2 AND {_FEW}
        ORDER BY count(*) DESC, key
        LIMIT {_CANDIDATES}
        """
    ).fetchall()
    join = "JOIN resource_attributes r ON r.resource_id = chosen.resource_id AND r.key = ?"
    return [_Key(key, "r.text", "resource_id", join, (key,)) for (key,) in found]


def _count(cursor: duckdb.DuckDBPyConnection, asked: Asked, keys: list[_Key]) -> list[tuple[int, str, int]]:
    """(number of the key, value, traces), most traces first."""
    newest = _newest(asked)
    spans = matching_spans(cursor, asked.plan, asked.window, int(newest.rows.start_ns[-1]))
    traces = found_traces(cursor, newest, "newest_traces")
    columns = ", ".join(sorted({f"s.{key.column}" for key in keys}))
    counting = " UNION ALL ".join(
        f"""
        SELECT {number}, value, count(*)
        FROM (SELECT DISTINCT first_row, {key.value} AS value FROM chosen {key.join})
        WHERE value IS NOT NULL
        GROUP BY value
        """
        for number, key in enumerate(keys)
    )
    rows = cursor.execute(
        f"""
        WITH fitting AS (SELECT s.trace_id, {columns} {spans.text}),
        newest AS (SELECT t.trace_id, t.first_row {traces.text}),
        chosen AS MATERIALIZED (SELECT * FROM fitting JOIN newest USING (trace_id))
        {counting}
        ORDER BY 3 DESC, 2
        """,
        [*spans.values, *traces.values, *(bound for key in keys for bound in key.bound)],
    )
    return rows.fetchall()


def _newest(asked: Asked) -> Found:
    """As many of the newest traces as have not too many spans to count together; at least one."""
    found = asked.found
    spans = found.rows.spans if asked.plan.spans is None else found.rows.matches
    fitting = int(np.searchsorted(np.cumsum(spans), MOST_SPANS, side="right"))
    return Found(found.rows.at(slice(max(1, fitting))), None, found.complete, found.whole_s)


def _bits(counts: Counts) -> float:
    """What knowing the value tells, times the traces it tells of; 0 for one value or far too many."""
    total = sum(traces for _, traces in counts)
    if not 2 <= len(counts) <= 2 * _FEW:
        return 0.0
    return -sum(traces * math.log2(traces / total) for _, traces in counts)
