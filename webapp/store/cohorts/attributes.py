"""Attributes of the sampled traces: of which traces they are read, and facts of traces and of processes as columns.

Attributes of spans have a room of their own, `values.py`.
"""

from collections.abc import Iterator, Mapping

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.cohorts import TAKES_PART, AttributeColumn, AttributeData, CohortData, CohortTraces
from webapp.model.columns import I64
from webapp.store.cohorts.values import LONGEST, SKIPPED, SpanValues, find_spans
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.writing.arrow import uuids

MOST_SPANS = 50_000  # of both sets together, …
_FEW = 100  # … but of so many traces of either set however large they are
_Seen = Mapping[str, NDArray[np.generic]]  # number of the trace, service and resource of its spans


def read_attributes(catalogue: Catalogue, data: CohortData) -> AttributeData:
    """Facts of the trace, attributes of processes, attributes of spans."""
    cursor = catalogue.cursor
    chosen = _chosen(data)
    ids = tuple(data.trace_ids[number] for number in chosen.tolist())
    find_spans(
        cursor, pa.table({"trace_id": uuids(list(ids)), "number": np.arange(len(ids), dtype=np.int16)})
    )
    seen = cursor.execute(
        "SELECT number, service_id, resource_id, count(*) AS spans FROM looked_at GROUP BY ALL ORDER BY ALL"
    ).fetchnumpy()
    columns = [_root_column([data.roots[number] for number in chosen.tolist()]), _part_column(seen)]
    columns += _resource_columns(cursor, seen)
    values = SpanValues(catalogue, np.unique(seen["service_id"]).astype(np.int32))
    columns += values.columns()
    traces = data.traces
    return AttributeData(
        CohortTraces(traces.selected[chosen], traces.response_ns[chosen], traces.weight[chosen]),
        ids, int(seen["spans"].sum()), columns, values.unread, values.beside,
    )  # fmt: skip


def _chosen(data: CohortData) -> I64:
    """The first traces of either set; what one set does not need the other may have."""
    sides = [np.flatnonzero(data.traces.selected == side) for side in (True, False)]
    whole = [int(data.spans[side].sum()) for side in sides]
    chosen = []
    for side, other in zip(sides, whole[::-1], strict=True):
        most = max(MOST_SPANS // 2, MOST_SPANS - other)
        chosen.append(side[(np.cumsum(data.spans[side]) <= most) | (np.arange(len(side)) < _FEW)])
    return np.concatenate(chosen)


def _root_column(roots: list[str]) -> AttributeColumn:
    words, code = np.unique(np.array(roots, np.object_), return_inverse=True)
    number = np.arange(len(roots), dtype=np.int32)
    return AttributeColumn(
        "root",
        "trace",
        number,
        np.full(len(roots), -1, np.int32),
        code.astype(np.uint64),
        words=words.tolist(),
    )


def _part_column(seen: _Seen) -> AttributeColumn:
    trace, service = seen["number"].astype(np.int32), seen["service_id"].astype(np.int32)
    return AttributeColumn(
        TAKES_PART, "trace", trace, service, np.zeros(len(trace), np.uint64), words=["yes"]
    ).in_order()


def _resource_columns(cursor: duckdb.DuckDBPyConnection, seen: _Seen) -> Iterator[AttributeColumn]:
    resource, place = np.unique(seen["resource_id"], return_inverse=True)
    rows = cursor.execute(
        """
        SELECT key, resource_id, type, text, number
        FROM resource_attributes
        WHERE resource_id IN (SELECT unnest(?::UINTEGER[])) AND type <> 'json' AND NOT list_contains(?, key)
        ORDER BY key, resource_id
        """,
        [resource.tolist(), list(SKIPPED)],
    ).fetchall()
    by_key: dict[str, list[tuple[int, str, str, float | None]]] = {}
    for key, *value in rows:
        by_key.setdefault(key, []).append(tuple(value))
    trace, service = seen["number"].astype(np.int32), seen["service_id"].astype(np.int32)
    for key, values in by_key.items():
        words = sorted({text[:LONGEST] for _, _, text, _ in values})
        codes = {text: code for code, text in enumerate(words)}
        of_resource = np.full(len(resource), -1, np.int64)
        numbers = np.full(len(resource), np.nan)
        for resource_id, _, text, number in values:
            at = np.searchsorted(resource, resource_id)
            of_resource[at] = codes[text[:LONGEST]]
            numbers[at] = np.nan if number is None else number
        has = np.flatnonzero(of_resource[place] >= 0)
        numeric = all(kind in ("int", "float") for _, kind, *_ in values)
        yield AttributeColumn(
            key, "resource", trace[has], service[has], of_resource[place][has].astype(np.uint64),
            numbers[place][has] if numeric else None, words,
        ).in_order()  # fmt: skip
