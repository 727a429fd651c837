"""Honeycomb events: the batches its libraries send, rows of query results, plain rows, as list or lines.

Events and links of a span are rows of their own there; they are folded back into the span they belong to.
"""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from webapp.formats import json_stream, moments, units
from webapp.formats.by_trace import ByTrace
from webapp.formats.head import Head
from webapp.formats.ids import Ids
from webapp.formats.notes import Notes
from webapp.formats.resources import Resources
from webapp.formats.value_text import as_text, is_deep
from webapp.formats.wrapped import unwrapped
from webapp.formats.zipkin.tags import is_of_resource
from webapp.model.spans import NO_SCOPE, Attributes, Event, Link, Scope, Span, Status

Json = dict[str, Any]

NAME = "honeycomb"
EXAMPLE = (
    '[{"time": "2026-01-02T03:04:05Z", "samplerate": 1, "data": {"trace.trace_id": "…", "duration_ms": 1.5}}]'
)

_TRACE, _SPAN, _PARENT = "trace.trace_id", "trace.span_id", "trace.parent_id"
_LINK_TRACE, _LINK_SPAN = "trace.link.trace_id", "trace.link.span_id"
_ANNOTATION, _SIGNAL = "meta.annotation_type", "meta.signal_type"
_TIMES = ("time", "Timestamp", "timestamp", "@timestamp")
_RATES = ("samplerate", "SampleRate", "sampleRate", "sample_rate", "meta.sample_rate")
_SERVICES = ("service.name", "service_name")
_KINDS = ("span.kind", "span_kind", "kind")


class _Row(NamedTuple):
    """`told`: what the row says; `time` and `rate` may stand beside it."""

    told: Json
    time: object
    rate: object
    where: str


def looks_like(head: Head) -> str | None:
    for value in head.values:
        for told, _ in _told(value):
            if _TRACE in told:
                return f"Honeycomb events: rows with `{_TRACE}`"
    return None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    traces: ByTrace[_Row] = ByTrace()
    spans = _Spans(notes)
    for document in json_stream.documents(stream, notes, records=("results",), prose=True):
        found = list(_told(json_stream.loads(document, notes)))
        size = len(document.raw) // max(1, len(found))
        for number, (told, envelope) in enumerate(found, start=1):
            where = document.where if len(found) == 1 else f"{document.where}, row {number}"
            if _TRACE not in told or told.get(_SIGNAL) not in (None, "", "trace"):
                notes.warn("other_signal", where=where)
                continue
            row = _Row(told, _first(envelope, _TIMES), _first(envelope, _RATES), where)
            for trace in traces.add(str(told[_TRACE]), row, size):
                yield from spans.of_trace(trace)
    for trace in traces.rest():
        yield from spans.of_trace(trace)


def _told(value: object) -> Iterator[tuple[Json, Json]]:
    """Each row with what it stands in: time and sample rate may be there. All are looked for, however wrapped."""
    for one in unwrapped(value, _results):
        inner = _data(one)
        yield (one, one) if _TRACE in one or not inner else (inner, inner | one)


def _results(one: Json) -> object:
    results = one.get("results") or _data(one).get("results")
    return results if isinstance(results, list) else None


def _data(one: Json) -> Json:
    inner = one.get("data")
    return inner if isinstance(inner, dict) else {}


