"""Attributes as an opened span shows them, flat or as a tree, each with the searches for and without it.

Values: `values.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import isfinite

from webapp import query as language
from webapp.model.spans import Attributes, Value
from webapp.views.state import SearchState
from webapp.views.trace.values import ShownValue, plain, shown, to_json

MOST_ATTRIBUTES = 250  # that a page carries; all are in the JSON
_LONGEST_TERM = 200  # characters of a value that still makes a query
_DEEPEST = 6  # levels of the tree; dots below stay in the key


@dataclass(frozen=True, slots=True)
class Searches:
    """The query that attributes become part of. `alike`: what stands for it where it asks nothing else than the
    attribute that is to be left out: some span of any trace lacks it, so only like spans are worth a look.
    """

    having: SearchState
    alike: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """`label`: the key, or what the groups above leave of it. `literal`: `plain` is JSON as it stands."""

    key: str
    label: str
    value: ShownValue
    plain: str
    literal: bool
    filter_url: str  # "" where no query can say it
    exclude_url: str
    term: str


@dataclass(frozen=True, slots=True)
class Group:
    """Keys that begin alike. `name`: that beginning, below the group around it; "" for the whole tree."""

    name: str
    count: int
    attributes: list[Attribute]
    groups: list["Group"]


def attributes_of(
    attributes: Attributes, searches: Searches | None = None, told: Collection[str] = ()
) -> list[Attribute]:
    """By key. Of `told`, whose values stand elsewhere, only a line shows until it is unfolded."""
    return [
        _attribute(key, value, searches, key in told)
        for key, value in sorted(attributes.items())[:MOST_ATTRIBUTES]
    ]


def _attribute(key: str, value: Value, searches: Searches | None, is_told: bool) -> Attribute:
    text, term, having, others = plain(value), "", "", ""
    if searches and isinstance(value, str | int | float) and len(text) <= _LONGEST_TERM:
        term = language.write_term(language.write_key(key), "=", text)
        query = searches.having.q
        without = language.remove_term(query, term) or searches.alike
        having = searches.having.url(q=language.add_term(language.remove_term(query, f"-{term}"), term))
        others = searches.having.url(q=language.add_term(without, f"-{term}"))
    literal = not isinstance(value, str | bytes) and (not isinstance(value, float) or isfinite(value))
    return Attribute(key, key, shown(key, value, 1 if is_told else None), text, literal, having, others, term)


def json_of(attributes: Attributes) -> str:
    """All of them as one JSON object, to copy; "" for none."""
    return to_json(attributes, indent=True).decode() if attributes else ""


def tree_of(attributes: Sequence[Attribute]) -> Group:
    """Grouped by the parts of their keys between dots: what only one key has is no group."""
    return _grouped("", attributes, 0)


def _grouped(name: str, attributes: Sequence[Attribute], depth: int) -> Group:
    own: list[Attribute] = []
    groups: list[Group] = []
    for head, found in groupby(sorted(attributes, key=_place), key=lambda item: _head(item.label)):
        members = list(found)
        if head and len(members) > 1 and depth < _DEEPEST:
            prefix = _common(members, head)
            below = [replace(item, label=item.label[len(prefix) + 1 :]) for item in members]
            groups.append(_grouped(prefix, below, depth + 1))
        else:
            own += members
    return Group(name, len(attributes), sorted(own, key=lambda item: item.label), groups)


def _place(item: Attribute) -> tuple[str, str]:
    return _head(item.label), item.label


def _head(label: str) -> str:
    """What stands before the first dot; "" where nothing does."""
    head, dot, rest = label.partition(".")
    return head if dot and rest else ""


def _common(members: Sequence[Attribute], head: str) -> str:
    """The longest beginning, up to a dot, that all of them share and that leaves something of each."""
    prefix = head
    while True:
        longer = {_head(item.label[len(prefix) + 1 :]) for item in members}
        if len(longer) > 1 or "" in longer:
            return prefix
        prefix += "." + longer.pop()
