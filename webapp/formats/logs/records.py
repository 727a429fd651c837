"""A stream of logs as records: JSON lines, text lines, arrays, Loki's answers. What a record means is in `reading.py`.

A record is a list of layers, the innermost first: a line within docker's wrapper within an agent's labels.
"""

import csv
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import msgspec

from webapp.formats.json_stream import documents, loads
from webapp.formats.json_syntax import mend
from webapp.formats.logs.keys import meaning
from webapp.formats.logs.text import text_fields
from webapp.formats.notes import Notes
from webapp.formats.unpack import peek

LONGEST_LINE = 8_000_000
_DEEPEST = 6
_WRAPPED = frozenset({"log", "line", "message", "msg", "textpayload", "_raw", "content", "body"})
_PURE_WRAPPERS = frozenset({"log", "line", "_raw"})  # hold whole lines, also when those are text
_SEPARATORS = (",", "\t", ";")
_LONGEST_HEADER = 10_000

Flat = dict[str, Any]


class Record(NamedTuple):
    layers: list[Flat]
    where: str


def read_records(stream: BinaryIO, notes: Notes) -> Iterator[Record]:
    start, stream = peek(stream)
    if header_of(start):
        yield from _rows(stream, notes)
        return
    if _is_lines(start):
        yield from _lines(stream, notes)
        return
    for document in documents(stream, notes, opened=("data", "result"), records=("result", "values")):
        value = loads(document, notes)
        for number, one in enumerate(_elements(value), start=1):
            where = document.where if value is one else f"{document.where}, record {number}"
            yield from records_in(one, where)


def records_in(value: object, where: str) -> Iterator[Record]:
    """Those of one JSON value: a line, or a stream of Loki's with its lines."""
    if not isinstance(value, dict):
        return
    found = value.get("data", value)
    streams = found.get("result") if isinstance(found, dict) else None
    for one in streams if isinstance(streams, list) else [value]:
        if not isinstance(one, dict):
            continue
        labels, lines = one.get("stream"), one.get("values")
        if not isinstance(labels, dict) or not isinstance(lines, list):
            yield Record(layers_of(one), where)
            continue
        for number, line in enumerate(lines, start=1):
            yield from _loki_line(line, flat(labels), f"{where}, value {number}")


def text_record(line: str, where: str) -> Record:
    return Record(layers_of(text_fields(line)), where)


def layers_of(value: Flat, depth: int = 3) -> list[Flat]:
    """The fields of a line; before them those of the line that it wraps."""
    fields = flat(value)
    for key, text in fields.items():
        if not depth or not isinstance(text, str) or key.lower() not in _WRAPPED:
            continue
        text = text.strip()
        inner: Flat | None = None
        if text[:2] in ('{"', "{\n", "{ "):
            inner = _object(text)
        elif key.lower() in _PURE_WRAPPERS or text[-1:] == "}":
            inner = text_fields(text)
            if key.lower() not in _PURE_WRAPPERS and len(inner) < 3:
                inner = None
        if inner:
            outer = {name: each for name, each in fields.items() if name != key}
            return [*layers_of(inner, depth - 1), outer]
    return [fields]


def flat(value: Flat, prefix: str = "", depth: int = _DEEPEST) -> Flat:
    """Keys of nested objects joined by dots; lists stay."""
    found: Flat = {}
    for key, one in value.items():
        if isinstance(one, dict) and one and depth:
            found |= flat(one, f"{prefix}{key}.", depth - 1)
        else:
            found[prefix + key] = one
    return found


def header_of(start: bytes) -> list[str]:
    """The columns of a table of log lines: they name a trace, and a message or a whole line. Empty if it is none."""
    line = (
        start.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0][:_LONGEST_HEADER].decode("utf-8", "replace")
    )
    for separator in _SEPARATORS:
        try:
            columns = next(csv.reader([line.strip()], delimiter=separator), [])
        except csv.Error:
            return []
        meant = {found.field for column in columns if (found := meaning(column.strip()))}
        if (
            len(columns) > 1
            and {"trace_id", "message"} <= meant
            and not any("=" in column for column in columns)
        ):
            return [separator, *(column.strip() for column in columns)]
    return []


def _rows(stream: BinaryIO, notes: Notes) -> Iterator[Record]:
    """Of a table, line by line; a row may be several lines long."""
    first = stream.readline(_LONGEST_HEADER)
    separator, *columns = header_of(first)
    lines = _texts(stream, notes)
    rows = csv.reader(lines, delimiter=separator)
    number = 1
    while True:
        try:
            row = next(rows, None)
        except csv.Error:
            notes.reject("bad_record", where=f"line {number + rows.line_num}")
            continue
        if row is None:
            return
        where = f"line {number + rows.line_num}"
        if len(row) > len(columns):
            notes.reject("bad_record", where=where)
        elif row:
            yield Record(layers_of(dict(zip(columns, row, strict=False))), where)


def _texts(stream: BinaryIO, notes: Notes) -> Iterator[str]:
    while raw := stream.readline(LONGEST_LINE):
        yield _as_text(raw.replace(b"\x00", b""), notes, "a row")


def _is_lines(start: bytes) -> bool:
    """Whether each line stands for itself; else it is JSON over several lines, or a list."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"[" and text[1:].lstrip()[:1] in (b"{", b"]", b""):
        return False
    if text[:1] != b"{":
        return True
    first, newline, rest = text.partition(b"\n")
    value = _object(first.decode("utf-8", "replace"))
    if value is None:
        return bool(newline) and rest.lstrip()[:2] in (b'{"', b"{}") and first.rstrip()[:2] == b'{"'
    return not isinstance(value.get("data"), dict) or "result" not in value["data"]


def _elements(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _loki_line(line: object, labels: Flat, where: str) -> Iterator[Record]:
    if not isinstance(line, list) or len(line) < 2 or not isinstance(line[1], str):
        return
    extra = line[2] if len(line) > 2 and isinstance(line[2], dict) else {}
    extra = {key: each for group in (extra, *_groups(extra)) for key, each in group.items()}
    layers = layers_of({"line": line[1]})
    yield Record([*layers, flat(extra), {"timestamp_ns": line[0]}, labels], where)


def _groups(extra: Flat) -> list[Flat]:
    """Loki may sort the fields of a line by where they come from."""
    return [each for key in ("structuredMetadata", "parsed") if isinstance(each := extra.get(key), dict)]


def _lines(stream: BinaryIO, notes: Notes) -> Iterator[Record]:
    number = 0
    while raw := stream.readline(LONGEST_LINE):
        number += 1
        where = f"line {number}"
        if len(raw) == LONGEST_LINE and raw[-1:] != b"\n":
            notes.reject("too_large", where=where)
            while (raw := stream.readline(LONGEST_LINE)) and raw[-1:] != b"\n":
                pass
            continue
        text = raw.strip().removeprefix(b"\xef\xbb\xbf")
        if not text or text in b"[],":
            continue
        if text[:1] == b"{":
            value = _decoded(text.rstrip(b","))
            if value is not None:
                yield from records_in(value, where)
                continue
            notes.reject("bad_record" if raw[-1:] == b"\n" else "truncated", where=where)
            continue
        yield text_record(_as_text(text, notes, where), where)


def _as_text(raw: bytes, notes: Notes, where: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        notes.warn("not_utf8", where=where)
        return raw.decode("utf-8", "replace")


def _decoded(raw: bytes) -> Flat | None:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            value = json.loads(mend(raw), strict=False)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _object(text: str) -> Flat | None:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
