"""`POST /sources`: files that a page sends, as they come; how far their loading is, and its end on request."""

from typing import BinaryIO

from flask import Blueprint, current_app, jsonify, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import BadSetting, NotFound, UnreadableFile
from webapp.loading.kept import Incoming
from webapp.loading.parts import File
from webapp.loading.uploads import Load, Uploads
from webapp.settings import Settings
from webapp.views.fragments import leave_to, page_address, page_or_part, wants_part
from webapp.views.present import store
from webapp.views.sources.state import SourcesState

blueprint = Blueprint("sending", __name__)
ADDRESS = "/sources"
_MOST_FILES = 100_000
_SOON_SECONDS = 0.7
_MOST_TEXT = 500_000  # bytes of a form that are no file


def uploads() -> Uploads:
    """Of the running application."""
    running: Uploads = current_app.config["uploads"]
    return running


@blueprint.app_template_global("most_bytes")
def most_bytes() -> int:
    settings: Settings = current_app.config["settings"]
    return settings.max_upload_mb * 1_000_000


@blueprint.post(ADDRESS)
def send() -> BaseResponse:
    """A page gets the way to the progress; whoever asks for JSON gets it as `url`."""
    files = _received()
    if not files:
        raise BadSetting(
            "No file was chosen.", hint="Choose one or more files, or a folder with files in it."
        )
    return started(uploads().load(files))


def started(load: Load) -> BaseResponse:
    """To its progress, or to what came of it if that is soon."""
    load.over.wait(_SOON_SECONDS)
    url = f"/trace/{load.opens}" if load.opens and load.is_over else f"{ADDRESS}?load={load.number}"
    if request.accept_mimetypes.best == "application/json":
        return jsonify(load=load.number, url=url)
    return redirect(url, 303)


def _received() -> list[File]:
    request.max_content_length = most_bytes()
    kept = uploads().kept
    try:
        with kept.incoming() as incoming:
            _parse(incoming)
            return kept.add(incoming, {report.path for report in store().sources()})
    except RequestEntityTooLarge:
        raise BadSetting(
            f"More than {most_bytes() // 1_000_000:,} MB are too much to send by the page.",
            hint="Start Tailrace with the path of the files, or with a larger --max-upload-mb.",
        ) from None
    except OSError as error:
        raise UnreadableFile(
            f"The files cannot be kept: {error.strerror or error}.",
            hint="Make room in the folder for temporary files, or start Tailrace with their path.",
        ) from error


def _parse(incoming: Incoming) -> None:
    """File by file to disk, whatever their size."""
    if request.mimetype != "multipart/form-data":
        raise BadSetting("This is not a form with files.", hint="Send them as multipart/form-data.")

    def to_disk(
        total_content_length: int | None,  # noqa: ARG001  werkzeug names them
        content_type: str | None,  # noqa: ARG001
        filename: str | None,
        content_length: int | None = None,  # noqa: ARG001
    ) -> BinaryIO:
        return incoming.stream(filename or "")

    parser = FormDataParser(
        stream_factory=to_disk,
        max_form_memory_size=_MOST_TEXT,
        max_form_parts=_MOST_FILES,
        silent=False,
    )
    try:
        parser.parse(request.stream, request.mimetype, request.content_length, request.mimetype_params)
    except ValueError as error:
        raise BadSetting("This is not a form with files.", hint=str(error)) from error


@blueprint.get("/sources/load")
def progress() -> BaseResponse:
    """How far a load is: asked again and again by the page that shows it, and then leads on."""
    load = _asked(request.args.get("number", ""))
    if load.opens and load.is_over:
        return leave_to(f"/trace/{load.opens}")
    return page_or_part("sources/load.html", "sources/_load.html", load=load, refresh=_refresh(load))


def _refresh(load: Load) -> str:
    """The page that asks, as it is when the load is over; "" if it is no part of a page."""
    return SourcesState.read(page_address()).showing(load.number).url() if wants_part() else ""


@blueprint.post("/sources/stop")
def stop() -> BaseResponse:
    """What was read until now stays."""
    load = _asked(request.form.get("number", ""))
    load.progress.cancelled = True
    return redirect(f"{ADDRESS}?load={load.number}", 303)


def _asked(number: str) -> Load:
    found = (
        uploads().find(int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
    )
    if found is None:
        raise NotFound("This load is over and forgotten.", hint="What it read is listed at /sources.")
    return found


def load_json(load: Load) -> dict[str, object]:
    return {
        "load": load.number,
        "files": [file.only or file.path for file in load.files],
        "removes": load.removes.source_id if load.removes else None,
        "over": load.is_over,
        "stopped": load.progress.cancelled,
        "problem": load.problem,
        **load.progress.state(),
        "sources": [source.source_id for source in load.sources],
    }
