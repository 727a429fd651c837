"""From any spelling of an id, as pasted from a log or a header, to the traces it names."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import duckdb

from webapp.model.id_spellings import (
    LOWER_HALF,
    any_span_id,
    any_trace_id,
    hex_digits,
    span_ids_in,
    spellings,
    trace_ids_in,
)
from webapp.query import Term
from webapp.store.conditions.compare import like
from webapp.store.conditions.where import Where, either
from webapp.store.writing.pending import setting

MOST = 50  # of an ambiguous prefix
_SHORTEST_PREFIX = 8
_ESCAPE = "ESCAPE '\\'"
_ONE_WORD = re.compile(r"[^\s=<>~]{1,300}")  # what may be an id, and no query
_LIKE_AN_ID = re.compile(r"(?=.*\d)[^\s=<>]{4,300}")  # what is worth a look at all spans


class Meant(NamedTuple):
    """`as_`: what the text is of the traces: `id`, `end` or `start` of their ids, `span` for the id of a span in them."""

    as_: str
    traces: list[str]


def find_traces(cursor: duckdb.DuckDBPyConnection, text: str) -> Meant:
    """Traces of this id, as we or as their file writes it; else whose id ends or begins so; else with a span of this id."""
    return next((Meant(as_, traces) for as_, traces in _meanings(cursor, text) if traces), Meant("id", []))


def _meanings(cursor: duckdb.DuckDBPyConnection, text: str) -> Iterator[tuple[str, list[str]]]:
    """The surest first; each is looked up only if those before it gave nothing."""
    may_be_id = any(_ONE_WORD.fullmatch(each) for each in spellings(text))
    for trace_id in any_trace_id(text) if may_be_id else trace_ids_in(text):
        yield "id", _known(cursor, "trace_id = ?::UUID", [trace_id])
    yield "id", _as_written(cursor, "written_trace_id", text)
    for trace_id in trace_ids_in(text):  # the lower half, as Zipkin and Datadog log it
        if trace_id.startswith(LOWER_HALF):
            yield "end", _known(cursor, "right(trace_id::VARCHAR, 17) = ?", [_dashed(trace_id)])
    yield "start", _by_prefix(cursor, hex_digits(text))
    yield "span", _with_span(cursor, list(span_ids_in(text)))
    yield "span", _as_written(cursor, "written_span_id", text)


def of_trace(term: Term) -> Where:
    """On `traces` as t: what `trace.id=…` asks, whichever way the id is spelt."""
    if term.wild:
        pattern = like(term.value)
        return either(
            [
                Where(f"replace(t.trace_id::VARCHAR, '-', '') LIKE ? {_ESCAPE}", (pattern.lower(),)),
                _written_like(f"written_trace_id LIKE ? {_ESCAPE}", pattern),
            ]
        )
    found = any_trace_id(term.value)
    halves = [_dashed(trace_id) for trace_id in found if trace_id.startswith(LOWER_HALF)]
    return either(
        [
            Where("t.trace_id IN (SELECT unnest(?::UUID[]))", (found,)),
            *(Where("right(t.trace_id::VARCHAR, 17) = ?", (half,)) for half in halves),
            *([_written_like("written_trace_id = ?", term.value)] if term.value not in found else []),
        ]
    )


def of_span(term: Term) -> Where:
    """On `spans` as s: what `id=…` and `parent=…` ask."""
    column = {"id": "s.span_id", "parent": "s.parent_id"}[term.key]
    if term.wild:
        fits = Where(f"format('{{:016x}}', {column}) LIKE ? {_ESCAPE}", (like(term.value).lower(),))
        written = Where(f"coalesce(s.written_span_id LIKE ? {_ESCAPE}, false)", (like(term.value),))
    else:
        fits = Where(f"{column} IN (SELECT unnest(?::UBIGINT[]))", (any_span_id(term.value),))
        written = Where("coalesce(s.written_span_id = ?, false)", (term.value,))
    return either([fits, written]) if term.key == "id" else fits


def _written_like(condition: str, value: str) -> Where:
    return Where(f"t.trace_id IN (SELECT trace_id FROM spans WHERE {condition})", (value,))


def _dashed(trace_id: str) -> str:
    """The lower half, as a UUID spells it."""
    return f"{trace_id[16:20]}-{trace_id[20:]}"


def _as_written(cursor: duckdb.DuckDBPyConnection, column: str, text: str) -> list[str]:
    """Ids that their readers had to cut, or to number."""
    sought = [each for each in spellings(text) if _LIKE_AN_ID.fullmatch(each)]
    if not sought:
        return []
    found = cursor.execute(
        f"""
        SELECT DISTINCT replace(trace_id::VARCHAR, '-', '')
        FROM spans
        WHERE {column} IN (SELECT unnest(?::VARCHAR[]))
        ORDER BY ALL
        LIMIT {MOST}
        """,
        [sought],
    ).fetchall()
    return [trace_id for (trace_id,) in found]


def _by_prefix(cursor: duckdb.DuckDBPyConnection, digits: str) -> list[str]:
    if len(digits) < _SHORTEST_PREFIX:
        return []
    return _known(
        cursor, "trace_id BETWEEN ?::UUID AND ?::UUID", [digits.ljust(32, "0"), digits.ljust(32, "f")]
    )


def _known(cursor: duckdb.DuckDBPyConnection, condition: str, parameters: list[object]) -> list[str]:
    """Ids of analysed traces and of those that are still pending."""
    found = cursor.execute(
        f"""
        SELECT DISTINCT replace(trace_id::VARCHAR, '-', '')
        FROM (
          SELECT trace_id FROM traces WHERE {condition}
          UNION ALL
          SELECT trace_id FROM spans WHERE {condition} AND span_row >= ?
        )
        ORDER BY ALL
        LIMIT {MOST}
        """,
        [*parameters, *parameters, setting(cursor, "settled_row")],
    ).fetchall()
    return [trace_id for (trace_id,) in found]


def _with_span(cursor: duckdb.DuckDBPyConnection, span_ids: list[int]) -> list[str]:
    if not span_ids:
        return []
    found = cursor.execute(
        f"""
        SELECT DISTINCT replace(trace_id::VARCHAR, '-', '')
        FROM spans
        WHERE span_id <> 0 AND span_id IN (SELECT unnest(?::UBIGINT[]))
        ORDER BY ALL
        LIMIT {MOST}
        """,
        [span_ids],
    ).fetchall()
    return [trace_id for (trace_id,) in found]