class _Spans:
    """Makes the spans of one source."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids = Ids(notes)
        self._resources = Resources()

    def of_trace(self, rows: list[_Row]) -> Iterator[Span]:
        annotations: dict[str, list[_Row]] = {}
        owners = []
        for row in rows:
            if _is_annotation(row.told):
                annotations.setdefault(str(row.told.get(_PARENT)), []).append(row)
            else:
                owners.append(row)
        for row in owners:
            yield from self._span(row, annotations.pop(str(row.told.get(_SPAN)), []))
        for lost in annotations.values():
            for row in lost:
                self._notes.warn("no_owner", where=row.where)

    def _span(self, row: _Row, annotations: list[_Row]) -> Iterator[Span]:
        """Nothing without usable ids."""
        told = dict(row.told)
        ids = _take(told, (_TRACE,)), _take(told, (_SPAN,))
        trace_id, span_id = self._ids.trace(ids[0], row.where), self._ids.span(ids[1], row.where)
        if not trace_id or not span_id:
            self._notes.reject("bad_id", where=row.where)
            return
        parent_id = self._ids.span(_take(told, (_PARENT,)), row.where)
        start_ns = self._time(row)
        end_ns = self._end(start_ns, _take(told, ("duration_ms",)), row.where)
        kind, scope = _take_kind(told), _take_scope(told)
        status, message = _take_status(told)
        service = _take(told, _SERVICES)
        state = _take(told, ("trace.trace_state",))
        name = _take(told, ("name",))
        attributes = self._attributes(told, row.where)
        of_process = {key: attributes.pop(key) for key in [*attributes] if is_of_resource(key)}
        named: Attributes = {"service.name": service} if isinstance(service, str) and service else {}
        resource, known_service = self._resources.named(named | of_process)
        yield Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=parent_id,
            name=_text(name),
            service=known_service,
            start_ns=start_ns,
            end_ns=end_ns,
            kind=kind,
            status=status,
            status_message=message,
            attributes=attributes,
            events=[
                self._event(one, resource.attributes) for one in annotations if _LINK_SPAN not in one.told
            ],
            links=list(self._links(annotations)),
            resource=resource,
            scope=scope,
            trace_state=_text(state),
            written_trace_id=units.written_form(ids[0], trace_id),
            written_span_id=units.written_form(ids[1], span_id),
            weight=_weight(row.rate),
        )

    def _time(self, row: _Row) -> int:
        if row.time is None:
            return 0
        return moments.checked(units.time_ns(row.time, units.unit_by_size(row.time)), self._notes, row.where)

    def _end(self, start_ns: int, written: object, where: str) -> int:
        if written is None or not start_ns:
            return 0
        length_ns = units.scaled_ns(written, "ms")
        return moments.checked(None if length_ns is None else start_ns + length_ns, self._notes, where)

    def _attributes(self, told: Json, where: str) -> Attributes:
        found: Attributes = {}
        for key, value in told.items():
            if key in _TIMES or key in _RATES or key in (_SIGNAL, _ANNOTATION) or value is None:
                continue
            if isinstance(value, (list, dict)) and is_deep(value):
                self._notes.warn("too_large", where=where)
            else:
                found[key] = value
        return found

    def _event(self, row: _Row, of_process: Attributes) -> Event:
        """Without what is repeated from the span it belongs to."""
        told = dict(row.told)
        name = _take(told, ("name",))
        for key in (_TRACE, _SPAN, _PARENT, "parent_name", *_SERVICES):
            told.pop(key, None)
        attributes = self._attributes(told, row.where)
        own = {key: value for key, value in attributes.items() if of_process.get(key, self) != value}
        return Event(_text(name), self._time(row), own)

    def _links(self, annotations: Iterable[_Row]) -> Iterator[Link]:
        for row in annotations:
            told = dict(row.told)
            if _LINK_SPAN not in told:
                continue
            trace_id = self._ids.trace(_take(told, (_LINK_TRACE,)), row.where)
            span_id = self._ids.span(_take(told, (_LINK_SPAN,)), row.where)
            for key in (_TRACE, _SPAN, _PARENT, "parent_name", "name", *_SERVICES):
                told.pop(key, None)
            if trace_id or span_id:
                attributes = self._attributes(told, row.where)
                own = {key: value for key, value in attributes.items() if not is_of_resource(key)}
                yield Link(trace_id, span_id, own)
            else:
                self._notes.warn("bad_attribute", where=row.where)


def _is_annotation(told: Json) -> bool:
    """Said so, or a moment within a span: it has an owner but neither id nor length."""
    if told.get(_ANNOTATION) in ("span_event", "link"):
        return True
    return bool(told.get(_PARENT)) and not told.get(_SPAN) and told.get("duration_ms") is None


def _first(told: Json, keys: Iterable[str]) -> object:
    return next((told[key] for key in keys if told.get(key) is not None), None)


def _take(told: Json, keys: Iterable[str]) -> object:
    """The first of them; takes all of them out."""
    found = [told.pop(key) for key in keys if key in told]
    return next((one for one in found if one is not None), None)


def _text(value: Any) -> str:  # noqa: ANN401  JSON can be anything
    return "" if value is None else as_text(value)


def _take_kind(told: Json) -> int:
    for key in _KINDS:
        if kind := units.kind_number(told.get(key)):
            del told[key]
            return kind
    return 0


def _take_scope(told: Json) -> Scope:
    found = Scope(
        _text(_take(told, ("library.name", "otel.scope.name"))),
        _text(_take(told, ("library.version", "otel.scope.version"))),
    )
    return NO_SCOPE if found == NO_SCOPE else found


def _take_status(told: Json) -> tuple[int, str]:
    """`status_code` may also be HTTP's: then it stays. `error` is a truth, or the message itself."""
    status = units.status_number(told.get("status_code"))
    if status or told.get("status_code") in (0, "0"):
        del told["status_code"]
    message = _text(_take(told, ("status_message",)))
    error = told.get("error")
    if error in (True, False, None) or str(error).lower() in ("true", "false", ""):
        told.pop("error", None)
        failed = error is True or str(error).lower() == "true"
        return int(Status.ERROR) if failed else status, message
    return int(Status.ERROR), message or (_text(told.pop("error")) if isinstance(error, str) else "")


def _weight(rate: object) -> float:
    """A row that was sampled at N stands for N."""
    number = units.whole_number(rate)
    return float(number) if number and number > 0 else 1.0
