"""What is said above the rows of a trace: what is left out, folded or forgotten, and the way to all of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.analysis.folding import FIRST_NODES, OPEN_WHOLE, View
from webapp.model import display
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.folds import MOST_FOLDS
from webapp.views.trace.shown import opening_of
from webapp.views.trace.state import TraceState


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    links: list[tuple[str, str]]


def notes_of(view: View, trace: OpenTrace, state: TraceState) -> list[Note]:
    notes = []
    if view.kept is not None:
        notes.append(_sifted(view, state))
    elif state.depth is None and opening_of(trace, view.top).depth is not None and view.hidden.any():
        notes.append(_opened_partly(view, trace, state))
    unknown = [i for i in (*state.span, state.root) if i and trace.node_of(i) is None]
    if unknown:
        notes.append(Note(f"The trace has no span {' and '.join(unknown)}.", []))
    if len(state.fold.ids) == MOST_FOLDS:
        notes.append(Note(f"The last {MOST_FOLDS:,} folds are kept; older ones are forgotten.", []))
    if state.fold.lost:
        text = "The folds of this address are not kept here (any more): rows are shown as they are without."
        notes.append(Note(text, []))
    return notes


def _sifted(view: View, state: TraceState) -> Note:
    all_rows = [("Show all rows", state.url(errors=False, only=""))]
    end = int(view.rows.after[view.top]) if view.top else len(view.rows)
    if not view.kept:
        return Note(
            "No span of this trace failed." if state.errors and not state.only else "No span fits.", all_rows
        )
    if state.errors and not state.only:
        return Note(f"Only {display.plural(view.kept, 'failed span')} and what leads to them.", all_rows)
    of = display.plural(end - view.top, "span")
    which = [words for words, on in (("on the path", state.only == "path"), ("failed", state.errors)) if on]
    return Note(", ".join([f"{view.kept:,} of {of}", *which, "and what leads to them."]), all_rows)


def _opened_partly(view: View, trace: OpenTrace, state: TraceState) -> Note:
    opening = opening_of(trace, view.top)
    left = [
        display.plural(number, noun, many)
        for number, noun, many in (
            (opening.path_left, "span of the path", "spans of the path"),
            (opening.errors_left, "error", ""),
        )
        if number
    ]
    text = (
        f"More than {OPEN_WHOLE:,} spans: open to depth {(opening.depth or 0) + 1}, and along the critical path and to "
        f"errors ({FIRST_NODES} each)."
    )
    if left:
        text += f" Still folded: {_and(left)}."
    return Note(text, [("Unfold all", state.url(depth=0))])


def _and(parts: Sequence[str]) -> str:
    return " and ".join(parts)
