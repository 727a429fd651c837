"""The span JSON of tutorials and home-made exporters: one object a span, in any common spelling and wrapping.

Times are microseconds unless key, text or size say otherwise. Which key means what is in `fields.py`.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, BinaryIO

import msgspec

from webapp.formats.generic.fields import (
    Clock,
    Field,
    Fields,
    bare_lengths,
    fields_of,
    is_of_another_format,
    unknown_members,
)
from webapp.formats.head import Head
from webapp.formats.json_stream import Document, documents, loads
from webapp.formats.nesting import SAMPLE, WORDS, decide
from webapp.formats.notes import Notes
from webapp.formats.otlp.values import plain
from webapp.formats.units import (
    UNKNOWN_SERVICE,
    hashed_id,
    id_place,
    kind_number,
    read_id,
    status_number,
    written_form,
)
from webapp.formats.wrapped import in_rows
from webapp.model.spans import NO_RESOURCE, Attributes, Event, Link, Resource, Span, Status

NAME = "generic"
EXAMPLE = '[{"traceId":"5b8e…","spanId":"0a1b…","name":"GET /","timestamp":1700000000000000,"duration":1500}]'

Json = dict[str, Any]

_WRAPPERS = ("traces", "spans", "trace", "data", "result", "rootSpan", "root_span", "root")
_CHILDREN = ("children", "childSpans", "child_spans", "subSpans", "sub_spans")
_INHERITED = ("trace_id", "service", "resource")
_NEEDED = ("trace_id", "span_id", "name", "start")
_SUCCESS = ("SUCCESS", "SUCCEEDED", "PASSED")
_FAILURE = ("FAILURE", "FAILED", "FAULT", "EXCEPTION")


def looks_like(head: Head) -> str | None:
    for value in head.values:
        for span, fields in _spans_in(value):
            timed = fields.keys() & {"duration", "end", "parent_id"}
            if timed and fields.keys() >= set(_NEEDED) and not is_of_another_format(span):
                return "Span JSON: spans with " + ", ".join(f"`{fields[name].key}`" for name in _NEEDED)
    return None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    reader = _Reader(notes)
    found = _records(stream, notes)
    first = list(islice(found, SAMPLE))
    reader.learn((fields for _, fields, _ in first))
    for span, fields, where in chain(first, found):
        made = reader.span(span, fields, where)
        if made is not None:
            yield made


def _records(stream: BinaryIO, notes: Notes) -> Iterator[tuple[Json, Fields, str]]:
    for document in documents(stream, notes, opened=("traces",), records=("traces", "spans")):
        value = loads(document, notes)
        several = isinstance(in_rows(value), list) or any(wrapper in value for wrapper in _WRAPPERS if value)
        for number, (span, fields) in enumerate(_spans_in(value), start=1):
            part = f"span {number}" if several else ""
            yield span, fields, Document(b"", document.line, document.byte, part).where


def _spans_in(value: object) -> Iterator[tuple[Json, Fields]]:
    """All spans in `value` with their fields; what a wrapper says of them is handed down to those that lack it."""
    waiting: list[tuple[object, Fields]] = [(in_rows(value), {})]
    while waiting:
        one, inherited = waiting.pop()
        if isinstance(one, list):
            waiting.extend((element, inherited) for element in reversed(one))
            continue
        span = one if isinstance(one, dict) else {}
        fields = inherited | fields_of(span)
        inner = [span[key] for key in _WRAPPERS if isinstance(span.get(key), list | dict)]
        if inner and "span_id" not in fields:
            handed_down = {name: fields[name] for name in _INHERITED if name in fields}
            waiting.extend((element, handed_down) for element in reversed(inner))
        elif one is not None:
            children = next((key for key in _CHILDREN if _are_spans(span.get(key))), "")
            yield ({key: each for key, each in span.items() if key != children} if children else span), fields
            if children and "span_id" in fields:
                own = {name: fields[name] for name in _INHERITED if name in fields}
                own["parent_id"] = fields["span_id"]
                waiting.extend((child, own) for child in reversed(span[children]))


def _are_spans(children: object) -> bool:
    """Objects; ids of children say nothing that their parents' ids do not."""
    return isinstance(children, list) and all(isinstance(child, dict) for child in children)


