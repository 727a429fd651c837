"""Completions for the term that is being written: keys, operators, what goes on behind braces. Values: `suggest_values.py`.

Where the query asks more beside the term, only what spans have that fit the rest is offered. Counted in the newest spans.
"""

from collections.abc import Iterable

from webapp.errors import BadQuery
from webapp.model.completions import Completions
from webapp.model.sensitive import LOOKS, PRESET
from webapp.query import OWN_KEYS, TRACE_KEYS, parse, write_key, write_term
from webapp.query.caret import Caret, caret_in
from webapp.query.keys import ALIASES, MEASURES, ORDER, Key
from webapp.query.tree import And, Node, Query, Term, tips
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.sql import plan
from webapp.store.searching.suggest_values import Among, Counts, nested_keys, summed, values_of

_LISTED = 12
_LONGEST = 300  # characters; nobody completes more
_COUNTED_KEYS = 40  # keys whose spans are counted, when only those beside the rest of the query are wanted
_FOLLOWING = [(">> {", 0), ("> {", 0), ("<< {", 0), ("~ {", 0)]  # behind a group
_TRACE_TEXTS = ("service", "root", "root.service", "root.name", "bottleneck")


def suggest(catalogue: Catalogue, text: str, at: int) -> Completions:
    """For the term of `text` that the caret at `at` is in, or behind."""
    caret = caret_in(text, at)
    among = _among(catalogue, caret.rest)
    found = _offered(catalogue, caret, among)
    apart = not found and bool(caret.rest)
    if apart:
        found = _offered(catalogue, caret, _among(catalogue, ""))
    return Completions(found, caret.start, caret.end, among.newest, apart)


def _offered(catalogue: Catalogue, caret: Caret, among: Among) -> Counts:
    return _values(caret, among) if caret.key else _keys(catalogue, caret, among)


def attribute_keys(catalogue: Catalogue) -> Counts:
    """All attribute keys with the number of spans (or resources) that carry them, most frequent first."""
    return [(key, count) for key, count in catalogue.rows(
        "SELECT key, sum(count)::BIGINT FROM key_catalog GROUP BY key ORDER BY 2 DESC, 1"
    )]  # fmt: skip


def _among(catalogue: Catalogue, rest: str) -> Among:
    """The newest spans that fit the terms of the rest; all of them while it cannot be understood."""
    try:
        query = parse(rest)
        made = plan(Query(rest, _terms_alone(query.root)), catalogue)
    except BadQuery:
        made = plan(parse(""), catalogue)
    return Among.of(catalogue, made)


def _terms_alone(node: Node | None) -> Node | None:
    """Without what would have to be looked for in whole traces."""
    parts = node.parts if isinstance(node, And) else () if node is None else (node,)
    kept = tuple(part for part in parts if all(isinstance(tip, Term) for tip in tips(part)))
    return And(kept) if kept else None


def _keys(catalogue: Catalogue, caret: Caret, among: Among) -> Counts:
    typed = caret.typed
    attributes = attribute_keys(catalogue)
    known = [key for key, _ in attributes]
    if among.narrowed:
        near = [key for key in known if typed.lower() in write_key(key).lower()]
        attributes = among.with_keys(near[:_COUNTED_KEYS])
    found: Counts = [(write_key(key), count) for key, count in attributes]
    everywhere = 0 if among.narrowed else among.spans
    found += [(key, everywhere) for key in OWN_KEYS if "." not in key or typed]
    if typed:
        found += [(f"trace.{key}", everywhere) for key in TRACE_KEYS]
        found += [(example.partition("{")[0] + "{", 0) for example in MEASURES.values()]
        found += [
            (write_term("service", "=", value), count) for value, count in summed(among, "service", typed)
        ]
        found += nested_keys(among, typed)
    first = _FOLLOWING if caret.after_group else _operators(catalogue, typed)
    return [*first, *(offer for offer in _best(found, typed) if offer[0] != typed)][:_LISTED]


def _operators(catalogue: Catalogue, typed: str) -> Counts:
    """How a key that is written in full may go on."""
    key = _described(typed)
    if key is not None:
        return [(typed + op, 0) for op in ((*ORDER[::2], "=") if key.ops[-1] in ORDER else key.ops)]
    if not typed or not catalogue.knows(typed):
        return []
    numbers = any(column.type in ("int", "float") for column in catalogue.columns(typed))
    return [(write_key(typed) + op, 0) for op in (("=", ">", "<", "?") if numbers else ("=", "!=", "~", "?"))]


def _described(name: str) -> Key | None:
    name = ALIASES.get(name, name)
    if name.startswith("trace."):
        return TRACE_KEYS.get(name.removeprefix("trace."))
    return OWN_KEYS.get(name)


def _values(caret: Caret, among: Among) -> Counts:
    key = caret.key
    if caret.op == "?" or key is None:
        return []
    name = ALIASES.get(key.text, key.text)
    described = _described(name) if key.kind == "word" else None
    if described and described.type in ("flag", "choice"):
        found: Counts = [(value, 0) for value in described.choices or ("true", "false")]
    elif name == "service" or (name.startswith("trace.") and name.removeprefix("trace.") in _TRACE_TEXTS):
        found = summed(among, name, caret.typed)
    elif described and (described.type != "text" or name == "status_message"):
        found = []
    else:
        found = values_of(among, key, caret.typed)
    if caret.op == "~" and caret.typed:
        found = [*found, *((PRESET + name, 0) for name in LOOKS)]
    best = _best(found, caret.typed)
    return [(write_term(key.text, caret.op, value), count) for value, count in best]


def _best(found: Iterable[tuple[str, int]], typed: str) -> Counts:
    """What begins with the typed text before what contains it."""
    sought = typed.lower()
    fitting = {pair for pair in found if len(pair[0]) <= _LONGEST and sought in pair[0].lower()}
    return sorted(fitting, key=lambda pair: (not pair[0].lower().startswith(sought), -pair[1], pair[0]))[
        :_LISTED
    ]
