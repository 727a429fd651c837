"""OTLP log records as log lines, from JSON and protobuf: they stand beside the spans of the traces that they name."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from webapp.formats.json_stream import Document, loads
from webapp.formats.logs.reading import Entry, Lines
from webapp.formats.logs.records import Record, layers_of
from webapp.formats.notes import Notes
from webapp.formats.otlp.values import plain
from webapp.formats.otlp.wire import in_camel
from webapp.formats.units import whole_number
from webapp.formats.value_text import as_text
from webapp.model.logs import LogLine
from webapp.model.spans import Attributes

Json = dict[str, Any]

_SCOPES = ("scopeLogs", "scope_logs", "instrumentationLibraryLogs", "instrumentation_library_logs")
_RECORDS = ("logRecords", "log_records", "logs")
# the first number of each level in OpenTelemetry's scale
_LEVELS = ((21, "fatal"), (17, "error"), (13, "warn"), (9, "info"), (5, "debug"), (1, "trace"))


def level_of(number: object) -> str:
    """`number` may be a name, too: `SEVERITY_NUMBER_INFO2`."""
    if isinstance(number, str) and number.startswith("SEVERITY_NUMBER_"):
        return number.removeprefix("SEVERITY_NUMBER_").rstrip("234").lower()
    found = whole_number(number) or 0
    return next((level for least, level in _LEVELS if found >= least), "")


class LogRecords:
    """Makes the log lines of one source; records without a trace id are counted."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._lines = Lines(notes, weak_ids=False)

    def in_json(self, undecoded: msgspec.Raw, document: Document) -> Iterator[LogLine]:
        """Of a `resourceLogs` array, or of one element of it."""
        raw = Document(in_camel(bytes(undecoded)), document.line, document.byte, document.part)
        for group in _objects(loads(raw, self._notes)):
            resource = _attributes(_object(group.get("resource")).get("attributes"))
            for scoped in _lists(group, _SCOPES):
                scope = _object(scoped.get("scope", scoped.get("instrumentationLibrary")))
                told = (_told(one) for one in _lists(scoped, _RECORDS))
                yield from self.lines(told, resource, as_text(scope.get("name")), document.where)

    def lines(
        self, records: Iterable[tuple[Json, Attributes]], resource: Attributes, scope: str, where: str
    ) -> Iterator[LogLine]:
        """Of what `told` gives of each record, and its attributes."""
        nameless = 0
        around = resource | ({"otel.scope.name": scope} if scope else {})
        for told, attributes in records:
            known = around | attributes | {key: value for key, value in told.items() if value}
            line = self._lines.line(Entry(Record(layers_of(known), where)))
            if line is None:
                nameless += 1
            else:
                yield line
        if nameless:
            self._notes.warn("no_trace_id", where=where, count=nameless)


def _told(record: Json) -> tuple[Json, Attributes]:
    """What a log line is made of, and what it says besides."""
    severity = record.get("severityText") or level_of(record.get("severityNumber"))
    body = plain(record.get("body"))
    return {
        "timestamp": _time(record.get("timeUnixNano")) or _time(record.get("observedTimeUnixNano")),
        "level": severity,
        "message": body if isinstance(body, str | dict) else as_text(body),
        "event.name": record.get("eventName"),
        "trace_id": record.get("traceId"),
        "span_id": record.get("spanId"),
    }, _attributes(record.get("attributes"))


def _time(written: object) -> int:
    return whole_number(written) or 0


def _attributes(written: object) -> Attributes:
    if isinstance(written, dict):
        return {key: plain(value) for key, value in written.items()}
    return {str(pair["key"]): plain(pair.get("value")) for pair in _objects(written) if "key" in pair}


def _lists(holder: Json, keys: Iterable[str]) -> Iterator[Json]:
    for key in keys:
        yield from _objects(holder.get(key))


def _objects(value: object) -> list[Json]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, dict)]


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}
