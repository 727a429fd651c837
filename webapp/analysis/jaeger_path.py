"""The critical path as jaeger-ui draws it, for those who compare. What differs from ours is listed in `blocking_as_there`.

How its rules part from those of `critical_path.py`: analysis.md 2.6. Only the tree of the primary root is walked.
"""

from dataclasses import replace

import numpy as np

from webapp.analysis.blocking import waited_for
from webapp.analysis.critical_path import PathFinder
from webapp.model.columns import Bool
from webapp.model.facts import Forest, Path
from webapp.model.spans import Kind


def jaeger_path(forest: Forest, root: int) -> Path:
    there = replace(forest, blocking=blocking_as_there(forest))
    return PathFinder(there, waited_for(there), touching=False).critical(root)


def blocking_as_there(forest: Forest) -> Bool:
    """Every child that its parent's time shows, cut to it: also work that outlives the parent and FOLLOWS_FROM.

    Not: what a message sets off, and what hangs below a span that was not received, which is another root there.
    """
    mask = np.zeros(len(forest), np.bool_)
    child = np.flatnonzero(forest.parent >= 0)
    above = forest.parent[child]
    meets = (forest.start_ns[child] < forest.end_ns[above]) & (forest.end_ns[child] > forest.start_ns[above])
    delivered = (forest.kind[above] == Kind.PRODUCER) & (forest.kind[child] == Kind.CONSUMER)
    mask[child] = meets & ~delivered & (forest.source[child] >= 0)
    return mask
