"""Sentry envelopes and the events in them: transactions with their spans, newer span items, errors.

An error becomes an event of its span; where that is not in the file, a log line of its trace.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from webapp.formats import json_stream, moments, units
from webapp.formats.by_trace import ByTrace
from webapp.formats.head import Head
from webapp.formats.ids import Ids
from webapp.formats.json_stream import Document
from webapp.formats.notes import Notes
from webapp.formats.resources import Resources
from webapp.formats.value_text import is_deep
from webapp.model.logs import LogLine
from webapp.model.spans import Attributes, Event, Kind, Resource, Span, Status

Json = dict[str, Any]

NAME = "sentry"
EXAMPLE = '{"event_id": "…"}\n{"type": "transaction"}\n{"type": "transaction", "contexts": {"trace": {…}}, "spans": [], …}'

# by the operation, or its first word
_KINDS = {
    "http.server": Kind.SERVER,
    "rpc.server": Kind.SERVER,
    "grpc.server": Kind.SERVER,
    "websocket.server": Kind.SERVER,
    "http.client": Kind.CLIENT,
    "rpc.client": Kind.CLIENT,
    "grpc.client": Kind.CLIENT,
    "db": Kind.CLIENT,
    "cache": Kind.CLIENT,
    "queue.publish": Kind.PRODUCER,
    "queue.submit": Kind.PRODUCER,
    "queue.process": Kind.CONSUMER,
    "queue.receive": Kind.CONSUMER,
    "queue.task": Kind.CONSUMER,
}
_IDS = {"trace_id", "span_id", "parent_span_id"}
_TIMES = {"start_timestamp", "timestamp", "end_timestamp"}
_SPAN_MEMBERS = {"description", "name", "status", "data", "attributes", *_IDS, *_TIMES}


def looks_like(head: Head) -> str | None:
    for one in head.objects:
        if _is_transaction(one):
            return "Sentry: an event of type `transaction`"
        if _is_error(one) and ("sdk" in one or "platform" in one):
            return "Sentry: an error event with `contexts.trace`"
        if _items(one):
            return "Sentry: span items"
    return None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span | LogLine]:
    traces: ByTrace[Span | tuple[LogLine, Event]] = ByTrace()
    reader = _Reader(notes)
    for document in json_stream.documents(stream, notes, prose=True):
        value = json_stream.loads(document, notes)
        for one in value if isinstance(value, list) else [value]:
            for record in reader.records(one, document):
                trace_id = record.trace_id if isinstance(record, Span) else record[0].trace_id
                for trace in traces.add(trace_id, record, len(document.raw)):
                    yield from _with_errors(trace)
    for trace in traces.rest():
        yield from _with_errors(trace)


def _with_errors(records: list[Span | tuple[LogLine, Event]]) -> Iterator[Span | LogLine]:
    spans = {record.span_id: record for record in records if isinstance(record, Span)}
    for record in records:
        if isinstance(record, tuple):
            line, event = record
            if line.span_id in spans:
                spans[line.span_id].events.append(event)
            else:
                yield line
    yield from (record for record in records if isinstance(record, Span))


def _is_transaction(one: Json) -> bool:
    return one.get("type") == "transaction" and "trace_id" in _trace(one)


def _is_error(one: Json) -> bool:
    return "trace_id" in _trace(one) and ("exception" in one or "message" in one or "logentry" in one)


def _items(one: Json) -> list[Json]:
    items = [each for each in _list(one.get("items")) if isinstance(each, dict)]
    return [each for each in items if "span_id" in each and "start_timestamp" in each]


def _trace(one: Json) -> Json:
    return _object(_object(one.get("contexts")).get("trace"))


class _Reader:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids = Ids(notes)
        self._resources = Resources()

    def records(self, one: Any, document: Document) -> Iterator[Span | tuple[LogLine, Event]]:  # noqa: ANN401
        where = document.where
        if not isinstance(one, dict) or is_deep(one):
            if one is not None:
                self._notes.reject("bad_record", where=where)
        elif _is_transaction(one):
            yield from self._transaction(one, where)
        elif _is_error(one):
            yield from self._error(one, where)
        elif items := _items(one):
            for item in items:
                yield from self._span(item, self._resources.named(_process({})), where)
        elif not (
            one.keys() & {"event_id", "sent_at", "dsn"}
            or one.keys() <= {"type", "length", "content_type", "item_count"}
        ):
            self._notes.warn("other_signal", where=where)

    def _transaction(self, one: Json, where: str) -> Iterator[Span]:
        named = self._resources.named(_process(one))
        trace = _trace(one)
        data = _object(trace.get("data")) | {
            f"measurements.{key}": _value(each) for key, each in _object(one.get("measurements")).items()
        }
        times = {key: one.get(key) for key in ("start_timestamp", "timestamp")}
        root = trace | times | {"description": one.get("transaction"), "data": data, "tags": _tags(one)}
        yield from self._span(root, named, where)
        for number, span in enumerate(_list(one.get("spans")), start=1):
            if isinstance(span, dict):
                yield from self._span(
                    {"trace_id": trace.get("trace_id")} | span, named, f"{where}, span {number}"
                )
            else:
                self._notes.reject("bad_record", where=f"{where}, span {number}")

    def _span(self, told: Json, named: tuple[Resource, str], where: str) -> Iterator[Span]:
        """Nothing without usable ids."""
        trace_id = self._ids.trace(told.get("trace_id"), where)
        span_id = self._ids.span(told.get("span_id"), where)
        if not trace_id or not span_id:
            self._notes.reject("bad_id", where=where)
            return
        attributes = _attributes(told)
        op = str(attributes.get("sentry.op", ""))
        resource, service = named
        own = attributes.get("service.name")
        status, message = _status(told.get("status"))
        yield Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=self._ids.span(told.get("parent_span_id"), where),
            name=_text(told.get("description")) or _text(told.get("name")) or op,
            service=own if isinstance(own, str) and own else service,
            start_ns=self._time(told.get("start_timestamp"), where),
            end_ns=self._time(told.get("end_timestamp", told.get("timestamp")), where),
            kind=int(_KINDS.get(op) or _KINDS.get(op.split(".", maxsplit=1)[0]) or Kind.INTERNAL),
            status=status,
            status_message=message,
            attributes=attributes,
            events=[],
            resource=resource,
            written_trace_id=units.written_form(told.get("trace_id"), trace_id),
            written_span_id=units.written_form(told.get("span_id"), span_id),
        )

    def _error(self, one: Json, where: str) -> Iterator[tuple[LogLine, Event]]:
        trace = _trace(one)
        trace_id = self._ids.trace(trace.get("trace_id"), where)
        if not trace_id:
            self._notes.warn("other_signal", where=where)
            return
        found = _exception(one)
        time_ns = self._time(one.get("timestamp"), where)
        line = LogLine(
            trace_id=trace_id,
            time_ns=time_ns,
            message=str(found.get("exception.message", "")),
            level=_text(one.get("level")) or "error",
            service=self._resources.named(_process(one))[1],
            span_id=self._ids.span(trace.get("span_id"), where),
            parent_span_id=self._ids.span(trace.get("parent_span_id"), where),
            attributes=found,
            written_trace_id=units.written_form(trace.get("trace_id"), trace_id),
        )
        yield line, Event("exception", time_ns, found)

    def _time(self, written: object, where: str) -> int:
        return 0 if written is None else moments.checked(units.time_ns(written, "s"), self._notes, where)


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _value(told: Any) -> Any:  # noqa: ANN401  JSON can be anything
    """As it stands, or beside its type or unit."""
    return told["value"] if isinstance(told, dict) and "value" in told else told


def _tags(one: Json) -> Json:
    """An object, or pairs."""
    tags = one.get("tags")
    pairs = [pair for pair in _list(tags) if isinstance(pair, list) and len(pair) == 2]
    return _object(tags) | {str(key): value for key, value in pairs}


def _attributes(told: Json) -> Attributes:
    found = {
        key: _value(each)
        for part in ("data", "attributes", "tags")
        for key, each in _object(told.get(part)).items()
    }
    for key in told.keys() - _SPAN_MEMBERS - {"tags"}:
        if told[key] not in (None, "", {}, []):
            found.setdefault(f"sentry.{key}", told[key])
    return found


def _process(one: Json) -> Attributes:
    """Sentry has projects, not services; a release `shop@1.4.2` names one."""
    contexts = _object(one.get("contexts"))
    found: Attributes = dict(_object(_object(contexts.get("otel")).get("resource")))
    package, at, version = _text(one.get("release")).rpartition("@")
    if at and package:
        found.setdefault("service.name", package)
        found.setdefault("service.version", version)
    for key, name in (
        ("release", "sentry.release"),
        ("environment", "deployment.environment.name"),
        ("server_name", "host.name"),
    ):
        if _text(one.get(key)):
            found.setdefault(name, one[key])
    sdk = _object(one.get("sdk"))
    for key in ("name", "version"):
        if _text(sdk.get(key)):
            found.setdefault(f"telemetry.sdk.{key}", sdk[key])
    return found


def _status(written: object) -> tuple[int, str]:
    """Names of gRPC's codes; without one all is well."""
    word = _text(written)
    if word in ("", "unset", "unknown"):
        return int(Status.UNSET), ""
    return (int(Status.OK), "") if word == "ok" else (int(Status.ERROR), "" if word == "error" else word)


def _exception(one: Json) -> Attributes:
    """The last of a chain is the one that was caught; frames are listed outermost first."""
    written = one.get("exception")
    values = [each for each in _list(_object(written).get("values") or written) if isinstance(each, dict)]
    message = (
        one.get("message")
        or _object(one.get("logentry")).get("formatted")
        or _object(one.get("logentry")).get("message")
    )
    if not values:
        return {"exception.message": str(_value(message) or "")}
    last = values[-1]
    found: Attributes = {
        "exception.type": str(last.get("type") or ""),
        "exception.message": str(last.get("value") or ""),
    }
    lines = []
    for number, each in enumerate(reversed(values)):
        lines.append(f"{'Caused by: ' if number else ''}{each.get('type')}: {each.get('value')}")
        frames = _list(_object(each.get("stacktrace")).get("frames"))
        lines += [
            f"    at {one.get('function')} ({one.get('filename')}:{one.get('lineno')})"
            for one in reversed(frames)
            if isinstance(one, dict)
        ]
    return found | {"exception.stacktrace": "\n".join(lines)}
