"""Spans → Arrow columns in which whatever repeats is numbered: the hot path of an import. Knows no database.

It runs where the spans are read, also in another process; `append.py` inserts what comes out.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.model.carried import carried_weights
from webapp.model.semconv import error_text, peer_of
from webapp.model.spans import COUNTED_FROM_0_NS, Kind, Resource, Scope, Span, Status
from webapp.store.writing.anyvalue import encode_attributes, encode_events, encode_links
from webapp.store.writing.arrow import Column, strings, uuids
from webapp.store.writing.attributes import AttributeCells, AttributeKey, Columns
from webapp.store.writing.interned import Interned

Shared = TypeVar("Shared", Resource, Scope)
Key = TypeVar("Key", bound=Hashable)
_HAS_PEER = frozenset({Kind.CLIENT.value, Kind.PRODUCER.value, Kind.CONSUMER.value})
_ERROR = Status.ERROR.value
_NO_ID = "0" * 16
_PLAIN: dict[str, tuple[pa.DataType, Any]] = {
    "follows_from": (pa.bool_(), False),
    "shared": (pa.bool_(), False),
    "flags": (pa.uint32(), 0),
    "weight": (pa.float64(), 1.0),
}
_TEXTS: dict[str, Callable[[Any], str]] = {
    "status_message": str,
    "trace_state": str,
    "written_trace_id": str,
    "written_span_id": str,
    "events": encode_events,
    "links": encode_links,
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows for the spans table, sorted by start. Plain values and Arrow: it can be sent to another process.

    `source`, `operation`, `resource`, `scope` and `peer` of `rows` are numbers into the lists here (`source`: of
    the caller). Columns "0", "1"… hold the attributes `keys` with their counts; `strays` lie in `attributes_rest`.
    """

    rows: pa.Table
    keys: list[tuple[AttributeKey, int]]
    strays: list[tuple[AttributeKey, int]]
    operations: list[tuple[str, str]]
    resources: list[tuple[str, str]]
    scopes: list[tuple[str, str, str]]
    peers: list[tuple[str, str]]


class Encoder:
    """Takes spans a few at a time, while they are warm in the processor's memory, and keeps no object of them."""

    def __init__(self) -> None:
        self._attributes = AttributeCells()
        self._clear()

    def _clear(self) -> None:
        self.size = 0
        self._chunks: list[Columns] = []
        self._operations: Interned[tuple[str, str]] = Interned()
        self._peers: Interned[tuple[str, str]] = Interned()
        self._resources = _SharedNumbers[Resource, tuple[str, str]](
            lambda resource: (encode_attributes(resource.attributes), resource.schema_url)
        )
        self._scopes = _SharedNumbers[Scope, tuple[str, str, str]](
            lambda scope: (scope.name, scope.version, encode_attributes(scope.attributes))
        )

    def add(self, spans: Sequence[Span], source: int) -> None:
        if not spans:
            return
        columns: Columns = {
            "source": pa.array(np.full(len(spans), source, np.uint32)),
            **_identity(spans),
            **_times(spans),
            **self._shared(spans),
            **_rare(spans),
            **_errors(spans),
            **self._attributes.encode([span.attributes for span in spans], self.size),
        }
        weights = carried_weights(spans)
        if weights:
            columns["weight"] = pa.array(weights, pa.float64())
        self._chunks.append(columns)
        self.size += len(spans)

    def take(self) -> Encoded:
        """All that was added since the last time."""
        rest, strays = self._attributes.take_strays(self.size)
        columns = _joined(self._chunks)
        if rest is not None:
            columns["attributes_rest"] = rest
        names = [name for name in columns if not isinstance(name, str)]
        counts = [len(columns[name]) - columns[name].null_count for name in names]
        self._attributes.remember(names, counts, self.size)
        places = {name: str(number) for number, name in enumerate(names)}
        rows = pa.table({places.get(name, name): column for name, column in columns.items()})  # type: ignore[arg-type]
        encoded = Encoded(
            rows=_sorted(rows) if self.size else rows,
            keys=list(zip(names, counts, strict=True)),
            strays=strays,
            operations=self._operations.since(0),
            resources=self._resources.words.since(0),
            scopes=self._scopes.words.since(0),
            peers=self._peers.since(0),
        )
        self._clear()
        return encoded

    def _shared(self, spans: Sequence[Span]) -> Columns:
        return {
            "operation": pa.array(self._operations.ids_of([(span.service, span.name) for span in spans])),
            "resource": pa.array(self._resources.numbers_of([span.resource for span in spans])),
            "scope": pa.array(self._scopes.numbers_of([span.scope for span in spans])),
            "peer": pa.array(
                [self._peer(span) if span.kind in _HAS_PEER else None for span in spans], pa.uint32()
            ),
        }

    def _peer(self, span: Span) -> int | None:
        peer = peer_of(span.kind, span.attributes)
        return self._peers.id_of((peer.type, peer.name)) if peer else None


