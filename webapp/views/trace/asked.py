"""Parts of a trace page that come when they are asked for: findings of a large trace, and what if something were faster."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.model.display import plural
from webapp.views.arrivals import growth_of, is_arriving
from webapp.views.fragments import page_address, page_or_part, wants_part
from webapp.views.present import store
from webapp.views.trace.findings import why_part
from webapp.views.trace.head import head_of
from webapp.views.trace.page import opened_trace
from webapp.views.trace.state import TraceState
from webapp.views.trace.whatif import what_if
from webapp.views.trace.why import shown_path

blueprint = Blueprint("trace_asked", __name__)


@blueprint.get("/trace/<trace_id>/why")
def why(trace_id: str) -> BaseResponse:
    """What was found; asked for by the page of a large trace, and a page of its own."""
    trace = opened_trace(trace_id)
    state = TraceState.read(trace_id, request.args, store().view_state)
    root = " · ".join(shown_path(trace, state).evidence.root)
    found = why_part(trace, state, store())
    return page_or_part("trace/why.html", "trace/_why.html", root=root, folded=wants_part(), **found)


@blueprint.get("/trace/<trace_id>/grown")
def grown(trace_id: str) -> BaseResponse:
    """Whether spans came since a page was made; and what is said of the trace once it is quiet, if none came."""
    seen, spans = request.args.get("seen", 0, type=int), request.args.get("spans", 0, type=int)
    waiting = "waiting" in request.args
    words = _grown_words(trace_id, seen, spans)
    context: dict[str, object] = {}
    if waiting and not words and not is_arriving(trace_id):
        trace, state = opened_trace(trace_id), TraceState.read(trace_id, page_address(), store().view_state)
        context = {"trace": trace, "state": state, "head": head_of(trace, state), "judged": True}
        waiting = False
    context |= growth_of(trace_id, seen, spans, waiting=waiting) | {"grown_words": words}
    return page_or_part("trace/_grown.html", "trace/_grown.html", **context)


def _grown_words(trace_id: str, seen: int, spans: int) -> str:
    """Nothing of a trace that is as it was."""
    if store().version(trace_id) == seen:
        return ""
    columns = store().columns(trace_id)
    if columns is None:
        return "This trace is gone: see why"
    more = len(columns) - spans
    if more <= 0:
        return "This trace changed: show it as it is now"
    return f"{plural(more, 'span')} came: show {'it' if more == 1 else 'them'}"


@blueprint.get("/trace/<trace_id>/whatif")
def whatif(trace_id: str) -> BaseResponse:
    """The answer alone, with the address that the page then has. Opened as a page it leads to the trace."""
    trace = opened_trace(trace_id)
    if not wants_part():
        state = TraceState.read(trace_id, request.args, store().view_state)
        return redirect(state.url() + "&row=0#whatif")
    asked = {name: request.args.get(name, "") for name in ("faster", "percent")}
    state = TraceState.read(trace_id, page_address() | asked, store().view_state)
    return page_or_part("trace/why.html", "trace/_answer.html", state=state, what=what_if(trace, state))
