"""Protobuf bytes taken field by field from a stream, without a schema: places, lengths, damage. No spans here."""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

NO_END = 2**63
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
_BLOCK = 1_000_000
_LONGEST_VARINT = 10
_LONGEST_MATCH = 100
_WIDTHS = {EIGHT_BYTES: 8, FOUR_BYTES: 4}


class Damage(Exception):
    """The bytes from `at` on are no message. `cut`: because they end too early."""

    def __init__(self, at: int, *, cut: bool) -> None:
        super().__init__(f"byte {at}")
        self.at = at
        self.cut = cut


class Field(NamedTuple):
    """One field of a message. Its content lies from the source's place up to `stop`."""

    number: int
    wire: int
    at: int
    stop: int


class Source:
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

    def skip_to(self, place: int) -> None:
        """Forward only, up to the end of the stream."""
        while self.at < place and self._have(1):
            self._next = min(len(self._text), self._next + place - self.at)

    def varint(self) -> int:
        """Raises Damage."""
        at, number = self.at, 0
        for index in range(_LONGEST_VARINT):
            if not self._have(1):
                raise Damage(at, cut=True)
            byte = self._text[self._next]
            self._next += 1
            number |= (byte & 0x7F) << 7 * index
            if byte < 0x80:
                return number
        raise Damage(at, cut=False)

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


def fields(source: Source, end: int) -> Iterator[Field]:
    """The fields of the message that lies up to `end`. Whatever of one is not taken is passed over.

    Raises:
        Damage: no field begins here, or it reaches beyond its message; the source is after its beginning.
    """
    while source.at < end and not source.is_at_end():
        at = source.at
        key = source.varint()
        number, wire = key >> 3, key & 7
        if wire == LENGTH:
            length = source.varint()
        elif wire == VARINT:
            source.varint()
            length = 0
        else:
            length = _WIDTHS.get(wire, -1)
        stop = source.at + length
        if number == 0 or length < 0 or stop > end:
            raise Damage(at, cut=False)
        yield Field(number, wire, at, stop)
        source.skip_to(stop)
        if source.at < stop:
            raise Damage(at, cut=True)
    if source.at < end < NO_END:
        raise Damage(source.at, cut=True)
