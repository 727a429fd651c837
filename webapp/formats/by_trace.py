"""Records brought together by trace in bounded memory, for formats in which one record explains another. No meaning here."""

from collections.abc import Iterator
from typing import Generic, TypeVar

MOST_RECORDS = 20_000
MOST_BYTES = 64_000_000

Record = TypeVar("Record")


class ByTrace(Generic[Record]):
    """Holds the traces heard of last; beyond the bounds the one that was quiet longest is let go."""

    def __init__(self) -> None:
        self._traces: dict[str, list[tuple[Record, int]]] = {}
        self._records = 0
        self._bytes = 0

    def add(self, trace: str, record: Record, size: int) -> Iterator[list[Record]]:
        """Yields the traces that had to be let go. `size` is about the bytes of the record in its file."""
        records = self._traces.pop(trace, [])
        records.append((record, size))
        self._traces[trace] = records
        self._records += 1
        self._bytes += size
        while self._records > MOST_RECORDS or self._bytes > MOST_BYTES:
            yield self.take(next(iter(self._traces)))

    def rest(self) -> Iterator[list[Record]]:
        while self._traces:
            yield self.take(next(iter(self._traces)))

    def take(self, trace: str) -> list[Record]:
        """What is held of this trace, no longer held; [] if nothing is."""
        records = self._traces.pop(trace, [])
        self._records -= len(records)
        self._bytes -= sum(size for _, size in records)
        return [record for record, _ in records]
