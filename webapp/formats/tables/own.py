"""Our own CSV: one row a span, every field of `Span`, in `COLUMNS`. Other tables are read by what their columns are called.

Kind and status are words, times nanoseconds since 1970, attributes JSON as in our Parquet (`parquet/values.py`), events
and links lists of JSON objects. `duration_ns` is there for spreadsheets. Text that a spreadsheet could take for a formula
has an apostrophe before it, and so has text that begins with one: reading takes it off again.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from functools import lru_cache

import msgspec

from webapp.formats.notes import Notes
from webapp.formats.parquet import values
from webapp.formats.tables.records import Record
from webapp.formats.units import read_id
from webapp.model.spans import Attributes, Event, Kind, Link, Resource, Scope, Span, Status

COLUMNS = (
    "trace_id", "span_id", "parent_span_id", "service", "name", "kind", "start_ns", "end_ns", "duration_ns", "status",
    "status_message", "attributes", "resource_attributes", "events", "links", "scope_name", "scope_version",
    "scope_attributes", "resource_schema_url", "trace_state", "flags", "follows_from", "shared", "weight",
    "written_trace_id", "written_span_id",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_UNFIT = (ValueError, RecursionError, OverflowError)  # msgspec's and orjson's errors are ValueErrors


class _EventCell(msgspec.Struct):
    time_ns: int
    name: str
    attributes: msgspec.Raw = msgspec.Raw(b"{}")
    dropped_attributes: int = 0


class _LinkCell(msgspec.Struct):
    trace_id: str
    span_id: str
    attributes: msgspec.Raw = msgspec.Raw(b"{}")
    trace_state: str = ""


def is_ours(columns: Iterable[str]) -> bool:
    return set(columns) == set(COLUMNS)


def write(spans: Iterable[Span]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(map(_row, spans))
    return out.getvalue().encode()


def _row(span: Span) -> list[object]:
    lasting = span.end_ns - span.start_ns if span.end_ns else ""
    return [
        span.trace_id, span.span_id, span.parent_span_id, tame(span.service), tame(span.name), _word(Kind, span.kind),
        span.start_ns, span.end_ns or "", lasting, _word(Status, span.status), tame(span.status_message),
        values.to_text(span.attributes), values.to_text(span.resource.attributes),
        _list(map(_event, span.events)), _list(map(_link, span.links)),
        tame(span.scope.name), tame(span.scope.version), values.to_text(span.scope.attributes),
        tame(span.resource.schema_url), tame(span.trace_state), span.flags, int(span.follows_from), int(span.shared),
        span.weight, tame(span.written_trace_id), tame(span.written_span_id),
    ]  # fmt: skip


def tame(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _word(words: type[IntEnum], number: int) -> str:
    return words(number).name if number in words.__members__.values() else str(number)


def _list(records: Iterable[bytes]) -> str:
    return (b"[" + b",".join(records) + b"]").decode()


def _event(event: Event) -> bytes:
    attributes = msgspec.Raw(values.to_text(event.attributes).encode())
    return msgspec.json.encode(_EventCell(event.time_ns, event.name, attributes, event.dropped_attributes))


def _link(link: Link) -> bytes:
    attributes = msgspec.Raw(values.to_text(link.attributes).encode())
    return msgspec.json.encode(_LinkCell(link.trace_id, link.span_id, attributes, link.trace_state))


def spans_of(rows: Iterable[Record], columns: Sequence[str], notes: Notes) -> Iterator[Span]:
    """A row that does not hold what we wrote costs itself alone."""
    for line, cells in rows:
        row = dict(zip(columns, cells, strict=True))
        trace, span = read_id(row["trace_id"], 32), read_id(row["span_id"], 16)
        if trace is None or span is None:
            notes.reject("bad_id", where=f"line {line}")
            continue
        try:
            made = _span(row, trace.hex, span.hex)
        except _UNFIT:
            notes.reject("bad_record", where=f"line {line}")
            continue
        yield made


def _span(row: dict[str, str], trace_id: str, span_id: str) -> Span:
    parent = read_id(row["parent_span_id"], 16)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent.hex if parent else "",
        service=_plain(row["service"]),
        name=_plain(row["name"]),
        kind=_number(Kind, row["kind"]),
        start_ns=_time(row["start_ns"]),
        end_ns=_time(row["end_ns"]),
        status=_number(Status, row["status"]),
        status_message=_plain(row["status_message"]),
        attributes=_attributes(row["attributes"]),
        resource=_resource(row["resource_attributes"], _plain(row["resource_schema_url"])),
        scope=_scope(
            _plain(row["scope_name"]),
            _plain(row["scope_version"]),
            row["scope_attributes"],
        ),
        events=[
            Event(one.name, one.time_ns, _attributes(bytes(one.attributes).decode()), one.dropped_attributes)
            for one in msgspec.json.decode(row["events"] or "[]", type=list[_EventCell])
        ],
        links=[
            Link(one.trace_id, one.span_id, _attributes(bytes(one.attributes).decode()), one.trace_state)
            for one in msgspec.json.decode(row["links"] or "[]", type=list[_LinkCell])
        ],
        trace_state=_plain(row["trace_state"]),
        flags=int(row["flags"] or 0),
        follows_from=row["follows_from"] == "1",
        shared=row["shared"] == "1",
        weight=float(row["weight"] or 1),
        written_trace_id=_plain(row["written_trace_id"]),
        written_span_id=_plain(row["written_span_id"]),
    )


def _plain(text: str) -> str:
    return text.removeprefix("'")


def _number(words: type[IntEnum], text: str) -> int:
    return int(words.__members__.get(text, 0)) if text.isalpha() else int(text or 0)


def _time(text: str) -> int:
    time_ns = int(text or 0)
    if not -(2**63) <= time_ns < 2**63:
        raise ValueError("beyond all calendars")
    return time_ns


def _attributes(text: str) -> Attributes:
    return values.from_text(text or "{}")


@lru_cache(maxsize=1_000)
def _resource(text: str, schema_url: str) -> Resource:
    return Resource(_attributes(text), schema_url)


@lru_cache(maxsize=1_000)
def _scope(name: str, version: str, text: str) -> Scope:
    return Scope(name, version, _attributes(text))
