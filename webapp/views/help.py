"""Two pages that explain: the keys and the query language. Their words lie here, so that tests can hold them to the code."""

from flask import Blueprint, Response

from webapp.query import OWN_KEYS, TRACE_KEYS
from webapp.query.keys import MEASURES
from webapp.views.fragments import page_or_part
from webapp.views.present import store
from webapp.views.search.syntax import counted, examples

blueprint = Blueprint("help", __name__)

# page -> (keys, what they do)
KEYS: dict[str, list[tuple[str, str]]] = {
    "Everywhere": [
        ("/", "to the search box"),
        ("t", "theme: system, light, dark"),
        ("?", "this list"),
        ("Esc", "leave a field, close what is open"),
    ],
    "Traces": [
        ("j k", "next, previous trace"),
        ("Enter", "open the trace"),
        ("y", "copy the link"),
    ],
    "Sources": [
        ("o", "choose files to open"),
        ("/", "to the search box"),
    ],
    "One trace": [
        ("↑ ↓ or j k", "row"),
        ("← →", "fold, unfold; to the parent, to the first child"),
        ("Enter", "open or close the span"),
        ("f", "find in the trace"),
        ("n N", "next, previous match"),
        ("e E", "next, previous error"),
        ("p P", "along the critical path"),
        ("c", "critical path on, off"),
        ("1 – 9, 0", "unfold to this depth, all"),
        ("z Z", "zoom to the span, whole trace"),
        ("r R", "only what is below the span, all of the trace again"),
        ("a d", "earlier, later"),
        ("w s", "closer, wider"),
        ("[ ]", "previous, next trace of the search"),
        ("y", "copy the link"),
    ],
}


@blueprint.get("/syntax")
def syntax() -> Response:
    sections = counted(examples(store().typing.words()), store())
    return page_or_part(
        "help/syntax.html",
        "help/_syntax.html",
        sections=sections,
        uncounted=any(not example.found for listed in sections.values() for example in listed),
        own=OWN_KEYS,
        trace=TRACE_KEYS,
        measures=MEASURES,
    )


@blueprint.get("/keys")
def keys() -> Response:
    return page_or_part("help/keys.html", "help/_keys.html", groups=KEYS)
