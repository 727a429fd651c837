"""Blocks of Grafana Tempo (vParquet to vParquet4): one row a trace, its spans nested in `rs`, as plain values from Arrow.

Times are Unix nanoseconds. Attributes have columns of their own kind; some well-known ones have columns of their own name.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from webapp.formats import moments, units
from webapp.formats.notes import Notes
from webapp.formats.otlp.protobuf.spans import scope_of
from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes, Event, Link, Resource, Scope, Span, Value

Json = Mapping[str, Any]

COLUMNS = ["TraceID", "rs"]
_VALUES = ("Value", "ValueInt", "ValueDouble", "ValueBool", "ValueArray", "ValueKVList", "ValueUnsupported")
_RESOURCE = {
    "ServiceName": "service.name", "Cluster": "cluster", "Namespace": "namespace", "Pod": "pod",
    "Container": "container", "K8sClusterName": "k8s.cluster.name", "K8sNamespaceName": "k8s.namespace.name",
    "K8sPodName": "k8s.pod.name", "K8sContainerName": "k8s.container.name",
}  # fmt: skip
_SPAN = {"HttpMethod": "http.method", "HttpUrl": "http.url", "HttpStatusCode": "http.status_code"}
_LINK_TAG = 0x0A


def is_block(schema: pa.Schema) -> bool:
    if not {"TraceID", "rs"} <= set(schema.names):
        return False
    kind = schema.field("rs").type
    return pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)


class Block:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def spans(self, batch: pa.RecordBatch, *, first_row: int) -> Iterator[Span]:
        traces, resources = (batch.column(batch.schema.get_field_index(name)) for name in COLUMNS)
        for row in range(batch.num_rows):
            where = f"row {first_row + row}"
            trace_id = _id(traces[row].as_py(), 32)
            for one in resources[row].as_py() or []:
                resource = Resource(self._resource(one.get("Resource") or {}, where))
                for scoped in one.get("ss") or one.get("ils") or []:
                    scope = _scope(scoped)
                    for span in scoped.get("Spans") or scoped.get("spans") or []:
                        yield from self._span(span, trace_id, (resource, scope), where)

    def _resource(self, written: Json, where: str) -> Attributes:
        own = {key: written[name] for name, key in _RESOURCE.items() if written.get(name)}
        return own | self._attributes(written, where)

    def _span(self, span: Json, trace_id: str, origin: tuple[Resource, Scope], where: str) -> Iterator[Span]:
        span_id = _id(span.get("SpanID") or span.get("ID"), 16)
        if not trace_id or not span_id:
            self._notes.reject("bad_id", where=where)
            return
        resource, scope = origin
        start_ns = self._time(span.get("StartTimeUnixNano", span.get("StartUnixNanos")), where)
        if (length := span.get("DurationNano")) is not None:
            end_ns = self._time(start_ns + length, where)
        else:
            end_ns = self._time(span.get("EndUnixNanos"), where)
        own = {key: span[name] for name, key in _SPAN.items() if span.get(name) is not None}
        yield Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=_id(span.get("ParentSpanID"), 16),
            name=span.get("Name") or "",
            service=str(resource.attributes.get("service.name") or units.UNKNOWN_SERVICE),
            start_ns=start_ns,
            end_ns=end_ns,
            kind=units.kind_number(span.get("Kind")),
            status=units.status_number(span.get("StatusCode")),
            status_message=span.get("StatusMessage") or "",
            attributes=own | self._attributes(span, where),
            events=[self._event(one, start_ns, where) for one in span.get("Events") or []],
            links=self._links(span.get("Links"), where),
            resource=resource,
            scope=scope,
            trace_state=span.get("TraceState") or "",
        )

    def _time(self, written: int | None, where: str) -> int:
        return 0 if written is None else moments.checked(written, self._notes, where)

    def _event(self, event: Json, start_ns: int, where: str) -> Event:
        since = event.get("TimeSinceStartNano")
        time_ns = event.get("TimeUnixNano") if since is None else start_ns + since
        dropped = event.get("DroppedAttributesCount") or 0
        return Event(
            event.get("Name") or "", self._time(time_ns, where), self._attributes(event, where), dropped
        )

    def _links(self, written: Sequence[Json] | bytes | None, where: str) -> list[Link]:
        """Rows of their own since vParquet4, before that a protobuf message."""
        if not isinstance(written, bytes):
            found = [
                Link(
                    _id(one.get("TraceID"), 32),
                    _id(one.get("SpanID"), 16),
                    self._attributes(one, where),
                    one.get("TraceState") or "",
                )
                for one in written or []
            ]
        else:
            try:
                found = [_proto_link(piece) for piece in _repeated(written)]
            except (DecodeError, IndexError, ValueError):
                self._notes.warn("bad_attribute", where=where)
                found = []
        return [link for link in found if link.trace_id and link.span_id]

    def _attributes(self, owner: Json, where: str) -> Attributes:
        found: Attributes = {}
        for one in owner.get("Attrs") or []:
            try:
                value = _value(one)
            except (DecodeError, ValueError):
                self._notes.warn("bad_attribute", where=where)
                continue
            found[one.get("Key") or ""] = value
        dedicated = owner.get("DedicatedAttributes") or {}
        return found | {
            f"tempo.{name}": value for name, value in dedicated.items() if value not in (None, [])
        }


def _value(written: Json) -> Value:
    """Of the columns that hold it the one that is not empty; lists of one are single unless `IsArray` says otherwise."""
    value: Any = next((written[name] for name in _VALUES if written.get(name) not in (None, [], "")), None)
    if value is None:  # an empty text, or none at all
        return "" if written.get("Value") in ("", [""]) else None
    if isinstance(value, bytes):
        return _known([KeyValue(key="value", value=AnyValue.FromString(value))])["value"]
    if isinstance(value, list) and not written.get("IsArray"):
        value = value[0]
    if is_deep(value):
        raise ValueError("nested deeper than anyone reads")
    found: Value = value
    return found


def _known(pairs: Sequence[Message]) -> Attributes:
    return scope_of(InstrumentationScope(attributes=pairs)).attributes


def _scope(scoped: Json) -> Scope:
    written = scoped.get("Scope") or scoped.get("il") or scoped.get("InstrumentationLibrary") or {}
    pairs = {one.get("Key") or "": _value(one) for one in written.get("Attrs") or []}
    return Scope(written.get("Name") or "", written.get("Version") or "", pairs)


def _proto_link(piece: bytes) -> Link:
    link = ProtoSpan.Link.FromString(piece)
    return Link(_id(link.trace_id, 32), _id(link.span_id, 16), _known(link.attributes), link.trace_state)


def _repeated(message: bytes) -> Iterator[bytes]:
    """The members of a message that holds nothing but field 1, many times."""
    at = 0
    while at < len(message):
        if message[at] != _LINK_TAG:
            raise ValueError("not a list of links")
        length, shift, at = 0, 0, at + 1
        while True:
            length |= (message[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if message[at - 1] < 0x80:
                break
        yield message[at : at + length]
        at += length


def _id(raw: bytes | str | None, digits: int) -> str:
    """Tempo cuts the zeros off the front of ids of 64 bits."""
    found = units.read_id(raw.hex() if isinstance(raw, bytes) else raw, digits)
    return found.hex if found else ""
