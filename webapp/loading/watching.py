"""Folders that are watched: files that come, grow or are replaced are read beside all else, each into one source.

A file of JSON lines is read on from where it ended, up to its last whole line, while what was read of it is still the
same. Any other file, and one that was rewritten, is read from its start: once it rests, or from its first whole lines on.
What it gives then takes the place of what it gave before. Nothing goes when a file goes, or is empty.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

import msgspec

from webapp.formats.tables.mapping import Mapping
from webapp.loading import load_files
from webapp.loading.parts import File, Grown
from webapp.loading.paths import find_files
from webapp.loading.sections import Section, lines_in
from webapp.model.display import plural
from webapp.model.sources import Source
from webapp.model.watched import WatchedFile
from webapp.progress import Progress
from webapp.store import Store

PERIOD_SECONDS = 1.0
_REST_NS = 2_000_000_000  # unchanged for so long, a file is complete
_BLOCK = 1_000_000  # of bytes, in which the end of a line is looked for
_LONGEST_LINE = 64_000_000
_DIGESTED = 16_384  # bytes at either end: to read gigabytes for each line that comes would take too long
_UNSEEN = -1  # the size of no file: it is read anew
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Now:
    """A file as it lies there."""

    path: str
    inode: int
    size: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class _New:
    """What is to be read of a file; `digest` of all that will be read of it then, if it can be read on."""

    file: File
    now: _Now
    digest: str = ""


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
        files: dict[str, _New] = {}
        for path in find_files(self.folders):
            now = _seen(path)
            before = known.get(path)
            if now is None or _is_same(before, now) or (before and not now.size):
                continue
            new = self._new_of(now, before)
            if new:
                files[path] = new
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

    def _new_of(self, now: _Now, before: WatchedFile | None) -> _New | None:
        """None while it has to wait."""
        try:
            if not _is_lines(now.path):
                rests = self._now_ns() - now.changed_ns >= _REST_NS
                return _New(File(now.path, mapping=self._mapping), now) if rests else None
            start = before.done if before and _goes_on(before, now) else 0
            stop = _last_end(now.path, start, now.size)
            if stop <= start:
                return None
            section = Section(0, start, stop, last=True)
            return _New(File(now.path, section=section, mapping=self._mapping), now, _digest(now.path, stop))
        except OSError:  # it is gone, or may not be read yet
            return None

    def _read(self, files: dict[str, _New], known: dict[str, WatchedFile]) -> None:
        if not files:
            return
        before = self._store.listing.all()
        for path, new in files.items():
            if path in known:
                self._follow(new.file, known[path], before)
        sources = load_files([new.file for new in files.values()], self._store, self._progress)
        spans_before = {source.source_id: source.report.spans for source in before}
        read: list[WatchedFile] = []
        for path, new in files.items():
            if given := _given(path, sources):
                read.append(_remembered(new, given[0]))
                more = sum(each.report.spans - spans_before.get(each.source_id, 0) for each in given)
                anew = path in known and not new.file.grown
                words = f"read anew, {plural(more, 'span')}" if anew else f"{plural(more, 'span')} more"
                is_read = any(each.report.format for each in given)
                self._tell(f"{path}: {words if is_read else given[0].report.reason}")
        if self._progress.cancelled:  # perhaps amid one of them
            read = [replace(each, size=_UNSEEN, digest="") for each in read]
        self._store.watched.keep(read)

    def _follow(self, file: File, before: WatchedFile, sources: Sequence[Source]) -> None:
        """Into the source that it had, if it is read on; else in place of what it gave, and asked what it is anew."""
        if file.section and file.section.start:
            file.grown = Grown(before.source_id, before.lines)
            file.chosen = before.format
            return
        for source in _given(before.path, sources):
            if source.source_id >= before.source_id:  # those before it came by another way
                self._store.remove_source(source.source_id)


def _given(path: str, sources: Sequence[Source]) -> list[Source]:
    """What a file gave; of an archive each file in it is a source."""
    return [each for each in sources if each.report.path == path or each.report.path.startswith(f"{path}/")]


def _remembered(new: _New, source: Source) -> WatchedFile:
    file, now = new.file, new.now
    done, lines = now.size, 0
    if file.section:
        lines_before = file.grown.lines if file.grown else 0
        done, lines = file.section.stop, lines_before + lines_in(file.path, file.section)
    read_as = source.report.format
    return WatchedFile(
        file.path, now.inode, now.size, now.changed_ns, done, lines, source.source_id, read_as, new.digest
    )


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


def _goes_on(before: WatchedFile, now: _Now) -> bool:
    """Whether there is more behind what was read, and that is still the same."""
    return bool(
        before.format
        and before.digest
        and before.inode == now.inode
        and before.done < now.size
        and before.digest == _digest(now.path, before.done)
    )


def _digest(path: str, stop: int) -> str:
    """Of the bytes up to there, the first and the last."""
    length = min(stop, _DIGESTED)
    with Path(path).open("rb") as stream:
        first = stream.read(length)
        stream.seek(stop - length)
        return blake2b(first + stream.read(length), digest_size=16).hexdigest()


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
