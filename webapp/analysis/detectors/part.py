"""Which spans of a very large trace the detectors look at, so that what they take is bounded. No rules."""

import numpy as np

from webapp.model.columns import I64, Bool
from webapp.model.facts import Forest

MOST_SPANS = 100_000


def looked_at(forest: Forest, critical_ns: I64, most: int = MOST_SPANS) -> Bool:
    """By node: the children of a span together, those first that the path spends most time in, then the longest. Of
    the last span that fits in part its longest children.
    """
    if len(forest) <= most:
        return np.ones(len(forest), np.bool_)
    family = forest.parent + 1  # of the roots: 0
    length_ns = forest.end_ns - forest.start_ns
    longest_ns = np.zeros(len(forest) + 1, np.int64)
    np.maximum.at(longest_ns, family, length_ns)
    sizes = np.bincount(family, minlength=len(forest) + 1)
    order = np.lexsort((-longest_ns, -np.bincount(family, critical_ns, len(forest) + 1)))
    full = int(np.searchsorted(np.cumsum(sizes[order]), most, side="right"))
    whole = np.zeros(len(forest) + 1, np.bool_)
    whole[order[:full]] = True
    chosen: Bool = whole[family]
    if full < len(order):
        last = np.flatnonzero(family == order[full])
        last = last[np.lexsort((-length_ns[last], -critical_ns[last]))]
        chosen[last[: most - int(chosen.sum())]] = True
    return chosen
