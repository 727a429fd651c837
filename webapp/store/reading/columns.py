"""Rows of the spans table → SpanColumns for analysis: narrow columns as NumPy, words only where there are some."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import duckdb
import numpy as np
import orjson
from numpy.typing import NDArray

from webapp.model.columns import I32, I64, U64, ErrorText, Peer, SpanColumns
from webapp.store.reading.contents import contents_of
from webapp.store.reading.inferences import inferred_among
from webapp.store.reading.words import Words

_SPAN_ID = re.compile("[0-9a-f]{16}")
Odd = tuple[int, str, str, str]  # row, links, error message and source, of the few spans that have any


@dataclass(frozen=True, slots=True)
class Selection:
    """Which spans: FROM and WHERE, the expression for the number of a span's trace, and the bound parameters."""

    trace_ids: list[str]
    source: str
    trace: str = "0"
    parameters: Sequence[object] = ()


def read_columns(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, words: Words | None = None
) -> SpanColumns:
    arrays = read_arrays(cursor, selection)
    odd = _read_odd(cursor, selection)
    inferred = inferred_among(cursor, selection.trace_ids)
    return columns_from(cursor, selection.trace_ids, arrays, odd, words or Words(), inferred)


def columns_from(
    cursor: duckdb.DuckDBPyConnection,
    trace_ids: list[str],
    arrays: Mapping[str, NDArray[Any]],
    odd: Sequence[Odd],
    words: Words,
    inferred: tuple[int, ...],
) -> SpanColumns:
    """What `read_arrays` found, with the words behind its ids."""
    names, name = _names(cursor, words, arrays["operation_id"])
    hosts, host = _hosts(cursor, words, arrays["resource_id"])
    peers, peer = _peers(cursor, words, arrays["peer_id"])
    services = words.services(cursor, int(arrays["service_id"].max(initial=0)))
    places = _places(arrays["span_row"], [row for row, *_ in odd])
    linking = [trace_ids[arrays["trace"][place]] for place in places]
    link_owner, link_span = _links_within(odd, places, linking)
    return SpanColumns(
        trace_ids=trace_ids,
        services=services,
        names=names,
        hosts=hosts,
        peers=peers,
        trace=arrays["trace"].astype(np.int32),
        row=arrays["span_row"],
        span_id=arrays["span_id"].astype(np.uint64),
        parent_id=arrays["parent_id"].astype(np.uint64),
        start_ns=arrays["start_ns"].astype(np.int64),
        end_ns=arrays["end_ns"].astype(np.int64),
        kind=arrays["kind"].astype(np.uint8),
        status=arrays["status"].astype(np.uint8),
        service=arrays["service_id"].astype(np.int32),
        name=name,
        host=host,
        peer=peer,
        follows_from=arrays["follows_from"].astype(np.bool_),
        shared=arrays["shared"].astype(np.bool_),
        content=contents_of(cursor, arrays),
        link_owner=link_owner,
        link_span=link_span,
        error_texts={
            place: ErrorText(message, source)
            for place, (*_, message, source) in zip(places, odd, strict=True)
            if message or source
        },
        inferred=inferred,
        weight=arrays["weight"] if (arrays["weight"] != 1).any() else None,
    )


def read_arrays(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, more: Sequence[str] = ()
) -> dict[str, NDArray[Any]]:
    """By trace and row. `more`: expressions with their names, read beside; arrays of theirs are masked where one is NULL."""
    found: dict[str, NDArray[Any]] = cursor.execute(
        f"""
        SELECT
          {selection.trace}::INTEGER AS trace, span_row, span_id, parent_id, start_ns, end_ns, kind, status,
          service_id, operation_id, resource_id, coalesce(peer_id, -1) AS peer_id, follows_from, shared,
          {", ".join(["weight", *more])}
        FROM {selection.source}
        """,
        list(selection.parameters),
    ).fetchnumpy()
    row, trace = found["span_row"], found["trace"]
    if (row[1:] > row[:-1]).all() and (trace[1:] == trace[:-1]).all():
        return found
    order = np.lexsort((row, trace))
    return {name: array[order] for name, array in found.items()}


def _names(
    cursor: duckdb.DuckDBPyConnection, words: Words, operation_ids: NDArray[Any]
) -> tuple[list[str], I32]:
    used, place = _compact(operation_ids)
    return _distinct(words.of(cursor, "name", used), used, place)


def _hosts(
    cursor: duckdb.DuckDBPyConnection, words: Words, resource_ids: NDArray[Any]
) -> tuple[list[str], I32]:
    used, place = _compact(resource_ids)
    hosts, host = _distinct(words.of(cursor, "host", used), used, place)
    if hosts[:1] == [""]:  # unknown sorts first
        return hosts[1:], host - np.int32(1)
    return hosts, host


def _peers(cursor: duckdb.DuckDBPyConnection, words: Words, node_ids: NDArray[Any]) -> tuple[list[Peer], I32]:
    called = node_ids >= 0
    peer = np.full(len(node_ids), -1, np.int32)
    if not called.any():
        return [], peer
    used, peer[called] = _compact(node_ids[called])
    known = words.of(cursor, "peer", used)
    return [Peer(*known[number]) for number in used], peer


def id_list(ids: Iterable[int]) -> str:
    """For IN: a literal list lets DuckDB prune, and is planned faster than a bound one."""
    return f"({', '.join(map(str, ids)) or 'NULL'})"


def _compact(ids: NDArray[Any]) -> tuple[list[int], I32]:
    """The ids that occur, ascending, and the place of each entry's id among them. Sorts nothing: ids are dense."""
    occurs = np.bincount(ids.astype(np.int64)) > 0
    places = np.cumsum(occurs, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(occurs).tolist(), places[ids]


def _distinct(word_of: Mapping[int, str], used: list[int], place: I32) -> tuple[list[str], I32]:
    """The different words, sorted, and the place of each entry's word."""
    words = sorted({word_of[each] for each in used})
    places = {word: number for number, word in enumerate(words)}
    return words, np.array([places[word_of[each]] for each in used], np.int32)[place]


def _read_odd(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> list[Odd]:
    return cursor.execute(
        f"""
        SELECT span_row, coalesce(links, '[]'), coalesce(error_message, ''), coalesce(error_source, '')
        FROM {selection.source} AND (links IS NOT NULL OR error_message IS NOT NULL OR error_source IS NOT NULL)
        ORDER BY span_row
        """,
        list(selection.parameters),
    ).fetchall()


def _places(rows: I64, wanted: list[int]) -> list[int]:
    """Where each of the wanted rows stands."""
    sorter = np.argsort(rows, kind="stable")
    places: list[int] = sorter[np.searchsorted(rows, wanted, sorter=sorter)].tolist()
    return places


def _links_within(odd: Sequence[Odd], places: list[int], trace_ids: list[str]) -> tuple[I32, U64]:
    """Owner and target of links to spans of the same trace, by owner."""
    pairs = [
        (place, int(span_id, 16))
        for place, trace_id, (_, links, *_) in zip(places, trace_ids, odd, strict=True)
        for linked_trace, span_id, *_ in orjson.loads(links)
        if linked_trace == trace_id and _SPAN_ID.fullmatch(span_id)
    ]
    pairs.sort(key=itemgetter(0))
    return np.array([place for place, _ in pairs], np.int32), np.array([span for _, span in pairs], np.uint64)
