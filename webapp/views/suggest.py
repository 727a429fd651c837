"""What the query box asks while one types: the text with its tokens marked, and how the term at the caret may go on."""

from flask import Blueprint, Response, jsonify, request

from webapp import query as language
from webapp.errors import BadQuery
from webapp.query import OWN_KEYS
from webapp.views.present import store
from webapp.views.search_parts import query_line

blueprint = Blueprint("suggest", __name__)
_LONGEST = 4_000  # characters of a query that are still coloured and completed


@blueprint.get("/suggest")
def suggest() -> Response:
    text = request.args.get("q", "")[:_LONGEST]
    at = max(0, min(request.args.get("at", type=int, default=len(text)), len(text)))
    return jsonify(line=query_line(text, _error(text, at)), completions=_completions(text, at))


def _error(text: str, at: int) -> BadQuery | None:
    """What is wrong, unless it is the term that is still being written."""
    try:
        language.parse(text)
    except BadQuery as error:
        return error if error.position + error.length < at else None
    return None


def _completions(text: str, at: int) -> list[dict[str, str]]:
    start = _term_start(text[:at])
    offers = []
    for term, number in store().suggest(text[:at]):
        opened = term if _is_whole(term) else f"{term}="
        if opened != text[start:at]:
            words = {
                "text": text[:start] + opened + text[at:],
                "words": term,
                "count": f"{number:,}" if number else "",
            }
            offers.append(words)
    return offers


def _term_start(text: str) -> int:
    """Where the term begins that the text ends in."""
    start = 0
    for kind, _, end in language.tokens(text):
        if kind in ("space", "paren", "minus", "keyword"):
            start = end
    return start


def _is_whole(term: str) -> bool:
    """Whether a completion is a term already: it has an operator, or is a flag."""
    kinds = [kind for kind, _, _ in language.tokens(term)]
    return "op" in kinds or (term in OWN_KEYS and OWN_KEYS[term].type == "flag")
