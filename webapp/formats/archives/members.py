"""What archives of all kinds have in common: a file in one as a stream, and how much it may grow."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from webapp.formats.byte_source import ByteSource
from webapp.formats.notes import Notes
from webapp.formats.unpack import Limits, buffered
from webapp.model.display import size

_PIECE = 1_000_000


@dataclass(slots=True)
class Member:
    """One file of an archive, or why it cannot be read. `notes` are about it alone."""

    name: str
    stream: BinaryIO = field(default_factory=lambda: buffered(iter(())))
    notes: Notes = field(default_factory=Notes)
    problem: str = ""


class Growth:
    """How much the files of one archive have grown to, all together."""

    def __init__(self, source: ByteSource, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._bytes = 0

    @property
    def is_too_much(self) -> bool:
        limits = self._limits
        grown = self._bytes
        return grown > limits.most_bytes or (
            grown > limits.ratio_from and grown > limits.ratio * max(1, self._source.at)
        )

    def watched(self, pieces: Iterator[bytes], notes: Notes) -> Iterator[bytes]:
        for piece in pieces:
            self._bytes += len(piece)
            yield piece
            if self.is_too_much:
                message = f"The archive grew beyond {size(self._bytes)}; reading stopped there."
                notes.warn("size_limit", message, where=f"byte {self._source.at} of the archive")
                return


def stored(source: ByteSource, stop: int, notes: Notes) -> Iterator[bytes]:
    """What lies in the archive as it is, up to `stop`."""
    while source.at < stop and (piece := source.take(min(_PIECE, stop - source.at))):
        yield piece
    if source.at < stop:
        notes.warn("truncated", "The archive ends in the middle of this file.", where=f"byte {source.at}")
