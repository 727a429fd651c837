"""A stream of bytes taken piece by piece: looked ahead into, skipped over, searched. What the bytes mean is not here."""

import re
from typing import BinaryIO

_BLOCK = 1_000_000
_LONGEST_MATCH = 100  # bytes


class ByteSource:
    """A stream of which a part is in memory; `at` is the place in it that comes next."""

    def __init__(self, stream: BinaryIO, at: int = 0) -> None:
        self._stream = stream
        self._text = b""
        self._base = at  # the place of `_text[0]`
        self._next = 0  # in `_text`
        self._ended = False

    @property
    def at(self) -> int:
        return self._base + self._next

    def peek(self, amount: int) -> bytes:
        """What comes next, without taking it; less at the end."""
        self._have(amount)
        return self._text[self._next : self._next + amount]

    def is_at_end(self) -> bool:
        return not self._have(1)

    def take(self, amount: int) -> bytes:
        """Less than `amount` at the end."""
        self._have(amount)
        taken = self._text[self._next : self._next + amount]
        self._next += len(taken)
        return taken

    def give_back(self, amount: int) -> None:
        """Of what was taken last."""
        self._next -= amount

    def skip_to(self, place: int) -> None:
        """Forward only, up to the end of the stream."""
        while self.at < place and self._have(1):
            self._next = min(len(self._text), self._next + place - self.at)

    def skip_to_match(self, pattern: re.Pattern[bytes], stop: int) -> bool:
        """Whether `pattern` begins between here and `stop`; then that is what comes next."""
        while True:
            found = pattern.search(self._text, self._next, min(len(self._text), self._next + stop - self.at))
            if found:
                self._next = found.start()
                return True
            if self._ended or self._base + len(self._text) >= stop:
                return False
            self._next = max(self._next, len(self._text) - _LONGEST_MATCH)
            self._have(_BLOCK)

    def _have(self, amount: int) -> bool:
        """Read on until so much is in memory; False if the stream ends before."""
        missing = amount - (len(self._text) - self._next)
        if missing <= 0 or self._ended:
            return missing <= 0
        pieces = [self._text[self._next :]]
        while missing > 0 and not self._ended:
            block = self._stream.read(max(_BLOCK, min(missing, 8 * _BLOCK)))
            self._ended = not block
            missing -= len(block)
            pieces.append(block)
        self._base, self._next, self._text = self.at, 0, b"".join(pieces)
        return missing <= 0
