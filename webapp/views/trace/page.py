"""`/trace/<id>`: one trace as a page, and the parts and files that belong to it."""

import secrets
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.analysis.folding import find_next
from webapp.errors import NotFound
from webapp.settings import Settings
from webapp.views import preferences
from webapp.views.arrivals import growth_of, is_arriving
from webapp.views.fragments import page_or_part, two_faced, wants_part
from webapp.views.present import link_templates, slot, store
from webapp.views.sources.kept import not_here
from webapp.views.takeaway.files import json_file
from webapp.views.takeaway.menu import downloads_of
from webapp.views.trace.cache import AT_ONCE, OpenTrace, TraceCache
from webapp.views.trace.detail import otlp_of
from webapp.views.trace.findings import why_part
from webapp.views.trace.head import head_of, neighbours
from webapp.views.trace.json import span_json, trace_json
from webapp.views.trace.outward import links_of_trace
from webapp.views.trace.related import linked_traces
from webapp.views.trace.reveal import WINDOW, nearest, opened_in_view, revealed, shortened
from webapp.views.trace.row_html import rows_html
from webapp.views.trace.shown import before_run, ends_ns, in_subtree, view_of, within_reach
from webapp.views.trace.state import TraceState
from webapp.views.trace.values import to_json
from webapp.views.trace.view import PAGE_ROWS, Waterfall, view_context
from webapp.views.trace.views import other_view, tabs_of
from webapp.views.trace.zoom import asked_zoom

blueprint = Blueprint("trace", __name__)
_MOST_ROWS, _MOST_BARS = 200, 20_000  # at once
_RUN = secrets.token_hex(3)  # what browsers keep of a version is good for one run of the server


@blueprint.get("/trace/<trace_id>")
def page(trace_id: str) -> BaseResponse:
    trace = open_canonical(trace_id)
    if trace is None:
        return elsewhere(trace_id)
    state, asked = asked_zoom(trace, _state(trace_id), request.args)
    whole, focus = not wants_part(), None
    if state.view:
        return _page(trace, state, other_view(trace, state, store(), asked.problem))
    if whole and "row" not in request.args:
        state, focus = opened_in_view(trace, state, store())
    elif _is_id(request.args.get("at", "")):
        state, focus = nearest(trace, state, request.args["at"].lower(), store())
    state = shortened(state, store())
    context = view_context(Waterfall(trace, state, store()), PAGE_ROWS, asked)
    response = _page(trace, state, context | {"version": _version(trace), "focus": focus})
    preferences.keep_attributes(response, request.args.get("attributes", "") and state.attributes)
    return response


def _page(trace: OpenTrace, state: TraceState, context: dict[str, object]) -> Response:
    context |= {"tabs": tabs_of(trace, state), "downloads": downloads_of(state)}
    if not wants_part():
        context |= {"head": head_of(trace, state), "around": neighbours(state)}
        waiting = is_arriving(trace.trace_id)
        context |= growth_of(trace.trace_id, trace.version, len(trace.facts.forest.columns), waiting=waiting)
        at_once = (
            len(trace.rows) <= AT_ONCE or state.faster
        )  # beyond, only what was asked for comes with the page
        context |= why_part(trace, state, store()) if at_once else {}
        context |= {
            "outward": links_of_trace(link_templates(), trace),
            "linked": linked_traces(store(), trace.trace_id),
        }
    return page_or_part("trace/page.html", "trace/_view.html", **context)


@blueprint.get("/trace/<trace_id>/rows")
def rows(trace_id: str) -> BaseResponse:
    """A window of rows. Opened as a page of its own it leads to the page at that row."""
    trace = opened_trace(trace_id)
    state = _state(trace_id)
    if not wants_part():
        return redirect(state.url())
    if stale := _stale(trace, state):
        return stale
    waterfall = Waterfall(trace, state, store())
    made, details = waterfall.rows(state.row, _count(WINDOW, _MOST_ROWS))
    response = _kept(Response(rows_html(made, details, state.changed(row=0))))
    response.headers["X-Rows"] = str(len(waterfall.view))
    return response


