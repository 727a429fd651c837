"""One file being read, whatever its format: its spans in batches, and what there is to say of it."""

import gc
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from webapp.errors import NotTraces
from webapp.formats.notes import Notes
from webapp.model.logs import LogLine
from webapp.model.spans import Span

BATCH = 500  # few enough to be encoded while they are warm in the processor's memory


class Batch(NamedTuple):
    spans: list[Span]
    lines: list[LogLine]


class Reading:
    """One file being read. Iterating yields its spans in batches; `notes` is complete when that has ended.

    A file of nothing but OpenTelemetry's log records is no file of traces, though its lines may stand beside the
    spans of other files: then `format` is "" in the end, and `reason` says so.
    """

    def __init__(
        self,
        format_name: str,
        reason: str,
        notes: Notes,
        records: Iterator[Span | LogLine],
        without_spans: NotTraces | None = None,
    ) -> None:
        self.format = format_name
        self._without_spans = without_spans
        self.reason = reason
        self.notes = notes
        self._records = records

    def __iter__(self) -> Iterator[list[Span]]:
        return (batch.spans for batch in self.batches() if batch.spans)

    def batches(self) -> Iterator[Batch]:
        """Also the log lines. The garbage collector rests: it would visit millions of new objects, none of them garbage."""
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            while batch := list(islice(self._records, BATCH)):
                lines = [one for one in batch if isinstance(one, LogLine)]
                spans = [one for one in batch if isinstance(one, Span)] if lines else batch
                self._without_spans = None if spans else self._without_spans
                yield Batch(spans, lines)  # type: ignore[arg-type]
            if self._without_spans and not self.notes.rejected:
                self.format, self.reason = "", str(self._without_spans)
        finally:
            if was_enabled:
                gc.enable()
