"""Attributes as the table of an opened span shows them, each with the search that adds it. Values: `trace_values.py`."""

from dataclasses import dataclass

from webapp import query as language
from webapp.model.spans import Attributes, Value
from webapp.views.state import SearchState
from webapp.views.trace_values import ShownValue, plain, shown

MOST_ATTRIBUTES = 250  # that a page carries; all are in the JSON
_LONGEST_TERM = 200  # characters of a value that still makes a query


@dataclass(frozen=True, slots=True)
class Attribute:
    key: str
    value: ShownValue
    plain: str
    filter_url: str  # "" where no query can say it
    term: str


def attributes_of(attributes: Attributes, search: SearchState | None) -> list[Attribute]:
    return [_attribute(key, value, search) for key, value in sorted(attributes.items())[:MOST_ATTRIBUTES]]


def _attribute(key: str, value: Value, search: SearchState | None) -> Attribute:
    text, term, url = plain(value), "", ""
    if search and isinstance(value, str | int | float) and len(text) <= _LONGEST_TERM:
        term = language.write_term(language.write_key(key), "=", text)
        url = search.url(q=language.add_term(search.q, term))
    return Attribute(key, shown(key, value), text, url, term)
