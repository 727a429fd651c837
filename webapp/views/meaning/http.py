"""HTTP requests: who asked what of whom, and what came back. Old and new names of the conventions."""

from http import HTTPStatus

from webapp.model.semconv import REMOTE_URL, text_of
from webapp.model.spans import Attributes
from webapp.views.meaning.shape import Meaning, arrow, counted, facts, number_of, pieces, size_of

_METHOD = ("http.request.method_original", "http.request.method", "http.method")
_STATUS = ("http.response.status_code", "http.status_code")
_HOST = ("server.address", "http.host", "net.peer.name", "net.host.name", "http.server_name")
_PORT = ("server.port", "net.peer.port", "net.host.port")
_SENT = ("http.request.body.size", "http.request.size", "http.request_content_length")
_RECEIVED = ("http.response.body.size", "http.response.size", "http.response_content_length")
_DEFAULT_PORTS = ("", "80", "443")
_UNOFFICIAL = {
    499: "Client Closed Request",
    520: "Unknown Error",
    521: "Web Server Is Down",
    524: "A Timeout Occurred",
}


def http_meaning(attributes: Attributes) -> Meaning | None:
    method, status = text_of(attributes, _METHOD), number_of(attributes, _STATUS)
    if not method and status is None:
        return None
    route = text_of(attributes, ("http.route",))
    target = _target(attributes) or route
    words, tone = status_words(status)
    failed = text_of(attributes, ("error.type",)) if status is None else ""
    return Meaning(
        "HTTP",
        pieces(
            (method, "strong"), (target, "code"), (arrow(words), tone), (arrow(failed), "bad")
        ),
        facts(
            ("Route", route if route != target else ""),
            ("Sent", size_of(attributes, _SENT)),
            ("Received", size_of(attributes, _RECEIVED)),
            ("Protocol", _protocol(attributes)),
            ("Attempt", _attempt(number_of(attributes, ("http.request.resend_count", "http.resend_count")))),
            ("Client", text_of(attributes, ("client.address", "http.client_ip"))),
            ("User agent", text_of(attributes, ("user_agent.original", "http.user_agent"))),
        ),
    )  # fmt: skip


def status_words(status: int | None) -> tuple[str, str]:
    """`404 Not Found`, and its tone."""
    if status is None:
        return "", ""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = _UNOFFICIAL.get(status, "")
    tone = "ok" if 100 <= status < 400 else "warn" if 400 <= status < 500 else "bad"
    return f"{status} {phrase}".rstrip(), tone


def _target(attributes: Attributes) -> str:
    """The address as far as it is known: all of it, or host and path."""
    if url := text_of(attributes, REMOTE_URL):
        return url
    path = text_of(attributes, ("url.path",))
    query = text_of(attributes, ("url.query",))
    path = f"{path}?{query}" if path and query else path or text_of(attributes, ("http.target",))
    host = text_of(attributes, _HOST)
    if not path or not host:
        return path
    port, scheme = text_of(attributes, _PORT), text_of(attributes, ("url.scheme", "http.scheme"))
    place = host if ":" in host or port in _DEFAULT_PORTS else f"{host}:{port}"
    return f"{scheme}://{place}{path}" if scheme else f"{place}{path}"


def _protocol(attributes: Attributes) -> str:
    version = text_of(attributes, ("network.protocol.version", "http.flavor"))
    name = text_of(attributes, ("network.protocol.name", "net.protocol.name")) or "http"
    return f"{name.upper()}/{version}" if version else ""


def _attempt(resent: int | None) -> str:
    return f"{counted(resent, 'resend')} before" if resent else ""
