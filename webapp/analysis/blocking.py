"""Which children their parent waited for (analysis.md 2.1), many traces at once. What follows from it is not here."""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.runs import sorted_by
from webapp.model.columns import I32, I64, U8, Bool
from webapp.model.facts import Forest
from webapp.model.spans import Kind

TOLERANCE_NS = 1_000_000  # never more than a millisecond …
TOLERANCE_PART = 100  # … nor a hundredth of the parent


def tolerance(duration_ns: int) -> int:
    """By how much times may disagree below a parent of this duration."""
    return min(TOLERANCE_NS, duration_ns // TOLERANCE_PART)


def tolerances(duration_ns: I64) -> I64:
    """`tolerance` of many."""
    return np.minimum(TOLERANCE_NS, duration_ns // TOLERANCE_PART)


def blocking_mask(parent: I32, start_ns: I64, end_ns: I64, *, kind: U8, service: I32, detached: Bool) -> Bool:
    """A parent that ended before its child did not wait for it, unless the child answers a call: there its patience
    ended first. Messages, links and FOLLOWS_FROM are never waited for. Roots block nobody.
    """
    mask = np.zeros(len(parent), np.bool_)
    child = np.flatnonzero((parent >= 0) & ~detached)
    above = parent[child]
    other_service = service[child] != service[above]
    child_kind, parent_kind = kind[child], kind[above]
    is_message = (child_kind == Kind.CONSUMER) & ((parent_kind == Kind.PRODUCER) | other_service)
    answers = (child_kind == Kind.SERVER) & ((parent_kind == Kind.CLIENT) | other_service)
    answers |= (child_kind == Kind.UNSPECIFIED) & other_service
    opens, closes = start_ns[above], end_ns[above]
    meets = (start_ns[child] < closes) & (end_ns[child] > opens)
    outlives = end_ns[child] > closes + tolerances(closes - opens)
    mask[child] = meets & ~is_message & (answers | ~outlives)
    return mask


@dataclass(frozen=True, slots=True)
class Children:
    """Those a node waited for: blocking and longer than nothing. `nodes[bounds[p]:bounds[p + 1]]` are p's, by start."""

    nodes: I64
    bounds: I64


def waited_for(forest: Forest) -> Children:
    nodes = np.flatnonzero(forest.blocking & (forest.end_ns > forest.start_ns))
    nodes = nodes[sorted_by(forest.parent[nodes], forest.start_ns[nodes])]
    counts = np.bincount(forest.parent[nodes], minlength=len(forest))
    return Children(nodes, np.concatenate(([0], np.cumsum(counts))))
