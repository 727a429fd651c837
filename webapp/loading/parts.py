"""Files → parts of spans, read in a thread of its own while another one stores. What went wrong is part of a file."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Event, Thread
from typing import BinaryIO, cast

from webapp import formats
from webapp.errors import TailraceError, UnreadableFile
from webapp.formats.tables.layout import NO_MAPPING
from webapp.formats.tables.mapping import Mapping
from webapp.formats.unpack import Unpacked
from webapp.loading.logs import named_services
from webapp.loading.paths import opened
from webapp.loading.sections import Section, SectionStream
from webapp.model.logs import LogLine
from webapp.model.spans import Span
from webapp.model.warnings import Warning

_AHEAD = 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Grown:
    """A file that was read before, into this source: so many of its lines."""

    source_id: int
    lines: int


@dataclass(slots=True)
class File:
    """One file. `rejected` and `warnings` are complete with its last part; a `format` of "" says it was refused."""

    path: str
    section: Section | None = None  # of a long file, if it is not read in one piece
    mapping: Mapping = NO_MAPPING  # what the user says of its columns, if it is a table
    format: str = ""
    reason: str = ""
    rejected: int = 0
    warnings: list[Warning] = field(default_factory=list)
    lines: int = 0  # of the section
    archive: str = ""  # the path of the archive that it lies in
    is_archive: bool = False  # which is no source itself, but the files in it are
    kept_as: str = ""  # where its bytes are, if not at `path`
    grown: Grown | None = None  # it was read before
    only: str = ""  # of an archive the one file in it that is read; "": all
    chosen: str = ""  # the format that the user says it has; "": recognise it

    @property
    def ends(self) -> bool:
        """Whether nothing of the file comes after this."""
        return self.section is None or self.section.last

    @property
    def place(self) -> str:
        return self.kept_as or self.path

    @property
    def on_disk(self) -> str:
        return self.archive or self.path


@dataclass(frozen=True, slots=True)
class Part:
    """Some spans of a file; none if it was refused. The last part comes also when reading broke off."""

    file: File
    spans: list[Span]
    lines: Sequence[LogLine] = ()
    last: bool = False


def read_parts(files: Sequence[File]) -> Iterator[Part]:
    for file in files:
        with _breaking_off(file):
            yield from _read_contents(file)
        file.is_archive = file.is_archive and not file.reason  # it breaks off like any file
        yield Part(file, [], last=True)


def _read_contents(file: File) -> Iterator[Part]:
    """Of an archive each file in it, whatever becomes of the others."""
    with _stream_of(file) as stream:
        for content in formats.contents(stream, file.path):
            if file.only and content.name != file.only:
                continue
            if content.name == file.path and not file.is_archive and not content.problem:
                yield from _read_content(file, content)
                return
            file.is_archive = True
            inner = File(content.name, mapping=file.mapping, archive=file.path, chosen=file.chosen)
            with _breaking_off(inner):
                yield from _read_content(inner, content)
            yield Part(inner, [], last=True)
    if file.only and not file.is_archive:
        raise UnreadableFile("It is not in its archive any more.", where=file.only)


def _read_content(file: File, content: Unpacked) -> Iterator[Part]:
    reading = formats.read_unpacked(content, file.mapping, file.chosen)
    file.format, file.reason = reading.format, reading.reason
    try:
        for spans, lines in reading.batches():
            named = named_services(lines, file.path)
            if named is not lines:
                reading.notes.warn("service_from_file", count=len(lines))
            yield Part(file, spans, named)
    finally:
        file.format, file.reason = reading.format, reading.reason
        file.rejected, file.warnings = reading.notes.rejected, reading.notes.warnings


@contextmanager
def _breaking_off(file: File) -> Iterator[None]:
    """What goes wrong within is part of the file."""
    try:
        yield
    except TailraceError as error:
        _break_off(file, str(error))
    except Exception as error:  # a reader that fails on one file must not lose the others
        _log.exception("reading %s", file.path)
        _break_off(file, f"The reader failed: {type(error).__name__}: {error}")


@contextmanager
def _stream_of(file: File) -> Iterator[BinaryIO]:
    with opened(file.place) as whole:
        if file.section is None:
            yield whole
            return
        part = SectionStream(whole, file.section)
        yield cast("BinaryIO", part)
        file.lines = part.lines


def _break_off(file: File, message: str) -> None:
    """Before the first span the message is why the file is refused, later a warning beside its good part."""
    if file.format:
        file.warnings.append(Warning("truncated", message))
    else:
        file.reason = message


@contextmanager
def read_ahead(files: Sequence[File]) -> Iterator[Iterator[Part]]:
    """The parts of `files`, read by another thread a few parts ahead. That thread ends with the block."""
    queue: Queue[Part | None] = Queue(_AHEAD)
    stopped = Event()

    def fill() -> None:
        for part in read_parts(files):
            queue.put(part)
            if stopped.is_set():
                return
        queue.put(None)

    thread = Thread(target=fill, name="reader", daemon=True)
    thread.start()
    try:
        yield iter(queue.get, None)
    finally:
        stopped.set()
        while thread.is_alive():  # it may be waiting for room
            with suppress(Empty):
                queue.get(timeout=0.05)
