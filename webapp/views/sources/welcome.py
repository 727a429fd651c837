"""The first page of an empty store, and of a trace that is not here: an example, files, programs that send; then waiting."""

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from webapp import assets
from webapp.errors import TraceNotHere
from webapp.loading.parts import File
from webapp.loading.paths import find_files
from webapp.model.id_spellings import hex_digits
from webapp.query import Window, parse
from webapp.views.fragments import leave_to, page_address
from webapp.views.present import store
from webapp.views.sources.sending import started, uploads
from webapp.views.sources.snippets import snippets_for
from webapp.views.state import SearchState

blueprint = Blueprint("welcome", __name__)
_ALIKE_DIGITS = 6  # of ids
_EXAMPLE = "sample_data"
_SLOW_CHECKOUT = "4bf92f3577b34da6a3ce929d0e0e4736"


@blueprint.get("/")
def home() -> BaseResponse:
    if store().span_total():
        return redirect("/traces")
    return Response(render_template("sources/welcome.html"))


@blueprint.app_template_global("not_read")
def not_read() -> list[object]:
    """Files that gave no spans, for a store that has none."""
    return [report for report in store().sources() if not report.spans]


@blueprint.app_template_global("snippets")
def snippets() -> dict[str, str]:
    """With the address that the page was opened at."""
    return snippets_for(request.host_url.rstrip("/"))


@blueprint.get("/sources/first")
def first() -> BaseResponse:
    """Asked again and again by who sees the first page: leads to the traces that are sent, or to the only one.

    Who opens files is led to what became of these.
    """
    total, _ = store().total(parse(""), Window())
    if not total or any(not load.is_over or load.progress.spans for load in uploads().loads):
        return Response(status=204)
    [newest, *_] = store().search(parse(""), Window(), "newest", 1, 1).rows
    return leave_to(
        f"/trace/{newest.summary.trace_id}" if total == 1 else SearchState.read(page_address()).url()
    )


def missing(error: TraceNotHere) -> Response:
    """The page of a trace that is not here: ids that begin alike, and waiting for it."""
    start = hex_digits(error.asked)[:_ALIKE_DIGITS]
    alike = f"trace.id={start}*" if len(start) == _ALIKE_DIGITS else ""
    found, _ = store().total(parse(alike), Window()) if alike else (0, True)
    page = render_template("sources/missing.html", error=error, alike=SearchState(q=alike).url(), found=found)
    return Response(page, 404)


@blueprint.get("/sources/arrived")
def arrived() -> BaseResponse:
    """Asked by the page of a trace that is not here: leads to it as soon as it is."""
    asked = request.args.get("trace", "")
    found = store().find(asked) if asked else []
    return leave_to(f"/trace/{found[0]}") if len(found) == 1 else Response(status=204)


@blueprint.post("/sources/example")
def example() -> BaseResponse:
    folder = assets.folder(_EXAMPLE)
    files = [
        File(f"{_EXAMPLE}/{path.removeprefix(f'{folder}/')}", kept_as=path)
        for path in find_files([str(folder)])
        if not path.endswith(".md")
    ]
    return started(uploads().load(files, opens=_SLOW_CHECKOUT))
