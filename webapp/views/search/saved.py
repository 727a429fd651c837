"""Saved queries: the searches that people gave a name. `/traces?saved=name` leads to one; here they are kept and dropped."""

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import BadSetting, NotFound
from webapp.store.searching.saved import LONGEST_NAME, MOST_SAVED, SavedQuery
from webapp.views.fragments import page_or_part
from webapp.views.present import store
from webapp.views.state import SearchState

blueprint = Blueprint("saved", __name__)
_LONGEST = 8_000  # characters of a query


def saved_links() -> list[tuple[SavedQuery, str]]:
    """Each with the address of its search."""
    return [(each, url_of(each)) for each in store().saved.all()]


def url_of(saved: SavedQuery) -> str:
    return SearchState.read(saved.parameters).url()


def saved_search(name: str) -> str:
    """The address of the search of that name."""
    saved = store().saved.find(name)
    if saved is None:
        raise NotFound(f"No saved query is called “{name}”.", hint="They are listed at /saved.")
    return url_of(saved)


@blueprint.get("/saved")
def listed() -> Response:
    return page_or_part("search/saved.html", "search/_saved.html", saved=saved_links())


@blueprint.get("/saved.json")
def listed_json() -> Response:
    return jsonify(saved=[{"name": each.name, "url": url, **each.parameters} for each, url in saved_links()])


@blueprint.post("/saved")
def keep() -> BaseResponse:
    name = " ".join(request.form.get("name", "").split())
    state = SearchState.read(request.form).changed(page=1)
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadSetting(f"The name of a saved query has 1 to {LONGEST_NAME} characters.")
    if len(state.q) > _LONGEST:
        raise BadSetting(f"A query has at most {_LONGEST:,} characters.")
    if not store().saved.keep(name, state.parameters()):
        raise BadSetting(f"There are {MOST_SAVED} saved queries already.", hint="Drop some at /saved.")
    return redirect(state.url(), 303)


@blueprint.post("/saved/drop")
def drop() -> BaseResponse:
    store().saved.drop(request.form.get("name", ""))
    return redirect("/saved", 303)
