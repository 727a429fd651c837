"""Attributes of the sampled traces: which values each service's spans and processes have there, as numbers.

Reading all values as text would take seconds. Each is read as its hash, and once a trace and service; the few that are
shown in the end are looked up again (`read_words`). Works on the temporary tables of `cohorts.py`.
"""

from collections.abc import Iterator, Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.cohorts import TAKES_PART, AttributeColumn, CohortData, ValueSought
from webapp.model.columns import I32, I64, U64
from webapp.store.arrow import uuids
from webapp.store.catalogue import Catalogue

_TOGETHER = 48  # columns read at a time
_CODE_BITS = 40
_CODE = (1 << _CODE_BITS) - 1
_SERVICES, _TRACES = 10, 14  # bits; services beyond are too many to compare
_LONGEST = 300  # characters of a value that is shown
_SKIPPED = ("service.name", "service")
_Seen = Mapping[str, NDArray[np.generic]]  # number of the trace, service and resource of its spans


def attribute_columns(cursor: duckdb.DuckDBPyConnection, roots: list[str]) -> list[AttributeColumn]:
    """Facts of the trace, attributes of processes, attributes of spans. `roots`: by number of the trace."""
    seen = cursor.execute(
        "SELECT DISTINCT number, service_id, resource_id FROM cohort_spans ORDER BY ALL"
    ).fetchnumpy()
    return [_root_column(roots), _part_column(seen), *_resource_columns(cursor, seen), *_span_columns(cursor)]


def keys_without_column(catalogue: Catalogue) -> int:
    return int(
        catalogue.rows(
            """SELECT count(DISTINCT key) FROM key_catalog WHERE scope = 'span' AND "column" IS NULL AND type <> 'json'"""
        )[0][0]
    )


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
        [resource.tolist(), list(_SKIPPED)],
    ).fetchall()
    by_key: dict[str, list[tuple[int, str, str, float | None]]] = {}
    for key, *value in rows:
        by_key.setdefault(key, []).append(tuple(value))
    trace, service = seen["number"].astype(np.int32), seen["service_id"].astype(np.int32)
    for key, values in by_key.items():
        words = sorted({text[:_LONGEST] for _, _, text, _ in values})
        codes = {text: code for code, text in enumerate(words)}
        of_resource = np.full(len(resource), -1, np.int64)
        numbers = np.full(len(resource), np.nan)
        for resource_id, _, text, number in values:
            at = np.searchsorted(resource, resource_id)
            of_resource[at] = codes[text[:_LONGEST]]
            numbers[at] = np.nan if number is None else number
        has = np.flatnonzero(of_resource[place] >= 0)
        numeric = all(kind in ("int", "float") for _, kind, *_ in values)
        yield AttributeColumn(
            key, "resource", trace[has], service[has], of_resource[place][has].astype(np.uint64),
            numbers[place][has] if numeric else None, words,
        ).in_order()  # fmt: skip


def _span_columns(cursor: duckdb.DuckDBPyConnection) -> Iterator[AttributeColumn]:
    listed: dict[str, list[tuple[str, str]]] = {}
    rows = cursor.execute(
        """
        SELECT key, type, "column"
        FROM key_catalog
        WHERE scope = 'span' AND "column" IS NOT NULL AND NOT list_contains(?, key)
        ORDER BY key, type
        """,
        [list(_SKIPPED)],
    ).fetchall()
    for key, kind, column in rows:
        listed.setdefault(key, []).append((kind, column))
    names = cursor.execute("SELECT DISTINCT service_id FROM cohort_spans ORDER BY service_id").fetchnumpy()
    services = names["service_id"].astype(np.int32)[: 1 << _SERVICES]
    keys = list(listed.items())
    for first in range(0, len(keys), _TOGETHER):
        together = keys[first : first + _TOGETHER]
        chosen = ", ".join(_read(kinds) + f' AS "v{place}"' for place, (_, kinds) in enumerate(together))
        found = cursor.execute(
            f"SELECT number, c.service_id, {chosen} FROM spans s JOIN cohort_spans c USING (span_row)"
        ).fetchnumpy()
        service = np.searchsorted(services, found["service_id"])
        for place, (key, kinds) in enumerate(together):
            column = _column(key, kinds, found[f"v{place}"], found["number"], service, services)
            if len(column.trace):
                yield column


