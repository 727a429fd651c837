"""Which rows of a trace a state shows: what narrows them, and how they open. What they look like is in `rows.py`."""

from dataclasses import replace

import numpy as np

from webapp.analysis.folding import Opening, View, only, opening, visible
from webapp.errors import BadQuery
from webapp.model.columns import I64
from webapp.store import Store
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.folds import RUN, Folds
from webapp.views.trace.state import TraceState


def view_of(trace: OpenTrace, state: TraceState, store: Store) -> View:
    """Made once for all states that show the same rows."""
    sifted = (state.errors, state.only, state.find if state.only == "1" else state.path if state.only else "")
    key = (state.depth, state.fold.ids, state.alike, sifted, state.root)
    return trace.kept_view(key, lambda: _view(trace, state, store))


def _view(trace: OpenTrace, state: TraceState, store: Store) -> View:
    rows, alike, top = trace.rows, trace.alike, top_of(trace, state)
    fold = trace.nodes_of([i for i in state.fold.ids if not i.endswith(RUN)])
    kept = sifted(trace, state, store)
    if kept is not None:
        return only(visible(rows, None, fold, top=top), kept)
    firsts = trace.nodes_of([i[:-1] for i in state.fold.ids if i.endswith(RUN)])
    turned = alike.run[rows.row_of_node[firsts]]
    closed = alike.folds & state.alike
    closed[turned[turned >= 0]] ^= True
    if state.depth is None:
        first = opening_of(trace, top)
        depth, keep = first.depth, first.keep
    else:
        depth, keep = state.depth - 1 if state.depth else None, None
    return visible(rows, depth, fold, keep, alike=alike, closed=closed, top=top)


def top_of(trace: OpenTrace, state: TraceState) -> int:
    """The row whose subtree is shown; 0 for the whole trace."""
    node = trace.node_of(state.root) if state.root else None
    return 0 if node is None else int(trace.rows.row_of_node[node])


def opening_of(trace: OpenTrace, top: int) -> Opening:
    if not top:
        return trace.opening
    weight = trace.facts.critical_ns
    path = np.argsort(-weight, kind="stable")[: int((weight > 0).sum())]
    return opening(trace.rows, path, trace.errors, trace.alike, top)


def sifted(trace: OpenTrace, state: TraceState, store: Store) -> I64 | None:
    """The nodes to which rows are narrowed down; None if they are not."""
    kept = None
    if state.only == "path":
        kept = trace.along(state.path)
    elif state.only and state.find:
        kept, _ = sought(trace, state, store)
    if state.errors:
        kept = trace.errors if kept is None else np.intersect1d(kept, trace.errors)
    return kept


def sought(trace: OpenTrace, state: TraceState, store: Store) -> tuple[I64 | None, str]:
    """The nodes that are looked for, None if nothing is; and what is wrong with the question, "" if it is right."""
    if not state.find:
        return None, ""
    try:
        return trace.matching(store, state.find), ""
    except BadQuery as error:
        return np.empty(0, np.int64), str(error)


def in_subtree(view: View, nodes: I64) -> I64:
    """Those of the nodes that are in the subtree shown."""
    if not view.top:
        return nodes
    row = view.rows.row_of_node[nodes]
    inside: I64 = nodes[(row >= view.top) & (row < view.rows.after[view.top])]
    return inside


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
    if view_of(trace, replace(state, fold=Folds(), alike=False, depth=0), store).position(node) >= 0:
        return state
    state = state.changed(errors=False, only="")
    return (
        state if in_subtree(view_of(trace, state, store), np.array([node])).size else state.changed(root="")
    )