class _Reader:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self._resources: dict[bytes, Resource] = {}
        self._length_unit = ""  # of durations that name none, if it is another than that of the start

    def learn(self, spans: Iterable[Fields]) -> None:
        """In which unit durations are: the spans of a file nest in it."""
        timed, likely = bare_lengths(spans)
        decided = decide(timed, likely)
        if decided.unit != likely:
            self._length_unit = decided.unit
            message = f"Durations were taken for {WORDS[decided.unit]}, {decided.why}."
            self.notes.warn("length_unit", message, where=f"duration in {decided.unit}")

    def span(self, span: Json, fields: Fields, where: str) -> Span | None:
        trace_id = self._id(fields.get("trace_id"), 32, where)
        span_id = self._id(fields.get("span_id"), 16, where)
        if not trace_id or not span_id:
            self.notes.reject("bad_id", where=where, span_id=span_id)
            return None
        clock = Clock(self.notes, where)
        unit = clock.unit(fields.get("start"))
        start_ns = clock.point(fields.get("start"), unit)
        attributes = _attributes(_value(fields, "attributes"))
        status, message = _status(fields)
        if "status" in fields and not status and not _is_unset(fields["status"].value):
            attributes.setdefault(fields["status"].key, plain(fields["status"].value))
        for key, value in unknown_members(span):
            attributes.setdefault(key, plain(value))
        service, resource = self._resource(fields, attributes)
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            name=str(_value(fields, "name") or ""),
            service=service,
            start_ns=start_ns,
            end_ns=clock.end(start_ns, fields, unit, self._length_unit),
            parent_span_id=self._id(fields.get("parent_id"), 16, where),
            kind=kind_number(_plain_name(_value(fields, "kind"))),
            status=status,
            status_message=message,
            attributes=attributes,
            events=[_event(one, clock, unit) for one in _list(_value(fields, "events"))],
            links=[link for one in _list(_value(fields, "links")) if (link := self._link(one, where))],
            resource=resource,
            trace_state=str(_value(fields, "trace_state") or ""),
            written_trace_id=written_form(_value(fields, "trace_id"), trace_id),
            written_span_id=written_form(_value(fields, "span_id"), span_id),
        )

    def _id(self, field: Field | None, digits: int, where: str) -> str:
        value = field.value if field else None
        text = value.strip() if isinstance(value, str) else ""
        found = read_id(value, digits)
        if found is None and text.strip("0"):
            self.notes.warn("id_hashed", where=id_place(where, digits, text))
            return hashed_id(text, digits)
        if found and found.unusual:
            self.notes.warn("id_padded", where=where, span_id=found.hex if digits == 16 else "")
        return found.hex if found else ""

    def _link(self, link: object, where: str) -> Link | None:
        one = link if isinstance(link, dict) else {}
        fields = fields_of(one | (one["context"] if isinstance(one.get("context"), dict) else {}))
        trace_id, span_id = (
            self._id(fields.get("trace_id"), 32, where),
            self._id(fields.get("span_id"), 16, where),
        )
        if not trace_id and not span_id:
            self.notes.warn("bad_attribute", where=where)
            return None
        return Link(trace_id, span_id, _attributes(_value(fields, "attributes")))

    def _resource(self, fields: Fields, attributes: Attributes) -> tuple[str, Resource]:
        """The service, and a resource that names it."""
        written = _value(fields, "resource")
        inner = written.get("attributes") if isinstance(written, dict) else None
        found = _attributes(inner if inner is not None else written)
        named = (
            _plain_name(_value(fields, "service")) or found.get("service.name") or found.get("serviceName")
        )
        service = str(named or attributes.get("service.name") or "")
        if named:
            found["service.name"] = str(named)
        key = msgspec.json.encode(found)
        resource = self._resources.setdefault(key, Resource(found) if found else NO_RESOURCE)
        return service or UNKNOWN_SERVICE, resource


def _value(fields: Fields, name: str) -> Any:  # noqa: ANN401  JSON can be anything
    return fields[name].value if name in fields else None


def _attributes(written: object) -> Attributes:
    """From a map, or from a list of keys and values."""
    if isinstance(written, dict):
        return {key: plain(value) for key, value in written.items()}
    pairs = [one for one in _list(written) if isinstance(one, dict) and "key" in one]
    return {str(pair["key"]): plain(pair.get("value")) for pair in pairs}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, dict) else []


def _plain_name(value: object) -> object:
    """A name or number that may be wrapped in an object: `{"name": "SERVER"}`."""
    if isinstance(value, dict):
        return next((value[key] for key in ("name", "value", "code") if key in value), "")
    return value


def _is_unset(value: object) -> bool:
    code = value.get("code", "") if isinstance(value, dict) else value
    return code in (0, "0", "", None) or str(code).upper().endswith(("UNSET", *_SUCCESS))


def _status(fields: Fields) -> tuple[int, str]:
    """Number and message; an `error` that is not false or empty means ERROR."""
    written = _value(fields, "status")
    inner = written if isinstance(written, dict) else {"code": written}
    code = next((inner[key] for key in ("code", "status_code", "statusCode", "name") if key in inner), None)
    message = inner.get("message") or inner.get("description") or _value(fields, "status_message") or ""
    status = Status.ERROR if str(code).upper() in _FAILURE else status_number(code)
    error = _value(fields, "error")
    if error and str(error).lower() != "false":
        status = Status.ERROR
        message = message or (error if isinstance(error, str) and error.lower() != "true" else "")
    return int(status), str(message)


def _event(event: object, clock: Clock, unit: str) -> Event:
    if not isinstance(event, dict):
        return Event(str(event), 0)
    fields = fields_of(event)
    at = fields.get("start") or Field("time", event.get("time"), "")
    attributes = _attributes(_value(fields, "attributes") or event.get("fields"))
    name = _value(fields, "name") or event.get("event") or attributes.get("event") or ""
    time_ns = clock.point(at, unit) if at.value is not None else 0
    return Event(str(name), time_ns, attributes)
