"""What keeps spans from forming trees: cycles, roots that only a link ties to their cause, parents never received."""

from collections import defaultdict

import numpy as np

from webapp.analysis.draft import Draft, append_placeholders
from webapp.analysis.ids import Index
from webapp.analysis.runs import run_starts, tops
from webapp.analysis.times import Filled, filled
from webapp.model.columns import I32, I64, Bool


def break_cycles(draft: Draft) -> None:
    """Cuts each cycle above its earliest span."""
    lost = np.flatnonzero(draft.parent[tops(draft.parent)] >= 0)
    if not len(lost):
        return
    walk_of: dict[int, int] = {}
    for first in lost.tolist():
        node = first
        while node >= 0 and node not in walk_of:
            walk_of[node] = first
            node = int(draft.parent[node])
        if node >= 0 and walk_of[node] == first:  # the walk came back to itself: a cycle not seen before
            _cut(draft, _cycle_through(draft.parent, node))


def _cycle_through(parent: I32, first: int) -> list[int]:
    cycle, node = [first], int(parent[first])
    while node != first:
        cycle.append(node)
        node = int(parent[node])
    return cycle


def _cut(draft: Draft, cycle: list[int]) -> None:
    earliest = min(cycle, key=lambda node: _by_start(draft, node))
    draft.parent[earliest] = -1
    draft.note("cycle_broken", earliest)


def _by_start(draft: Draft, node: int) -> tuple[int, int, int]:
    return int(draft.start_ns[node]), int(draft.span_id[node]), int(draft.suffix[node])


def follow_links(draft: Draft, index: Index) -> None:
    """Hangs a root under the first span of its own trace that it links to, as work nobody waited for.

    The latest root goes first: of two that link to each other the earlier remains a root.
    """
    owner, target = _links_of_roots(draft, index)
    if not len(owner):
        return
    wished: dict[int, list[int]] = defaultdict(list)
    for root, node in zip(owner.tolist(), target.tolist(), strict=True):
        wished[root].append(node)
    top = tops(draft.parent)
    moved: dict[int, int] = {}  # a root that was hung up -> the root of the tree it hangs in now
    for root in sorted(wished, key=lambda node: _by_start(draft, node), reverse=True):
        for node in wished[root]:
            above = _top_now(int(top[node]), moved)
            if above != root:
                draft.parent[root] = node
                draft.detached[root] = True
                moved[root] = above
                break


def _links_of_roots(draft: Draft, index: Index) -> tuple[I32, I32]:
    columns = draft.columns
    node_of_row = np.full(len(columns), -1, np.int32)
    node_of_row[draft.source] = np.arange(len(draft))
    owner = node_of_row[columns.link_owner]
    eligible = (owner >= 0) & (draft.parent[owner] < 0) & ~draft.missing[owner]
    owner = owner[eligible]
    target = index.find(draft.trace[owner], columns.link_span[eligible])
    return owner[target >= 0], target[target >= 0]


def _top_now(top: int, moved: dict[int, int]) -> int:
    passed = []
    while top in moved:
        passed.append(top)
        top = moved[top]
    for root in passed:  # shorten the way for the next one
        moved[root] = top
    return top


def hang_up_orphans(draft: Draft) -> None:
    """One placeholder a missing parent, under the primary root of its trace if it ran at the same time."""
    orphans = np.flatnonzero(draft.missing)
    if not len(orphans):
        return
    draft.note_all("orphan", draft.missing)
    times = filled(draft)
    roots = _RealRoots(draft, times)
    spans = len(draft)
    orphans = orphans[np.lexsort((draft.parent_id[orphans], draft.trace[orphans]))]
    trace, missing_id = draft.trace[orphans], draft.parent_id[orphans]
    starts = run_starts(trace, missing_id)
    known_start = np.where(draft.start_ns[orphans] == 0, np.iinfo(np.int64).max, draft.start_ns[orphans])
    start_ns = np.minimum.reduceat(known_start, starts)
    start_ns[start_ns == np.iinfo(np.int64).max] = 0
    end_ns = np.maximum(start_ns, np.maximum.reduceat(times.end_ns[orphans], starts))
    append_placeholders(draft, trace[starts], missing_id[starts], (start_ns, end_ns))
    draft.parent[orphans] = spans + np.repeat(np.arange(len(starts)), np.diff(starts, append=len(orphans)))
    draft.parent[spans:] = roots.meeting(trace[starts], start_ns, end_ns)


class _RealRoots:
    """The primary root of each trace, of those that were received."""

    def __init__(self, draft: Draft, times: Filled) -> None:
        self._draft, self._times = draft, times
        self._by_trace = primary_roots(draft, times, ~draft.missing)

    def meeting(self, trace: I32, start_ns: I64, end_ns: I64) -> I32:
        """The root of that trace if it ran during the interval, else -1.

        An unfinished root has not ended before it; an interval of unknown start takes its start from the root.
        """
        root = self._by_trace[trace]
        opens, ends = self._times.start_ns[root], self._times.end_ns[root]
        ends = np.where(self._draft.unfinished[root], np.maximum(ends, end_ns), ends)
        latest_start, earliest_end = np.maximum(opens, start_ns), np.minimum(ends, end_ns)
        is_moment = (opens == ends) | (start_ns == end_ns)
        meets = (latest_start < earliest_end) | (is_moment & (latest_start == earliest_end))
        return np.where((root >= 0) & (meets | (start_ns == 0)), root, -1).astype(np.int32)


def primary_roots(draft: Draft, times: Filled, candidates: Bool) -> I32:
    """Of each trace the root that lasted longest, then the earliest, then by id; -1 if no candidate is a root."""
    roots = np.flatnonzero((draft.parent < 0) & candidates)
    duration = times.end_ns[roots] - times.start_ns[roots]
    rank = (draft.suffix[roots], draft.span_id[roots], times.start_ns[roots], -duration, draft.trace[roots])
    roots = roots[np.lexsort(rank)]
    first = roots[run_starts(draft.trace[roots])]
    primary = np.full(len(draft.columns.trace_ids), -1, np.int32)
    primary[draft.trace[first]] = first
    return primary
