"""Sources with their ids, for the pages that list them. What is written of them is `sources.py`'s."""

from collections.abc import Collection

from webapp.model.sources import Source, SourceTimes
from webapp.store.connection import Connection
from webapp.store.receivers import RECEIVED
from webapp.store.sources import read_reports


class Listing:
    """Asked of the store as `store.listing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Source]:
        """In order of loading."""
        with self._connection.reading() as cursor:
            found = read_reports(cursor)
        return [Source(number, report, report.reason == RECEIVED) for number, report in found.items()]

    def some(self, source_ids: Collection[int]) -> list[Source]:
        """Those that are still here."""
        wanted = set(source_ids)
        return [source for source in self.all() if source.source_id in wanted]

    def one(self, source_id: int) -> Source | None:
        return next(iter(self.some([source_id])), None)

    def times(self, source_ids: Collection[int]) -> dict[int, SourceTimes]:
        """Of those that have spans."""
        if not source_ids:
            return {}
        with self._connection.reading() as cursor:
            found = cursor.execute(
                """
                SELECT
                  source_id, coalesce(min(start_ns) FILTER (start_ns > 0), 0), max(greatest(start_ns, end_ns))
                FROM spans
                WHERE source_id IN (SELECT unnest(?::UINTEGER[])) AND source_id BETWEEN ? AND ?
                GROUP BY source_id
                """,
                [list(source_ids), min(source_ids), max(source_ids)],
            ).fetchall()
        return {source_id: SourceTimes(first_ns, last_ns) for source_id, first_ns, last_ns in found}