@blueprint.get("/trace/<trace_id>/bars")
def bars(trace_id: str) -> BaseResponse:
    """Rows from afar, for the preview under the waterfall; the layout is that of `Preview.bars`."""
    trace = opened_trace(trace_id)
    state = _state(trace_id)
    if stale := _stale(trace, state):
        return stale
    view = view_of(trace, state, store())
    part = slice(state.row, state.row + _count(_MOST_BARS, _MOST_BARS))
    body = trace.preview.bars(view.shown[part], view.folded[part], ends_ns(view)[part], view.top)
    return _kept(Response(body, mimetype="application/octet-stream"))


@blueprint.get("/trace/<trace_id>/find")
def find(trace_id: str) -> BaseResponse:
    """The next or previous match, error or span of the path, seen from a row; with the folds that must open."""
    trace = opened_trace(trace_id)
    state = _state(trace_id)
    waterfall = Waterfall(trace, state, store())
    what = request.args.get("what", "find")
    chosen = {"error": trace.errors, "path": trace.along(state.path)}.get(what, waterfall.found)
    here = trace.node_of(request.args["at"]) if _is_id(request.args.get("at", "")) else None
    back = "back" in request.args
    here = here if back or here is None else before_run(waterfall.view, here)
    chosen = None if chosen is None else in_subtree(waterfall.view, chosen)
    node = find_next(trace.rows, chosen, here, back) if chosen is not None else None
    if chosen is None or node is None:
        return _json({"total": 0, "problem": waterfall.problem})
    shown = shortened(revealed(trace, state, node, store()), store())
    row = view_of(trace, shown, store()).position(node)
    order = trace.rows.row_of_node[chosen]
    return _json(
        {
            "total": len(chosen),
            "number": int((order <= trace.rows.row_of_node[node]).sum()),
            "span_id": trace.span_id(node),
            "row": row,
            "unfolds": shown.fold.ids != state.fold.ids,
            "url": shown.url(),
        }
    )


@blueprint.get("/trace/<trace_id>/span/<span_id>")
def span(trace_id: str, span_id: str) -> BaseResponse:
    trace = opened_trace(trace_id)
    state = _state(trace_id)
    node = trace.node_of(span_id) if _is_id(span_id) else None
    if node is None:
        raise _no_span(trace_id, span_id)
    detail = Waterfall(trace, state, store()).opened([node])[trace.span_id(node)]
    own_page = not wants_part()
    head = head_of(trace, state) if own_page else None
    response = page_or_part(
        "trace/span.html",
        "trace/_span.html",
        d=detail,
        state=state,
        own_page=own_page,
        root=f"{head.service} {head.name}" if head else "",
        slot_number=slot(detail.service),
        in_trace_url=state.url(f"show/{span_id}"),
    )
    preferences.keep_attributes(response, request.args.get("attributes", "") and state.attributes)
    return response


@blueprint.get("/trace/<trace_id>/span/<span_id>.json")
def span_twin(trace_id: str, span_id: str) -> BaseResponse:
    """As it stands in the JSON of the trace; with `?as=otlp` as recorded."""
    trace = opened_trace(trace_id)
    node = trace.node_of(span_id) if _is_id(span_id) else None
    if node is None:
        raise _no_span(trace_id, span_id)
    sent = Waterfall(trace, _state(trace_id), store()).sent([node]).get(node)
    if request.args.get("as", "") != "otlp":
        return _json(span_json(trace, node, sent), indent=True)
    if sent is None:
        raise NotFound(f"The span {span_id} was not received.", hint="Others name it as their parent.")
    return _json(otlp_of(sent), indent=True)


