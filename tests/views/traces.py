"""Small traces for the tests of the trace page, and what they look at in its HTML."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.samples import checkout
from tests.views.parsing import text, with_class
from webapp.analysis.batch import analyse_batch
from webapp.model.spans import Event, Kind, Span
from webapp.store import Store

MS = 1_000_000
ID = checkout.TRACE_ID
CHECK = "b7ad6b7169203331"
PART = {"HX-Request": "true"}
Opened = Callable[..., FlaskClient]


def analysed(opened: Opened, *spans: Span) -> FlaskClient:
    """A client over a store that holds these spans, and what analysis found of them."""
    client = opened(*spans)
    store: Store = client.application.config["store"]
    for columns in store.pending():
        store.append_facts(columns, analyse_batch(columns))
    return client


def span(number: int, parent: int = 0, start_ms: int = 0, end_ms: int = 10, **fields: object) -> Span:
    given = {"trace_id": ID, "name": f"step {number}", "service": "web", "kind": Kind.INTERNAL} | fields
    return Span(
        span_id=f"{number:016x}",
        parent_span_id=f"{parent:016x}" if parent else "",
        start_ns=(1_000_000 + start_ms) * MS,
        end_ns=(1_000_000 + end_ms) * MS,
        **given,  # type: ignore[arg-type]
    )


def chain(depth: int) -> list[Span]:
    return [span(level, level - 1, level, 1000 - level) for level in range(1, depth + 1)]


def rows(page: Element) -> list[Element]:
    return with_class(page, "r")


def names(page: Element) -> list[str]:
    return [text(with_class(row, "op")[0]) for row in rows(page)]


def words(element: Element) -> str:
    """The text with a space wherever an element begins or ends."""
    return " ".join(" ".join(element.itertext()).split())


def get(client: FlaskClient, part: str = "", /, **state: str) -> TestResponse:
    return client.get(f"/trace/{ID}{part}", query_string=state)


def lines(page: Element) -> list[list[str]]:
    """The cells of the table's body."""
    body = next(element for element in page.iter("tbody"))
    return [[words(cell) for cell in row] for row in body.iter("tr")]


def links(page: Element, name: str) -> list[str]:
    return [a.get("href", "") for a in page.iter("a") if text(a) == name]


def tabs(page: Element) -> dict[str, Element]:
    return {words(tab): tab for tab in with_class(page, "tabs")[0]}  # a count stands behind the name


def frames(page: Element) -> list[str]:
    return [frame.get("title", "") for frame in with_class(page, "fr")]


def at(start_ms: int, name: str, **attributes: str) -> Event:
    return Event(name, (1_000_000 + start_ms) * MS, dict(attributes))
