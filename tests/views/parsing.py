"""HTML as the tests look at it."""

from xml.etree.ElementTree import Element

import html5lib
from werkzeug.test import TestResponse


def parse(response: TestResponse) -> Element:
    """The document of a response; fails on HTML that a strict parser refuses."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=False)
    document: Element = parser.parse(response.get_data(as_text=True))
    assert not parser.errors, parser.errors[:3]
    return document


def text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def with_class(document: Element, name: str) -> list[Element]:
    return [element for element in document.iter() if name in (element.get("class") or "").split()]