class _SharedNumbers(Generic[Shared, Key]):
    """Numbers of objects that spans share: each object is looked at once, and kept, so that its id stays its own."""

    def __init__(self, word_of: Callable[[Shared], Key]) -> None:
        self.words: Interned[Key] = Interned()
        self._word_of: Callable[[Shared], Key] = word_of
        self._numbers: dict[int, int] = {}
        self._kept: list[Shared] = []

    def numbers_of(self, objects: Sequence[Shared]) -> NDArray[np.uint32]:
        try:
            return self._look_up(objects)
        except KeyError:
            for each in objects:
                if id(each) not in self._numbers:
                    self._numbers[id(each)] = self.words.id_of(self._word_of(each))
                    self._kept.append(each)
            return self._look_up(objects)

    def _look_up(self, objects: Sequence[Shared]) -> NDArray[np.uint32]:
        return np.fromiter(map(self._numbers.__getitem__, map(id, objects)), np.uint32, len(objects))


def _identity(spans: Sequence[Span]) -> Columns:
    return {
        "trace_id": uuids([span.trace_id for span in spans]),
        "span_id": _ids([span.span_id for span in spans]),
        "parent_id": _ids([span.parent_span_id or _NO_ID for span in spans]),
        "kind": pa.array([span.kind for span in spans], pa.uint8()),
        "status": pa.array([span.status for span in spans], pa.uint8()),
    }


def _ids(hex_ids: list[str]) -> Column:
    return pa.array(np.frombuffer(bytes.fromhex("".join(hex_ids)), ">u8").astype(np.uint64))


def _times(spans: Sequence[Span]) -> Columns:
    start_ns = np.array([span.start_ns for span in spans], np.int64)
    end_ns = np.array([span.end_ns for span in spans], np.int64)
    duration_ns = end_ns - start_ns
    duration_ns[end_ns <= start_ns] = 0
    # from far before 1970 to far after: more than int64 holds
    duration_ns[duration_ns < 0] = np.iinfo(np.int64).max
    unknown = ((start_ns == 0) & (end_ns >= COUNTED_FROM_0_NS)) | (end_ns == 0)
    return {
        "start_ns": pa.array(start_ns),
        "end_ns": pa.array(end_ns),
        "duration_ns": pa.array(duration_ns, mask=unknown),
    }


def _rare(spans: Sequence[Span]) -> Columns:
    """What most batches have nowhere: the column is left out, the table fills in its default."""
    columns: Columns = {}
    for name, (kind, default) in _PLAIN.items():
        values = list(map(attrgetter(name), spans))
        if values.count(default) < len(values):
            columns[name] = pa.array(values, kind)
    for name, encode in _TEXTS.items():
        values = list(map(attrgetter(name), spans))
        if any(values):
            columns[name] = strings([encode(value) if value else None for value in values])
    return columns


def _errors(spans: Sequence[Span]) -> Columns:
    found = [error_text(span) if span.status == _ERROR else None for span in spans]
    if not any(found):
        return {}
    return {
        "error_message": strings([words.message if words else None for words in found]),
        "error_source": strings([(words.source or None) if words else None for words in found]),
    }


def _joined(chunks: Sequence[Columns]) -> Columns:
    """One below the other; a chunk without a column has nothing but its default."""
    types = {name: column.type for columns in chunks for name, column in columns.items()}
    sizes = [len(columns["source"]) for columns in chunks]
    return {name: pa.concat_arrays(_filled(name, kind, chunks, sizes)) for name, kind in types.items()}


def _filled(
    name: str | AttributeKey, kind: pa.DataType, chunks: Sequence[Columns], sizes: Iterable[int]
) -> list[Column]:
    default = _PLAIN[name][1] if isinstance(name, str) and name in _PLAIN else None
    return [
        columns[name] if name in columns else pa.array([default] * size, kind)
        for columns, size in zip(chunks, sizes, strict=True)
    ]


def with_defaults(rows: pa.Table) -> pa.Table:
    """With what the table takes for a value that is not there, where only some of the rows had a column."""
    for name, (_, default) in _PLAIN.items():
        if name in rows.column_names and rows[name].null_count:
            filled = rows[name].fill_null(default)
            rows = rows.set_column(rows.column_names.index(name), name, filled)
    return rows


def _sorted(rows: pa.Table) -> pa.Table:
    start_ns = rows["start_ns"].to_numpy()
    if (start_ns[1:] >= start_ns[:-1]).all():
        return rows
    return rows.take(np.argsort(start_ns, kind="stable"))
