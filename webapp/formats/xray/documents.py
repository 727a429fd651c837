"""Segments and subsegments out of whatever wraps them, one record each, with what they inherit. No meaning of fields.

Wrappers: lists, answers of BatchGetTraces (in which a document is JSON text), a trace of the console's raw data,
the daemon's header lines, and trees in which programs nest segments as `children` with the document in `fullData`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from webapp.formats import units
from webapp.formats.notes import Notes
from webapp.formats.xray.words import JsonObject

_TRACE_ID = re.compile(r"1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})")
_SHORTEST_OTHER = 32  # a wrapper's `Id` may also be that of a segment
_NESTING = ("subsegments", "children", "fullData")


@dataclass(slots=True, eq=False)
class Record:
    """One segment or subsegment. `fields` are its members without what nests in it; `size` is about its bytes.

    `segment` is the record of the segment it was embedded in; None for a segment and for a subsegment sent alone.
    `written_trace` is the trace id as the file has it.
    """

    fields: JsonObject
    trace_id: str
    span_id: str
    parent_id: str
    is_segment: bool
    segment: "Record | None"
    where: str
    written_trace: object = None
    size: int = 0


def trace_id_of(written: object) -> str:
    """`1-5759e988-bd862e3fe1be46a994272793`, or 32 digits as some exporters write them; "" for none."""
    match = _TRACE_ID.fullmatch(written.strip()) if isinstance(written, str) else None
    if match:
        return (match[1] + match[2]).lower()
    if not isinstance(written, str) or len(written) < _SHORTEST_OTHER:
        return ""
    found = units.read_id(written, 32)
    return found.hex if found else ""


def is_header(one: JsonObject) -> bool:
    """The line the daemon wants before each document."""
    return one.get("format") == "json" and one.keys() <= {"format", "version"}


def is_segment(one: JsonObject) -> bool:
    return isinstance(one.get("id"), str) and not one.keys().isdisjoint(("start_time", *_NESTING, "trace_id"))


def roots(value: object, notes: Notes, where: str) -> Iterator[tuple[JsonObject, object, str]]:
    """The documents in `value`, with the trace id that a wrapper gives and their place."""
    waiting: list[tuple[object, object, str]] = [(value, None, where)]
    while waiting:
        one, trace_id, place = waiting.pop()
        if isinstance(one, list):
            several = len(one) > 1
            waiting.extend(
                (each, trace_id, f"{place}, document {number}" if several else place)
                for number, each in reversed(list(enumerate(one, start=1)))
            )
        elif not isinstance(one, dict):
            notes.reject("bad_record", where=place)
        elif inner := _wrapped(one, notes, place):
            wrapper_id = one.get("Id")
            waiting.append((inner[0], wrapper_id if trace_id_of(wrapper_id) else trace_id, place))
        elif is_segment(one):
            yield one, trace_id, place
        elif not is_header(one):
            notes.reject("bad_record", where=place)


def _wrapped(one: JsonObject, notes: Notes, where: str) -> list[Any]:
    """What `one` wraps, in a list of one; [] if it is a document itself."""
    for key in ("Traces", "traces", "Segments", "segments"):
        if isinstance(one.get(key), list):
            if one.get("LimitExceeded") or one.get("UnprocessedTraceIds") or one.get("NextToken"):
                notes.warn(
                    "truncated", "X-Ray itself says that it left out a part of the answer.", where=where
                )
            return [one[key]]
    sent = one.get("TraceSegmentDocuments")
    if isinstance(sent, list):
        return [[_decoded(text) if isinstance(text, str) else text for text in sent]]
    text = one.get("Document", one.get("document"))
    if isinstance(text, str):
        return [_decoded(text)]
    return [text] if isinstance(text, dict) else []


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def records(root: JsonObject, wrapper_id: object, notes: Notes, where: str, size: int) -> list[Record]:
    """All of one document, parents first. What a tree tells twice of one segment is one record."""
    written = next(filter(trace_id_of, (root.get("trace_id"), wrapper_id)), None) or _below(root)
    trace_id = trace_id_of(written)
    if not trace_id:
        written = root.get("trace_id")
        told = written if isinstance(written, str) and written.strip("0- ") else ""
        notes.warn(
            "id_hashed",
            "" if told else "Segments that name no trace got a trace id made of their root's id.",
            where=where,
        )
        trace_id = units.hashed_id(told or root["id"], 32)
    found: dict[str, Record] = {}
    waiting: list[tuple[JsonObject, Record | None, bool]] = [(root, None, root.get("type") != "subsegment")]
    while waiting:
        one, outer, whole = waiting.pop()
        record = _record(one, trace_id, outer, whole, notes, where)
        if record is not None:
            known = found.setdefault(record.span_id, record)
            if known is not record:
                known.fields = record.fields | known.fields
                known.parent_id = known.parent_id or record.parent_id
        here = (found[record.span_id] if record else None) or outer
        full = one.get("fullData")
        document = full.get("Document", full) if isinstance(full, dict) else None
        inner = [(each, here, False) for each in _objects(one.get("subsegments"), notes, where)]
        inner += [(each, here, True) for each in _objects(one.get("children"), notes, where)]
        if isinstance(document, dict) and document.get("id") == one.get("id"):
            inner.append((document, outer, whole))
        waiting.extend(reversed(inner))
    for record in found.values():
        record.written_trace, record.size = written, size // len(found)
    return list(found.values())


def _record(
    one: JsonObject, trace_id: str, outer: Record | None, whole: bool, notes: Notes, where: str
) -> Record | None:
    span_id = units.read_id(one.get("id"), 16)
    if span_id is None:
        notes.reject("bad_id", where=where)
        return None
    if span_id.unusual:
        notes.warn("id_padded", where=where, span_id=span_id.hex)
    parent = units.read_id(one.get("parent_id"), 16)
    parent_id = parent.hex if parent else ""
    if outer is not None and (not whole or not parent_id):
        parent_id = outer.span_id
    segment = None if whole or outer is None else outer if outer.is_segment else outer.segment
    fields = {key: value for key, value in one.items() if key not in _NESTING}
    return Record(fields, trace_id, span_id.hex, parent_id, whole, segment, where)


def _objects(value: object, notes: Notes, where: str) -> list[JsonObject]:
    if not isinstance(value, list):
        return []
    found = [one for one in value if isinstance(one, dict)]
    for _ in range(len(value) - len(found)):
        notes.reject("bad_record", where=where)
    return found


def _below(root: JsonObject) -> object:
    """The trace id that a document inside a tree names, as written."""
    waiting: list[object] = [root]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if trace_id_of(one.get("trace_id")):
                return one["trace_id"]
            document = one.get("fullData")
            waiting.append(document.get("Document") if isinstance(document, dict) else None)
            waiting += [one.get("children"), one.get("subsegments")]
        elif isinstance(one, list):
            waiting.extend(one)
    return None
