"""Traces that should be one: a call in one trace, and a root in another that answers it (analysis.md, rule 13).

A|  client  |----------------------|          A root that lies within exactly one call, which holds no other root,
B|  root        |--------------|              belongs to it. One such pair proves nothing; most roots of a service do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webapp.model.columns import I64, Bool

TOLERANCE_NS = 5_000_000
WITHIN_NS = 1_000_000_000  # a root begins at most so long after its call
LEAST_PAIRS, LEAST_SHARE = 20, 0.80
_MOST_TEMPLATES = 500
_HOST = re.compile(r"^[a-zA-Z][\w+.-]*://[^/?#]*")
_PLACEHOLDER = re.compile(r"\{[^/{}]*\}|<[^/<>]*>|(?<=/):\w+|(?<=/)\*\w*")
_MOST_CANDIDATES = 64  # calls that begin in the same second: with more, no pair is the only one


@dataclass(frozen=True, slots=True)
class Ends:
    """Calls that nobody answered, or roots, by start."""

    start_ns: I64
    end_ns: I64

    def __len__(self) -> int:
        return len(self.start_ns)


def pairs(calls: Ends, roots: Ends) -> tuple[I64, I64]:
    """Numbers of calls and roots that can belong to each other only."""
    first = np.searchsorted(calls.start_ns, roots.start_ns - WITHIN_NS)
    last = np.searchsorted(calls.start_ns, roots.start_ns + TOLERANCE_NS, side="right")
    fits_of_root = np.zeros(len(roots), np.int64)
    fits_of_call = np.zeros(len(calls), np.int64)
    chosen = np.full(len(roots), -1, np.int64)
    reach = last - first
    fits_of_root[reach > _MOST_CANDIDATES] = 2
    for step in range(int(min(reach.max(initial=0), _MOST_CANDIDATES))):
        root = np.flatnonzero((reach > step) & (reach <= _MOST_CANDIDATES))
        call = first[root] + step
        fits = roots.end_ns[root] <= calls.end_ns[call] + TOLERANCE_NS
        root, call = root[fits], call[fits]
        fits_of_root[root] += 1
        np.add.at(fits_of_call, call, 1)
        chosen[root] = call
    found = np.flatnonzero((fits_of_root == 1) & _only(fits_of_call, chosen))
    return chosen[found], found


def same_requests(calls: Sequence[str], roots: Sequence[str]) -> tuple[I64, I64]:
    """A number for each call and each root: equal where both are of one method and route, or one RPC; -1 for none.

    Texts are `GET https://orders/7?x=1`, `GET /orders/{id}`, `shop.Orders/Get`. Of templates that fit, the one with the
    fewest placeholders counts.
    """
    begun = [_request(text) for text in roots]
    number = {text: place for place, text in enumerate(dict.fromkeys(filter(None, begun)))}
    templates = [text for text in number if _PLACEHOLDER.search(text)][:_MOST_TEMPLATES]
    templates.sort(key=lambda text: len(_PLACEHOLDER.findall(text)))
    patterns = [(re.compile(_pattern(text)), number[text]) for text in templates]
    known: dict[str, int] = {}
    for text in dict.fromkeys(calls):
        asked = _request(text)
        fits = (place for pattern, place in patterns if pattern.fullmatch(asked))
        known[text] = number[asked] if asked in number else next(fits, -1)
    return (
        np.array([known[text] for text in calls], np.int64),
        np.array([number.get(text, -1) for text in begun], np.int64),
    )


def _request(text: str) -> str:
    """Without scheme, host, query and a slash at the end; the method in capitals."""
    method, space, url = text.partition(" ")
    if not space:
        return text
    path = _HOST.sub("", url).partition("?")[0].partition("#")[0].rstrip("/")
    return f"{method.upper()} {path or '/'}"


def _pattern(template: str) -> str:
    return "[^/]+".join(re.escape(part) for part in _PLACEHOLDER.split(template))


def matching(call_start: I64, call_end: I64, root_start: I64, root_end: I64) -> tuple[I64, I64]:
    return pairs(Ends(call_start, call_end), Ends(root_start, root_end))


def _only(fits_of_call: I64, chosen: I64) -> Bool:
    if not len(fits_of_call):
        return np.zeros(len(chosen), np.bool_)
    only: Bool = (chosen >= 0) & (fits_of_call[chosen] == 1)
    return only


def is_broken(matched: int, roots: int, seconds: float) -> bool:
    """Enough pairs an hour, and most roots of the service among them. Less than an hour counts as one."""
    per_hour = matched / max(1.0, seconds / 3600)
    return per_hour >= LEAST_PAIRS and matched >= LEAST_SHARE * roots
