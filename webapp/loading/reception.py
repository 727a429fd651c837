"""A body that some transport brought: decompressed, read, told from damage, handed to `live.py`.

How it came, and how its sender is answered, is for views and listeners.
"""

import io
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO

import msgpack
import msgspec

from webapp.formats import datadog, honeycomb, jaeger, otlp, sentry, xray, zipkin
from webapp.formats.content_encoding import BodyDamaged, BodyTooLarge, UnknownEncoding, decoded
from webapp.formats.jaeger import thrift_batch
from webapp.formats.notes import Notes
from webapp.formats.otlp import protobuf
from webapp.loading.listening import Receiver
from webapp.loading.live import Live, Post, Taken
from webapp.model.logs import LogLine
from webapp.model.spans import Span

_SINGLE = frozenset({"bad_id"})  # codes of records that are wrong in a body that is not
_FULL = "More is being sent than can be stored; send it again later."
# Bodies are read one at a time: several would not be read sooner, keep pages waiting, and each needs many times its size.
_reading = threading.Lock()
_log = logging.getLogger(__name__)


class Reason(Enum):
    """Why nothing of a body was kept."""

    DAMAGED = "not what it should be"
    TOO_LARGE = "too large"
    UNSUPPORTED = "of a type or encoding that is not known"
    FULL = "too much is waiting"
    FAILED = "not stored"


class Refused(Exception):
    """Nothing of a body was kept; the message is for its sender."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a body: how many of its records were left out, and why."""

    rejected: int
    why: str


@dataclass(frozen=True, slots=True)
class Protocol:
    """What reads the bodies of a receiver. `may_be_empty`: whether one of which nothing was read merely holds no spans.

    `path`: where HTTP takes them; nothing where clients append it. `harmless`: codes of what may be wrong with all
    records of a body that is not damaged.
    """

    receiver: Receiver
    read: Callable[[BinaryIO, Notes], Iterator[Span | LogLine]]
    may_be_empty: Callable[[bytes], bool]
    path: str = ""
    harmless: frozenset[str] = _SINGLE


def receive(
    live: Live, protocol: Protocol, body: Callable[[], bytes], *, size: int = 0, wait: bool = True
) -> Received:
    """Read the body that `body` gives and keep its spans.

    `size`: its bytes as far as they are known before it is fetched. `wait`: until it is on disk, if that is promised.
    Raises Refused.
    """
    try:
        return _receive(live, protocol, body, size, wait)
    except Refused as refusal:
        live.listening.refuse(protocol.receiver, refusal.message)
        raise


def decompressed(body: bytes, encodings: str, most_bytes: int) -> bytes:
    """`encodings`: in the order in which they were applied. Raises Refused."""
    try:
        return decoded(body, encodings, most_bytes)
    except UnknownEncoding as unknown:
        message = f"Bodies come as gzip, deflate, zstd or plain, not as {unknown}."
        raise Refused(Reason.UNSUPPORTED, message) from unknown
    except BodyDamaged as damaged:
        raise Refused(Reason.DAMAGED, f"The body cannot be decompressed: {damaged}.") from damaged
    except BodyTooLarge as large:
        message = f"The body is larger than {most_bytes:,} bytes when decompressed."
        raise Refused(Reason.TOO_LARGE, message) from large


def _receive(live: Live, protocol: Protocol, body: Callable[[], bytes], size: int, wait: bool) -> Received:
    with _reading:
        if not live.has_room(size):
            raise Refused(Reason.FULL, _FULL)
        post, damage = _read_post(protocol, body())
    if damage:
        raise Refused(Reason.DAMAGED, damage)
    taken = live.take(post, wait=wait)
    if taken is Taken.FULL:
        raise Refused(Reason.FULL, _FULL)
    if taken is Taken.FAILED:
        raise Refused(Reason.FAILED, "The spans could not be stored; send them again later.")
    reasons = dict.fromkeys(warning.message for warning in post.warnings)
    return Received(post.rejected, " ".join(reasons) if post.rejected else "")


def _read_post(protocol: Protocol, body: bytes) -> tuple[Post, str]:
    """And what is wrong with the body if it cannot be what it should be, else ""."""
    notes = Notes()
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
    rejected = max(notes.rejected, int(notes.is_cut))
    post = Post(protocol.receiver, spans, rejected, notes.warnings, len(body))
    return post, "" if spans else _damage(protocol, body, notes)


def _damage(protocol: Protocol, body: bytes, notes: Notes) -> str:
    for warning in notes.warnings:
        if warning.code not in protocol.harmless:
            return warning.message
    return "" if notes.warnings or protocol.may_be_empty(body) else "This is not what such a body looks like."


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

OTLP_PROTOBUF = Protocol(_OTLP_HTTP, protobuf.read, lambda _: True, "/v1/traces")
OTLP_JSON = Protocol(_OTLP_HTTP, otlp.read, _is_json, "/v1/traces")
# tells JSON, protobuf and Thrift of either version by their bytes, whatever a request calls them
ZIPKIN = Protocol(
    Receiver("Zipkin over HTTP", zipkin.NAME),
    zipkin.read,
    lambda body: not body or _is_json(body),
    "/api/v2/spans",
)
JAEGER = Protocol(Receiver("Jaeger over HTTP", jaeger.NAME), jaeger.read, _is_thrift, "/api/traces")
DATADOG = Protocol(
    Receiver("Datadog agent", datadog.NAME),
    datadog.read,
    lambda body: not body or _is_json(body) or _is_msgpack(body),
)
HONEYCOMB = Protocol(Receiver("Honeycomb events", honeycomb.NAME), honeycomb.read, _is_json)
# an error has an envelope of its own
SENTRY = Protocol(
    Receiver("Sentry envelopes", sentry.NAME),
    sentry.read,
    _begins_with_json,
    harmless=_SINGLE | {"other_signal"},
)
OVER_HTTP = (OTLP_PROTOBUF, ZIPKIN, JAEGER, DATADOG, HONEYCOMB, SENTRY)

OTLP_GRPC = Protocol(Receiver("OTLP over gRPC", otlp.NAME), protobuf.read, lambda _: True)
JAEGER_UDP = Protocol(Receiver("Jaeger over UDP", jaeger.NAME), jaeger.read, _is_thrift)
XRAY_UDP = Protocol(Receiver("X-Ray over UDP", xray.NAME), xray.read, lambda _: False)
