"""Which spans the views beside the waterfall are about: what is looked for, errors only, the zoom. And pages of lists."""

from dataclasses import dataclass, replace

import numpy as np

from webapp import query as language
from webapp.analysis.attribution import label
from webapp.model import display
from webapp.model.columns import I64
from webapp.model.spans import Status
from webapp.store import Store
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.notes import Note
from webapp.views.trace.shown import sought, top_of
from webapp.views.trace.state import TraceState

PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class Chosen:
    """`found`: nodes that fit what is looked for, None if nothing is. `nodes`: the received ones that lists hold."""

    found: I64 | None
    problem: str
    nodes: I64
    notes: list[Note]


@dataclass(frozen=True, slots=True)
class Pages:
    """Which part of a list is shown. `words`: "1–200 of 390 operations"."""

    words: str
    previous: str
    next: str
    part: slice


def choose(trace: OpenTrace, state: TraceState, store: Store, *, find: str, errors: bool) -> Chosen:
    """`find` and `errors` are what the view makes of those of the state."""
    forest = trace.facts.forest
    found, problem = sought(trace, replace(state, find=find), store)
    keep = forest.source >= 0
    if found is not None:
        keep &= np.isin(np.arange(len(forest)), found)
    if errors:
        keep &= forest.status == Status.ERROR
    notes = []
    if top := top_of(trace, state):
        keep &= (trace.rows.row_of_node >= top) & (trace.rows.row_of_node < trace.rows.after[top])
        span = " ".join(label(forest, int(trace.rows.node[top])))
        notes.append(Note(f"Only {span} and what is below it.", [("Whole trace", state.url(root=""))]))
    if state.only == "path":
        keep &= np.isin(np.arange(len(forest)), trace.along(state.path))
        notes.append(Note("Only what is on the critical path.", [("All spans", state.url(only=""))]))
    if zoom := window_of(trace, state):
        keep &= (forest.end_ns >= zoom[0]) & (forest.start_ns <= zoom[1])
        notes.append(_zoom_note(trace, state, zoom))
    return Chosen(found, problem, np.flatnonzero(keep), notes)


def of_whole(state: TraceState) -> list[Note]:
    """What a view says that is always of the whole trace."""
    narrowed = state.root or state.only == "path" or (state.t0_ns, state.t1_ns) != (None, None)
    return [Note("This is of the whole trace; the other views show a part.", [])] if narrowed else []


def window_of(trace: OpenTrace, state: TraceState) -> tuple[int, int] | None:
    """First and last nanosecond of the zoom, in the times of the forest; None for the whole trace."""
    if state.t0_ns is None and state.t1_ns is None:
        return None
    last_ns = trace.length_ns if state.t1_ns is None else state.t1_ns
    return trace.begin_ns + (state.t0_ns or 0), trace.begin_ns + last_ns


def _zoom_note(trace: OpenTrace, state: TraceState, zoom: tuple[int, int]) -> Note:
    first, last = (display.duration(ns - trace.begin_ns) if ns > trace.begin_ns else "0" for ns in zoom)
    whole = state.url(t0_ns=None, t1_ns=None)
    return Note(f"Only what lies between {first} and {last}, as zoomed.", [("Whole trace", whole)])


def pages_of(state: TraceState, total: int, noun: str) -> Pages:
    """The page that the state asks for; the last one if there are fewer."""
    page = min(state.page, max(1, -(-total // PER_PAGE)))
    first = (page - 1) * PER_PAGE
    last = min(total, first + PER_PAGE)
    words = display.plural(total, noun)
    return Pages(
        words=words if total <= PER_PAGE else f"{first + 1:,}–{last:,} of {words}",
        previous=state.url(page=page - 1) if page > 1 else "",
        next=state.url(page=page + 1) if last < total else "",
        part=slice(first, last),
    )


def finding(state: TraceState, *terms: str) -> str:
    """What is looked for once these terms are, too."""
    return language.add_term(state.find, " ".join(terms))
