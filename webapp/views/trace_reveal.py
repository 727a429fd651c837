"""States of the trace page in which a certain span has a row, or the nearest above it has the focus."""

from webapp.views.trace_cache import OpenTrace
from webapp.views.trace_state import ALL_DEPTHS, MOST_FOLDS, TraceState

WINDOW = 50  # rows that are fetched at once


def revealed(trace: OpenTrace, state: TraceState, node: int) -> TraceState:
    """The state in which the row of a node is shown: the folds above it open, and its window first."""
    above = [
        trace.span_id(folded) for folded in trace.view(state.depth, state.fold, state.errors).to_unfold(node)
    ]
    fold = (*(i for i in state.fold if i not in above), *(i for i in above if i not in state.fold))
    if len(fold) > MOST_FOLDS:  # more than an address keeps
        state, fold = state.changed(depth=ALL_DEPTHS), ()
    position = trace.view(state.depth, fold, state.errors).position(node)
    return state.changed(fold=fold, row=position if position >= WINDOW else 0)


def opened_in_view(trace: OpenTrace, state: TraceState) -> tuple[TraceState, int | None]:
    """For an address that names spans and no row: all of them unfolded, and the row of the last, which is begun with."""
    last = None
    for node in (trace.node_of(span_id) for span_id in state.span):
        if node is not None:
            state, last = revealed(trace, state, node), node
    position = -1 if last is None else trace.view(state.depth, state.fold, state.errors).position(last)
    return state, position if position >= 0 else None


def nearest(trace: OpenTrace, state: TraceState, span_id: str) -> tuple[TraceState, int | None]:
    """The row of a span, or of the nearest above it that is shown, and the state that begins with its window."""
    node = trace.node_of(span_id)
    view = trace.view(state.depth, state.fold, state.errors)
    above = [] if node is None else [node, *reversed(list(trace.rows.ancestors(node)))]
    position = next((place for one in above if (place := view.position(one)) >= 0), None)
    return state if position is None else state.changed(row=position), position
