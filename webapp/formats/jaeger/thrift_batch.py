"""Bodies that Jaeger's clients send: Thrift batches over HTTP, and `emitBatch` calls in UDP datagrams, of either protocol.

Bytes come in, records in the spelling of the HTTP API go out; a live receiver hands its bodies to the same functions.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from webapp.formats.jaeger.spans import Group
from webapp.formats.jaeger.tags import JsonObject
from webapp.formats.jaeger.thrift import Binary, Compact, Damaged, Struct
from webapp.formats.notes import Notes

LARGEST_BODY = 256_000_000

_CALL = b"emitBatch"
# how a body begins: what reads it, how it is called, and whether it is an argument of `emitBatch`
_STARTS = (
    (b"\x82", Compact, "Jaeger Thrift: an `emitBatch` call in the compact protocol", True),
    (b"\x80\x01", Binary, "Jaeger Thrift: an `emitBatch` call in the binary protocol", True),
    (
        b"\x00\x00\x00\x09emitBatch",
        Binary,
        "Jaeger Thrift: an `emitBatch` call in the old binary protocol",
        True,
    ),
    (b"\x0c\x00\x01\x0b\x00\x01", Binary, "Jaeger Thrift: a batch in the binary protocol", False),
    (b"\x1c\x18", Compact, "Jaeger Thrift: a batch in the compact protocol", False),
)
_VALUE_FIELDS = {0: 3, 1: 4, 2: 5, 3: 6, 4: 7}  # of a tag: by the number of its type
_FOLLOWS_FROM = 1


def looks_like(start: bytes) -> str | None:
    """A batch has a process with a name, and spans with ids."""
    reason, batch, _, _ = _first_batch(start, 0)
    process, spans = batch.get(1), batch.get(2)
    if not isinstance(process, dict) or not isinstance(process.get(1), bytes) or not isinstance(spans, list):
        return None
    fits = not spans or (isinstance(spans[0], dict) and isinstance(spans[0].get(3), int))
    return reason if fits else None


def groups(stream: BinaryIO, notes: Notes) -> Iterator[Group]:
    """Of one body or of several, one after the other."""
    content = stream.read(LARGEST_BODY + 1)
    if len(content) > LARGEST_BODY:
        notes.warn("too_large", where=f"byte {LARGEST_BODY}")
    words = _Words(notes)
    at, last = 0, len(content.rstrip(b"\x00\r\n"))
    while at < last:
        where = f"byte {at}"
        reason, batch, end, damage = _first_batch(content, at)
        if not reason:
            notes.reject("bad_record", where=where)
            return
        yield words.group(batch, where)
        if damage:
            notes.reject("truncated", f"The batch cannot be read further: {damage}.", where=f"byte {end}")
            return
        at = end


def _first_batch(content: bytes, start: int) -> tuple[str, Struct, int, str]:
    """Why it was taken for one ("" if it was not), the batch, where it ends, and by what it is damaged."""
    for magic, protocol, reason, is_call in _STARTS:
        if not content.startswith(magic, start) or (is_call and _CALL not in content[start : start + 24]):
            continue
        wire, found = protocol(content, start), Struct()
        damage = ""
        try:
            if is_call:
                wire.name_of_call()
            wire.fill(found)
        except Damaged as error:
            damage = str(error)
        batch = found.get(1) if is_call else found
        return reason, batch if isinstance(batch, dict) else {}, wire.at, damage
    return "", {}, start, ""


class _Words:
    """What the numbers of fields mean."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._where = ""

    def group(self, batch: Struct, where: str) -> Group:
        self._where = where
        written = _struct(batch.get(1))
        process = {"serviceName": self._text(written.get(1)), "tags": self._tags(written.get(2))}
        return Group([self._span(_struct(one)) for one in _list(batch.get(2))], where, process=process)

    def _span(self, span: Struct) -> JsonObject:
        return {
            "traceID": _hex(span.get(2), 0) + _hex(span.get(1)),
            "spanID": _hex(span.get(3)),
            "parentSpanID": _hex(span.get(4)),
            "operationName": self._text(span.get(5)),
            "references": [_reference(_struct(one)) for one in _list(span.get(6))],
            "flags": span.get(7),
            "startTime": span.get(8),
            "duration": span.get(9),
            "tags": self._tags(span.get(10)),
            "logs": [self._log(_struct(one)) for one in _list(span.get(11))],
        }

    def _log(self, log: Struct) -> JsonObject:
        return {"timestamp": log.get(1), "fields": self._tags(log.get(2))}

    def _tags(self, tags: object) -> list[JsonObject]:
        return [self._tag(_struct(one)) for one in _list(tags)]

    def _tag(self, tag: Struct) -> JsonObject:
        kind = tag.get(2)
        value = tag.get(_VALUE_FIELDS.get(kind, 0)) if isinstance(kind, int) else None
        is_text = isinstance(value, bytes) and kind == 0
        return {"key": self._text(tag.get(1)), "value": self._text(value) if is_text else value}

    def _text(self, written: object) -> str:
        if not isinstance(written, bytes):
            return ""
        try:
            return written.decode()
        except UnicodeDecodeError:
            self._notes.warn("not_utf8", where=self._where)
            return written.decode("utf-8", "replace")


def _reference(reference: Struct) -> JsonObject:
    return {
        "refType": "FOLLOWS_FROM" if reference.get(1) == _FOLLOWS_FROM else "CHILD_OF",
        "traceID": _hex(reference.get(3), 0) + _hex(reference.get(2)),
        "spanID": _hex(reference.get(4)),
    }


def _hex(number: Any, default: int | None = None) -> str:  # noqa: ANN401  whatever is in the field
    """Ids are signed there."""
    number = default if number is None else number
    return f"{number % 2**64:016x}" if isinstance(number, int) else ""


def _struct(value: object) -> Struct:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
