"""One record of Zipkin v2 as a span. Which records belong together is in `reports.py`."""

from webapp.formats import moments, otel_tags, units
from webapp.formats.ids import Ids
from webapp.formats.notes import Notes
from webapp.formats.value_text import is_deep
from webapp.formats.zipkin import tags as words
from webapp.formats.zipkin.reports import Report
from webapp.formats.zipkin.tags import JsonObject, endpoint, text
from webapp.model.spans import Attributes, Event, Kind, Resource, Span, Status

_RESOURCES_KEPT = 10_000


class Spans:
    """Makes spans of reports; those of one process share one resource."""

    def __init__(self, notes: Notes, ids: Ids) -> None:
        self._notes = notes
        self._ids = ids
        self._resources: dict[str, Resource] = {}

    def span(self, report: Report) -> Span:
        record = report.record
        tags = self._tags(record.get("tags"), report.where)
        resource = self._resource(endpoint(record.get("localEndpoint")), tags)
        status, message = _take_status(tags)
        scope, state = otel_tags.take_scope(tags), otel_tags.take_state(tags)
        start_ns = moments.from_us(record.get("timestamp"), self._notes, report.where)
        length = record.get("duration") if start_ns else None  # a length without a start is no end
        parent = self._ids.span(record.get("parentId"), report.where)
        return Span(
            trace_id=report.trace_id,
            span_id=report.span_id,
            parent_span_id=parent,
            name=text(record.get("name")),
            service=text(resource.attributes.get(words.SERVICE)) or units.UNKNOWN_SERVICE,
            kind=_take_kind(record, tags),
            start_ns=start_ns,
            end_ns=moments.after(start_ns, length, self._notes, report.where),
            status=status,
            status_message=message,
            attributes=tags | _endpoint_attributes(record, tags),
            events=self._events(record.get("annotations"), report.where),
            resource=resource,
            scope=scope,
            trace_state=state,
            shared=record.get("shared") is True,
            written_trace_id=units.written_form(record.get("traceId"), report.trace_id),
            written_span_id=units.written_form(record.get("id"), report.span_id),
        )

    def _tags(self, written: object, where: str) -> Attributes:
        """Zipkin's are all text; what some tracer wrote as number or list stays what it is."""
        tags = written if isinstance(written, dict) else {}
        if (written is not None and tags is not written) or None in tags.values():
            self._notes.warn("bad_attribute", where=where)
        deep = [key for key, value in tags.items() if isinstance(value, (list, dict)) and is_deep(value)]
        if deep:
            self._notes.warn("too_large", where=where)
        return {key: value for key, value in tags.items() if value is not None and key not in deep}

    def _resource(self, local: JsonObject, tags: Attributes) -> Resource:
        """Takes what speaks of the process out of `tags`."""
        named = [
            key for key in tags if words.is_of_resource(key) and isinstance(tags[key], (str, int, float))
        ]
        found: Attributes = {key: tags.pop(key) for key in named}
        if text(local.get("serviceName")):
            found[words.SERVICE] = local["serviceName"]
        if words.address(local):
            found.setdefault(words.HOST_IP, [words.address(local)])
        if len(self._resources) > _RESOURCES_KEPT:
            self._resources.clear()
        return self._resources.setdefault(repr(found), Resource(found))

    def _events(self, annotations: object, where: str) -> list[Event]:
        listed = annotations if isinstance(annotations, list) else [annotations] if annotations else []
        known = [one for one in listed if isinstance(one, dict)]
        if len(known) < len(listed):
            self._notes.warn("bad_attribute", where=where)
        return [self._event(text(one.get("value")), one.get("timestamp"), where) for one in known]

    def _event(self, value: str, time: object, where: str) -> Event:
        name, attributes = words.named_attributes(value)
        return Event(name, moments.from_us(time, self._notes, where), attributes)


def _take_kind(record: JsonObject, tags: Attributes) -> int:
    """Zipkin has no word for INTERNAL: a span without a kind is local work."""
    kind = units.kind_number(record.get("kind"))
    if not kind and (kind := units.kind_number(tags.get(otel_tags.KIND))):
        del tags[otel_tags.KIND]
    return kind or int(Kind.INTERNAL)


def _take_status(tags: Attributes) -> tuple[int, str]:
    """The tag `error` alone makes a failure, whatever its value; mostly that is the message."""
    status = units.status_number(tags.pop(otel_tags.STATUS, None))
    message = otel_tags.take_text(tags, otel_tags.MESSAGE)
    if otel_tags.ERROR not in tags:
        return status, message
    said = otel_tags.take_text(tags, otel_tags.ERROR)
    tags.pop(otel_tags.ERROR, None)
    return int(Status.ERROR), message or ("" if said.lower() == "true" else said)


def _endpoint_attributes(record: JsonObject, tags: Attributes) -> Attributes:
    found = words.peer_attributes(endpoint(record.get("remoteEndpoint")), tags)
    port = words.port(endpoint(record.get("localEndpoint")))
    return found | {words.LOCAL_PORT: port} if port and words.LOCAL_PORT not in tags else found
