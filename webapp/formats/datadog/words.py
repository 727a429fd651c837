"""Which tag of Datadog says what in OpenTelemetry's words, as tables; events and links in their spellings. No spans."""

from typing import Any

import msgpack
import msgspec

from webapp.formats import units
from webapp.formats.datadog.records import JsonObject, mapping
from webapp.formats.value_text import is_deep
from webapp.model.spans import Event, Kind, Link, Value

EVENTS, LINKS = "events", "_dd.span_links"
OPERATION, TYPE = "operation.name", "span.type"  # as Datadog's own exporters for OpenTelemetry name them

# tags that only Datadog has; those of OpenTelemetry, also old ones, stay as they are
NAMES = {
    "out.host": "server.address",
    "peer.hostname": "server.address",
    "network.destination.name": "server.address",
    "network.destination.port": "server.port",
    "out.port": "server.port",
    "network.destination.ip": "network.peer.address",
    "network.client.ip": "client.address",
    "http.client_ip": "client.address",
    "http.useragent": "user_agent.original",
    "db.type": "db.system",
    "db.instance": "db.name",
    "sql.query": "db.statement",
    "error.stack": "exception.stacktrace",
}
OF_PROCESS = {
    "env": "deployment.environment.name",
    "version": "service.version",
    "language": "telemetry.sdk.language",
    "_dd.tracer_version": "telemetry.sdk.version",
    "runtime-id": "service.instance.id",
    "process_id": "process.pid",
    "_dd.hostname": "host.name",
    "host": "host.name",
    "container_id": "container.id",
    "runtime.name": "process.runtime.name",
    "runtime.version": "process.runtime.version",
}
_NUMBERS = {"http.status_code", "http.response.status_code", "server.port", "rpc.grpc.status_code"}
_KINDS = {
    "web": Kind.SERVER,
    "serverless": Kind.SERVER,
    "http": Kind.CLIENT,
    "db": Kind.CLIENT,
    "sql": Kind.CLIENT,
}
_KINDS |= dict.fromkeys(("cache", "redis", "memcached", "mongodb", "cassandra", "elasticsearch"), Kind.CLIENT)
_KINDS |= dict.fromkeys(("opensearch", "couchbase", "dns", "valkey"), Kind.CLIENT)
_LARGEST_WHOLE = 2**53
_TYPED = ("string_value", "bool_value", "int_value", "double_value")


def kind_of_type(written: object) -> int:
    return int(_KINDS.get(written, Kind.UNSPECIFIED)) if isinstance(written, str) else 0


def of_tag(name: str, value: Value) -> Value:
    """The value of a tag, which Datadog keeps as text, under OpenTelemetry's `name`."""
    if name in _NUMBERS and isinstance(value, str) and value.isascii() and value.isdigit():
        return units.whole_number(value)
    return value


def of_metric(value: Any) -> Value:  # noqa: ANN401  JSON can be anything
    """Some tracers write whole numbers as floats."""
    if isinstance(value, float) and abs(value) <= _LARGEST_WHOLE and value.is_integer():
        return int(value)
    return readable(value)


def of_struct(value: object) -> Value:
    """The bytes of `meta_struct` are msgpack."""
    if isinstance(value, bytes):
        try:
            return readable(msgpack.unpackb(value, strict_map_key=False, unicode_errors="replace"))
        except (ValueError, TypeError, msgpack.UnpackException):
            return value
    return readable(value)


def readable(value: Any) -> Value:  # noqa: ANN401  msgpack can be anything
    """Text and containers as JSON has them; what else msgpack knows as text. Not for what nests bottomlessly."""
    if isinstance(value, str):
        return value if value.isascii() else well_formed(value)
    if value is None or isinstance(value, (bool, int, float, bytes)):
        return value
    if isinstance(value, dict) and not is_deep(value):
        return {_key(key): readable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)) and not is_deep(list(value)):
        return [readable(one) for one in value]
    return f"{type(value).__name__} that nests too deeply" if isinstance(value, (dict, list)) else str(value)


def _key(key: object) -> str:
    text = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
    return text if text.isascii() else well_formed(text)


def well_formed(text: str) -> str:
    """With U+FFFD for bytes that were not UTF-8 (msgpack gives them as lone surrogates)."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if _has_lone(text) else text


def _has_lone(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def listed(written: object) -> list[JsonObject] | None:
    """The objects of a list, or of the JSON text of one; None if it is neither."""
    if isinstance(written, str):
        try:
            written = msgspec.json.decode(written)
        except (msgspec.DecodeError, RecursionError):
            return None
    if not isinstance(written, list) or not all(isinstance(one, dict) for one in written):
        return None
    return written


def event(one: JsonObject) -> Event:
    time_ns = units.scaled_ns(one.get("time_unix_nano"), "ns") or 0
    attributes = {str(key): _typed(value) for key, value in mapping(one.get("attributes")).items()}
    return Event(str(one.get("name") or ""), time_ns if units.is_clock_time(time_ns) else 0, attributes)


def _typed(value: Any) -> Value:  # noqa: ANN401  JSON can be anything
    """Plain, or as `{"type": 2, "int_value": 5}`."""
    if not isinstance(value, dict) or "type" not in value:
        return readable(value)
    if isinstance(value.get("array_value"), dict):
        members = value["array_value"].get("values")
        return [_typed(one) for one in members] if isinstance(members, list) and not is_deep(members) else []
    return next((readable(value[key]) for key in _TYPED if key in value), None)


def link(one: JsonObject) -> Link | None:
    """Ids are numbers, the upper half apart, or hexadecimal text."""
    trace, upper, span = (one.get(key) for key in ("trace_id", "trace_id_high", "span_id"))
    if isinstance(trace, int) and isinstance(upper, int) and 0 <= trace < 2**64 and 0 <= upper < 2**64:
        trace = trace + (upper << 64)
    trace_id, span_id = units.read_id(trace, 32), units.read_id(span, 16)
    if trace_id is None or span_id is None:
        return None
    attributes = readable(mapping(one.get("attributes")))
    state = one.get("tracestate")
    return Link(
        trace_id.hex,
        span_id.hex,
        attributes if isinstance(attributes, dict) else {},
        readable(state) if isinstance(state, str) else "",  # type: ignore[arg-type]
    )
