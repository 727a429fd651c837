"""Facets of what lies in spans: services, and the attributes that tell the found traces apart best.

Counted in the spans that match, or in all spans of the traces when the query does not speak of spans: those of the
newest traces, when that is many. Which attributes are tried is guessed, anew each time that the store has doubled.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import duckdb
import numpy as np
import pyarrow as pa

from webapp.model.columns import I64
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.matching import Found, matching_spans
from webapp.store.searching.recent import Asked

ATTRIBUTES = 4
_FEW = 20  # values that fit a facet
_CANDIDATES = 8
_SAMPLE = 20_000  # newest spans, to guess which keys have few values
MOST_SPANS = 50_000  # of the newest traces that are counted
_DENSE = 20_000_000  # traces by values that are marked in a table
Counts = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class _Key:
    """`column` of spans holds the value, or a number of which `names` has the values."""

    key: str
    column: str
    names: Mapping[int, str] | None = None


class SpanCounts:
    """Reads the spans once."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, asked: Asked) -> None:
        keys = _keys(Catalogue(cursor, asked.known))
        if asked.plan.spans is not None:
            services = cursor.execute("SELECT service_id, service FROM services").fetchall()
            keys = [*keys, _Key("service", "service_id", dict(services))]
        self._counts: dict[str, Counts] = {}
        if keys and len(asked.found.rows):
            place, values, traces = _read(cursor, asked, sorted({key.column for key in keys}))
            self._counts = {key.key: _count(place, values[key.column], key.names, traces) for key in keys}

    def services(self) -> Counts:
        """Only of a query that speaks of spans."""
        return self._counts.get("service", [])

    def attributes(self) -> list[tuple[str, Counts]]:
        """Those that tell most first; none that tells nothing."""
        telling = {key: _bits(counts) for key, counts in self._counts.items() if key != "service"}
        ranked = sorted((key for key in telling if telling[key] > 0), key=lambda key: (-telling[key], key))
        return [(key, self._counts[key]) for key in ranked[:ATTRIBUTES]]


def most_first(counts: Iterable[tuple[str, int]]) -> Counts:
    return sorted(counts, key=lambda pair: (-pair[1], pair[0]))


def _keys(catalogue: Catalogue) -> list[_Key]:
    last = catalogue.rows("SELECT coalesce(max(span_row), 0) FROM spans")[0][0]
    return catalogue.remembered_names(
        ("facet keys", last.bit_length()),
        lambda: [*_span_keys(catalogue.cursor, last), *_resource_keys(catalogue.cursor)],
    )


def _span_keys(cursor: duckdb.DuckDBPyConnection, last: int) -> list[_Key]:
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
    counts = cursor.execute(f"SELECT {distinct} FROM spans WHERE span_row > {last - _SAMPLE}").fetchall()[0]
    few = [pair for pair, count in zip(found, counts, strict=True) if 2 <= count <= _FEW]
    return [_Key(key, column) for key, column in few[:_CANDIDATES]]


def _resource_keys(cursor: duckdb.DuckDBPyConnection) -> list[_Key]:
    found = cursor.execute(
        f"""
        SELECT key, list(resource_id), list(text)
        FROM resource_attributes
        WHERE type IN ('str', 'int', 'bool') AND key NOT IN ('service.name', 'service')
        AND key NOT IN (SELECT key FROM key_catalog WHERE scope = 'span')
        GROUP BY key
        HAVING count(DISTINCT text) BETWEEN 2 AND {_FEW}
        ORDER BY count(*) DESC, key
        LIMIT {_CANDIDATES}
        """
    ).fetchall()
    return [_Key(key, "resource_id", dict(zip(ids, texts, strict=True))) for key, ids, texts in found]


def _read(
    cursor: duckdb.DuckDBPyConnection, asked: Asked, columns: list[str]
) -> tuple[I64, dict[str, "pa.ChunkedArray[Any]"], int]:
    """Of the spans the place of their trace among the newest and their values; and how many traces that are."""
    newest = _newest(asked).rows
    spans = matching_spans(cursor, asked.plan, asked.window, int(newest.start_ns[-1]))
    places = pa.table({"first_row": newest.first_row, "place": np.arange(len(newest))})
    cursor.register("newest_traces", places)
    found = cursor.sql(
        f"""
        WITH fitting AS (SELECT s.trace_id, {", ".join(f"s.{column}" for column in columns)} {spans.text}),
        newest AS (
          SELECT t.trace_id, place
          FROM traces t JOIN newest_traces USING (first_row)
          WHERE t.start_ns BETWEEN ? AND ?
        )
        SELECT place, {", ".join(columns)} FROM fitting JOIN newest USING (trace_id)
        """,
        params=[*spans.values, int(newest.start_ns[-1]), int(newest.start_ns[0])],
    ).to_arrow_table()
    return found["place"].to_numpy(), {column: found[column] for column in columns}, len(newest)


def _count(
    place: I64, values: "pa.ChunkedArray[Any]", names: Mapping[int, str] | None, traces: int
) -> Counts:
    """In how many of the traces each value is, most first."""
    encoded = cast("pa.DictionaryArray[Any, Any]", values.dictionary_encode().combine_chunks())
    texts = [_text(value, names) for value in encoded.dictionary.to_pylist()]
    known = list(dict.fromkeys(text for text in texts if text is not None))
    number = {text: at for at, text in enumerate(known)}
    none = len(known)
    number_of = np.array([*(none if text is None else number[text] for text in texts), none])
    numbers = number_of[encoded.indices.fill_null(len(texts)).to_numpy()]
    pairs = place * (none + 1) + numbers
    if traces * none > _DENSE:
        counts = np.bincount(np.unique(pairs) % (none + 1), minlength=none)
    else:
        seen = np.zeros((traces, none + 1), np.bool_)
        seen.ravel()[pairs] = True
        counts = np.count_nonzero(seen, axis=0)
    return most_first(zip(known, counts.tolist(), strict=False))


def _text(value: str | int | bool | None, names: Mapping[int, str] | None) -> str | None:
    """As DuckDB writes it."""
    if names is not None:
        return names.get(int(value)) if value is not None else None
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


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
