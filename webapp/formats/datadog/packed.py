"""Bodies of Datadog's tracers as msgpack: versions 0.3, 0.4 and 0.1 (flat), 0.5 (indexed strings), 0.7 (payloads).

Bodies may follow each other. They are read span by span: what comes before damage is kept. After damage nothing
can be found again, as msgpack has no marks to go by.
"""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import msgpack

from webapp.formats.datadog.records import MOST_IN_CHUNK, Chunk, JsonObject, Record, say_of_all
from webapp.formats.notes import Notes

FIRST_BYTES = (*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF)  # arrays and maps

_LONGEST_RECORD = 100_000_000
_LONGEST_LIST = 100_000  # inside one span: room is set aside before a list is read
_MOST_STRINGS = 5_000_000
_PATIENCE = 1_000  # elements in a row that are no spans
_MOST_HELD = 20  # lists of spans that wait for what their payload says of them
_INDEXED = (
    *("service", "name", "resource", "trace_id", "span_id", "parent_id"),
    *("start", "duration", "error", "meta", "metrics", "type"),
)
_TEXT_FIELDS = ("service", "name", "resource", "type")


class Packed:
    """`chunks` is to be iterated once; `strings` are those of the body of version 0.5 being read."""

    def __init__(self, stream: BinaryIO, notes: Notes) -> None:
        self.strings: list[str] = []
        self._notes = notes
        self._chunk: Chunk = []
        self._strangers = 0
        self._inside = False
        self._read_to = 0
        self._unpacker = msgpack.Unpacker(
            stream,
            read_size=1_000_000,
            max_buffer_size=_LONGEST_RECORD,
            max_array_len=_LONGEST_LIST,
            max_map_len=_LONGEST_LIST,
            strict_map_key=False,
            unicode_errors="surrogateescape",
        )

    def chunks(self) -> Iterator[Chunk]:
        try:
            yield from self._bodies()
        except msgpack.OutOfData:
            if self._inside or self._has_rest():
                self._stop(
                    "truncated", "The file ends in the middle of a body; everything before it is here."
                )
        except msgpack.BufferFull:
            self._stop("too_large", "A span is over the size limit; nothing after it could be read.")
        except (ValueError, TypeError, OverflowError, RecursionError):
            self._stop("bad_record", "The msgpack is damaged; everything before that place is here.")
        if self._chunk:
            yield self._taken()

    def _has_rest(self) -> bool:
        try:
            return bool(self._unpacker.read_bytes(1))
        except ValueError:  # it is inside a header
            return True

    def _stop(self, code: str, message: str) -> None:
        self._notes.reject(code, message, where=self._where())

    def _where(self) -> str:
        return f"byte {self._unpacker.tell()}"

    def _taken(self) -> Chunk:
        chunk, self._chunk = self._chunk, []
        return chunk

    def _bodies(self) -> Iterator[Chunk]:
        while True:
            self._inside = False
            length = self._length(self._unpacker.read_array_header)
            if length is not None:
                self._inside = True
                yield from self._traces(length)
                continue
            members = self._length(self._unpacker.read_map_header)
            self._inside = True
            if members is None:
                self._stranger(self._unpacker.unpack())
            else:
                yield from self._payload(members)

    def _length(self, header: Callable[[], int]) -> int | None:
        """Of the array or map that comes next; None if it is something else, which then still comes next."""
        try:
            return header()
        except ValueError:
            return None

    def _traces(self, length: int) -> Iterator[Chunk]:
        for number in range(length):
            inner = self._length(self._unpacker.read_array_header)
            if inner is None:
                self._span(self._unpacker.unpack())
            for place in range(inner or 0):
                one = self._unpacker.unpack()
                if number == place == 0 and length == 2 and isinstance(one, str):
                    yield from self._indexed(one, inner or 0)
                    return
                self._span(one)
                if len(self._chunk) >= MOST_IN_CHUNK:
                    yield self._taken()
            if inner or len(self._chunk) >= MOST_IN_CHUNK:
                yield self._taken()
        yield self._taken()

    def _span(self, one: object) -> None:
        started, self._read_to = self._read_to, self._unpacker.tell()
        if isinstance(one, dict):
            self._strangers = 0
            self._chunk.append(Record(one, f"byte {started}", self._read_to - started))
        else:
            self._stranger(one)

    def _stranger(self, one: object) -> None:
        self._strangers += 1
        if self._strangers > _PATIENCE:
            raise ValueError(one)
        self._notes.reject("bad_record", where=self._where())

    # version 0.5

    def _indexed(self, first: str, count: int) -> Iterator[Chunk]:
        if count > _MOST_STRINGS:
            raise msgpack.BufferFull
        self.strings = [first]
        self.strings += (_as_text(self._unpacker.unpack()) for _ in range(count - 1))
        for _ in range(self._unpacker.read_array_header()):
            inner = self._length(self._unpacker.read_array_header)
            if inner is None:
                self._stranger(self._unpacker.unpack())
            for _ in range(inner or 0):
                one = self._unpacker.unpack()
                self._span(self._named(one) if isinstance(one, list) and len(one) >= len(_INDEXED) else one)
                if len(self._chunk) >= MOST_IN_CHUNK:
                    yield self._taken()
            yield self._taken()
        self.strings = []

    def _named(self, values: list[Any]) -> JsonObject:
        fields: JsonObject = dict(zip(_INDEXED, values, strict=False))
        for key in _TEXT_FIELDS:
            fields[key] = self._string(fields[key])
        meta, metrics = fields["meta"], fields["metrics"]
        if isinstance(meta, dict):
            fields["meta"] = {self._string(key): self._string(value) for key, value in meta.items()}
        if isinstance(metrics, dict):
            fields["metrics"] = {self._string(key): value for key, value in metrics.items()}
        return fields

    def _string(self, index: object) -> str:
        if isinstance(index, int) and 0 <= index < len(self.strings):
            return self.strings[index]
        self._notes.warn("bad_attribute", where=self._where())
        return ""

    # version 0.7

    def _payload(self, members: int) -> Iterator[Chunk]:
        """What holds for all its spans may come after them."""
        said: JsonObject = {}
        of_chunk: JsonObject = {}
        held: list[tuple[JsonObject, Chunk]] = []
        try:
            for _ in range(members):
                key = self._unpacker.unpack()
                length = self._length(self._unpacker.read_array_header) if key == "chunks" else None
                if length is None:
                    said[key] = self._unpacker.unpack()
                for _ in range(length or 0):
                    of_chunk = {}
                    held += ((of_chunk, part) for part in self._of_payload(of_chunk))
                    while len(held) > _MOST_HELD:
                        yield _with_said(*held.pop(0), said)
        finally:
            held.append((of_chunk, self._taken()))
            for chunk, spans in held:
                self._chunk += _with_said(chunk, spans, said)
        yield self._taken()

    def _of_payload(self, said: JsonObject) -> Iterator[Chunk]:
        for _ in range(self._unpacker.read_map_header()):
            key = self._unpacker.unpack()
            length = self._length(self._unpacker.read_array_header) if key == "spans" else None
            if length is None:
                said[key] = self._unpacker.unpack()
            for _ in range(length or 0):
                self._span(self._unpacker.unpack())
                if len(self._chunk) >= MOST_IN_CHUNK:
                    yield self._taken()
        yield self._taken()


def _with_said(chunk: JsonObject, spans: Chunk, payload: JsonObject) -> Chunk:
    say_of_all(spans, chunk, payload)
    return spans


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return value if isinstance(value, str) else ""
