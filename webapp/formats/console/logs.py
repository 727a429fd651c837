"""Log records among printed spans: those of Go's stdoutlog, of Python's exporter, of a program's own logger. No spans."""

from typing import Any

from webapp.formats.console.typed import attributes
from webapp.formats.logs.reading import Entry, Lines
from webapp.formats.logs.records import records_in
from webapp.formats.notes import Notes
from webapp.model.logs import LogLine

Json = dict[str, Any]

_NO_TIME = "0001-01-01"
# the first number of each level in OpenTelemetry's scale
_LEVELS = ((21, "fatal"), (17, "error"), (13, "warn"), (9, "info"), (5, "debug"), (1, "trace"))


class PrintedLogs:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._lines = Lines(notes, weak_ids=False)

    def line(self, record: Json, where: str) -> LogLine | None:
        """None for what is no log record, or names no trace."""
        told = self._as_fields(record, where)
        for one in records_in(told, where):
            entry = Entry(one)
            if entry.is_log():
                return self._lines.line(entry)
        return None

    def _as_fields(self, record: Json, where: str) -> Json:
        """Go's and Python's, as a logger would write them."""
        if "ObservedTimestamp" in record and "TraceID" in record:
            time = str(record.get("Timestamp", ""))
            body = attributes([{"Key": "message", "Value": record.get("Body")}], self._notes, where)
            own = attributes(record.get("Attributes"), self._notes, where)
            process = attributes(record.get("Resource"), self._notes, where)
            return {
                **own,
                **process,
                **body,
                "time": record["ObservedTimestamp"] if time.startswith(_NO_TIME) else time,
                "level": record.get("SeverityText") or _level(record.get("Severity")),
                "trace_id": record["TraceID"],
                "span_id": record.get("SpanID"),
            }
        return _of_python(record) if "severity_number" in record and "body" in record else record


def _of_python(record: Json) -> Json:
    process = _object(record.get("resource"))
    return {
        **_object(record.get("attributes")),
        **_object(process.get("attributes", process)),
        "time": record.get("timestamp") or record.get("observed_timestamp"),
        "message": record["body"],
        "level": record.get("severity_text") or _level(record["severity_number"]),
        "trace_id": record.get("trace_id"),
        "span_id": record.get("span_id"),
    }


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _level(number: object) -> str:
    if not isinstance(number, int):
        return ""
    return next((level for least, level in _LEVELS if number >= least), "")
