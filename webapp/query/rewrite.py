"""Changes to query text that leave the rest as the user wrote it: what facets, charts and ⊕ links do."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeGuard

from webapp.errors import BadQuery
from webapp.query.keys import ORDER
from webapp.query.parser import parse
from webapp.query.tree import Node, Or, Query, Term, leaves, tips

_AND = re.compile(r"^\s*(?:AND\b|&&)\s*")  # an extent holds the AND before its part


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things a query asks at once: its text, and the query without it."""

    text: str
    without: str


def terms(query: Query) -> list[Part]:
    """What must all hold, in order: to say which part of a query removed everything."""
    return [
        Part(_AND.sub("", query.text[start:end]), _cut(query.text, [(start, end)]))
        for start, end in query.extents
    ]


def has_term(text: str, term: str) -> bool:
    """Whether the query asks exactly this (all of it, if it is several terms) among the things that must hold."""
    return bool(_places(text, term))


def add_term(text: str, term: str) -> str:
    """The query that asks `term` too; of several terms, those that it does not ask yet."""
    if has_term(text, term) or not term.strip():
        return text
    query = _understood(text)
    if query is None or query.root is None:
        return f"{text.rstrip()} {term}".lstrip()
    before = f"({text.strip()})" if isinstance(query.root, Or) else text.rstrip()
    added = _understood(term)
    if added is None or isinstance(added.root, Or):
        return f"{before} ({term})"
    missing = [
        part.text
        for part, node in zip(terms(added), added.conjuncts, strict=True)
        if node not in query.conjuncts
    ]
    return " ".join([before, *missing])


def remove_term(text: str, term: str) -> str:
    """The query without `term`; as it was if it does not ask that."""
    return _cut(text, _places(text, term))


def toggle_term(text: str, term: str) -> str:
    """`term` may be several terms: they come and go together."""
    return remove_term(text, term) if has_term(text, term) else add_term(text, term)


def without_traces(text: str) -> str:
    """Asks for the traces that `text` does not find; "" if the language has no way to ask that."""
    query = _understood(text)
    if query is None or query.root is None:
        return ""
    of_trace, of_span = [], []
    for part, node in zip(terms(query), query.conjuncts, strict=True):
        about = {not isinstance(tip, Term) or tip.scope == "trace" for tip in tips(node)}
        if about == {True}:
            of_trace.append(part.text)
        elif all(isinstance(tip, Term) for tip in tips(node)):
            of_span.append(part.text)
        else:  # braces beside terms of a span cannot stand in braces
            return ""
    asked = [*([f"{{{' '.join(of_span)}}}"] if of_span else []), *of_trace]
    return f"-({' '.join(asked)})" if len(asked) > 1 else f"-{asked[0]}" if of_span else f"-({asked[0]})"


def free_word(text: str) -> str:
    """The first word or phrase that the query looks for anywhere, "" if there is none."""
    query = _understood(text)
    return next((node.value for node in query.conjuncts if _is_word(node)), "") if query else ""


def rephrased(text: str, term: str) -> str:
    """The query with `term` in place of its first free word."""
    query = _understood(text)
    for node, (start, end) in zip(query.conjuncts, query.extents, strict=True) if query else ():
        if _is_word(node):
            start += len(text[start:end]) - len(_AND.sub("", text[start:end]))
            return text[:start] + term + text[end:]
    return text


def _is_word(node: Node) -> TypeGuard[Term]:
    return isinstance(node, Term) and node.scope == "text" and not node.wild


def set_range(text: str, key: str, low: str | None, high: str | None) -> str:
    """`key>=low key<high` in place of the bounds that the query has on `key`; None: no bound there."""
    query = _understood(text)
    asked = _understood(f"{key}>=0ns") or parse(f"{key}>=0")
    sample = next(leaves(asked.root))
    if query:
        text = _cut(
            text,
            [
                place
                for node, place in zip(query.conjuncts, query.extents, strict=True)
                if isinstance(node, Term) and node.op in ORDER
                and (node.scope, node.key) == (sample.scope, sample.key)
            ],
        )  # fmt: skip
    for op, bound in ((">=", low), ("<", high)):
        if bound is not None:
            text = add_term(text, f"{key}{op}{bound}")
    return text


def _places(text: str, term: str) -> list[tuple[int, int]]:
    """Where in `text` the parts stand that mean the parts of `term`; nowhere if one is missing."""
    query, sought = _understood(text), _understood(term)
    if query is None or sought is None or not set(sought.conjuncts) <= set(query.conjuncts):
        return []
    placed = zip(query.conjuncts, query.extents, strict=True)
    return [extent for node, extent in placed if node in sought.conjuncts]


def _cut(text: str, places: list[tuple[int, int]]) -> str:
    for start, end in sorted(places, reverse=True):
        before, after = text[:start].rstrip(), text[end:].lstrip()
        text = f"{before} {after}" if before and after else before + after
        text = text if before else _AND.sub("", text)  # `a AND b` without `a`
    return text


@lru_cache(maxsize=64)  # what parses is remembered there; a text that does not is asked of each facet, too
def _understood(text: str) -> Query | None:
    try:
        return parse(text)
    except BadQuery:
        return None
