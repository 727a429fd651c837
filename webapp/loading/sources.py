"""Batches into the store, each file as a source; the sections of one file as one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from webapp.loading.batches import Batch
from webapp.loading.parts import File
from webapp.loading.sections import merged, moved
from webapp.model.warnings import CODES, Warning
from webapp.store import Ended, Store


@dataclass(slots=True)
class _Source:
    """`rejected`, `warnings` and `lines` are of the sections that are complete."""

    source_id: int
    rejected: int = 0
    warnings: list[Warning] = field(default_factory=list)
    lines: int = 0

    @property
    def ended(self) -> Ended:
        return Ended(self.source_id, self.rejected, merged(self.warnings))


class Sources:
    """The files under way. Sections must come in their order."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sources: dict[str, _Source] = {}
        self.ids: list[int] = []  # also of those that are complete

    def store(self, batch: Batch) -> None:
        with self._store.together():
            self._start(batch.files)
            source_ids = [self._sources[file.path].source_id for file in batch.files]
            self._store.append_encoded(batch.encoded, source_ids)
            if batch.lines is not None:
                self._store.lines.append(batch.lines, source_ids)
            ended = [self._end(file) for file in batch.ended if not file.is_archive]
            self._store.finish_sources([each for each in ended if each])

    def stop(self) -> None:
        """Say of those under way that not all of them was read."""
        for source in self._sources.values():
            source.warnings.append(Warning("stopped", CODES["stopped"]))
        self._store.finish_sources([source.ended for source in self._sources.values()])
        self._sources.clear()

    def _start(self, files: Sequence[File]) -> None:
        """One write for all that are new: of small files each its own would take longer than their spans."""
        fresh: dict[str, File] = {}
        for file in files:
            if file.path not in self._sources:
                fresh.setdefault(file.path, file)
        told = [(file.path, file.format, file.reason) for file in fresh.values() if not file.grown]
        source_ids = iter(self._store.start_sources(told))
        for path, file in fresh.items():
            grown = file.grown
            source = _Source(grown.source_id, lines=grown.lines) if grown else _Source(next(source_ids))
            self._sources[path] = source
            self.ids.append(source.source_id)

    def _end(self, file: File) -> Ended | None:
        """What is to be written of its source, if nothing more of it comes and nothing is written of it yet."""
        source = self._sources[file.path]
        source.rejected += file.rejected
        source.warnings += (
            file.warnings if file.section is None else moved(file.warnings, file.section, source.lines)
        )
        source.lines += file.lines
        if not file.ends:
            return None
        del self._sources[file.path]
        if file.grown:
            self._store.receivers.count(source.source_id, source.rejected, source.warnings, merged)
            return None
        return source.ended
