"""Receivers as sources: one row each for as long as the store lasts, whose counts grow. Files are `sources.py`'s."""

from collections.abc import Callable, Sequence

import duckdb
import msgspec

from webapp.model.warnings import Warning
from webapp.store.connection import Connection
from webapp.store.sources import Ended, finish_sources, start_sources
from webapp.store.writing import colours

RECEIVED = "received"  # the reason of such a source: a file may have any name


class Receivers:
    """Asked of the store as `store.receivers`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def source(self, name: str, file_format: str) -> int:
        """The source of a receiver, also from an earlier run."""
        with self._connection.writing() as writer:
            found = writer.execute(
                "SELECT source_id FROM sources WHERE path = ? AND reason = ?", [name, RECEIVED]
            ).fetchall()
            return int(found[0][0]) if found else start_sources(writer, [(name, file_format, RECEIVED)])[0]

    def counts(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Spans and rejected records of each, by name and format."""
        with self._connection.reading() as cursor:
            found = cursor.execute(
                "SELECT path, format, spans, rejected FROM sources WHERE reason = ? ORDER BY source_id",
                [RECEIVED],
            ).fetchall()
        return {(name, file_format): (spans, rejected) for name, file_format, spans, rejected in found}

    def count(
        self,
        source_id: int,
        rejected: int,
        warnings: Sequence[Warning],
        merged: Callable[[Sequence[Warning]], list[Warning]],
    ) -> None:
        """Add what a reader had to say to what is known of the source; `merged` keeps that short."""
        with self._connection.writing() as writer:
            [(before, said)] = writer.execute(
                "SELECT rejected, warnings FROM sources WHERE source_id = ?", [source_id]
            ).fetchall()
            known = msgspec.json.decode(said, type=list[Warning])
            ended = Ended(source_id, before + rejected, merged([*known, *warnings]))
            finish_sources(writer, [ended])

    def colour_services(self) -> None:
        """Give those that came since their colours. Nothing is written when there are none."""
        with self._connection.reading() as cursor:
            if not _colourless(cursor):
                return
        with self._connection.writing() as writer:
            colours.assign_slots(writer)


def _colourless(cursor: duckdb.DuckDBPyConnection) -> bool:
    return bool(cursor.execute("SELECT 1 FROM services WHERE slot IS NULL LIMIT 1").fetchall())
