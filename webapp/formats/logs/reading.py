"""What a record of a log says: when, where, how bad, of which trace and span. Which keys say it is in `keys.py`."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from webapp.formats import units
from webapp.formats.logs.ids import Found, span_id_in, trace_id_in
from webapp.formats.logs.keys import is_datadogs, meaning
from webapp.formats.logs.records import Flat, Record
from webapp.formats.logs.text import ids_in_words
from webapp.formats.notes import Notes
from webapp.formats.value_text import as_text
from webapp.model.logs import LogLine
from webapp.model.spans import Attributes

_REMEMBERED = 20_000  # ids that were warned about; then all are forgotten at once
_ID_FIELDS = ("trace_id", "span_id", "parent_id")
_LEVELS = {
    "trace": ("trace", "verbose", "t", "finest", "silly", "10"),
    "debug": ("debug", "d", "dbg", "fine", "20"),
    "info": ("info", "information", "informational", "notice", "i", "inf", "default", "log", "http", "30"),
    "warn": ("warn", "warning", "w", "wrn", "alert", "40"),
    "error": ("error", "err", "e", "eror", "severe", "50"),
    "fatal": ("fatal", "critical", "crit", "panic", "dpanic", "emergency", "emerg", "f", "ftl", "60"),
}
_LEVEL_OF = {word: level for level, words in _LEVELS.items() for word in words}
_SYSLOG = ("fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug")
_OF_A_DEPLOYMENT = re.compile(r"(.+)-[0-9a-f]{8,10}-[a-z0-9]{5}")  # how Kubernetes names its pods
_NAMES_ITSELF = ("hostname", "pid", "v")  # beside these (bunyan, pino) `name` is the program's


class Field(NamedTuple):
    path: str
    value: Any
    unit: str = ""


class Entry:
    """One record understood. `fields`: of each meaning the best key; `others`: all that is no part of a `LogLine`."""

    __slots__ = ("_layers", "fields", "where")

    def __init__(self, record: Record) -> None:
        self.where = record.where
        self._layers = record.layers
        self.fields: dict[str, Field] = {}
        for flat in record.layers:
            self._take(flat)
        message = self.text("message")
        if "trace_id" not in self.fields and "race" in message:
            self._take(ids_in_words(message))

    def _take(self, flat: Flat) -> None:
        """What an inner layer says stays."""
        ranks: dict[str, int] = {}
        found: dict[str, Field] = {}
        for path, value in flat.items():
            meant = meaning(path)
            if meant is None or value is None or value == "" or meant.rank >= ranks.get(meant.field, 10**6):
                continue
            if not _can_be(meant.field, path, value):
                continue
            ranks[meant.field] = meant.rank
            found[meant.field] = Field(path, value, meant.unit)
        self.fields = found | self.fields

    def text(self, field: str) -> str:
        found = self.fields.get(field)
        return "" if found is None else as_text(found.value)

    def is_log(self) -> bool:
        """Whether loggers write such records; a span in a row has other columns."""
        known = self.fields.keys()
        lasts = "span_id" in known and known & {"end", "duration"} and not self.text("message")
        if lasts and ("start" in known or any("name" in flat for flat in self._layers)):
            return False
        if "time" not in known:
            return {"message", "level"} <= known
        return (
            {"message", "level"} <= known
            or ("message" in known and ("trace_id" in known or len(known) > 2 or len(self._layers) > 1))
            or ("trace_id" in known and bool(known & {"level", "method", "path"}))
        )

    @property
    def service(self) -> str:
        if "service" in self.fields:
            return self.text("service")
        for flat in self._layers:
            if isinstance(flat.get("name"), str) and any(key in flat for key in _NAMES_ITSELF):
                return str(flat["name"])
        deployed = _OF_A_DEPLOYMENT.fullmatch(self.text("pod"))
        return deployed[1] if deployed else self.text("container") or self.text("pod")

    @property
    def level(self) -> str:
        field = self.fields.get("level")
        if field is None:
            return "info" if any("@t" in flat and "@l" not in flat for flat in self._layers) else ""
        written = as_text(field.value).strip().lower()
        if written.isdigit() and int(written) < len(_SYSLOG):
            return _SYSLOG[int(written)]
        return _LEVEL_OF.get(written, written[:40])

    def time_ns(self, notes: Notes) -> int:
        for flat in self._layers:
            if (seconds := _split_seconds(flat)) is not None:
                return seconds
        return self.moment("time", notes)

    def moment(self, name: str, notes: Notes) -> int:
        """A point in time, 0 if it is absent or cannot be one."""
        field = self.fields.get(name)
        return 0 if field is None else _moment(field, self.where, notes)

    def others(self, *, without: tuple[str, ...] = ()) -> Attributes:
        """By the keys they are written under; those of outer layers too."""
        taken = {
            self.fields[name].path for name in ("time", "level", "message", *without) if name in self.fields
        }
        found: Attributes = {}
        for flat in reversed(self._layers):
            for path, value in flat.items():
                if path not in taken and value is not None and value != "":
                    found[path] = value
        return found


class Lines:
    """Makes the log lines of one source."""

    def __init__(self, notes: Notes, *, weak_ids: bool) -> None:
        self._notes = notes
        self._weak_ids = weak_ids
        self._warned: set[str] = set()

    def line(self, entry: Entry) -> LogLine | None:
        """None for a line without a trace id."""
        name = "trace_id" if "trace_id" in entry.fields or not self._weak_ids else "weak_id"
        trace, written_trace_id = self._id(name, entry)
        if not trace:
            return None
        span_id, written_span_id = self._id("span_id", entry)
        parent_id, _ = self._id("parent_id", entry)
        return LogLine(
            trace_id=trace,
            time_ns=entry.time_ns(self._notes),
            message=entry.text("message").strip(),
            level=entry.level,
            service=entry.service,
            span_id=span_id,
            parent_span_id=parent_id if parent_id != span_id else "",
            attributes=entry.others(without=(*_ID_FIELDS, name, "service")),
            written_trace_id=written_trace_id,
            written_span_id=written_span_id,
        )

    def _id(self, name: str, entry: Entry) -> tuple[str, str]:
        """The id and how it is written if that is different; warned about once."""
        field = entry.fields.get(name)
        found = None if field is None else id_in(name, field.path, field.value)
        if field is None or found is None:
            return "", ""
        if found.code and found.hex not in self._warned:
            if len(self._warned) >= _REMEMBERED:
                self._warned.clear()
            self._warned.add(found.hex)
            place = units.id_place(entry.where, len(found.hex), field.value)
            self._notes.warn(found.code, where=place if found.code == "id_hashed" else entry.where)
        return found.hex, units.written_form(field.value, found.hex)


def id_in(name: str, path: str, value: object) -> Found | None:
    """The id of that field, None if the value is none; some of the keys also name other things."""
    if not isinstance(value, str | int):
        return None
    read = span_id_in if name in ("span_id", "parent_id") else trace_id_in
    found = read(value, decimal=is_datadogs(path))
    is_name_of_ids = path.lower().endswith(("id", "-id", "traceparent", "tr", "sp", "context"))
    return found if found is None or found.code != "id_hashed" or is_name_of_ids else None


def entries(records: Iterator[Record]) -> Iterator[Entry]:
    return map(Entry, records)


def _can_be(field: str, path: str, value: object) -> bool:
    """Whether a value fits what its key may mean."""
    if field in _ID_FIELDS or field == "weak_id":
        return id_in(field, path, value) is not None
    return isinstance(value, str | int | float) or field in ("message", "error")


def _split_seconds(flat: Flat) -> int | None:
    """Times in two parts: log4j's `instant`, Google's `timestampSeconds`."""
    for seconds, nanos in (
        ("instant.epochSecond", "instant.nanoOfSecond"),
        ("timestampSeconds", "timestampNanos"),
        ("timestamp.seconds", "timestamp.nanos"),
    ):
        if isinstance(flat.get(seconds), int):
            rest = flat.get(nanos, 0)
            found: int = flat[seconds] * 1_000_000_000 + (rest if isinstance(rest, int) else 0)
            return found if units.is_clock_time(found) else None
    return None


def _moment(field: Field, where: str, notes: Notes) -> int:
    value = field.value
    if isinstance(value, str):
        value = value.strip()
    found = units.time_ns(value, units.unit_by_size(value))
    if found is None or not units.is_clock_time(found):
        notes.warn("bad_time", where=where)
        return 0
    return found
