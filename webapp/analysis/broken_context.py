"""Traces that should be one: a call in one trace, and a root in another that answers it (analysis.md, rule 13).

A|  client  |----------------------|          A root that lies within exactly one call, which holds no other root,
B|  root        |--------------|              belongs to it. One such pair proves nothing; most roots of a service do.
"""

from dataclasses import dataclass

import numpy as np

from webapp.model.columns import I64, Bool

TOLERANCE_NS = 5_000_000
WITHIN_NS = 1_000_000_000  # a root begins at most so long after its call
LEAST_PAIRS, LEAST_SHARE = 20, 0.80
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
