"""Protobuf bytes taken field by field, without a schema: places, lengths, damage. No spans here."""

from collections.abc import Iterator
from typing import NamedTuple

from webapp.formats.byte_source import ByteSource

NO_END = 2**63
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
_LONGEST_VARINT = 10
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


class Source(ByteSource):
    """With numbers as protobuf writes them."""

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
