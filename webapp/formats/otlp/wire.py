"""OTLP JSON as it stands on the wire: its messages, and every spelling of their keys brought to one.

Decoding alone; making spans of messages is in `spans.py`, records that do not fit in `tolerant.py`.
"""

import re
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]
NOTHING = Raw()


class AnyValue(msgspec.Struct, rename="camel", gc=False):
    """At most one is set; which one is the type of the value."""

    string_value: str | None = None
    int_value: Int64 | None = None
    bool_value: bool | None = None
    double_value: float | None = None
    array_value: Raw = NOTHING
    kvlist_value: Raw = NOTHING
    bytes_value: str | None = None


class KeyValue(msgspec.Struct, gc=False):
    key: str
    value: AnyValue | None = None


class WireEvent(msgspec.Struct, rename="camel", gc=False):
    time_unix_nano: Nanoseconds = 0
    name: str = ""
    attributes: list[KeyValue] | None = None
    dropped_attributes_count: Int64 = 0


class WireLink(msgspec.Struct, rename="camel", gc=False):
    trace_id: str = ""
    span_id: str = ""
    trace_state: str = ""
    attributes: list[KeyValue] | None = None


class WireStatus(msgspec.Struct, gc=False):
    code: int | str = 0
    message: str = ""


class WireSpan(msgspec.Struct, rename="camel", gc=False):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str | None = None
    name: str = ""
    kind: int | str = 0
    start_time_unix_nano: Nanoseconds = 0
    end_time_unix_nano: Nanoseconds = 0
    attributes: list[KeyValue] | None = None
    events: list[WireEvent] | None = None
    links: list[WireLink] | None = None
    status: WireStatus | None = None
    trace_state: str = ""
    flags: Int64 = 0
    dropped_attributes_count: Int64 = 0
    dropped_events_count: Int64 = 0
    dropped_links_count: Int64 = 0


class WireResource(msgspec.Struct, gc=False):
    attributes: list[KeyValue] | None = None


class WireScope(msgspec.Struct, gc=False):
    name: str = ""
    version: str = ""
    attributes: list[KeyValue] | None = None


class SpanIds(msgspec.Struct, rename="camel", gc=False):
    """What is read of a span to see whether its keys are spelled as here."""

    trace_id: str = ""
    span_id: str = ""


class ScopeSpans(msgspec.Struct, gc=False):
    """`scope`, like `resource` below, stays undecoded: most repeat, and are then looked up by their bytes.

    Spans are decoded one by one, each while what the one before it left free is still warm in the processor's memory.
    """

    scope: Raw = NOTHING
    spans: list[Raw] | None = None


class ResourceSpans(msgspec.Struct, rename="camel", gc=False):
    resource: Raw = NOTHING
    schema_url: str = ""
    scope_spans: list[ScopeSpans] | None = None


class Message(msgspec.Struct, rename="camel", gc=False):
    """One document: an export request, a bare element of its `resourceSpans`, what wraps it, or another signal."""

    resource_spans: list[ResourceSpans] | None = None
    result: "Message | None" = None
    trace: "Message | None" = None
    resource: Raw = NOTHING
    schema_url: str = ""
    scope_spans: list[ScopeSpans] | None = None
    resource_metrics: Raw = NOTHING
    resource_logs: Raw = NOTHING
    scope_logs: Raw = NOTHING
    status: Raw = NOTHING  # these two are Tempo's word on the trace beside them
    message: Raw = NOTHING


class LooseMessage(msgspec.Struct, rename="camel", gc=False):
    """The same with everything below left undecoded, to be taken one by one."""

    resource_spans: list[Raw] | None = None
    result: Raw = NOTHING
    trace: Raw = NOTHING
    resource: Raw = NOTHING
    schema_url: str = ""
    scope_spans: list[Raw] | None = None
    resource_logs: Raw = NOTHING
    status: Raw = NOTHING
    message: Raw = NOTHING


# strict=False reads numbers in strings, which is how OTLP writes 64-bit integers
decode_message = msgspec.json.Decoder(Message, strict=False).decode
decode_loose_message = msgspec.json.Decoder(LooseMessage, strict=False).decode
decode_scope_spans = msgspec.json.Decoder(ScopeSpans, strict=False).decode
decode_span_ids = msgspec.json.Decoder(SpanIds, strict=False).decode
decode_span = msgspec.json.Decoder(WireSpan, strict=False).decode
decode_resource = msgspec.json.Decoder(WireResource, strict=False).decode
decode_scope = msgspec.json.Decoder(WireScope, strict=False).decode

_MESSAGES = (
    AnyValue, KeyValue, WireEvent, WireLink, WireStatus, WireSpan, WireResource, WireScope,
    ScopeSpans, ResourceSpans, Message,
)  # fmt: skip

_CAMEL: dict[bytes, bytes] = {
    b"batches": b"resourceSpans",  # Tempo
    b"data": b"result",
    b"instrumentationLibrarySpans": b"scopeSpans",  # before OTLP 0.19
    b"instrumentation_library_spans": b"scopeSpans",
    b"instrumentationLibrary": b"scope",
    b"instrumentation_library": b"scope",
    b"log_records": b"logRecords",
    b"severity_text": b"severityText",
    b"severity_number": b"severityNumber",
    b"observed_time_unix_nano": b"observedTimeUnixNano",
    b"event_name": b"eventName",
} | {
    field.name.encode(): field.encode_name.encode()
    for message in _MESSAGES
    for field in msgspec.structs.fields(message)
    if field.name != field.encode_name
}
# .NET's serialisers write keys so unless they are told otherwise
_PASCAL: dict[bytes, bytes] = {
    (name[0].upper() + name[1:]).encode(): name.encode()
    for message in _MESSAGES
    for name in message.__struct_encode_fields__
}
_PASCAL_KEY = re.compile(rb'"(' + b"|".join(_PASCAL) + rb')"(?=\s*:)')
_OTHER_KEY = re.compile(rb'"(' + b"|".join(_CAMEL) + rb')"(?=\s*:)')


def in_camel(text: bytes | bytearray) -> bytes:
    """With snake_case, Tempo's and older keys written as OTLP writes them now. Values stay as they are."""
    return _OTHER_KEY.sub(lambda key: b'"' + _CAMEL[key[1]] + b'"', bytes(text))


def in_camel_from_pascal(text: bytes | bytearray) -> bytes:
    return _PASCAL_KEY.sub(lambda key: b'"' + _PASCAL[key[1]] + b'"', bytes(text))
