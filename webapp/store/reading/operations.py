"""What is usual: how long the spans of one service and name take over the whole store."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np

from webapp.errors import TooSlow
from webapp.model.columns import I64
from webapp.model.results import Usual
from webapp.model.spans import Attributes
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.connection import READ_SECONDS
from webapp.store.graph.protocols import rows_by_protocol
from webapp.store.reading.spans import read_asked, read_values
from webapp.store.writing.buckets import bucket_floor, buckets_of

_SECONDS = 1.0  # then the page goes without
_KEPT, _KEPT_SPANS = 16, 200_000  # operations whose durations are kept, of so many spans at most: 3 MB


class Operations:
    """Questions that are asked while one trace is read. `knowing` opens the store's catalogue for some seconds."""

    def __init__(self, knowing: Callable[[float], AbstractContextManager[Catalogue]]) -> None:
        self._knowing = knowing

    def usual(self, service: str, name: str, but_rows: I64 | None = None) -> Usual | None:
        """Durations of the spans of a service and name but for some (SpanColumns.row). None: too many to count in time."""
        try:
            with self._knowing(_SECONDS) as catalogue:
                return _usual(catalogue, service, name, but_rows)
        except TooSlow:
            return None

    def asked(self, rows: I64) -> dict[int, tuple[Attributes, str]]:
        """By row what spans (SpanColumns.row) say of whom they ask for what, and their status message."""
        with self._knowing(READ_SECONDS) as catalogue:
            return read_asked(catalogue, rows)

    def protocols(self, trace_id: str) -> tuple[I64, I64]:
        """The rows of the spans of a trace that tell a protocol, ascending, and which of KNOWN_BY it is."""
        with self._knowing(READ_SECONDS) as catalogue:
            return rows_by_protocol(catalogue, trace_id)

    def values(self, trace_id: str, rows: Sequence[int], keys: Sequence[str]) -> dict[int, Attributes]:
        """By row, what spans of a trace carry under these keys; where a span does not, its resource may."""
        with self._knowing(READ_SECONDS) as catalogue:
            return read_values(catalogue, trace_id, rows, keys)

    def around(self, service: str, name: str, duration_ns: int) -> tuple[int, int] | None:
        """How many spans of a service and name took less than this, and how many more."""
        try:
            with self._knowing(_SECONDS) as catalogue:
                [(shorter, longer)] = catalogue.rows(
                    f"""
                    SELECT count(*) FILTER (duration_ns < ?), count(*) FILTER (duration_ns > ?)
                    FROM spans
                    WHERE operation_id = {catalogue.operation_id(service, name)}
                    """,
                    (duration_ns, duration_ns),
                )
                return shorter, longer
        except TooSlow:
            return None


def _usual(catalogue: Catalogue, service: str, name: str, but_rows: I64 | None) -> Usual:
    durations_ns, rows = _durations(catalogue, service, name)
    if but_rows is not None:
        durations_ns = durations_ns[~np.isin(rows, but_rows)]
    if not len(durations_ns):
        return Usual(0, 0, 0, [])
    p50_ns, p95_ns = np.quantile(durations_ns, [0.5, 0.95], method="inverted_cdf").tolist()
    buckets, counts = np.unique(buckets_of(durations_ns), return_counts=True)
    return Usual(
        len(durations_ns),
        p50_ns,
        p95_ns,
        [
            (round(bucket_floor(bucket)), round(bucket_floor(bucket + 1)), spans)
            for bucket, spans in zip(buckets.tolist(), counts.tolist(), strict=True)
        ],
    )


def _durations(catalogue: Catalogue, service: str, name: str) -> tuple[I64, I64]:
    """Those that are known, and the rows of the spans. Kept of the last operations: many traces have the same cause."""
    kept: dict[tuple[str, str], tuple[I64, I64]] = catalogue.remembered("durations", dict)
    found = kept.get((service, name))
    if found is None:
        read = catalogue.cursor.execute(
            f"""
            SELECT duration_ns, span_row
            FROM spans
            WHERE operation_id = {catalogue.operation_id(service, name)} AND duration_ns IS NOT NULL
            """
        ).fetchnumpy()
        found = read["duration_ns"].astype(np.int64), read["span_row"].astype(np.int64)
        if len(found[0]) <= _KEPT_SPANS:
            kept[service, name] = found
            for old in list(kept)[:-_KEPT]:
                kept.pop(old, None)
    return found
