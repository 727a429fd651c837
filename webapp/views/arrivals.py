"""What pages know of traces that are just being received: which still arrive, what time it is, how many came since."""

import time

from flask import Blueprint, Response, current_app, jsonify, request

from webapp import query as language
from webapp.loading.live import Live
from webapp.views.present import store
from webapp.views.state import SearchState

blueprint = Blueprint("arrivals", __name__)


def live() -> Live:
    """Of the running application."""
    running: Live = current_app.config["live"]
    return running


@blueprint.app_template_test("arriving")
def is_arriving(trace_id: str) -> bool:
    """Whether more of the trace is expected, so that nothing can be said of what made it slow."""
    return trace_id in live().arriving


def now_ns() -> int:
    """What relative times count from: now while spans come in, else the newest span; 0 for an empty store."""
    if live().is_active:
        return time.time_ns()
    first_ns, newest_ns = store().bounds()
    return newest_ns + 1 if first_ns or newest_ns else 0


def newer_url(state: SearchState, from_ns: int, seen: int) -> str:
    """Where a page of results asks how many more there are now; "" if nothing comes in.

    Of an empty store there are no results: its page opens what comes.
    """
    if not live().is_active or not store().span_total():
        return ""
    asked = state.url("/traces/newer.json", page=1)
    return f"{asked}{'&' if '?' in asked else '?'}now={from_ns}&seen={seen}"


def growth_of(trace_id: str, seen: int, spans: int, *, waiting: bool) -> dict[str, object]:
    """For the part of a trace page that asks whether spans came: of which version and how many spans the page is.

    `waiting`: it has yet to say what made the trace slow.
    """
    watched = current_app.config["watching"].folders
    asked = f"/trace/{trace_id}/grown?seen={seen}&spans={spans}{'&waiting=1' if waiting else ''}"
    return {"grown_url": asked, "may_grow": waiting or live().is_active or bool(watched)}


@blueprint.get("/traces/newer.json")
def newer() -> Response:
    """How many traces match beyond those that were `seen` by a page whose relative times count from `now`."""
    state = SearchState.read(request.args)
    window, _ = state.window(request.args.get("now", 0, type=int))
    total, _ = store().total(language.parse(state.q), window)
    found = max(0, total - request.args.get("seen", 0, type=int))
    words = f"{found:,} newer {'trace' if found == 1 else 'traces'}"
    return jsonify(newer=found, words=words, active=live().is_active)
