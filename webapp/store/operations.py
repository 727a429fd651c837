"""What is usual: how long the spans of one service and name take over the whole store, and a typical trace of a root."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from webapp.errors import TooSlow
from webapp.model.results import Usual
from webapp.store.buckets import PER_DOUBLING, bucket_floor
from webapp.store.catalogue import Catalogue

_SECONDS = 1.0  # then the page goes without
_FEWEST_TRACES = 5  # of a root, of which one can be typical
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

    def faster(self, service: str, name: str, duration_ns: int) -> int | None:
        """How many spans of a service and name took less than this."""
        try:
            with self._knowing(_SECONDS) as catalogue:
                found = catalogue.cursor.execute(
                    f"SELECT count(*) FROM spans WHERE operation_id = ({_ID}) AND duration_ns < ?",
                    [service, name, duration_ns],
                )
                return int(found.fetchall()[0][0])
        except TooSlow:
            return None

    def typical_trace(self, service: str, name: str, but_trace: str) -> str:
        """The trace of this root whose response is nearest to the median of those that did not fail; "" of too few."""
        try:
            with self._knowing(_SECONDS) as catalogue:
                return _typical_trace(catalogue, service, name, but_trace)
        except TooSlow:
            return ""


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


def _typical_trace(catalogue: Catalogue, service: str, name: str, but_trace: str) -> str:
    found = catalogue.rows(
        f"""
        WITH alike AS (
          SELECT trace_id, response_ns
          FROM traces
          WHERE root_service = ? AND root_name = ? AND NOT failed
        )
        SELECT replace(trace_id::VARCHAR, '-', '')
        FROM alike
        WHERE trace_id <> ?::UUID AND (SELECT count(*) FROM alike) >= {_FEWEST_TRACES}
        ORDER BY abs(response_ns - (SELECT quantile_disc(response_ns, 0.5) FROM alike)), trace_id
        LIMIT 1
        """,
        (service, name, but_trace),
    )
    return str(found[0][0]) if found else ""