@blueprint.get("/trace/<trace_id>/show/<span_id>")
def show(trace_id: str, span_id: str) -> BaseResponse:
    """To the page on which the span is open and in view, whatever was folded."""
    trace = opened_trace(trace_id)
    node = trace.node_of(span_id) if _is_id(span_id) else None
    if node is None:
        raise _no_span(trace_id, span_id)
    state = _state(trace_id).changed(view="")
    state = within_reach(trace, state, node, store())
    state = shortened(revealed(trace, state, node, store()), store())
    return redirect(state.url(span=(span_id,)) + f"#s{span_id}")


@blueprint.get("/trace/<trace_id>.json")
def page_json(trace_id: str) -> BaseResponse:
    """The analysis; with `?as=` the spans as recorded, in another format."""
    trace = open_canonical(trace_id)
    if trace is None:
        return elsewhere(trace_id, ".json")
    if request.args.keys() & {"as", "redact"}:
        return json_file(trace, request.args.get("as", ""))
    read_by_people = "pretty" in request.args or "text/html" in request.headers.get("Accept", "")
    response = _json(trace_json(trace, store()), indent=read_by_people)
    response.vary.add("Accept")
    return response


@blueprint.get("/trace/<path:text>")
def any_form(text: str) -> BaseResponse:
    """Ids that hold a slash (base64)."""
    return elsewhere(text)


def open_canonical(trace_id: str) -> OpenTrace | None:
    """The trace of a canonical id; None when the id is in another form or the trace is not here."""
    if len(trace_id) != 32 or set(trace_id) - set("0123456789abcdef"):
        return None
    settings: Settings = current_app.config["settings"]
    kept = TraceCache(settings.trace_cache_mb * 1_000_000)
    cache: TraceCache = current_app.extensions.setdefault("tailrace_traces", kept)
    return cache.open(store(), trace_id)


def _state(trace_id: str) -> TraceState:
    state = TraceState.read(trace_id, request.args, store().view_state)
    return state if state.attributes else state.changed(attributes=preferences.attributes())


def opened_trace(trace_id: str) -> OpenTrace:
    trace = open_canonical(trace_id)
    if trace is None:
        raise _not_here(trace_id)
    return trace


def elsewhere(text: str, suffix: str = "") -> BaseResponse:
    """To the one trace that an id in another form means."""
    found = store().find(text)
    if len(found) != 1:
        raise _not_here(text, len(found))
    query = request.query_string.decode("ascii", "replace")
    return redirect(f"/trace/{quote(found[0])}{suffix}" + (f"?{query}" if query else ""))


def _not_here(text: str, fitting: int = 0) -> NotFound:
    if fitting:
        return NotFound(f"{fitting} traces fit the id {text}.", hint="Write more of its digits.")
    return not_here(text)


def _no_span(trace_id: str, span_id: str) -> NotFound:
    return NotFound(f"The trace has no span {span_id}.", hint=f"Open /trace/{trace_id} to see its spans.")


def _is_id(text: str) -> bool:
    return TraceState.read("", {"span": text}).span == (text.lower(),)


def _count(default: int, most: int) -> int:
    return max(0, min(most, request.args.get("n", default, type=int)))


def _version(trace: OpenTrace) -> str:
    return f"{trace.version}-{_RUN}"


def _stale(trace: OpenTrace, state: TraceState) -> Response | None:
    """409 with the new version when the trace has grown, or its folds were lost, since the page was made."""
    asked = request.args.get("v", "")
    if not asked or (asked == _version(trace) and not state.fold.lost):
        return None
    response = _json({"version": _version(trace), "spans": len(trace.rows)})
    response.status_code = 409
    return response


def _kept(response: Response) -> Response:
    """A browser may keep what a version names."""
    if request.args.get("v"):
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    two_faced(response)
    return response


def _json(body: dict[str, Any], indent: bool = False) -> Response:
    return Response(to_json(body, indent), mimetype="application/json")
