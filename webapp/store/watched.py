"""How far the files of watched folders are read, so that nobody reads them twice after a restart."""

from collections.abc import Sequence
from dataclasses import astuple

from webapp.model.watched import WatchedFile
from webapp.store.connection import Connection


class Watched:
    """Asked of the store as `store.watched`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def files(self) -> dict[str, WatchedFile]:
        """By path. Of those whose source was removed nothing can be read on: they are read anew, once they change."""
        with self._connection.reading() as cursor:
            found = cursor.execute(
                """
                SELECT path, inode, size, changed_ns, done, lines, source_id, format,
                  if(source_id IN (SELECT source_id FROM sources), digest, '')
                FROM watched_files
                """
            ).fetchall()
        return {path: WatchedFile(path, *rest) for path, *rest in found}

    def keep(self, files: Sequence[WatchedFile]) -> None:
        with self._connection.writing() as writer:
            for file in files:
                writer.execute(
                    "INSERT OR REPLACE INTO watched_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    astuple(file),
                )
