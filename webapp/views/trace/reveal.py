"""States of the trace page in which a certain span has a row, or the nearest above it has the focus."""

from dataclasses import replace

from webapp.store import Store
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.folds import MOST_FOLDS, RUN, Folds
from webapp.views.trace.shown import view_of
from webapp.views.trace.state import ALL_DEPTHS, TraceState

WINDOW = 20  # rows that are fetched at once


def revealed(trace: OpenTrace, state: TraceState, node: int, store: Store) -> TraceState:
    """The state in which the row of a node is shown: the folds above it open, and its window first."""
    view = view_of(trace, state, store)
    before, above = state.fold.ids, [trace.span_id(folded) for folded in view.to_unfold(node)]
    above += [trace.span_id(first) + RUN for first in view.runs_to_unfold(node)]
    ids = (*(i for i in before if i not in above), *(i for i in above if i not in before))
    if len(ids) > MOST_FOLDS:
        state, fold = state.changed(depth=ALL_DEPTHS, alike=False), Folds()
    else:
        fold = state.fold.of(ids)
    position = view_of(trace, replace(state, fold=fold), store).position(node)
    return state.changed(fold=fold, row=position if position >= WINDOW else 0)


def shortened(state: TraceState, store: Store) -> TraceState:
    """The same state, its folds kept in the store where the address would grow too long."""
    return replace(state, fold=state.fold.shortened(store.keep_view_state))


def opened_in_view(trace: OpenTrace, state: TraceState, store: Store) -> tuple[TraceState, int | None]:
    """For an address that names spans and no row: the row of the last that has one, which is begun with.

    If the address says nothing of depth and folds, all of them are unfolded; else it is the screen as it was left.
    """
    nodes = [node for span_id in state.span if (node := trace.node_of(span_id)) is not None]
    if state.depth is None and not state.fold.ids and not state.errors:
        for node in nodes:
            state = revealed(trace, state, node, store)
    view = view_of(trace, state, store)
    return state, next((row for node in reversed(nodes) if (row := view.position(node)) >= 0), None)


def nearest(trace: OpenTrace, state: TraceState, span_id: str, store: Store) -> tuple[TraceState, int | None]:
    """The row of a span, or of the nearest above it that is shown, and the state that begins with its window."""
    node = trace.node_of(span_id)
    view = view_of(trace, state, store)
    above = [] if node is None else [node, *reversed(list(trace.rows.ancestors(node)))]
    position = next((place for one in above if (place := view.stands_for(one)) >= 0), None)
    return state if position is None else state.changed(row=position), position
