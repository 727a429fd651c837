"""What is usual: how long the spans of one service and name take over the whole store."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from webapp.errors import TooSlow
from webapp.model.results import Usual
from webapp.model.spans import Attributes
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.connection import READ_SECONDS
from webapp.store.reading.spans import read_attributes, read_values
from webapp.store.writing.buckets import PER_DOUBLING, bucket_floor

_SECONDS = 1.0  # then the page goes without
_ID = """
  SELECT operation_id
  FROM operations JOIN services USING (service_id)
  WHERE service = ? AND name = ?
"""


class Operations:
    """Questions that are asked while one trace is read. `knowing` opens the store's catalogue for some seconds."""

    def __init__(self, knowing: Callable[[float], AbstractContextManager[Catalogue]]) -> None:
        self._knowing = knowing

    def usual(self, service: str, name: str, but_trace: str = "") -> Usual | None:
        """Durations of the spans of a service and name, those of one trace left out. None: too many to count in time."""
        try:
            with self._knowing(_SECONDS) as catalogue:
                return _usual(catalogue, service, name, but_trace)
        except TooSlow:
            return None

    def asked(self, trace_id: str, rows: Sequence[int]) -> list[tuple[Attributes, str]]:
        """Of spans of a trace (SpanColumns.row) what they carry and their status message."""
        with self._knowing(READ_SECONDS) as catalogue:
            return read_attributes(catalogue, trace_id, rows)

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
                    WHERE operation_id = ({_ID})
                    """,
                    (duration_ns, duration_ns, service, name),
                )
                return shorter, longer
        except TooSlow:
            return None


def _usual(catalogue: Catalogue, service: str, name: str, but_trace: str) -> Usual:
    others = "AND trace_id <> ?::UUID" if but_trace else ""
    found = catalogue.rows(
        f"""
        WITH durations AS (
          SELECT duration_ns
          FROM spans
          WHERE operation_id = ({_ID}) AND duration_ns IS NOT NULL {others}
        )
        SELECT floor({PER_DOUBLING} * log2(greatest(duration_ns, 1)))::INTEGER AS bucket, count(*),
          (SELECT quantile_disc(duration_ns, [0.5, 0.95]) FROM durations)
        FROM durations
        GROUP BY bucket
        ORDER BY bucket
        """,
        (service, name, but_trace) if but_trace else (service, name),
    )
    p50_ns, p95_ns = found[0][2] if found else (0, 0)
    buckets = [
        (round(bucket_floor(bucket)), round(bucket_floor(bucket + 1)), spans) for bucket, spans, _ in found
    ]
    return Usual(sum(spans for *_, spans in buckets), p50_ns, p95_ns, buckets)
