"""Two pages that explain: the keys and the query language. Their words lie here, so that tests can hold them to the code."""

from flask import Blueprint, Response

from webapp.query import OWN_KEYS, TRACE_KEYS
from webapp.views.fragments import page_or_part

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

# query, what it finds: each is parsed by a test
EXAMPLES: list[tuple[str, str]] = [
    ("payment-service", "any name or value that holds the word"),
    ('"card declined"', "the phrase, in any name or value"),
    ("service=payment-service", "spans of that service"),
    ("service=payment*", "a * stands for anything"),
    ("operation=charge duration>1s", "both hold on one span"),
    ("payment.status=failed", "an attribute of the span or of its resource"),
    ("http.status_code>=500", "numbers compare as numbers"),
    ('db.statement~"^SELECT .* FOR UPDATE"', "a regular expression"),
    ("order.id?", "the attribute is there at all"),
    ("payment.status!=settled", "it is there and says something else"),
    ("error -service=card-api", "- or NOT: must not hold"),
    ("error OR duration>3s", "one of the two"),
    ("service=web (error OR duration>3s)", "parentheses group"),
    ("trace.duration>3s trace.failed=true", "trace. speaks of the whole trace"),
    ("trace.bottleneck=fraud-service", "traces that spent most of their time there"),
    ("resource.service.version=2.14.0", "only the resource; span. for only the span"),
    ("4bf92f3577b34da6a3ce929d0e0e4736", "a trace id in any form, or a traceparent, opens the trace"),
]


@blueprint.get("/syntax")
def syntax() -> Response:
    return page_or_part(
        "help/syntax.html", "help/_syntax.html", examples=EXAMPLES, own=OWN_KEYS, trace=TRACE_KEYS
    )


@blueprint.get("/keys")
def keys() -> Response:
    return page_or_part("help/keys.html", "help/_keys.html", groups=KEYS)
