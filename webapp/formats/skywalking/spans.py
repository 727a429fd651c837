"""One span of SkyWalking as ours. Its `spanId` counts within its segment: ids are made of both."""

from typing import Any

from webapp.formats import moments, units
from webapp.formats.notes import Notes
from webapp.formats.skywalking import members
from webapp.formats.skywalking.members import JsonObject, id_text, objects
from webapp.formats.value_text import as_text, is_deep
from webapp.model.spans import Attributes, Event, Kind, Link, Resource, Span, Status, Value

OWN = "sw8."  # before what OpenTelemetry has no name for, as the Collector does

_TYPES = ("entry", "exit", "local")  # of the agents' protocol, by number
_LAYERS = ("Unknown", "Database", "RPCFramework", "Http", "MQ", "Cache", "FAAS")
_KINDS = {"entry": Kind.SERVER, "exit": Kind.CLIENT, "local": Kind.INTERNAL}
_MESSAGING = {Kind.SERVER: Kind.CONSUMER, Kind.CLIENT: Kind.PRODUCER}
_NAMES = {
    "url": "url.full",
    "status_code": "http.response.status_code",
    "http.status_code": "http.response.status_code",
    "http.method": "http.request.method",
    "db.type": "db.system",
    "db.instance": "db.name",
    "mq.queue": "messaging.destination.name",
    "mq.topic": "messaging.destination.name",
    "mq.broker": "server.address",
}
_NUMBERS = {"http.response.status_code"}
_OF_ERROR = {"error.kind": "exception.type", "message": "exception.message", "stack": "exception.stacktrace"}
_RESOURCES_KEPT = 10_000


