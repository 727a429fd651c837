"""Values of span attributes in the sampled traces, as numbers, once a trace and service.

Reading all values as text would take seconds. Each is read as its hash; the few that are shown in the end are looked up
again (`read_words`). Values lie in a column of `spans`, or beside the columns in `attributes_rest`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.cohorts import F64, AttributeColumn, AttributeData, ValueSought
from webapp.model.columns import I32, I64, U64
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.writing.arrow import uuids

SECONDS = 3.0  # after which no more keys are begun
MOST_BESIDE = 10_000  # spans with values beside the columns, …
_MOST_TEXT = 8_000_000  # … of so many characters
_TOGETHER = 24  # columns read at a time
_CODE_BITS = 40
_CODE = (1 << _CODE_BITS) - 1
_SERVICES, _TRACES = 10, 14  # bits; services beyond are too many to compare
LONGEST = 300  # characters of a value that is shown
SKIPPED = ("service.name", "service")
_BESIDE_TEXT = """
  left(coalesce(
    e.value->>'$.stringValue', e.value->>'$.intValue', e.value->>'$.doubleValue', e.value->>'$.boolValue'
  ), 4000)
"""


def find_spans(cursor: duckdb.DuckDBPyConnection, chosen: pa.Table) -> None:
    """Fills `looked_at`: the spans of these traces, which have numbers."""
    cursor.register("chosen_ids", chosen)
    [(first, last)] = cursor.execute(
        "SELECT min(first_row), max(last_row) FROM traces SEMI JOIN chosen_ids USING (trace_id)"
    ).fetchall()
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE looked_at AS
        SELECT number, span_row, service_id, resource_id
        FROM spans JOIN chosen_ids USING (trace_id)
        WHERE span_row BETWEEN {first or 0} AND {last or 0}
        """
    )


@dataclass(frozen=True, slots=True)
class _Key:
    """`kinds`: type and column; `beside`: some values lie beside."""

    key: str
    kinds: list[tuple[str, str | None]]
    beside: bool

    @property
    def numeric(self) -> bool:
        return len(self.kinds) == 1 and self.kinds[0][0] in ("int", "float")

    @property
    def columns(self) -> list[str]:
        return [column for _, column in self.kinds if column]

    def text(self, table: str) -> str:
        casts = [f"{table}.{column}::VARCHAR" for column in self.columns]
        return f"coalesce({', '.join(casts)})" if len(casts) > 1 else casts[0]

    def read(self) -> str:
        """Numbers as they are, all else as a hash; 0 for no value."""
        if self.numeric:
            return f"s.{self.columns[0]}::DOUBLE"
        return f"CASE WHEN {self.text('s')} IS NULL THEN 0 ELSE ({_hash(self.text('s'))}) END"


def _hash(text: str) -> str:
    """Never 0, and so short that code, service and trace are one number."""
    return f"greatest(hash({text}) & {_CODE}, 1)"


