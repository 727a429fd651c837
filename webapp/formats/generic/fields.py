"""Which key of a home-made span means what, and in which unit its times are. Making spans is in `generic.py`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from webapp.formats.nesting import Timed
from webapp.formats.notes import Notes
from webapp.formats.units import (
    NS_PER_UNIT,
    duration_ns,
    is_clock_time,
    iso_ns,
    scaled_ns,
    time_ns,
    unit_by_size,
    whole_number,
)

DECLARED_UNIT = "us"

# field -> keys, in lower case without _ - and .
_KEYS = {
    "trace_id": ("traceid",),
    "span_id": ("spanid",),
    "parent_id": ("parentspanid", "parentid", "parent"),
    "name": ("name", "operationname", "spanname", "operation"),
    "start": ("timestamp", "starttime", "start", "starttimestamp", "starttimeunix", "begin", "ts"),
    "end": ("endtime", "end", "endtimestamp", "endtimeunix", "finish"),
    "duration": ("duration", "elapsed"),
    "kind": ("kind", "spankind"),
    "status": ("status", "statuscode"),
    "status_message": ("statusmessage", "statusdescription"),
    "error": ("error",),
    "attributes": ("attributes", "tags"),
    "events": ("events", "logs", "annotations"),
    "links": ("links",),
    "service": ("servicename", "service"),
    "resource": ("resource", "resourceattributes"),
    "trace_state": ("tracestate",),
}
_FIELDS = {key: field for field, keys in _KEYS.items() for key in keys}
_UNITS = {
    "unixnano": "ns", "nanoseconds": "ns", "nanos": "ns", "nano": "ns", "ns": "ns",
    "microseconds": "us", "micros": "us", "us": "us",
    "milliseconds": "ms", "millis": "ms", "ms": "ms",
    "seconds": "s", "s": "s",
}  # fmt: skip
_TIMED = ("start", "end", "duration")
# by these other formats are told apart
_FOREIGN = {
    "references",
    "process",
    "processid",
    "localendpoint",
    "remoteendpoint",
    "binaryannotations",
    "meta",
}


class Field(NamedTuple):
    """A value, the key it was written under, and the unit that the key declares ("" if none)."""

    key: str
    value: Any
    unit: str = ""


Fields = dict[str, Field]


@lru_cache(maxsize=10_000)
def field_of(key: str) -> tuple[str, str]:
    """The field that a key means and the unit in its name; ("", "") for keys without a meaning here."""
    bare = key.lower().replace("_", "").replace("-", "").replace(".", "")
    if bare in _FIELDS:
        return _FIELDS[bare], ""
    for suffix, unit in _UNITS.items():
        field = _FIELDS.get(bare.removesuffix(suffix), "") if bare.endswith(suffix) else ""
        if field in _TIMED:
            return field, unit
    return "", ""


def fields_of(span: dict[str, Any]) -> Fields:
    """The first of several spellings wins; null counts as absent."""
    found: Fields = {}
    for key, value in span.items():
        field, unit = field_of(key)
        if field and field not in found and value is not None:
            found[field] = Field(key, value, unit)
    return found


def unknown_members(span: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in span.items() if not field_of(key)[0])


def is_of_another_format(span: dict[str, Any]) -> bool:
    """Spans of Jaeger, Zipkin and Datadog carry what these tutorials' do not."""
    return isinstance(span.get("resource"), str) or any(key.lower() in _FOREIGN for key in span)


class Clock:
    """The times of one span in nanoseconds; 0 for what cannot be one, with a warning."""

    def __init__(self, notes: Notes, where: str) -> None:
        self.notes = notes
        self.where = where

    def unit(self, start: Field | None) -> str:
        """In which the times of this span are: as its key says, else microseconds if they can be that."""
        if start is None or (isinstance(start.value, str) and iso_ns(start.value) is not None):
            return DECLARED_UNIT
        if start.unit:
            return start.unit
        number = abs(whole_number(start.value) or 0)
        by_size = unit_by_size(number)
        if by_size == DECLARED_UNIT or number < 10**8:  # a clock that starts at zero
            return DECLARED_UNIT
        self.notes.warn(
            "time_unit", f"Times were taken for {by_size} because of their size.", where=self.where
        )
        return by_size

    def point(self, field: Field | None, unit: str) -> int:
        if field is None:
            return 0
        found = time_ns(field.value, field.unit or unit)
        if found is not None and is_clock_time(found):
            return found
        self.notes.warn("bad_time", where=self.where)
        return 0

    def end(self, start_ns: int, fields: Fields, unit: str, length_unit: str = "") -> int:
        """From the end if there is one, else from the duration; 0 (unfinished) without both."""
        if "end" in fields:
            return self.point(fields["end"], unit)
        if "duration" not in fields or not start_ns:
            return 0
        duration = fields["duration"]
        length = duration_ns(duration.value, duration.unit or length_unit or unit)
        if length is not None and is_clock_time(start_ns + length):
            return start_ns + length
        self.notes.warn("bad_time", where=self.where)
        return 0


def bare_lengths(spans: Iterable[Fields]) -> tuple[list[Timed], str]:
    """Of those that last so long and end nowhere, where no unit is named; and the unit that their starts have."""
    found = []
    starts: Counter[str] = Counter()
    clock = Clock(Notes(), "")
    for fields in spans:
        duration = fields.get("duration")
        if duration is None or duration.unit or "end" in fields or "start" not in fields:
            continue
        length = scaled_ns(duration.value, "s")
        if length is None:
            continue
        unit = clock.unit(fields["start"])
        starts[unit] += 1
        start_ns = clock.point(fields["start"], unit)
        trace_id, span_id, parent_id = (
            str(fields[name].value) if name in fields else "" for name in ("trace_id", "span_id", "parent_id")
        )
        found.append(Timed(trace_id, span_id, parent_id, start_ns, length / NS_PER_UNIT["s"]))
    return found, starts.most_common(1)[0][0] if starts else DECLARED_UNIT
