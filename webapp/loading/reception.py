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
from webapp.formats.notes import CUT, Notes
from webapp.formats.otlp import protobuf
from webapp.loading import telling
from webapp.loading.listening import Receiver
from webapp.loading.live import Live, Post, Taken
from webapp.loading.telling import Form
from webapp.model.logs import LogLine
from webapp.model.spans import Span

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
    """What became of a body: how many of its records were left out, and why. None, but a reason: its end is missing."""

    rejected: int
    why: str


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
    is_told = post.rejected or any(warning.code == CUT for warning in post.warnings)
    return Received(post.rejected, " ".join(reasons) if is_told else "")


def _read_post(protocol: Protocol, body: bytes) -> tuple[Post, str]:
    """And what is wrong with the body if nothing of it can be kept, else ""."""
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
    post = Post(protocol.receiver, spans, notes.rejected, telling.of_bodies(notes.warnings), len(body))
    is_kept = spans or _is_empty(protocol, body, notes)
    return post, "" if is_kept else telling.why_nothing(protocol.form, body, notes)


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
