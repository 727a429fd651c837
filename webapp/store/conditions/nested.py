"""Values that lie within a span's events and links, and those of the library that recorded it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from webapp.query.tree import Term
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.compare import Place, Source
from webapp.store.conditions.places import one_of, wrapped_places
from webapp.store.conditions.where import Where, either, every
from webapp.store.writing.anyvalue import clean

_ATTRIBUTES = "/3"  # of an event or link as JSON, see schema.sql
_LISTS = {"event": "s.events", "link": "s.links"}
_NAMES = {"event.name": "/0", "link.trace_id": "/0", "link.span_id": "/1"}


@dataclass(frozen=True, slots=True)
class Listed:
    """In any event, or any link, of a span. `near` holds for all lists in which something can be found, and is cheap."""

    column: str
    places: Sequence[Place]
    there: Where
    near: Where

    @property
    def has_value(self) -> Where:
        return self._any(self.there)

    def fits(self, term: Term) -> Where:
        positive = replace(term, op="=") if term.op == "!=" else term
        return self._any(either(place.fits(positive) for place in self.places))

    def _any(self, condition: Where) -> Where:
        each = f"list_filter(json_extract({self.column}, '$[*]'), lambda x: {condition.text})"
        return every([self.near, Where(f"len({each}) > 0", condition.values)])


@dataclass(frozen=True, slots=True)
class ScopeValue:
    """Of the instrumentation library; what fits is found among the few libraries first."""

    catalogue: Catalogue
    places: Sequence[Place]
    there: Where

    @property
    def has_value(self) -> Where:
        return self._scopes(self.there)

    def fits(self, term: Term) -> Where:
        positive = replace(term, op="=") if term.op == "!=" else term
        return self._scopes(either(place.fits(positive) for place in self.places))

    def _scopes(self, condition: Where) -> Where:
        found = self.catalogue.rows(f"SELECT scope_id FROM scopes WHERE {condition.text}", condition.values)
        return one_of("s.scope_id", sorted(number for (number,) in found))


def nested_places(catalogue: Catalogue, scope: str, key: str) -> list[Source]:
    """Of an attribute; `scope`: event, link or scope."""
    pointer = "/" + clean(key).replace("~", "~0").replace("/", "~1")
    if scope == "scope":
        there = Where("json_exists(attributes, ?)", (pointer,))
        return [ScopeValue(catalogue, wrapped_places("attributes", pointer), there)]
    column, pointer = _LISTS[scope], _ATTRIBUTES + pointer
    near = Where(f"contains({column}, ?)", (orjson.dumps(clean(key)).decode(),))
    return [Listed(column, wrapped_places("x", pointer), Where("json_exists(x, ?)", (pointer,)), near)]


def named_places(catalogue: Catalogue, key: str) -> list[Source]:
    """Of `event.name` and its like."""
    scope, _, name = key.partition(".")
    if scope == "scope":
        return [ScopeValue(catalogue, [Place(f"nullif({name}, '')", "str")], Where(f"{name} != ''"))]
    text, column = f"nullif(json_extract_string(x, '{_NAMES[key]}'), '')", _LISTS[scope]
    return [
        Listed(column, [Place(text, "str")], Where(f"{text} IS NOT NULL"), Where(f"{column} IS NOT NULL"))
    ]
