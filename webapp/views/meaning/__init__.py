"""What the attributes of a span mean: an HTTP request, a statement, a message, a call, a talk with a model. Pure."""

from webapp.model.spans import Span
from webapp.views.meaning.database import database_meaning
from webapp.views.meaning.failure import failure_in
from webapp.views.meaning.genai import genai_meaning
from webapp.views.meaning.http import http_meaning
from webapp.views.meaning.messaging import messaging_meaning
from webapp.views.meaning.rpc import rpc_meaning
from webapp.views.meaning.shape import Meaning


def meanings_of(span: Span, waited: str = "") -> list[Meaning]:
    """The particular before the general: a query over HTTP is first of all a query.

    `waited`: how long its message lay in a queue, "" unknown.
    """
    attributes = span.attributes
    found = (
        genai_meaning(span),
        database_meaning(attributes),
        messaging_meaning(attributes, waited),
        rpc_meaning(attributes),
        http_meaning(attributes),
        failure_in(attributes),
    )
    return [meaning for meaning in found if meaning]
