"""What the query box asks: the text with its tokens marked, how the term at the caret may go on, where a word occurs."""

from flask import Blueprint, Response, jsonify, request

from webapp import query as language
from webapp.errors import BadQuery, TooSlow
from webapp.model.completions import Completions
from webapp.query import OWN_KEYS, free_word, rephrased
from webapp.views.fragments import page_or_part
from webapp.views.patience import patient
from webapp.views.present import store
from webapp.views.search.parts import query_line
from webapp.views.state import SearchState
from webapp.working import step

blueprint = Blueprint("suggest", __name__)
_LONGEST = 4_000  # characters of a query that are still coloured and completed
_MOST_KEYS = 20  # in which a text is said to occur


@blueprint.get("/suggest")
def suggest() -> Response:
    text = request.args.get("q", "")[:_LONGEST]
    at = max(0, min(request.args.get("at", type=int, default=len(text)), len(text)))
    found = store().typing.complete(text, at)
    return jsonify(
        line=query_line(text, _error(text, at)), completions=_completions(text, found), said=_said(found)
    )


def _said(found: Completions) -> str:
    if found.apart and found.offers:
        return "none of these fits the rest of the query"
    return f"counted in the newest {found.newest:,} spans" if found.newest and found.offers else ""


@blueprint.get("/occurs")
@patient
def occurs() -> Response:
    """In which keys a text occurs that the query names alone, each a link to the query that asks this key."""
    state = SearchState.read(request.args)
    word = free_word(state.q)
    step("Looking through all values", 1, 1)
    found, problem = None, ""
    try:
        found = store().typing.occurrences(word) if word else None
    except TooSlow:
        problem = "To look through all values takes too long here."
    links = [
        (each, state.url(q=rephrased(state.q, each.term)))
        for each in (found.keys if found else [])[:_MOST_KEYS]
    ]
    return page_or_part(
        "search/occurs.html",
        "search/_occurs.html",
        word=word,
        found=found,
        links=links,
        problem=problem,
        state=state,
    )


def _error(text: str, at: int) -> BadQuery | None:
    """What is wrong, unless it is the term, or the group, that is still being written."""
    if _is_open(text):
        return None
    try:
        language.parse(text)
    except BadQuery as error:
        return error if error.position + error.length < at else None
    return None


def _is_open(text: str) -> bool:
    signs = [text[start] for kind, start, _ in language.tokens(text) if kind in ("paren", "brace")]
    return signs.count("(") > signs.count(")") or signs.count("{") > signs.count("}")


def _completions(text: str, found: Completions) -> list[dict[str, str | int]]:
    """`text` is the whole query as it then reads, with the caret at `at`."""
    offers: list[dict[str, str | int]] = []
    for term, number in found.offers:
        opened = term if _is_whole(term) else f"{term}="
        if opened != text[found.start : found.end]:
            whole = text[: found.start] + opened + text[found.end :]
            count = f"{number:,}" if number else ""
            offers.append({"text": whole, "at": found.start + len(opened), "words": term, "count": count})
    return offers


def _is_whole(term: str) -> bool:
    """Whether a completion is a term already: it has an operator, or is a flag."""
    kinds = [kind for kind, _, _ in language.tokens(term)]
    return bool({"op", "brace", "relation"} & set(kinds)) or (
        term in OWN_KEYS and OWN_KEYS[term].type == "flag"
    )
