"""What is sent in which protocol, and one body of it → encoded spans: all that is done in Python for each of them."""

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import msgpack
import msgspec

from webapp.formats import datadog, honeycomb, jaeger, otlp, sentry, xray, zipkin
from webapp.formats.jaeger import thrift_batch
from webapp.formats.notes import Notes
from webapp.formats.otlp import protobuf
from webapp.loading import telling
from webapp.loading.listening import Receiver
from webapp.loading.telling import Form
from webapp.model.logs import LogLine
from webapp.model.spans import Span
from webapp.model.warnings import Warning
from webapp.store import Encoded, Encoder

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What reads the bodies of a receiver. `may_be_empty`: whether one of which nothing was read merely holds no spans.

    `paths`: where HTTP takes them; none where clients append it. `harmless`: codes of what may be wrong with all
    records of a body that is not damaged.
    """

    receiver: Receiver
    form: Form
    read: Callable[[BinaryIO, Notes], Iterator[Span | LogLine]]
    may_be_empty: Callable[[bytes], bool]
    paths: tuple[str, ...] = ("",)
    harmless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Read:
    """What a body held, and what is wrong with it if nothing of it can be kept, else ""."""

    encoded: Encoded
    rejected: int
    warnings: Sequence[Warning]
    damage: str


def read(protocol: Protocol, body: bytes) -> Read:
    notes = Notes()
    spans = _spans_in(protocol, body, notes)
    try:
        encoder = Encoder()
        encoder.add(spans, 0)
        encoded = encoder.take()
    except Exception as error:
        _log.exception("encoding what was sent to %s", protocol.receiver.name)
        return Read(Encoder().take(), 0, [], f"The spans cannot be stored: {type(error).__name__}.")
    is_kept = spans or _is_empty(protocol, body, notes)
    damage = "" if is_kept else telling.why_nothing(protocol.form, body, notes)
    return Read(encoded, notes.rejected, telling.of_bodies(notes.warnings), damage)


def _spans_in(protocol: Protocol, body: bytes, notes: Notes) -> list[Span]:
    spans: list[Span] = []
    lines = 0
    try:
        for record in protocol.read(io.BytesIO(body), notes):
            if isinstance(record, Span):
                spans.append(record)
            else:
                lines += 1
    except Exception as error:  # a body that a reader fails on must not be sent for ever
        _log.exception("reading what was sent to %s", protocol.receiver.name)
        notes.reject("bad_record", f"The reader failed: {type(error).__name__}.")
    if lines:
        notes.warn("other_signal", count=lines)
    return spans


def _is_empty(protocol: Protocol, body: bytes, notes: Notes) -> bool:
    """Of a body without spans: whether nothing is wrong with that."""
    codes = {warning.code for warning in notes.warnings}
    return codes <= protocol.harmless if codes else protocol.may_be_empty(body)


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _is_msgpack(body: bytes) -> bool:
    try:
        msgpack.unpackb(body, raw=True, strict_map_key=False)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException):
        return False
    return True


def _begins_with_json(body: bytes) -> bool:
    return _is_json(body.partition(b"\n")[0])


def _is_thrift(body: bytes) -> bool:
    return bool(thrift_batch.looks_like(body))


_OTLP_HTTP = Receiver("OTLP over HTTP", otlp.NAME)

OTLP_PROTOBUF = Protocol(_OTLP_HTTP, telling.OTLP_PROTOBUF, protobuf.read, lambda _: True, ("/v1/traces",))
OTLP_JSON = Protocol(_OTLP_HTTP, telling.OTLP_JSON, otlp.read, _is_json, ("/v1/traces",))
# tells JSON, protobuf and Thrift of either version by their bytes, whatever a request calls them
ZIPKIN = Protocol(
    Receiver("Zipkin over HTTP", zipkin.NAME),
    telling.ZIPKIN,
    zipkin.read,
    lambda body: not body or _is_json(body),
    ("/api/v2/spans", "/api/v1/spans"),
)
JAEGER = Protocol(
    Receiver("Jaeger over HTTP", jaeger.NAME), telling.JAEGER, jaeger.read, _is_thrift, ("/api/traces",)
)
DATADOG = Protocol(
    Receiver("Datadog agent", datadog.NAME),
    telling.DATADOG,
    datadog.read,
    lambda body: not body or _is_json(body) or _is_msgpack(body),
)
HONEYCOMB = Protocol(
    Receiver("Honeycomb events", honeycomb.NAME),
    telling.HONEYCOMB,
    honeycomb.read,
    _is_json,
    ("/1/batch/DATASET",),
)
# an error has an envelope of its own
SENTRY = Protocol(
    Receiver("Sentry envelopes", sentry.NAME),
    telling.SENTRY,
    sentry.read,
    _begins_with_json,
    ("/api/PROJECT/envelope/",),
    harmless=frozenset({"other_signal"}),
)
OVER_HTTP = (OTLP_PROTOBUF, ZIPKIN, JAEGER, DATADOG, HONEYCOMB, SENTRY)

OTLP_GRPC = Protocol(
    Receiver("OTLP over gRPC", otlp.NAME), telling.OTLP_PROTOBUF, protobuf.read, lambda _: True
)
JAEGER_UDP = Protocol(Receiver("Jaeger over UDP", jaeger.NAME), telling.JAEGER, jaeger.read, _is_thrift)
XRAY_UDP = Protocol(Receiver("X-Ray over UDP", xray.NAME), telling.XRAY, xray.read, lambda _: False)
ALL = (*OVER_HTTP, OTLP_JSON, OTLP_GRPC, JAEGER_UDP, XRAY_UDP)
