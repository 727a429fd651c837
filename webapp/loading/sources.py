"""Batches into the store, each file as a source; the sections of one file as one."""

from dataclasses import dataclass, field

from webapp.loading.batches import Batch
from webapp.loading.parts import File
from webapp.loading.sections import merged, moved
from webapp.model.warnings import CODES, Warning
from webapp.store import Store


@dataclass(slots=True)
class _Source:
    """`rejected`, `warnings` and `lines` are of the sections that are complete."""

    source_id: int
    rejected: int = 0
    warnings: list[Warning] = field(default_factory=list)
    lines: int = 0


class Sources:
    """The files under way. Sections must come in their order."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sources: dict[str, _Source] = {}
        self.ids: list[int] = []  # also of those that are complete

    def store(self, batch: Batch) -> None:
        with self._store.together():
            source_ids = [self._source_of(file).source_id for file in batch.files]
            self._store.append_encoded(batch.encoded, source_ids)
            if batch.lines is not None:
                self._store.lines.append(batch.lines, source_ids)
            for file in batch.ended:
                self._end(file)

    def stop(self) -> None:
        """Say of those under way that not all of them was read."""
        for source in self._sources.values():
            source.warnings.append(Warning("stopped", CODES["stopped"]))
            self._store.finish_source(source.source_id, source.rejected, merged(source.warnings))
        self._sources.clear()

    def _source_of(self, file: File) -> _Source:
        if file.path not in self._sources:
            if file.grown:
                source = _Source(file.grown.source_id, lines=file.grown.lines)
            else:
                source = _Source(self._store.start_source(file.path, file.format, file.reason))
            self._sources[file.path] = source
            self.ids.append(source.source_id)
        return self._sources[file.path]

    def _end(self, file: File) -> None:
        if file.is_archive:
            return
        source = self._source_of(file)
        source.rejected += file.rejected
        source.warnings += (
            file.warnings if file.section is None else moved(file.warnings, file.section, source.lines)
        )
        source.lines += file.lines
        if file.ends:
            del self._sources[file.path]
            if file.grown:
                self._store.receivers.count(source.source_id, source.rejected, source.warnings, merged)
            else:
                self._store.finish_source(source.source_id, source.rejected, merged(source.warnings))
