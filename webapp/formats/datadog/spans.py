"""One Datadog record as a span. Where records come from is elsewhere, what tags mean is in `words.py`."""

from typing import cast

from webapp.formats import moments, otel_tags, units
from webapp.formats.datadog import ids, words
from webapp.formats.datadog.ids import Placed
from webapp.formats.datadog.records import JsonObject, mapping
from webapp.formats.notes import Notes
from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes, Event, Link, Resource, Span, Status, Value

_RESOURCES_KEPT = 10_000
_MESSAGES = ("error.message", "error.msg")
_FIELDS = {
    "trace_id",
    "span_id",
    "parent_id",
    "service",
    "name",
    "resource",
    "type",
    "start",
    "end",
    "duration",
}
_FIELDS |= {
    "error",
    "meta",
    "metrics",
    "meta_struct",
    "span_links",
    "span_events",
    "tags",
    "custom",
    "attributes",
}
_EARLIEST_SECONDS = 10**8  # a whole number below it is nanoseconds of a clock that starts at zero


class Spans:
    """Makes spans of records; those of one process share one resource."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._resources: dict[str, Resource] = {}

    def span(self, placed: Placed) -> Span | None:
        fields, where = placed.record.fields, placed.record.where
        span_number = ids.number(fields.get("span_id"))
        if not span_number:
            self._notes.reject("bad_id", where=where)
            return None
        span_id = f"{span_number:016x}"[-16:]
        tags = self._tags(fields, where)
        service, name = self._text(fields.get("service"), where), self._text(fields.get("name"), where)
        resource = self._resource(service, tags)
        events, links = self._events(fields, tags), self._links(fields, tags, where)
        status, message = _take_status(fields, tags)
        kind = units.kind_number(tags.get(otel_tags.KIND))
        if kind:
            del tags[otel_tags.KIND]
        start_ns, end_ns = self._times(fields, where)
        scope = otel_tags.take_scope(tags)
        state = otel_tags.take_text(tags, "tracestate") or otel_tags.take_state(tags)
        own = ((words.OPERATION, name), (words.TYPE, self._text(fields.get("type"), where)))
        attributes: Attributes = {key: text for key, text in own if text}
        return Span(
            trace_id=placed.trace_id,
            span_id=span_id,
            parent_span_id=self._parent(fields, where),
            name=self._text(fields.get("resource"), where) or name,
            service=service or units.UNKNOWN_SERVICE,
            start_ns=start_ns,
            end_ns=end_ns,
            kind=kind or words.kind_of_type(fields.get("type")),
            status=status,
            status_message=message,
            attributes=attributes | tags,
            events=events,
            links=links,
            resource=resource,
            scope=scope,
            trace_state=state,
            written_trace_id=units.written_form(fields.get("trace_id"), placed.trace_id),
            written_span_id=units.written_form(fields.get("span_id"), span_id),
        )

    def _parent(self, fields: JsonObject, where: str) -> str:
        number = ids.number(fields.get("parent_id"))
        if number is None:
            self._notes.warn("bad_attribute", where=where)
        return f"{number:016x}"[-16:] if number else ""

    def _text(self, value: object, where: str) -> str:
        if type(value) is str and value.isascii():
            return value
        if isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        if not isinstance(value, str):
            return ""
        found = words.well_formed(value)
        if found != value:
            self._notes.warn("not_utf8", where=where)
        return found

    def _tags(self, fields: JsonObject, where: str) -> Attributes:
        """All of `meta`, `metrics` and `meta_struct`, and members that no version knows."""
        found: Attributes = {}
        for key, value in mapping(fields.get("meta")).items():
            name = words.NAMES.get(key, key)
            if not (type(value) is str and value.isascii()):  # most are
                value = self._value(value, where)
            found[self._text(name, where)] = words.of_tag(name, value)
        for key, value in mapping(fields.get("metrics")).items():
            found.setdefault(self._text(words.NAMES.get(key, key), where), words.of_metric(value))
        for key, value in mapping(fields.get("meta_struct")).items():
            found.setdefault(self._text(key, where), words.of_struct(value))
        for key, value in fields.items():
            if key not in _FIELDS and value is not None:
                found.setdefault(f"datadog.{self._text(key, where)}", self._value(value, where))
        return found

    def _value(self, value: object, where: str) -> Value:
        if isinstance(value, str):
            return self._text(value, where)
        if isinstance(value, (dict, list)) and is_deep(value):
            self._notes.warn("too_large", where=where)
            return None
        return words.readable(value)

    def _resource(self, service: str, tags: Attributes) -> Resource:
        """Takes what speaks of the process out of `tags`."""
        found: Attributes = {"service.name": service} if service else {}
        for key, name in words.OF_PROCESS.items():
            if key in tags and isinstance(tags[key], (str, int, float)):
                found.setdefault(name, tags.pop(key))
        if len(self._resources) > _RESOURCES_KEPT:
            self._resources.clear()
        return self._resources.setdefault(repr(found), Resource(found))

    def _events(self, fields: JsonObject, tags: Attributes) -> list[Event]:
        written = words.listed(fields.get("span_events"))
        if written is None:
            written = words.listed(tags.get(words.EVENTS))
            if not written or not all("name" in one and "time_unix_nano" in one for one in written):
                return []
            del tags[words.EVENTS]
        return [words.event(one) for one in written]

    def _links(self, fields: JsonObject, tags: Attributes, where: str) -> list[Link]:
        written = words.listed(fields.get("span_links")) or []
        if (in_tag := words.listed(tags.get(words.LINKS))) is not None:
            del tags[words.LINKS]
            written = written + in_tag
        found = [words.link(one) for one in written]
        if None in found:
            self._notes.warn("bad_attribute", where=where)
        return [one for one in found if one is not None]

    def _times(self, fields: JsonObject, where: str) -> tuple[int, int]:
        """Start and end; in nanoseconds, but from the web pages in seconds, and from the search as text."""
        start = fields.get("start")
        if start is None:
            return 0, 0
        unit = _unit(start)
        if unit != "ns":
            self._notes.warn("time_unit", f"Times were taken for {unit} because of their size.", where=where)
        start_ns = moments.checked(units.time_ns(start, unit), self._notes, where)
        if fields.get("end") is not None:
            return start_ns, moments.checked(units.time_ns(fields["end"], unit), self._notes, where)
        if fields.get("duration") is None or not start_ns:
            return start_ns, 0
        of_search = isinstance(start, str)
        length = units.scaled_ns(fields["duration"], "ns" if of_search else unit)
        return start_ns, moments.checked(None if length is None else start_ns + length, self._notes, where)


def _unit(start: object) -> str:
    if isinstance(start, str) and units.iso_ns(start) is not None:
        return "ns"
    number = units.whole_number(start) or 0
    return "ns" if isinstance(start, int) and abs(number) < _EARLIEST_SECONDS else units.unit_by_size(start)


def _take_status(fields: JsonObject, tags: Attributes) -> tuple[int, str]:
    """`error` is a count: more than none is a failure. Its words stay among the tags if there was none."""
    failed = (units.whole_number(fields.get("error")) or 0) > 0 or fields.get("error") == "true"
    if not failed:
        return int(Status.UNSET), ""
    message = next((tags[key] for key in _MESSAGES if isinstance(tags.get(key), str) and tags[key]), "")
    for key in _MESSAGES:
        tags.pop(key, None)
    return int(Status.ERROR), cast("str", message)
