"""The data-quality report, as `store.quality`. Takes its time: nobody should wait for it (`loading/quality.py`)."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import duckdb

from webapp.model.quality import Report
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.insights.broken_context import Matched
from webapp.store.quality.report import Step, make_report

_SECONDS = 600.0


class Quality:
    """`reading` gives a cursor for some seconds; `writes` counts what was written."""

    def __init__(
        self,
        reading: Callable[[float], AbstractContextManager[duckdb.DuckDBPyConnection]],
        writes: Callable[[], int],
    ) -> None:
        self._reading = reading
        self._writes = writes
        self._cursor: duckdb.DuckDBPyConnection | None = None  # of the report that is made

    @property
    def version(self) -> int:
        """Grows with whatever is written."""
        return self._writes()

    def report(self, source_id: int, rules: Matched, now_ns: int, step: Step) -> Report:
        """Of one source, or of all (0). `step` is told what is looked at next; what it raises ends the work."""
        version = self.version
        with self._reading(_SECONDS) as cursor:
            self._cursor = cursor
            cursor.begin()  # so that all lines count the same spans, whatever is written meanwhile
            try:
                return make_report(Catalogue(cursor), source_id, rules, now_ns, version, step)
            finally:
                self._cursor = None

    def stop(self) -> None:
        """End what is asked right now, with TooSlow."""
        cursor = self._cursor
        if cursor is not None:
            cursor.interrupt()
