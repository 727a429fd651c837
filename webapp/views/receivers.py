"""`POST /v1/traces` and the like: bodies that tracing libraries send, and the answer that each protocol expects.

Bodies are read and kept by `loading/reception.py`. Whatever comes, the answer is never a 500.
"""

from collections.abc import Callable

import msgspec
from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from webapp import __version__
from webapp.loading import protocols, reception
from webapp.loading.protocols import Protocol
from webapp.loading.reception import Reason, Received, Refused
from webapp.loading.telling import ONLY_TRACES
from webapp.settings import Settings
from webapp.views.arrivals import live
from webapp.views.otlp_answers import accepted, refused

blueprint = Blueprint("receivers", __name__)
_STATUS = {
    Reason.DAMAGED: 400,
    Reason.TOO_LARGE: 413,
    Reason.UNSUPPORTED: 415,
    Reason.FULL: 429,
    Reason.FAILED: 503,
}
_RETRY_SECONDS = "1"
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"


@blueprint.post("/v1/traces")
def otlp_http() -> Response:
    _check_type("OTLP", _PROTOBUF, _JSON)
    as_json = request.mimetype == _JSON
    found = _receive(protocols.OTLP_JSON if as_json else protocols.OTLP_PROTOBUF)
    return accepted(found.rejected, found.why, as_json=as_json)


@blueprint.post("/v1/metrics", defaults={"signal": "metrics"})
@blueprint.post("/v1/logs", defaults={"signal": "logs"})
def otlp_other(signal: str) -> Response:
    """SDKs send these, too, unless they are told not to."""
    return _refusal(404, ONLY_TRACES.format(signal=signal))


@blueprint.post("/api/v2/spans")
@blueprint.post("/api/v1/spans")
def zipkin_http() -> Response:
    _receive(protocols.ZIPKIN)
    return Response(status=202, mimetype="text/plain")


@blueprint.post("/api/traces")
def jaeger_http() -> Response:
    _check_type("Jaeger's Thrift", "application/x-thrift", "application/vnd.apache.thrift.binary")
    _receive(protocols.JAEGER)
    return Response(status=202, mimetype="text/plain")


@blueprint.route("/v0.3/traces", methods=["PUT", "POST"])
@blueprint.route("/v0.4/traces", methods=["PUT", "POST"])
@blueprint.route("/v0.5/traces", methods=["PUT", "POST"])
def datadog_http() -> Response:
    """Tracers are told no rates: they go on sending as much as they do."""
    _receive(protocols.DATADOG)
    return jsonify(rate_by_service={})


@blueprint.get("/info")
def datadog_info() -> Response:
    """What tracers ask an agent first: what it takes. Nothing here counts for them or tells them what to sample."""
    endpoints = [f"/v0.{version}/traces" for version in (3, 4, 5)]
    return jsonify(version=__version__, endpoints=endpoints, client_drop_p0s=False)


@blueprint.route("/v0.7/config", methods=["POST"])
@blueprint.route("/telemetry/proxy/<path:rest>", methods=["POST"])
def datadog_other(rest: str = "") -> Response:  # noqa: ARG001  wherever it is
    """What tracers tell an agent of themselves; they go on without it."""
    return Response("Only spans are received here.\n", 404, mimetype="text/plain")


@blueprint.post("/1/batch/<path:dataset>")
def honeycomb_http(dataset: str) -> Response:  # noqa: ARG001  events name their service
    """Each event has a status of its own."""
    bodies: list[bytes] = []

    def body() -> bytes:
        bodies.append(_body())
        return bodies[0]

    _receive(protocols.HONEYCOMB, body)
    events = msgspec.json.decode(bodies[0])
    return jsonify([{"status": 202}] * len(events) if isinstance(events, list) else [])


@blueprint.post("/api/<project>/envelope/")
def sentry_http(project: str) -> Response:  # noqa: ARG001  there is but one
    _receive(protocols.SENTRY)
    return jsonify({})


def _check_type(protocol: str, *types: str) -> None:
    if request.mimetype not in types:
        raise Refused(
            Reason.UNSUPPORTED,
            f"{protocol} comes as {' or '.join(types)}, not as {request.mimetype or 'nothing'}.",
        )


def _receive(protocol: Protocol, body: Callable[[], bytes] | None = None) -> Received:
    """The body of the request."""
    return reception.receive(live(), protocol, body or _body, size=request.content_length or 0)


def _body() -> bytes:
    settings: Settings = current_app.config["settings"]
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge as large:
        message = f"The body is larger than {settings.max_body_bytes:,} bytes."
        raise Refused(Reason.TOO_LARGE, message) from large
    return reception.decompressed(raw, request.headers.get("Content-Encoding", ""), settings.max_body_bytes)


@blueprint.errorhandler(Refused)
def _refuse(refusal: Refused) -> Response:
    return _refusal(_STATUS[refusal.reason], refusal.message)


@blueprint.errorhandler(HTTPException)
def _refuse_http(error: HTTPException) -> Response:
    """Cut off, of another site."""
    return _refusal(error.code or 400, error.description or error.name)


def takes(path: str) -> bool:
    """Whether something is sent there."""
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="POST")
    except HTTPException:
        return False
    return str(endpoint).startswith(f"{blueprint.name}.")


def refuse_method(error: MethodNotAllowed) -> Response:
    """Which is found before anybody knows that the request is for a receiver."""
    methods = sorted(set(error.valid_methods or ()) - {"OPTIONS"})
    response = _refusal(405, f"Spans are sent here with {' or '.join(methods)}, not with {request.method}.")
    response.allow.update(methods)
    return response


def _refusal(status: int, message: str) -> Response:
    """In the form of the protocol, if the request has one."""
    if request.path.startswith("/v1/") and request.mimetype in (_PROTOBUF, _JSON):
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
