"""What can be taken away from `/trace/<id>`: files, a page, a picture, a summary; and what a redaction would remove."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import BadSetting
from webapp.formats.redaction import PRESETS
from webapp.views import preferences
from webapp.views.fragments import page_or_part
from webapp.views.present import store
from webapp.views.takeaway.files import download, table_file
from webapp.views.takeaway.html import html_of
from webapp.views.takeaway.menu import PRESET_WORDS, downloads_of
from webapp.views.takeaway.summary import summary_of
from webapp.views.takeaway.svg import svg_of
from webapp.views.takeaway.trace import taken, taken_spans
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.page import elsewhere, open_canonical
from webapp.views.trace.state import TraceState

blueprint = Blueprint("takeaway", __name__)
blueprint.record_once(lambda setup: setup.app.jinja_env.globals.update(redaction_presets=PRESET_WORDS))


@blueprint.get("/trace/<trace_id>.csv")
def csv_file(trace_id: str) -> BaseResponse:
    return _of(trace_id, ".csv", lambda trace: table_file(trace, "csv"))


@blueprint.get("/trace/<trace_id>.parquet")
def parquet_file(trace_id: str) -> BaseResponse:
    return _of(trace_id, ".parquet", lambda trace: table_file(trace, "parquet"))


@blueprint.get("/trace/<trace_id>.html")
def html_file(trace_id: str) -> BaseResponse:
    def answer(trace: OpenTrace) -> BaseResponse:
        with taken(trace) as found:
            return download(html_of(found), trace_id, ".html", "text/html", found.removed)

    return _of(trace_id, ".html", answer)


@blueprint.get("/trace/<trace_id>.svg")
def svg_file(trace_id: str) -> BaseResponse:
    """In the state of the page; `theme=dark` for the dark colours."""

    def answer(trace: OpenTrace) -> BaseResponse:
        theme = request.args.get("theme", preferences.theme())
        state = TraceState.read(trace_id, request.args, store().view_state)
        with taken(trace) as found:
            picture = svg_of(found, state, "dark" if theme == "dark" else "light")
        return download(picture.encode(), trace_id, ".svg", "image/svg+xml", found.removed)

    return _of(trace_id, ".svg", answer)


@blueprint.get("/trace/<trace_id>.md")
def summary_file(trace_id: str) -> BaseResponse:
    def answer(trace: OpenTrace) -> BaseResponse:
        url = request.host_url + TraceState(trace_id).url().removeprefix("/")
        with taken(trace) as found:
            text = summary_of(found, url, preferences.zone_name())
        kind = "text/markdown"
        return download(text.encode(), trace_id, ".md", kind, found.removed, shown=True)

    return _of(trace_id, ".md", answer)


@blueprint.get("/trace/<trace_id>/redact")
def redact(trace_id: str) -> BaseResponse:
    """What the patterns of the address would remove, by key, and the downloads without it."""

    def answer(trace: OpenTrace) -> BaseResponse:
        chosen = _chosen()
        problem, removed = "", {}
        try:
            removed = dict(taken_spans(trace)[1])
        except BadSetting as error:
            problem = str(error)
        asked = [] if problem else request.args.getlist("redact")
        return page_or_part(
            "takeaway/redact.html",
            "takeaway/_redact.html",
            state=TraceState(trace_id),
            chosen=chosen,
            removed=removed,
            problem=problem,
            asked=bool(chosen.presets or chosen.patterns),
            downloads=downloads_of(TraceState(trace_id), asked),
        )

    return _of(trace_id, "/redact", answer)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the form shows as chosen; `patterns` one a line."""

    presets: list[str]
    patterns: str


def _chosen() -> Chosen:
    lines = [
        line.strip() for text in request.args.getlist("redact") for line in text.splitlines() if line.strip()
    ]
    presets = [name for name in PRESETS if f"preset:{name}" in lines]
    return Chosen(presets, "\n".join(line for line in lines if line.removeprefix("preset:") not in presets))


def _of(trace_id: str, ending: str, answer: Callable[[OpenTrace], BaseResponse]) -> BaseResponse:
    """For an id in another form, where the same lies under its canonical one."""
    trace = open_canonical(trace_id)
    return elsewhere(trace_id, ending) if trace is None else answer(trace)