class Spans:
    """Makes spans of what `shapes.py` found; those of one process share one resource."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._resources: dict[tuple[str, str], Resource] = {}
        self._hashed_last = ""

    def span(self, fields: JsonObject, others: JsonObject, where: str) -> Span | None:
        segment, number = id_text(fields.get("segment_id")), units.whole_number(fields.get("span_id"))
        written = id_text(fields.get("trace_id"))
        trace_id = self._trace_id(written, where)
        if not segment or number is None or not trace_id:
            self._notes.reject("bad_id", where=where)
            return None
        parent, links, references = self._references(fields, segment, number, trace_id, where)
        start_ns, end_ns = self._times(fields, where)
        attributes = self._attributes(fields, others, where) | references
        attributes |= {f"{OWN}segment_id": segment, f"{OWN}span_id": number}
        events = self._events(fields, where)
        kind = _kind(fields)
        if kind in (Kind.CLIENT, Kind.PRODUCER):
            for key, value in _address(fields.get("peer")).items():
                attributes.setdefault(key, value)
        failed = str(fields.get("error", "")).strip().lower() in ("true", "1")
        resource = self._resource(fields)
        return Span(
            trace_id=trace_id,
            span_id=_span_id(segment, number),
            parent_span_id=parent,
            name=_text(fields.get("name")),
            service=_text(fields.get("service")) or units.UNKNOWN_SERVICE,
            start_ns=start_ns,
            end_ns=end_ns,
            kind=int(kind),
            status=int(Status.ERROR if failed else Status.UNSET),
            status_message=_message(events) if failed else "",
            attributes=attributes,
            events=events,
            links=links,
            resource=resource,
            written_trace_id=units.written_form(written, trace_id),
            written_span_id=f"{segment}:{number}",
        )

    def _trace_id(self, written: str, where: str) -> str:
        found = units.read_id(written, 32)
        if found is None and written.strip("0-. "):
            hashed = units.hashed_id(written, 32)
            if hashed != self._hashed_last:  # once a trace, not once a span
                self._notes.warn("id_hashed", where=units.id_place(where, 32, written))
            self._hashed_last = hashed
            return hashed
        return found.hex if found else ""

    def _references(
        self, fields: JsonObject, segment: str, number: int, trace_id: str, where: str
    ) -> tuple[str, list[Link], Attributes]:
        """The parent is in the segment, else what the first reference within this trace names; others are links."""
        within = units.whole_number(fields.get("parent_span_id", 0))
        beside = (
            "" if "ref_span_id" in fields else id_text(fields.get("ref_segment_id"))
        )  # of a row: its parent's
        is_own = within is not None and within >= 0 and (within != number or beside not in ("", segment))
        parent = _span_id(beside or segment, within) if within is not None and is_own else ""
        written = objects(fields.get("refs"))
        if not written and not parent and id_text(fields.get("ref_segment_id")):
            own = {
                "parent_segment_id": fields["ref_segment_id"],
                "parent_span_id": fields.get("ref_span_id", 0),
            }
            written = [own | {key: fields[key] for key in ("ref_trace_id", "ref_type") if key in fields}]
        links: list[Link] = []
        said: Attributes = {}
        for one in written:
            target, other, told = self._reference(one, trace_id, where)
            if target and not parent and other == trace_id:
                parent, said = target, told
            elif target:
                links.append(Link(other, target, told))
        return parent, links, said

    def _reference(self, one: JsonObject, trace_id: str, where: str) -> tuple[str, str, Attributes]:
        """The span id ("" if it names none), the trace id, and what else it says."""
        fields = members.fields_of(one)
        segment = id_text(fields.get("ref_segment_id") or fields.get("segment_id"))
        number = units.whole_number(fields.get("parent_span_id", fields.get("ref_span_id", 0)))
        if not segment or number is None:
            return "", "", {}
        written = id_text(fields.get("trace_id") or fields.get("ref_trace_id"))
        told: Attributes = {}
        for key, value in one.items():
            if isinstance(value, (str, int)) and value != "" and not key.lower().endswith("id"):
                told[f"{OWN}ref.{key}"] = value
        return _span_id(segment, number), self._trace_id(written, where) or trace_id, told

    def _times(self, fields: JsonObject, where: str) -> tuple[int, int]:
        start_ns = self._time(fields.get("start"), where)
        if fields.get("end") is None and fields.get("duration") is not None and start_ns:
            length = units.duration_ns(fields["duration"], "ms")
            return start_ns, moments.checked(
                None if length is None else start_ns + length, self._notes, where
            )
        return start_ns, self._time(fields.get("end"), where)

    def _time(self, written: object, where: str) -> int:
        """Milliseconds, unless their size says otherwise; 0 is unknown."""
        if written is None or (isinstance(written, (int, str)) and str(written) in ("0", "")):
            return 0
        unit = (
            "ms"
            if isinstance(written, str) and units.iso_ns(written) is not None
            else units.unit_by_size(written)
        )
        if unit == "s" and (units.whole_number(written) or 0) < 10**8:
            unit = "ms"
        if unit != "ms":
            self._notes.warn("time_unit", f"Times were taken for {unit} because of their size.", where=where)
        return moments.checked(units.time_ns(written, unit), self._notes, where)

    def _attributes(self, fields: JsonObject, others: JsonObject, where: str) -> Attributes:
        found: Attributes = {}
        for key, value in _pairs(fields.get("tags")):
            name = _NAMES.get(key, key)
            if (
                name in _NUMBERS
                and isinstance(value, str)
                and (code := units.whole_number(value)) is not None
            ):
                value = code
            found[name] = self._value(value, where)
        for name in ("peer", "component", "component_id"):
            if fields.get(name) not in (None, "", 0):
                found[OWN + name] = self._value(fields[name], where)
        if layer := _layer(fields):
            found[OWN + "span_layer"] = layer
        for key, value in others.items():
            if value not in ("", [], {}):
                found.setdefault(OWN + key, self._value(value, where))
        return found

    def _value(self, value: Any, where: str) -> Value:  # noqa: ANN401  JSON can be anything
        if isinstance(value, (list, dict)) and is_deep(value):
            self._notes.warn("too_large", where=where)
            return None
        found: Value = value
        return found

    def _events(self, fields: JsonObject, where: str) -> list[Event]:
        found = []
        for log in objects(fields.get("logs")):
            said = {key: self._value(value, where) for key, value in _pairs(log.get("data"))}
            name = _text(said.pop("event", "")) or "log"
            if name == "error":
                name, said = "exception", {_OF_ERROR.get(key, key): value for key, value in said.items()}
            found.append(Event(name, self._time(log.get("time"), where), said))
        for one in objects(fields.get("events")):
            said = {
                key: self._value(value, where)
                for key, value in (*_pairs(one.get("tags")), *_pairs(one.get("summary")))
            }
            ended = _instant_ns(one.get("endTime"))
            if ended:
                said[OWN + "end_time_unix_nano"] = ended
            found.append(Event(_text(one.get("event")), _instant_ns(one.get("startTime")), said))
        return found

    def _resource(self, fields: JsonObject) -> Resource:
        service, instance = _text(fields.get("service")), _text(fields.get("instance"))
        if len(self._resources) > _RESOURCES_KEPT:
            self._resources.clear()
        named: Attributes = {"service.name": service, "service.instance.id": instance}
        found: Attributes = {key: value for key, value in named.items() if value}
        return self._resources.setdefault((service, instance), Resource(found))


def _span_id(segment: str, number: int) -> str:
    return units.hashed_id(f"{segment}:{number}", 16)


def _kind(fields: JsonObject) -> Kind:
    written = fields.get("type")
    number = units.whole_number(written)
    text = _TYPES[number] if number is not None and 0 <= number < len(_TYPES) else _text(written).lower()
    kind = _KINDS.get(text.rpartition("_")[2], Kind.UNSPECIFIED)
    return _MESSAGING.get(kind, kind) if _layer(fields).upper() == "MQ" else kind


def _layer(fields: JsonObject) -> str:
    written = fields.get("layer")
    number = units.whole_number(written)
    name = _LAYERS[number] if number is not None and 0 <= number < len(_LAYERS) else _text(written)
    return "" if name == "Unknown" else name


def _address(peer: object) -> Attributes:
    host, colon, port = _text(peer).rpartition(":")
    if colon and port.isascii() and port.isdigit() and "," not in host and ";" not in host:
        return {"server.address": host.strip("[]/"), "server.port": int(port)}
    return {"server.address": _text(peer)} if _text(peer) else {}


def _pairs(written: object) -> list[tuple[str, Any]]:
    """Lists of key and value; some tools write an object."""
    if isinstance(written, dict):
        return list(written.items())
    return [(_text(one.get("key")), one.get("value")) for one in objects(written) if _text(one.get("key"))]


def _instant_ns(written: object) -> int:
    """`{"seconds": …, "nanos": …}`; 0 when it is no time."""
    parts = written if isinstance(written, dict) else {}
    seconds, nanos = units.whole_number(parts.get("seconds")), units.whole_number(parts.get("nanos", 0))
    found = (seconds or 0) * 1_000_000_000 + (nanos or 0)
    return found if units.is_clock_time(found) else 0


def _message(events: list[Event]) -> str:
    said = [event.attributes for event in events if event.name == "exception"]
    return next(
        (_text(one[key]) for one in said for key in ("exception.message", "exception.type") if one.get(key)),
        "",
    )


def _text(value: object) -> str:
    return as_text(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
