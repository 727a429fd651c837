"""`POST /v1/traces` and the like: bodies that tracing libraries send, and the answer that each protocol expects.

Bodies are read by the readers of files, kept by `loading/live.py`. Whatever comes, the answer is never a 500.
"""

import io
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import msgpack
import msgspec
from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from webapp.formats import datadog, jaeger, otlp, zipkin
from webapp.formats.content_encoding import BodyDamaged, BodyTooLarge, UnknownEncoding, decoded
from webapp.formats.jaeger import thrift_batch
from webapp.formats.notes import Notes
from webapp.formats.otlp import protobuf
from webapp.loading.live import Post, Receiver, Taken
from webapp.model.logs import LogLine
from webapp.model.spans import Span
from webapp.settings import Settings
from webapp.views.arrivals import live
from webapp.views.otlp_answers import accepted, refused

blueprint = Blueprint("receivers", __name__)
OTLP = Receiver("OTLP over HTTP", otlp.NAME)
ZIPKIN = Receiver("Zipkin over HTTP", zipkin.NAME)
JAEGER = Receiver("Jaeger over HTTP", jaeger.NAME)
DATADOG = Receiver("Datadog agent", datadog.NAME)
_SINGLE = {"bad_id"}  # codes of records that are wrong in a body that is not
_RETRY_SECONDS = "1"
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_at_once = threading.BoundedSemaphore(2)  # bodies being read, as they need memory many times their size
_log = logging.getLogger(__name__)

Read = Callable[[BinaryIO, Notes], Iterator[Span | LogLine]]


class Refused(Exception):
    """Nothing of the request was kept, with the status that says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a body: how many of its records were left out, and why."""

    rejected: int
    why: str


@blueprint.post("/v1/traces")
def otlp_http() -> Response:
    _check_type("OTLP", _PROTOBUF, _JSON)
    as_json = request.mimetype == _JSON
    found = receive(OTLP, otlp.read, _is_json) if as_json else receive(OTLP, protobuf.read, lambda _: True)
    return accepted(found.rejected, found.why, as_json=as_json)


@blueprint.post("/api/v2/spans")
@blueprint.post("/api/v1/spans")
def zipkin_http() -> Response:
    """The reader tells JSON, protobuf and Thrift of either version by their bytes, whatever the request calls them."""
    receive(ZIPKIN, zipkin.read, lambda body: not body or _is_json(body))
    return Response(status=202)


@blueprint.post("/api/traces")
def jaeger_http() -> Response:
    _check_type("Jaeger's Thrift", "application/x-thrift", "application/vnd.apache.thrift.binary")
    receive(JAEGER, jaeger.read, lambda body: bool(thrift_batch.looks_like(body)))
    return Response(status=202)


@blueprint.route("/v0.3/traces", methods=["PUT", "POST"])
@blueprint.route("/v0.4/traces", methods=["PUT", "POST"])
@blueprint.route("/v0.5/traces", methods=["PUT", "POST"])
def datadog_http() -> Response:
    """Tracers are told no rates: they go on sending as much as they do."""
    receive(DATADOG, datadog.read, lambda body: not body or _is_json(body) or _is_msgpack(body))
    return jsonify(rate_by_service={})


def _check_type(protocol: str, *types: str) -> None:
    if request.mimetype not in types:
        raise Refused(
            415, f"{protocol} comes as {' or '.join(types)}, not as {request.mimetype or 'nothing'}."
        )


def receive(receiver: Receiver, read: Read, may_be_empty: Callable[[bytes], bool]) -> Received:
    """Read the body of the request and keep its spans. Raises Refused.

    `may_be_empty`: whether a body of which nothing was read is one that merely holds no spans.
    """
    with _at_once:
        post, damage = _read_post(receiver, read, _body(), may_be_empty)
    if damage:
        raise Refused(400, damage)
    taken = live().take(post)
    if taken is Taken.FULL:
        raise Refused(429, "More is being sent than can be stored; send it again later.")
    if taken is Taken.FAILED:
        raise Refused(503, "The spans could not be stored; send them again later.")
    reasons = dict.fromkeys(warning.message for warning in post.warnings)
    return Received(post.rejected, " ".join(reasons) if post.rejected else "")


def _body() -> bytes:
    settings: Settings = current_app.config["settings"]
    if not live().has_room(request.content_length or 0):
        raise Refused(429, "More is being sent than can be stored; send it again later.")
    raw = request.get_data(cache=False)
    try:
        return decoded(raw, request.headers.get("Content-Encoding", ""), settings.max_body_bytes)
    except UnknownEncoding as unknown:
        raise Refused(415, f"Bodies come as gzip, deflate, zstd or plain, not as {unknown}.") from unknown
    except BodyDamaged as damaged:
        raise Refused(400, f"The body cannot be decompressed: {damaged}.") from damaged
    except BodyTooLarge as large:
        message = f"The body is larger than {settings.max_body_bytes:,} bytes when decompressed."
        raise Refused(413, message) from large


def _read_post(
    receiver: Receiver, read: Read, body: bytes, may_be_empty: Callable[[bytes], bool]
) -> tuple[Post, str]:
    """And what is wrong with the body if it cannot be what it should be, else ""."""
    notes = Notes()
    spans: list[Span] = []
    lines = 0
    try:
        for record in read(io.BytesIO(body), notes):
            if isinstance(record, Span):
                spans.append(record)
            else:
                lines += 1
    except Exception as error:  # a body that a reader fails on must not be sent for ever
        _log.exception("reading what was sent to %s", receiver.name)
        notes.reject("bad_record", f"The reader failed: {type(error).__name__}.")
    if lines:
        notes.warn("other_signal", count=lines)
    rejected = max(notes.rejected, int(notes.is_cut))
    post = Post(receiver, spans, rejected, notes.warnings, len(body))
    return post, "" if spans else _damage(body, notes, may_be_empty)


def _damage(body: bytes, notes: Notes, may_be_empty: Callable[[bytes], bool]) -> str:
    for warning in notes.warnings:
        if warning.code not in _SINGLE:
            return warning.message
    return "" if notes.warnings or may_be_empty(body) else "This is not what such a body looks like."


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


@blueprint.errorhandler(Refused)
def _refuse(refusal: Refused) -> Response:
    return _refusal(refusal.status, refusal.message)


@blueprint.errorhandler(HTTPException)
def _refuse_http(error: HTTPException) -> Response:
    """Too large, cut off, of another site."""
    return _refusal(error.code or 400, error.description or error.name)


def _refusal(status: int, message: str) -> Response:
    if request.endpoint == "receivers.otlp_http":
        response = refused(status, message, as_json=request.mimetype == _JSON)
    else:
        response = Response(message + "\n", status, mimetype="text/plain")
    if status in (429, 503):
        response.headers["Retry-After"] = _RETRY_SECONDS
    return response


@blueprint.after_request
def _allow_origin(response: Response) -> Response:
    """For the libraries in browsers whose sites the user named; the check itself is guard's."""
    settings: Settings = current_app.config["settings"]
    origin = request.headers.get("Origin", "")
    if settings.allows_origin(origin):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.vary.add("Origin")
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "POST"
            asked = request.headers.get("Access-Control-Request-Headers", "Content-Type, Content-Encoding")
            response.headers["Access-Control-Allow-Headers"] = asked
            response.headers["Access-Control-Max-Age"] = "3600"
    return response