def _keys(catalogue: Catalogue) -> list[_Key]:
    """All, the most frequent first."""
    rows = catalogue.rows(
        """
        SELECT key, list((type, "column") ORDER BY type), bool_or(in_rest)
        FROM key_catalog
        WHERE scope = 'span' AND type <> 'json'
        GROUP BY key
        ORDER BY sum(count) DESC, key
        """
    )
    return [_Key(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class _Entries:
    """Values of one key: trace, place of the service in the list of services, and hash or number."""

    trace: I64
    service: I64
    value: U64 | F64


class SpanValues:
    """Of the spans in `looked_at`. `unread`, `beside`: see `AttributeData`; known when `columns` is through."""

    def __init__(self, catalogue: Catalogue, services: I32) -> None:
        self._catalogue, self._cursor = catalogue, catalogue.cursor
        self._services = services[: 1 << _SERVICES]
        self._keys = [key for key in _keys(catalogue) if key.key not in SKIPPED]
        self.unread = self.beside = 0

    def columns(self) -> Iterator[AttributeColumn]:
        """The most frequent keys first. Nothing is read after a read that took too long and was stopped."""
        beside = self._beside()
        stored = [key for key in self._keys if key.columns]
        for key in self._keys:
            if not key.columns and key.key in beside:
                yield self._column(key, [beside[key.key]])
        until = monotonic() + SECONDS
        self.unread = len(stored)
        for first in range(0, len(stored), _TOGETHER):
            together = stored[first : first + _TOGETHER]
            chosen = ", ".join(f'{key.read()} AS "v{place}"' for place, key in enumerate(together))
            if monotonic() > until:
                return
            try:
                found = self._cursor.execute(
                    f"SELECT number, l.service_id, {chosen} FROM spans s JOIN looked_at l USING (span_row)"
                ).fetchnumpy()
            except duckdb.InterruptException:
                return
            self.unread -= len(together)
            service = np.searchsorted(self._services, found["service_id"])
            for place, key in enumerate(together):
                own = self._entries(key, found[f"v{place}"], found["number"], service)
                parts = [own, beside[key.key]] if key.key in beside else [own]
                if any(len(part.trace) for part in parts):
                    yield self._column(key, parts)

    def _entries(
        self, key: _Key, values: NDArray[np.generic], number: NDArray[np.generic], service: I64
    ) -> _Entries:
        masked = np.ma.asarray(values)
        there = ~np.ma.getmaskarray(masked) & (service < len(self._services))
        if key.numeric:
            value: U64 | F64 = masked.data.astype(np.float64)
        else:
            value = masked.data.astype(np.uint64)
            there &= value != 0
        at = np.flatnonzero(there)
        return _Entries(np.asarray(number)[at].astype(np.int64), service[at], value[at])

    def _beside(self) -> dict[str, _Entries]:
        """Values beside the columns by key, if they are few enough; else counts which keys have such."""
        keys = {key.key: key for key in self._keys if key.beside}
        if not keys:
            return {}
        [(spans, characters)] = self._cursor.execute(
            """
            SELECT count(*), coalesce(sum(strlen(attributes_rest)), 0)
            FROM spans s JOIN looked_at l USING (span_row)
            WHERE attributes_rest IS NOT NULL
            """
        ).fetchall()
        if spans > MOST_BESIDE or characters > _MOST_TEXT:
            self.beside = len(keys)
            return {}
        found = self._cursor.execute(
            f"""
            SELECT
              e.key, number, l.service_id, {_BESIDE_TEXT} AS text, {_hash("text")} AS code,
              TRY_CAST(text AS DOUBLE) AS value
            FROM spans s JOIN looked_at l USING (span_row), json_each(s.attributes_rest) e
            WHERE attributes_rest IS NOT NULL AND text IS NOT NULL
            ORDER BY e.key
            """
        ).fetchnumpy()
        words, first = np.unique(np.asarray(found["key"], np.object_), return_index=True)
        ends = np.append(first, len(found["key"]))
        service = np.searchsorted(self._services, found["service_id"])
        entries = {}
        for place, word in enumerate(words.tolist()):
            mine = slice(int(ends[place]), int(ends[place + 1]))
            if word in keys:
                values = found["value" if keys[word].numeric else "code"][mine]
                entries[word] = self._entries(keys[word], values, found["number"][mine], service[mine])
        return entries

    def _column(self, key: _Key, parts: list[_Entries]) -> AttributeColumn:
        trace, service, value = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("trace", "service", "value")
        )
        if not key.numeric:
            packed = _packed(service, value, trace)
            packed.sort()
            packed = packed[_firsts(packed)]
            return AttributeColumn(key.key, "span", *_unpacked(packed, self._services))
        code = (value.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _CODE_BITS)
        packed, first = np.unique(_packed(service, code, trace), return_index=True)
        return AttributeColumn(key.key, "span", *_unpacked(packed, self._services), value[first])


def _packed(service: I64, code: U64, number: I64) -> U64:
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


def read_words(catalogue: Catalogue, data: AttributeData, sought: Sequence[ValueSought]) -> list[str]:
    """Looked up in the one trace that each value was seen in."""
    cursor = catalogue.cursor
    traces = sorted({each.trace for each in sought})
    ids = {
        "trace_id": uuids([data.trace_ids[trace] for trace in traces]),
        "number": np.array(traces, np.int16),
    }
    find_spans(cursor, pa.table(ids))
    names = {each.key for each in sought}
    keys = {key.key: key for key in _keys(catalogue) if key.key in names}
    columns = "".join(f", {column}" for column in sorted({c for key in keys.values() for c in key.columns}))
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE word_spans AS
        SELECT l.service_id, attributes_rest{columns} FROM spans s JOIN looked_at l USING (span_row)
        """
    )
    found: dict[tuple[str, int, int], str] = {}
    for name, key in keys.items():
        sources = []
        if key.columns:
            sources.append(f"SELECT service_id, {key.text('w')} AS text FROM word_spans w")
        if key.beside:
            each = "word_spans w, json_each(w.attributes_rest) e"
            sources.append(f"SELECT service_id, {_BESIDE_TEXT} AS text FROM {each} WHERE e.key = $key")
        rows = cursor.execute(
            f"""
            SELECT DISTINCT service_id, {_hash("text")}, left(text, {LONGEST}) FROM ({" UNION ALL ".join(sources)})
            WHERE text IS NOT NULL
            """,
            {"key": name} if key.beside else {},
        ).fetchall()
        found.update({(name, service, code): text for service, code, text in rows})
    return [found.get((each.key, each.service, each.code), "?") for each in sought]
