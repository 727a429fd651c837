"""Apache Thrift without its definitions: structs as dicts by field number, in the binary and the compact protocol.

Text and bytes are the same on this wire, and stay bytes. What the numbers mean is for the reader of a format.
"""

import struct
from typing import Any

Struct = dict[int, Any]

_DEEPEST = 50
_STOP = "stop"
# the types by their numbers on the wire
_BINARY = {0: _STOP, 2: "bool", 3: ">b", 4: ">d", 6: ">h", 8: ">i", 10: ">q", 11: "text", 12: "struct", 13: "map",
           14: "list", 15: "list"}  # fmt: skip
_COMPACT = {0: _STOP, 1: "true", 2: "false", 3: ">b", 4: "zigzag", 5: "zigzag", 6: "zigzag", 7: "<d", 8: "text",
            9: "list", 10: "list", 11: "map", 12: "struct"}  # fmt: skip


class Damaged(ValueError):
    """The bytes end too early or are no Thrift. What was read before that is in the struct that was being filled."""


class Binary:
    """The binary protocol, from `at` on."""

    kinds = _BINARY

    def __init__(self, content: bytes, at: int = 0) -> None:
        self.content = content
        self.at = at
        self._depth = 0

    @property
    def is_at_end(self) -> bool:
        return self.at >= len(self.content)

    def fill(self, into: Struct) -> None:
        """Reads a struct. What its fields hold is there while it is read; lists have only whole elements."""
        self._deeper()
        number = 0
        while True:
            number, kind = self._field(number)
            if kind == _STOP:
                break
            if kind == "struct":
                into[number] = {}
                self.fill(into[number])
            elif kind == "list":
                into[number] = []
                self.extend(into[number])
            else:
                into[number] = self._field_value(kind)
        self._depth -= 1

    def extend(self, into: list[Any]) -> None:
        self._deeper()
        kind, length = self._list_head()
        self._check(length)
        for _ in range(length):
            into.append(self._value(kind))  # noqa: PERF401  what was read stays when the next is damaged
        self._depth -= 1

    def name_of_call(self) -> str:
        """Reads what goes before the arguments of a call, with a version or, long ago, without."""
        if self.content[self.at : self.at + 2] == b"\x80\x01":
            self.at += 4
            name = self._text()
        else:
            name = self._text()
            self.at += 1
        self.at += 4
        return name.decode("latin-1")

    def _value(self, kind: str) -> Any:  # noqa: ANN401  of any type
        match kind:
            case "text":
                return self._text()
            case "struct":
                found: Struct = {}
                self.fill(found)
                return found
            case "list":
                listed: list[Any] = []
                self.extend(listed)
                return listed
            case "map":
                return self._map()
            case "bool" | "true" | "false":
                return self._byte() == 1
            case "zigzag":
                return self._zigzag()
            case "stop":
                raise Damaged("a value of no type")
            case _:
                return self._unpacked(kind)

    def _map(self) -> dict[Any, Any]:
        self._deeper()
        key, value, length = self._map_head()
        self._check(length)
        found = {}
        for _ in range(length):
            written = self._value(key)
            found[repr(written) if isinstance(written, (dict, list)) else written] = self._value(value)
        self._depth -= 1
        return found

    def _text(self) -> bytes:
        length = self._length()
        self._check(length)
        self.at += length
        return self.content[self.at - length : self.at]

    def _byte(self) -> int:
        self._check(1)
        self.at += 1
        return self.content[self.at - 1]

    def _unpacked(self, layout: str) -> Any:  # noqa: ANN401  int or float
        size = struct.calcsize(layout)
        self._check(size)
        self.at += size
        return struct.unpack_from(layout, self.content, self.at - size)[0]

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        found = shift = 0
        while shift < 70:  # 64 bits are ten bytes
            byte = self._byte()
            found |= (byte & 0x7F) << shift
            if byte < 0x80:
                return found
            shift += 7
        raise Damaged("a number of more than 64 bits")

    def _kind(self, number: int) -> str:
        if number not in self.kinds:
            raise Damaged(f"no type has the number {number}")
        return self.kinds[number]

    def _check(self, length: int) -> None:
        """Each element takes a byte at least, which bounds what a wrong length can ask for."""
        if not 0 <= length <= len(self.content) - self.at:
            raise Damaged("the bytes end too early")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Damaged("nested too deep")

    # where the protocols differ

    def _field(self, _previous: int) -> tuple[int, str]:
        kind = self._kind(self._byte())
        return (0 if kind == _STOP else self._unpacked(">h")), kind

    def _field_value(self, kind: str) -> Any:  # noqa: ANN401  of any type
        return self._value(kind)

    def _list_head(self) -> tuple[str, int]:
        return self._kind(self._byte()), self._unpacked(">i")

    def _map_head(self) -> tuple[str, str, int]:
        return self._kind(self._byte()), self._kind(self._byte()), self._unpacked(">i")

    def _length(self) -> int:
        return int(self._unpacked(">i"))


class Compact(Binary):
    """The compact protocol, which counts fields from the one before and keeps booleans in their type."""

    kinds = _COMPACT

    def name_of_call(self) -> str:
        self.at += 2
        self._varint()
        return self._text().decode("latin-1")

    def _field(self, previous: int) -> tuple[int, str]:
        head = self._byte()
        kind = self._kind(head & 0x0F)
        if kind == _STOP:
            return 0, kind
        return (previous + (head >> 4) if head >> 4 else self._zigzag()), kind

    def _field_value(self, kind: str) -> Any:  # noqa: ANN401
        return kind == "true" if kind in ("true", "false") else self._value(kind)

    def _list_head(self) -> tuple[str, int]:
        head = self._byte()
        short = head >> 4
        return self._kind(head & 0x0F), (self._varint() if short == 0x0F else short)

    def _map_head(self) -> tuple[str, str, int]:
        length = self._varint()
        kinds = self._byte() if length else 0
        return self._kind(kinds >> 4), self._kind(kinds & 0x0F), length

    def _length(self) -> int:
        return self._varint()
