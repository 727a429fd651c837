"""A span as the ConsoleSpanExporters of Python, old and new, and PHP print it. What lies around the spans is elsewhere."""

import re
from collections.abc import Iterator
from typing import Any

from webapp.formats import moments, units
from webapp.formats.ids import Ids
from webapp.formats.notes import Notes
from webapp.formats.resources import Resources
from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes, Event, Link, Resource, Span, Status

Json = dict[str, Any]

_STATE_MEMBER = re.compile(r"\{key=([^,{}]+), value=([^{}]*)\}")


def is_python(one: Json) -> bool:
    context = one.get("context")
    return isinstance(context, dict) and "trace_id" in context and "parent_id" in one


def is_php(one: Json) -> bool:
    """The same with other names for the parent, the times and the status."""
    context = one.get("context")
    return isinstance(context, dict) and "trace_id" in context and one.keys() >= {"parent_span_id", "start"}


class PythonSpans:
    """Makes the spans of one source."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids = Ids(notes)
        self._resources = Resources()

    def span(self, record: Json, where: str) -> Span | None:
        """None without usable ids."""
        context = record["context"]
        trace_id = self._ids.trace(context.get("trace_id"), where)
        span_id = self._ids.span(context.get("span_id"), where)
        if not trace_id or not span_id:
            return None
        status, message = _status(record.get("status"))
        resource, service = self._resource(record.get("resource"), where)
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=self._ids.span(record.get("parent_id", record.get("parent_span_id")), where),
            name=_text(record.get("name")),
            service=service,
            start_ns=self._time(record.get("start_time", record.get("start")), where),
            end_ns=self._time(record.get("end_time", record.get("end")), where),
            kind=units.kind_number(record.get("kind")),
            status=status,
            status_message=message,
            attributes=self._attributes(record.get("attributes"), where),
            events=[self._event(one, where) for one in _objects(record.get("events"))],
            links=list(self._links(record, where)),
            resource=resource,
            trace_state=_state(context.get("trace_state")),
            written_trace_id=units.written_form(context.get("trace_id"), trace_id),
            written_span_id=units.written_form(context.get("span_id"), span_id),
        )

    def _attributes(self, written: object, where: str) -> Attributes:
        found: Attributes = {}
        for key, value in written.items() if isinstance(written, dict) else ():
            if isinstance(value, (list, dict)) and is_deep(value):
                self._notes.warn("too_large", where=where)
            else:
                found[key] = value
        return found

    def _resource(self, written: object, where: str) -> tuple[Resource, str]:
        """Once the attributes themselves, now an object of them and a schema."""
        outer = written if isinstance(written, dict) else {}
        if not isinstance(outer.get("attributes"), dict):
            return self._resources.named(self._attributes(outer, where))
        return self._resources.named(
            self._attributes(outer["attributes"], where), _text(outer.get("schema_url"))
        )

    def _time(self, written: object, where: str) -> int:
        return 0 if written is None else moments.checked(units.time_ns(written, "ns"), self._notes, where)

    def _event(self, event: Json, where: str) -> Event:
        found = self._attributes(event.get("attributes"), where)
        return Event(_text(event.get("name")), self._time(event.get("timestamp"), where), found)

    def _links(self, record: Json, where: str) -> Iterator[Link]:
        for link in _objects(record.get("links")):
            context = link.get("context")
            context = context if isinstance(context, dict) else {}
            trace_id = self._ids.trace(context.get("trace_id"), where)
            span_id = self._ids.span(context.get("span_id"), where)
            if trace_id or span_id:
                found = self._attributes(link.get("attributes"), where)
                yield Link(trace_id, span_id, found, _state(context.get("trace_state")))
            else:
                self._notes.warn("bad_attribute", where=where)


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _status(written: object) -> tuple[int, str]:
    """`canonical_code` was gRPC's, where OK is what every span has that did not fail."""
    status = written if isinstance(written, dict) else {}
    message = _text(status.get("description"))
    if "canonical_code" in status:
        return int(Status.UNSET if status["canonical_code"] in ("OK", 0) else Status.ERROR), message
    return units.status_number(status.get("status_code", status.get("code"))), message


def _state(written: object) -> str:
    """Also from what Python calls the state: `['{key=rojo, value=1}', '{key=congo, value=2}']`."""
    if isinstance(written, str) and not written.startswith("["):
        return written
    return ",".join(f"{key}={value}" for key, value in _STATE_MEMBER.findall(_text(written)))
