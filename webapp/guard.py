"""What every request must pass and every response must carry: Host, cross-site and size checks, CSP, compression."""

import gzip
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request
from werkzeug.exceptions import HTTPException

from webapp.settings import Settings

if TYPE_CHECKING:  # where alone these are
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_COMPRESSED = (
    "text/",
    "application/json",
    "application/javascript",
    "image/svg+xml",
    "application/octet-stream",
)
_SMALL = 600  # bytes; below this gzip costs more than it saves


def receivers_only(app: Flask) -> "WSGIApplication":
    """The application as it answers at a port that is for spans alone: there are no pages."""
    settings: Settings = app.config["settings"]
    refusal = f"Spans are received here; the pages are at {settings.url(settings.port)}.\n"

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        try:
            endpoint, _ = app.url_map.bind_to_environ(environ).match()
        except HTTPException:
            endpoint = ""
        if str(endpoint).startswith("receivers."):
            return app.wsgi_app(environ, start_response)
        return Response(refusal, 404, mimetype="text/plain")(environ, start_response)

    return application


def install(app: Flask) -> None:
    app.before_request(check_host)
    app.before_request(check_origin)
    app.after_request(finish)


def check_host() -> None:
    """Refuse names that are not ours: a page elsewhere must not reach us through DNS rebinding."""
    settings: Settings = current_app.config["settings"]
    name = urlsplit(f"//{request.host}").hostname or ""
    if name.lower() not in settings.known_hosts:
        abort(403, "This server does not answer to that host name. Start it with --hosts NAME to allow one.")


def check_origin() -> None:
    """Let no other site change anything here: Sec-Fetch-Site, else Origin against Host, else not a browser."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        allowed = site in {"same-origin", "none"}
    else:
        origin = request.headers.get("Origin")
        allowed = origin is None or urlsplit(origin).netloc == request.host
    if not allowed and not _may_send_spans():
        abort(403, "This request came from another site.")


def _may_send_spans() -> bool:
    """To the receivers, and nothing else, from the sites that the user named."""
    settings: Settings = current_app.config["settings"]
    return request.blueprint == "receivers" and settings.allows_origin(request.headers.get("Origin", ""))


def finish(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-cache")
    return _compress(response)


def _compress(response: Response) -> Response:
    wanted = "gzip" in request.headers.get("Accept-Encoding", "")
    if not wanted or response.status_code != 200 or "Content-Encoding" in response.headers:
        return response
    if not (response.content_type or "").startswith(_COMPRESSED):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) >= _SMALL:
        response.set_data(gzip.compress(body, 3, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    return response
