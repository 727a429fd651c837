"""create_app: settings, store, blueprints, filters, error pages. Status codes are mapped here and nowhere else."""

from flask import Flask, Response, current_app, jsonify, render_template, request, send_from_directory
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from webapp import assets, errors, guard
from webapp.formats.tables.mapping import Mapping
from webapp.loading.live import Live
from webapp.loading.protocols import OVER_HTTP
from webapp.loading.retention import Retention
from webapp.loading.uploads import Uploads
from webapp.loading.watching import Watching
from webapp.progress import Progress
from webapp.settings import Settings
from webapp.store import Store
from webapp.views import arrivals, help, patience, preferences, present, receivers
from webapp.views.compare import page as compare
from webapp.views.fragments import as_whole
from webapp.views.graph import page as graph
from webapp.views.insights import page as insights
from webapp.views.search import export as search_export
from webapp.views.search import page as search
from webapp.views.search import saved, suggest
from webapp.views.services import one as service
from webapp.views.services import page as services
from webapp.views.sources import one as source
from webapp.views.sources import page as sources
from webapp.views.sources import quality, sending, welcome
from webapp.views.takeaway import page as takeaway
from webapp.views.trace import asked as trace_asked
from webapp.views.trace import page as trace

STATUS: dict[type[errors.TailraceError], int] = {
    errors.BadQuery: 400,
    errors.BadSetting: 400,
    errors.NotTraces: 400,
    errors.UnreadableFile: 400,
    errors.NotFound: 404,
    errors.TraceNotHere: 404,
    errors.TooSlow: 503,
    errors.StillLoading: 503,
}


def create_app(store: Store, settings: Settings | None = None, progress: Progress | None = None) -> Flask:
    """The application over an open store. While `progress` is not done, every page says how far loading is."""
    settings = settings or Settings()
    app = Flask("webapp", static_folder=None, template_folder=str(assets.folder("templates")))
    app.config.update(
        settings=settings,
        store=store,
        progress=progress,
        live=Live(store, durable=bool(settings.db), policy=settings.policy),
        watching=Watching(store, settings.watch, Mapping.parse(settings.map)),
        retention=Retention(store, settings.limits),
        uploads=Uploads(store, settings.max_upload_mb * 1_000_000),
        pages=patience.Pages(store),
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.add_url_rule("/static/<path:filename>", "static", _static)
    guard.install(app)
    app.before_request(_wait_for_loading)
    for page in (
        search,
        search_export,
        suggest,
        trace,
        trace_asked,
        takeaway,
        graph,
        insights,
        services,
        service,
        compare,
        help,
        patience,
        preferences,
        saved,
        receivers,
        arrivals,
        sources,
        quality,
        source,
        sending,
        welcome,
    ):
        app.register_blueprint(page.blueprint)
    _announce_receivers(app)
    present.install(app)
    app.register_error_handler(errors.TailraceError, _people_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)
    return app


def _announce_receivers(app: Flask) -> None:
    """They listen at the port of the pages, whatever else does."""
    settings: Settings = app.config["settings"]
    for protocol in OVER_HTTP:
        for path in protocol.paths:
            app.config["live"].listening.at(protocol.receiver, settings.url(settings.port) + path)


def _static(filename: str) -> Response:
    """A file, several sheets as one (`css/tokens,base.css`), or a script below the fingerprint of all scripts, from
    where its imports lead to others of the same version.
    """
    folder, _, name = filename.partition("/")
    version, _, script = name.partition("/")
    if sheets := assets.joined_sheets(name.removesuffix(".css")) if folder == "css" and "," in name else "":
        response = Response(sheets, mimetype="text/css")
    else:
        scripts = folder == "js" and version == assets.fingerprint("js")
        response = send_from_directory(assets.folder("static"), f"js/{script}" if scripts else filename)
    if request.args.get("v") or version == assets.fingerprint("js"):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _wait_for_loading() -> Response | None:
    progress: Progress | None = current_app.config["progress"]
    if progress is None or progress.done or request.endpoint == "static":
        return None
    if _wants_json():
        response = jsonify(loading=progress.state())
    else:
        response = Response(render_template("loading.html", state=progress.state()))
    response.status_code = 503
    response.headers["Retry-After"] = "1"
    return response


def _people_error(error: errors.TailraceError) -> Response:
    if isinstance(error, errors.TraceNotHere) and not _wants_json():
        return as_whole(welcome.missing(error))
    return _error(STATUS.get(type(error), 500), error.message, error.where, error.hint)


def _http_error(error: HTTPException) -> Response:
    hint = "Start at the list of traces." if error.code == 404 else ""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect
    if isinstance(error, MethodNotAllowed) and receivers.takes(request.path):
        return receivers.refuse_method(error)
    message = "There is no such page here." if error.code == 404 else (error.description or error.name)
    return _error(error.code, message, "", hint)


def _bug(error: Exception) -> Response:
    current_app.logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return _error(
        500, "Tailrace made a mistake here.", type(error).__name__, "The log of the server has the details."
    )


def _error(status: int, message: str, where: str, hint: str) -> Response:
    if _wants_json():
        response = jsonify(error={"message": message, "where": where, "hint": hint})
    else:
        response = Response(
            render_template("error.html", status=status, message=message, where=where, hint=hint)
        )
    response.status_code = status
    return as_whole(response)


def _wants_json() -> bool:
    return request.path.endswith(".json") or request.accept_mimetypes.best == "application/json"
