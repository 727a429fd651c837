"""`/services`: every service with its rate, errors and durations, and whether one is here at all."""

from flask import Blueprint, Response, jsonify, request

from webapp.model.red import Measured, Overview
from webapp.views.fragments import page_or_part
from webapp.views.patience import patient
from webapp.views.present import store
from webapp.views.services import json, listing, words
from webapp.views.services.state import COLUMNS, ServicesState
from webapp.working import step

blueprint = Blueprint("services", __name__)


@blueprint.get("/services")
@patient
def page() -> Response:
    state = ServicesState.read(request.args)
    window, problem = state.window()
    step("Counting calls", 1, 2)
    overview = store().services.overview(window, entry=state.entry)
    step("Looking who is here", 2, 2)
    here = store().services.here()
    rated = not store().services.tail_sampled()
    shown = _named(overview, state.find)
    first = (state.page - 1) * listing.PER_PAGE
    absent = {each.service for each in here if each.sends} - {row.service for row in overview.rows}
    return page_or_part(
        "services/page.html",
        "services/_services.html",
        state=state,
        problem=problem,
        overview=overview,
        columns=COLUMNS,
        rows=listing.rows(overview, shown, state, rated=rated)[first : first + listing.PER_PAGE],
        total=len(shown),
        per_page=listing.PER_PAGE,
        operations=_operations(state, overview),
        answer=listing.answer(state.find, here, overview.rows),
        names=[each.service for each in here if each.sends],
        absent=sorted(absent) if not state.find else [],
        sentence=listing.sentence(overview),
        length=words.length(overview.period),
        weights=words.weights_note([row.red for row in overview.rows]),
        empty_store=store().span_total() == 0,
    )


def _named(overview: Overview, text: str) -> list[Measured]:
    sought = text.casefold()
    return [row for row in overview.rows if sought in row.service.casefold()]


def _operations(state: ServicesState, overview: Overview) -> list[listing.Row]:
    """Of the service that is unfolded; in the order of the page."""
    if not any(row.service == state.open for row in overview.rows):
        return []
    window, _ = state.window()
    found = store().services.operations(state.open, window, entry=state.entry)
    counted = [row for row in found.rows if row.red.spans]
    return listing.rows(found, counted, state, rated=not store().services.tail_sampled())


@blueprint.get("/services.json")
def page_json() -> Response:
    state = ServicesState.read(request.args)
    window, _ = state.window()
    overview = store().services.overview(window, entry=state.entry)
    shown = listing.ordered(_named(overview, state.find), state)
    body = json.overview(overview, shown)
    if state.open:
        found = store().services.operations(state.open, window, entry=state.entry)
        body["operations"] = [json.measured(row, found.period) for row in listing.ordered(found.rows, state)]
    return jsonify(body)
