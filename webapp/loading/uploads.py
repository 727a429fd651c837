"""Loads that a page asks for, and removals: one after another, by a thread beside all else; the last are remembered."""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue

from webapp import formats
from webapp.errors import TailraceError, UnreadableFile
from webapp.formats.tables.columns import Columns, columns_of
from webapp.formats.tables.layout import NO_MAPPING
from webapp.formats.tables.mapping import Mapping
from webapp.loading import check_mapping, load_files
from webapp.loading.kept import Kept
from webapp.loading.parts import File
from webapp.loading.paths import opened
from webapp.model.sources import Source
from webapp.progress import Progress
from webapp.store import Store

_REMEMBERED = 20  # loads that are over
_LAST_SECONDS = 10.0  # to wait for the thread when the store is closed

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Load:
    """`removes`: what goes first, for good if there are no files. `opens`: a trace to show when all is read."""

    number: int
    files: Sequence[File]
    removes: Source | None = None
    opens: str = ""
    progress: Progress = field(default_factory=Progress)
    begun: bool = False
    sources: list[Source] = field(default_factory=list)  # when it is over
    problem: str = ""  # why it failed
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        return self.over.is_set()


class Uploads:
    """Of one application. What was read when the store is closed stays in it."""

    def __init__(self, store: Store, most_bytes: int) -> None:
        self._store = store
        self._waiting: SimpleQueue[Load | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._begun = 0
        self.kept = Kept(most_bytes)
        self.loads: list[Load] = []  # the newest last
        store.before_close.append(self.close)

    def load(self, files: Sequence[File], removes: Source | None = None, opens: str = "") -> Load:
        with self._lock:
            self._begun += 1
            load = Load(self._begun, files, removes, opens, Progress(files_total=len(files)))
            over = [each for each in self.loads if each.is_over]
            self.loads = [each for each in self.loads if each not in over[:-_REMEMBERED]] + [load]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="uploads", daemon=True)
                self._thread.start()
        self._waiting.put(load)
        return load

    def columns(self, source: Source) -> Columns | None:
        """Of a table that is kept, what it has."""
        file = self.kept.file(source.report.path)
        with suppress(UnreadableFile), opened(file.place) as stream:
            found = (one for one in formats.contents(stream, file.path) if one.name == source.report.path)
            content = next(found, None)
            return columns_of(content, source.report.format) if content else None
        return None

    def again(self, source: Source, chosen: str = "", mapping: Mapping = NO_MAPPING) -> Load:
        """Read the file of a source, which is kept, anew in place of what it gave."""
        file = self.kept.file(source.report.path)
        file.chosen, file.mapping = chosen, mapping
        return self.load([file], source)

    def remove(self, source: Source) -> Load:
        """All that only this source brought, and what is kept of its file."""
        return self.load([], source)

    def find(self, number: int) -> Load | None:
        return next((load for load in self.loads if load.number == number), None)

    def close(self) -> None:
        with self._lock:
            thread = self._thread
        for load in self.loads:
            load.progress.cancelled = True
        self._waiting.put(None)
        if thread:
            thread.join(_LAST_SECONDS)
        self.kept.close()

    def _run(self) -> None:
        while load := self._waiting.get():
            try:
                self._work(load)
            except TailraceError as error:
                load.problem = str(error)
            except Exception:
                _log.exception("loading what a page sent")
                load.problem = "Loading failed; the log of the server says why."
            finally:
                load.progress.update(done=True)
                load.over.set()

    def _work(self, load: Load) -> None:
        if load.progress.cancelled:
            return
        self.kept.make_room({file.path for each in self.loads if not each.is_over for file in each.files})
        load.begun = True
        load.progress.started = time.monotonic()
        if load.removes:
            self._store.remove_source(load.removes.source_id)
            if not load.files:
                self.kept.drop(load.removes.report.path)
        load.sources = load_files(load.files, self._store, load.progress)
        for file in load.files:
            check_mapping(file.mapping, [source.report for source in load.sources])
