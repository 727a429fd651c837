"""Spans of SkyWalking out of all shapes of JSON and of tables, each with its segment. No meaning of fields.

Answers of the query API whatever the query is called, segments as agents report them, rows of one span each.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from webapp.formats import json_stream
from webapp.formats.head import HEAD_BYTES
from webapp.formats.notes import Notes
from webapp.formats.skywalking import members
from webapp.formats.skywalking.members import JsonObject
from webapp.formats.tables.dialect import Dialect, dialect_of
from webapp.formats.tables.records import Lines, records

_DEEPEST = 8  # of answers: data, query, traces, trace, spans

LISTS = ("traces", "segments")
RECORDS = ("data", "traces", "trace", "segments", "spans")

_INHERITED = ("trace_id", "segment_id", "service", "instance")
_COLUMNS = {"segment_id", "span_id", "parent_span_id"}
_REFERENCE = re.compile(r"(?P<segment>.+?)\s*[:,|#/]\s*(?P<span>\d+)")
_JSON_COLUMNS = ("refs", "tags", "logs")

Found = tuple[JsonObject, JsonObject, str]  # fields by our names, other members, place


def of_json(stream: BinaryIO, notes: Notes) -> Iterator[Found]:
    for document in json_stream.documents(stream, notes, opened=LISTS, records=RECORDS):
        value = json_stream.loads(document, notes)
        if value is not None:
            yield from _spans_in(value, notes, document.where)


def _spans_in(value: object, notes: Notes, where: str) -> Iterator[Found]:
    number = 0
    has_spans = False
    waiting: list[tuple[object, JsonObject, bool]] = [
        (value, {}, False)
    ]  # segment; whether it must be a span
    while waiting:
        one, segment, must = waiting.pop()
        fields = members.fields_of(one) if isinstance(one, dict) else {}
        if isinstance(one, dict) and (members.is_span(fields) or segment):
            number += 1
            of_agent = {"span_id": 0, "type": "Entry"} if segment else {}  # what protobuf leaves out
            yield of_agent | segment | fields, dict(members.unknown_members(one)), f"{where}, span {number}"
            continue
        if isinstance(fields.get("spans"), list):
            has_spans = True
            of_segment = {name: fields[name] for name in _INHERITED if name in fields}
            of_segment = of_segment if members.is_segment(fields) else {}
            waiting.extend((each, of_segment, True) for each in reversed(fields["spans"]))
        elif must:
            notes.reject("bad_id" if isinstance(one, dict) else "bad_record", where=where)
        elif isinstance(one, (list, dict)):
            inner = one if isinstance(one, list) else list(one.values())
            waiting.extend((each, {}, False) for each in reversed(inner) if isinstance(each, (list, dict)))
    if not number and not has_spans:
        notes.reject("bad_record", where=where)


def first_span(values: list[Any]) -> JsonObject:
    """The fields of the first span or segment, looking a few levels deep; {} if there is none."""
    level: list[Any] = values
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, list):
                inner.extend(one)
            elif isinstance(one, dict):
                fields = members.fields_of(one)
                if members.is_span(fields) or members.is_segment(fields):
                    return fields
                inner.extend(each for each in one.values() if isinstance(each, (dict, list)))
        level = inner
    return {}


# tables


def table_of(start: bytes) -> Dialect | None:
    """None if it is no table with a segment and spans that count within it."""
    dialect = dialect_of(start)
    if dialect is None or not dialect.has_header:
        return None
    fields = {
        members.field_of(name): cell for name, cell in zip(dialect.columns, dialect.sample, strict=False)
    }
    return dialect if fields.keys() >= _COLUMNS and members.is_span(fields) else None


def of_table(stream: BinaryIO, notes: Notes) -> Iterator[Found]:
    start = stream.read(HEAD_BYTES).removeprefix(b"\xef\xbb\xbf")
    dialect = table_of(start)
    if dialect is None:
        return
    lines = Lines(start, stream, notes)
    width = len(dialect.columns)
    for number, (line, cells) in enumerate(records(lines, dialect, width, notes)):
        if number < dialect.skipped:
            continue
        if len(cells) != width:
            code = "truncated" if lines.is_cut and len(cells) < width else "bad_record"
            notes.reject(code, where=f"line {line}")
            continue
        row = {
            name: cell
            for name, cell in zip(dialect.columns, cells, strict=True)
            if cell not in ("", "NULL", "null")
        }
        fields = members.fields_of(row)
        for name in _JSON_COLUMNS:
            if name in fields:
                fields[name] = _cell(fields[name])
        yield fields, dict(members.unknown_members(row)), f"line {line}"


def _cell(text: str) -> Any:  # noqa: ANN401  JSON can be anything
    """A list or object as JSON; a reference as `segment:span`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        told = _REFERENCE.fullmatch(text)
    return [{"parentSegmentId": told["segment"], "parentSpanId": told["span"]}] if told else text
