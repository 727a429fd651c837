"""Folders that are watched: files that come, grow or are replaced are read beside all else, each into one source.

A file of JSON lines is read on from where it ended, up to its last whole line; any other file again as a whole once it
rests, and what is there already is dropped as a duplicate. Nothing goes when a file goes.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from webapp.formats.tables.mapping import Mapping
from webapp.loading import load_files
from webapp.loading.parts import File, Grown
from webapp.loading.paths import find_files
from webapp.loading.sections import Section, lines_in
from webapp.model.display import plural
from webapp.model.watched import WatchedFile
from webapp.progress import Progress
from webapp.store import Store

PERIOD_SECONDS = 1.0
_REST_NS = 2_000_000_000  # unchanged for so long, a file is complete
_BLOCK = 1_000_000  # of bytes, in which the end of a line is looked for
_LONGEST_LINE = 64_000_000
_ARCHIVE = "archive"  # the files in it are the sources, new ones each time
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Now:
    """A file as it lies there."""

    path: str
    inode: int
    size: int
    changed_ns: int


class Watching:
    """One for an application."""

    def __init__(
        self,
        store: Store,
        folders: Sequence[str],
        mapping: Mapping,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.folders = folders
        self.waiting: list[str] = []  # files of which not everything could be read yet
        self.looked_ns = 0
        self._store, self._mapping, self._now_ns = store, mapping, now_ns
        self._tell: Callable[[str], None] = _log.info
        self._progress = Progress()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        store.before_close.append(self.close)

    def start(self, tell: Callable[[str], None]) -> None:
        """`tell` is given a line for each file that something was read of."""
        self._tell = tell
        if self.folders and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="watching", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._progress.cancelled = True
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Once: read what is new."""
        known = self._store.watched.files()
        waiting: list[str] = []
        files: dict[str, tuple[File, _Now]] = {}
        for path in find_files(self.folders):
            now = _seen(path)
            if now is None or _is_same(known.get(path), now):
                continue
            file = self._new_of(now, known.get(path))
            if file:
                files[path] = file, now
            else:
                waiting.append(path)
        self._read(files, known)
        self.waiting, self.looked_ns = waiting, self._now_ns()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self.look()
            except Exception:  # the next look may fare better
                _log.exception("looking at %s", ", ".join(self.folders))
            self._closed.wait(PERIOD_SECONDS)

    def _new_of(self, now: _Now, before: WatchedFile | None) -> File | None:
        """What is to be read of it; None while that has to wait."""
        try:
            if not _is_lines(now.path):
                rests = self._now_ns() - now.changed_ns >= _REST_NS
                return File(now.path, mapping=self._mapping) if rests else None
            goes_on = before is not None and before.inode == now.inode and before.done <= now.size
            start = before.done if before and before.format and goes_on else 0
            stop = _last_end(now.path, start, now.size)
        except OSError:  # it is gone, or may not be read yet
            return None
        if stop <= start:
            return None
        return File(now.path, section=Section(0, start, stop, last=True), mapping=self._mapping)

    def _read(self, files: dict[str, tuple[File, _Now]], known: dict[str, WatchedFile]) -> None:
        if not files:
            return
        before = {source.source_id: source.report.spans for source in self._store.listing.all()}
        for path, (file, _) in files.items():
            if path in known:
                self._go_on(file, known[path])
        sources = load_files([file for file, _ in files.values()], self._store, self._progress)
        read: list[WatchedFile] = []
        for path, (file, now) in files.items():
            own = [source for source in sources if source.report.path == path]
            source = next(
                iter(own or [each for each in sources if each.report.path.startswith(f"{path}/")]), None
            )
            if source:
                read.append(
                    _remembered(file, now, source.source_id, source.report.format if own else _ARCHIVE)
                )
                more = source.report.spans - before.get(source.source_id, 0)
                why = f"{plural(more, 'span')} more" if source.report.format else source.report.reason
                self._tell(f"{path}: {why}")
        self._store.watched.keep(read)

    def _go_on(self, file: File, before: WatchedFile) -> None:
        """Into the source that it had; what was refused is asked what it is anew."""
        if not before.format:
            self._store.remove_source(before.source_id)
        elif before.format != _ARCHIVE:
            file.grown = Grown(before.source_id, before.lines if file.section and file.section.start else 0)
            file.chosen = before.format


def _remembered(file: File, now: _Now, source_id: int, read_as: str) -> WatchedFile:
    done, lines = now.size, 0
    if file.section:
        lines_before = file.grown.lines if file.grown else 0
        done, lines = file.section.stop, lines_before + lines_in(file.path, file.section)
    return WatchedFile(file.path, now.inode, now.size, now.changed_ns, done, lines, source_id, read_as)


def _seen(path: str) -> _Now | None:
    try:
        stat = Path(path).stat()
    except OSError:
        return None
    return _Now(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _is_same(before: WatchedFile | None, now: _Now) -> bool:
    return before is not None and (before.inode, before.size, before.changed_ns) == (
        now.inode,
        now.size,
        now.changed_ns,
    )


def _is_lines(path: str) -> bool:
    """Whether its first line is a JSON object of its own."""
    with Path(path).open("rb") as stream:
        first = stream.readline(_LONGEST_LINE)
    return first.endswith(b"\n") and _is_json(first)


def _last_end(path: str, start: int, size: int) -> int:
    """Where the last whole line ends; also one without a line end that is whole JSON."""
    with Path(path).open("rb") as stream:
        at = size
        while at > start:
            begin = max(start, at - _BLOCK)
            stream.seek(begin)
            found = stream.read(at - begin).rfind(b"\n")
            if found >= 0:
                at = begin + found + 1
                break
            at = begin
        stream.seek(at)
        return size if size - at < _LONGEST_LINE and _is_json(stream.read(size - at)) else at


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return False
    return True
