"""What an opened trace adds to its verdict: what speeding the cause up would gain, and what is usual for it.

Nothing of this is stored: it takes a what-if of the whole trace, and the other traces.
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.attribution import label
from webapp.analysis.whatif import Schedule
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import Forest, Path, TraceFacts, Verdict

NO_SPAN = -1


@dataclass(frozen=True, slots=True)
class Gain:
    """What the response loses if the cause takes no time at all; `beside` then decides when it ends, "" if nothing does."""

    gain_ns: int
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Usually:
    """How long the spans of the cause take elsewhere; `span_ns` is the one of this trace that waits longest."""

    span_ns: int
    spans: int
    p50_ns: int
    p95_ns: int


def blamed(forest: Forest, verdict: Verdict, nodes: I32 | slice = slice(None)) -> Bool:
    """Of each of the nodes, else of all: whether it is of the verdict's service and name."""
    service = np.array([name == verdict.service for name in forest.columns.services] + [False])
    name = np.array([name == verdict.name for name in forest.columns.names] + [False])
    found: Bool = service[forest.service[nodes]] & name[forest.name[nodes]]
    return found


def culprit(forest: Forest, path: Path, verdict: Verdict) -> int:
    """The span of the verdict's service and name with the most time on the path; NO_SPAN if none has any."""
    own = blamed(forest, verdict, path.node) & (path.end_ns > path.start_ns)
    if not own.any():
        return NO_SPAN
    nodes, place = np.unique(path.node[own], return_inverse=True)
    return int(nodes[np.bincount(place, (path.end_ns - path.start_ns)[own]).argmax()])


def gain(facts: TraceFacts, schedule: Schedule, slack_ns: I64) -> Gain:
    """Of the verdict on the response."""
    chosen = blamed(facts.forest, facts.verdict)
    gain_ns = facts.response_ns - schedule.faster(chosen, 1.0).response_ns
    beside = _beside(facts, chosen, slack_ns) if 2 * gain_ns < facts.verdict.critical_ns else NO_SPAN
    return Gain(gain_ns, " · ".join(label(facts.forest, beside)) if beside >= 0 else "")


def _beside(facts: TraceFacts, chosen: Bool, slack_ns: I64) -> int:
    """Of the spans that ran at the same time as the cause the one that could have been least later."""
    forest, path = facts.forest, facts.path
    own = np.flatnonzero(chosen[path.node])
    longest = own[int((path.end_ns[own] - path.start_ns[own]).argmax())]
    low, high = path.start_ns[longest], path.end_ns[longest]
    near = (slack_ns > 0) & ~chosen & (forest.source >= 0) & (forest.start_ns < high) & (forest.end_ns > low)
    nodes = np.flatnonzero(near)
    if not len(nodes):
        return NO_SPAN
    return int(nodes[np.lexsort((nodes, forest.start_ns[nodes], slack_ns[nodes]))[0]])
