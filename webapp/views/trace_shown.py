"""Which rows of a trace a state shows. What they look like is in `trace_rows.py`."""

from dataclasses import replace

import numpy as np

from webapp.analysis.folding import View, only, visible
from webapp.model.columns import I64
from webapp.store import Store
from webapp.views.trace_cache import OpenTrace
from webapp.views.trace_folds import RUN
from webapp.views.trace_state import TraceState


def view_of(trace: OpenTrace, state: TraceState, store: Store) -> View:
    """Made once for all states that show the same rows."""
    key = (state.depth, state.fold.ids, state.alike, state.errors)
    return trace.kept_view(key, lambda: _view(trace, state))


def _view(trace: OpenTrace, state: TraceState) -> View:
    rows, alike = trace.rows, trace.alike
    fold = trace.nodes_of([i for i in state.fold.ids if not i.endswith(RUN)])
    if state.errors:
        return only(visible(rows, None, fold), trace.errors)
    firsts = trace.nodes_of([i[:-1] for i in state.fold.ids if i.endswith(RUN)])
    turned = alike.run[rows.row_of_node[firsts]]
    closed = np.full(len(alike), state.alike)
    closed[turned[turned >= 0]] ^= True
    if state.depth is None:
        depth, keep = trace.opening.depth, trace.opening.keep
    else:
        depth, keep = state.depth - 1 if state.depth else None, None
    return visible(rows, depth, fold, keep, alike=alike, closed=closed)


def ends_ns(view: View) -> I64:
    """By position: when the span, or the last of the folded run that a row stands for, ends."""
    ends: I64 = view.rows.forest.end_ns[view.node]
    stands = view.run >= 0
    if view.alike is not None and stands.any():
        ends[stands] = view.alike.end_ns[view.run[stands]]
    return ends


def before_run(view: View, node: int) -> int:
    """Seen from the row of a folded run its first member is still ahead: the node above it; others are as they are."""
    if view.position(node) < 0 <= view.stands_for(node):
        return int(view.rows.node[view.rows.row_of_node[node] - 1])
    return node


def within_reach(trace: OpenTrace, state: TraceState, node: int, store: Store) -> TraceState:
    """The state without what leaves a node out, whatever is unfolded."""
    everything = replace(state, depth=0, fold=type(state.fold)(), alike=False)
    return state.changed(errors=False) if view_of(trace, everything, store).position(node) < 0 else state