def _is_numeric(kinds: list[tuple[str, str]]) -> bool:
    return len(kinds) == 1 and kinds[0][0] in ("int", "float")


def _read(kinds: list[tuple[str, str]]) -> str:
    """Numbers as they are, all else as a hash; 0 for no value."""
    if _is_numeric(kinds):
        return f"s.{kinds[0][1]}::DOUBLE"
    return f"CASE WHEN {_text(kinds, 's')} IS NULL THEN 0 ELSE ({_hash(kinds, 's')}) END"


def _text(kinds: list[tuple[str, str]], table: str) -> str:
    casts = ", ".join(f"{table}.{column}::VARCHAR" for _, column in kinds)
    return f"coalesce({casts})" if len(kinds) > 1 else f"{table}.{kinds[0][1]}"


def _hash(kinds: list[tuple[str, str]], table: str) -> str:
    """Never 0, and so short that code, service and trace are one number."""
    return f"greatest(hash({_text(kinds, table)}) & {_CODE}, 1)"


def _column(
    key: str, kinds: list[tuple[str, str]], values: NDArray[np.generic], number: NDArray[np.generic],
    service: I64, services: I32,
) -> AttributeColumn:  # fmt: skip
    if not _is_numeric(kinds):
        code = np.asarray(values).astype(np.uint64)
        there = np.flatnonzero((code != 0) & (service < len(services)))
        packed = _packed(service[there], code[there], np.asarray(number)[there])
        packed.sort()
        packed = packed[_firsts(packed)]
        return AttributeColumn(key, "span", *_unpacked(packed, services))
    masked = np.ma.asarray(values)
    there = np.flatnonzero(~np.ma.getmaskarray(masked) & (service < len(services)))
    numbers = masked.data[there].astype(np.float64)
    code = (numbers.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _CODE_BITS)
    packed, first = np.unique(_packed(service[there], code, np.asarray(number)[there]), return_index=True)
    return AttributeColumn(key, "span", *_unpacked(packed, services), numbers[first])


def _packed(service: I64, code: U64, number: NDArray[np.generic]) -> U64:
    high = (service.astype(np.uint64) << np.uint64(_CODE_BITS) | code) << np.uint64(_TRACES)
    packed: U64 = high | number.astype(np.uint64)
    return packed


def _firsts(packed: U64) -> NDArray[np.bool_]:
    first = np.ones(len(packed), np.bool_)
    first[1:] = packed[1:] != packed[:-1]
    return first


def _unpacked(packed: U64, services: I32) -> tuple[I32, I32, U64]:
    """Trace, service, code."""
    trace = (packed & np.uint64((1 << _TRACES) - 1)).astype(np.int32)
    service = (
        services[(packed >> np.uint64(_TRACES + _CODE_BITS)).astype(np.int64)]
        if len(packed)
        else services[:0]
    )
    return trace, service, packed >> np.uint64(_TRACES) & np.uint64(_CODE)


def read_words(catalogue: Catalogue, data: CohortData, sought: Sequence[ValueSought]) -> list[str]:
    """Looked up in the one trace that each value was seen in."""
    cursor = catalogue.cursor
    traces = sorted({each.trace for each in sought})
    ids = {"trace_id": uuids([data.trace_ids[trace] for trace in traces]), "number": np.array(traces)}
    cursor.register("word_traces", pa.table(ids))
    found: dict[tuple[str, int, int], str] = {}
    for key in {each.key for each in sought}:
        kinds = [(each.type, each.column) for each in catalogue.columns(key) if each.column]
        if not kinds:
            continue
        kinds.sort()
        rows = cursor.execute(
            f"""
            SELECT DISTINCT s.service_id, {_hash(kinds, "s")}, left({_text(kinds, "s")}::VARCHAR, {_LONGEST})
            FROM spans s
            JOIN (SELECT trace_id, first_row, last_row FROM traces SEMI JOIN word_traces USING (trace_id)) t
            ON s.trace_id = t.trace_id AND s.span_row BETWEEN t.first_row AND t.last_row
            WHERE {_text(kinds, "s")} IS NOT NULL
            """
        ).fetchall()
        found.update({(key, service, code): text for service, code, text in rows})
    return [found.get((each.key, each.service, each.code), "?") for each in sought]
