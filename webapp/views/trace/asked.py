"""Parts of a trace page that come when they are asked for: findings of a large trace, and what if something were faster."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.views.fragments import page_address, page_or_part, wants_part
from webapp.views.present import store
from webapp.views.trace.findings import why_part
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
