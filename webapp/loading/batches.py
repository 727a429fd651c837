"""Parts of files → batches large enough for one insert, encoded as they come. Many small files share a batch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from webapp.loading.parts import File, Part
from webapp.model.spans import Span
from webapp.store import Encoded, Encoder, encode_lines

FLUSH_SPANS = 122_880
FLUSH_CHARACTERS = 128_000_000  # of attributes, for spans that hold much
_SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Batch:
    """`source` number n of `encoded` is file n. `ended`: the files that are complete with this batch."""

    encoded: Encoded
    files: list[File]
    ended: list[File]
    lines: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Something was read: for whoever waits. It may be taken back with negative numbers, and come again."""

    path: str
    spans: int = 0
    files: int = 0
    skipped: int = 0
    on_disk: str = ""  # the archive that it lies in, or the same path


News = Seen | Batch


def news_of(parts: Iterable[Part]) -> Iterator[News]:
    waiting = _Waiting()
    for part in parts:
        waiting.add(part)
        yield _seen(part)
        if waiting.is_full:
            yield waiting.take()
    yield waiting.take()


def _seen(part: Part) -> Seen:
    """A file counts when nothing of it comes any more; those in an archive count as one, but each may be skipped."""
    file = part.file
    ended = part.last and file.ends
    skipped = ended and not file.format and not file.is_archive
    return Seen(file.path, len(part.spans), int(ended and not file.archive), int(skipped), file.on_disk)


class _Waiting:
    """Parts that are read but not yet stored."""

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._clear()

    def _clear(self) -> None:
        self._files: dict[str, File] = {}
        self._numbers: dict[str, int] = {}
        self._ended: list[File] = []
        self._lines: list[pa.Table] = []
        self._line_count = 0
        self._characters = 0

    def add(self, part: Part) -> None:
        if part.file.is_archive:
            self._ended.append(part.file)
            return
        path = part.file.path
        self._files[path] = part.file
        number = self._numbers.setdefault(path, len(self._numbers))
        self._encoder.add(part.spans, number)
        self._characters += _characters_in(part.spans)
        if part.lines:
            self._lines.append(encode_lines(part.lines, number))
            self._line_count += len(part.lines)
        if part.last:
            self._ended.append(part.file)

    @property
    def is_full(self) -> bool:
        return self._encoder.size + self._line_count >= FLUSH_SPANS or self._characters >= FLUSH_CHARACTERS

    def take(self) -> Batch:
        lines = pa.concat_tables(self._lines) if self._lines else None
        batch = Batch(self._encoder.take(), list(self._files.values()), self._ended, lines)
        self._clear()
        return batch


def _characters_in(spans: list[Span]) -> int:
    """Roughly how much text the attributes of a batch hold."""
    sample = spans[:: max(1, len(spans) // _SAMPLE)]
    characters = sum(len(str(value)) for span in sample for value in span.attributes.values())
    return characters * len(spans) // max(1, len(sample))
