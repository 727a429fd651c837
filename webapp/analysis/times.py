"""Starts and ends that are missing or turned round. Clocks that disagree are in `skew.py`."""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.draft import Draft
from webapp.model.columns import I32, I64, Bool
from webapp.model.spans import COUNTED_FROM_0_NS


def straighten(draft: Draft) -> None:
    """A span that ends before it starts becomes a moment at its start."""
    turned = (draft.end_ns != 0) & (draft.start_ns != 0) & (draft.end_ns < draft.start_ns)
    if turned.any():
        draft.end_ns = np.where(turned, draft.start_ns, draft.end_ns)
        draft.note_all("negative_duration", turned)


@dataclass(frozen=True, slots=True)
class Filled:
    start_ns: I64
    end_ns: I64


def filled(draft: Draft) -> Filled:
    """Times without gaps, for the tree as it is: unknown starts from above, then unknown ends from below.

    Placeholders are open-ended too: their end is that of their last child, which may have been filled in itself.
    """
    unknown = unknown_starts(draft.trace, draft.start_ns, draft.end_ns)
    if not (unknown.any() or draft.unfinished.any()):
        return Filled(draft.start_ns, draft.end_ns)
    start_ns, end_ns = draft.start_ns.copy(), draft.end_ns.copy()
    _inherit_starts(draft, unknown, start_ns)
    end_ns = np.where(unknown & ~draft.unfinished, np.maximum(end_ns, start_ns), end_ns)
    _extend_ends(draft.parent, draft.unfinished | (draft.source < 0), start_ns, end_ns)
    return Filled(start_ns, end_ns)


def unknown_starts(trace: I32, start_ns: I64, end_ns: I64) -> Bool:
    """0 is no time, except where time is counted from 0: of spans that end, in a trace that ends within a day of it."""
    zero: Bool = start_ns == 0
    if not zero.any():
        return zero
    last_ns = np.zeros(int(trace.max()) + 1, np.int64)
    np.maximum.at(last_ns, trace, np.maximum(start_ns, end_ns))
    is_unknown: Bool = zero & ((end_ns == 0) | (last_ns >= COUNTED_FROM_0_NS)[trace])
    return is_unknown


def _inherit_starts(draft: Draft, unknown: Bool, start_ns: I64) -> None:
    from_nothing = _starts_of_roots(draft) if (unknown & (draft.parent < 0)).any() else start_ns
    waiting = unknown.copy()
    for first in np.flatnonzero(unknown).tolist():
        chain, node = [], first
        while waiting[node]:
            waiting[node] = False
            chain.append(node)
            node = int(draft.parent[node]) if draft.parent[node] >= 0 else node
        is_root = unknown[node] and draft.parent[node] < 0
        start_ns[chain] = from_nothing[node] if is_root else start_ns[node]


def _starts_of_roots(draft: Draft) -> I64:
    """For roots without a start: the first time that their trace knows, but not after their own end."""
    unknown = np.iinfo(np.int64).max
    first_end, first_start = (np.full(len(draft.columns.trace_ids), unknown) for _ in range(2))
    for earliest, times in ((first_start, draft.start_ns), (first_end, draft.end_ns)):
        np.minimum.at(earliest, draft.trace[times != 0], times[times != 0])
    first = np.where(first_start == unknown, first_end, first_start)[draft.trace]
    start_ns = np.minimum(first, np.where(draft.end_ns == 0, unknown, draft.end_ns))
    return np.where(start_ns == unknown, 0, start_ns)


def _extend_ends(parent: I32, is_open: Bool, start_ns: I64, end_ns: I64) -> None:
    """The open nodes end with the last of their children: end := max(start, ends of children), children first."""
    end_ns[is_open] = start_ns[is_open]
    inner = parent >= 0
    below_open = inner & is_open[parent]
    np.maximum.at(end_ns, parent[below_open & ~is_open], end_ns[below_open & ~is_open])
    unsettled = np.bincount(parent[below_open & is_open], minlength=len(parent)).tolist()
    ready = [node for node in np.flatnonzero(is_open).tolist() if not unsettled[node]]
    while ready:
        node = ready.pop()
        above = int(parent[node])
        if above < 0 or not is_open[above]:
            continue
        end_ns[above] = max(end_ns[above], end_ns[node])
        unsettled[above] -= 1
        if not unsettled[above]:
            ready.append(above)
