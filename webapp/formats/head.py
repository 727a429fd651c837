"""What a format is recognised by: the first bytes of a file and the JSON values in them. Never its name."""

from dataclasses import dataclass
from typing import Any

HEAD_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    """`start`: the first bytes, decompressed, without BOM.

    `values`: the first JSON documents in them, decoded; the last one as far as it goes (closed where `start` ends).
    Empty when it is not JSON.
    """

    start: bytes
    values: list[Any]

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The first objects, looking into arrays and arrays of arrays: the records, or what wraps them."""
        found: list[dict[str, Any]] = []
        for value in self.values:
            rows = value if isinstance(value, list) else [value]
            for row in rows:
                inner = row if isinstance(row, list) else [row]
                found.extend(one for one in inner if isinstance(one, dict))
        return found

    @property
    def first(self) -> dict[str, Any]:
        """The first of `objects`, {} if there is none."""
        return next(iter(self.objects), {})
