"""By how much a span could take longer without delaying the response (analysis.md section 5), the order of calls kept.

Slack adds up on the way down: what a span has within its parent, and what its parent has.
"""

import numpy as np

from webapp.analysis.blocking import Children, waited_for
from webapp.analysis.runs import first_at_least, gathered_from_above, run_lengths, run_starts
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import Forest

NEVER_WAITED_FOR = -1
_LARGEST = np.iinfo(np.int64).max


def slack_times(forest: Forest, path_nodes: I32, children: Children | None = None) -> I64:
    """0 for roots and for everything on the critical path, whose nodes are given.

    `NEVER_WAITED_FOR`: asynchronous work, spans that their parent's time does not show, and all below those.
    """
    children = children or waited_for(forest)
    start_ns = gathered_from_above(forest.parent, forest.start_ns, np.maximum)
    end_ns = gathered_from_above(forest.parent, forest.end_ns, np.minimum)
    waited = forest.parent < 0
    waited[children.nodes] = start_ns[children.nodes] < end_ns[children.nodes]
    waited = gathered_from_above(forest.parent, waited, np.logical_and)
    nodes = children.nodes[waited[children.nodes]]
    fixed = _path_and_above(forest.parent, path_nodes)
    within_parent = np.zeros(len(forest), np.int64)
    if len(nodes):
        siblings = _Siblings(start_ns[nodes], end_ns[nodes], forest.parent[nodes], fixed[nodes])
        within_parent[nodes] = siblings.latest_ends(start_ns[siblings.parent]) - siblings.end_ns
    slack_ns = gathered_from_above(forest.parent, within_parent, np.add)
    return np.where(waited, slack_ns, NEVER_WAITED_FOR)


def _path_and_above(parent: I32, path_nodes: I32) -> Bool:
    above = parent.tolist()
    marked = [False] * len(above)
    for first in path_nodes.tolist():
        node = first
        while node >= 0 and not marked[node]:
            marked[node] = True
            node = above[node]
    return np.array(marked, np.bool_)


class _Siblings:
    """Spans in runs of one parent, by start within each. Those that are fixed must not end later than they did."""

    def __init__(self, start_ns: I64, end_ns: I64, parent: I32, fixed: Bool) -> None:
        self.start_ns, self.end_ns, self.parent, self.fixed = start_ns, end_ns, parent, fixed
        starts = run_starts(parent)
        lengths = run_lengths(starts, len(parent))
        self._starts = starts
        self._run = np.repeat(np.arange(len(starts)), lengths)
        self._low = starts[self._run]
        self._high = (starts + lengths)[self._run]

    def latest_ends(self, parent_start_ns: I64) -> I64:
        """When each may end at the latest, if the last of its run still ends when it did.

        From the last to the first: not after what came next had to begin, which leaves the latter its own lag behind
        the sibling that let it begin. One place more a run holds that run's own end.
        """
        follower = first_at_least(self.start_ns, self._low, self._high, self.end_ns) + self._run
        limit = np.where(self.fixed, self.end_ns, _LARGEST)
        lag_and_length = self.end_ns - self._greatest_end_before(parent_start_ns)
        place = np.arange(len(self.parent)) + self._run
        run_ends = np.append(self._starts[1:], len(self.parent)) + np.arange(len(self._starts))
        must_begin_ns = np.zeros(len(self.parent) + len(self._starts), np.int64)
        must_begin_ns[run_ends] = np.maximum.reduceat(self.end_ns, self._starts)
        must_begin = must_begin_ns.tolist()
        columns = (values[::-1].tolist() for values in (place, follower, limit, lag_and_length))
        for here, next_one, latest_end, before in zip(
            *columns, strict=True
        ):  # `if`, since `min` takes twice as long
            end = must_begin[next_one]
            if latest_end < end:
                end = latest_end
            must_begin[here] = must_begin[here + 1]
            if end - before < must_begin[here]:
                must_begin[here] = end - before
        latest_ends: I64 = np.minimum(np.array(must_begin)[follower], limit)
        return latest_ends

    def _greatest_end_before(self, parent_start_ns: I64) -> I64:
        """Of the siblings that had ended when each began; the parent's start if none had."""
        ends = self.end_ns[np.lexsort((self.end_ns, self.parent))]
        place = first_at_least(ends, self._low, self._high, self.start_ns + 1) - 1
        return np.where(place >= self._low, ends[np.maximum(place, 0)], parent_start_ns)
