"""Which spans the views beside the waterfall are about: a subtree, what fits, what failed, the zoom. And pages of lists."""

from dataclasses import dataclass, replace

import numpy as np

from webapp import query as language
from webapp.analysis.attribution import label
from webapp.model import display
from webapp.model.columns import I64, Bool
from webapp.model.spans import Status
from webapp.store import Store
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.notes import Note
from webapp.views.trace.shown import sought, top_of
from webapp.views.trace.state import TraceState

PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class Chosen:
    """`found`: nodes that fit what is looked for, None if nothing is. `nodes`: the received ones that the view is about.
    `part` has them by node, None where these are all.
    """

    found: I64 | None
    problem: str
    nodes: I64
    part: Bool | None
    notes: list[Note]


@dataclass(frozen=True, slots=True)
class Pages:
    """Which part of a list is shown. `words`: "1–200 of 390 operations"."""

    words: str
    previous: str
    next: str
    part: slice


def choose(
    trace: OpenTrace, state: TraceState, store: Store, *, find: str, errors: bool, lists: bool
) -> Chosen:
    """`find` and `errors` are what the view makes of those of the state. What `lists` holds what is looked for and what
    the zoom shows; a picture marks the one, and is of all the time.
    """
    forest = trace.facts.forest
    found, problem = sought(trace, replace(state, find=find), store)
    received = forest.source >= 0
    keep, words = received.copy(), []
    if top := top_of(trace, state):
        keep &= (trace.rows.row_of_node >= top) & (trace.rows.row_of_node < trace.rows.after[top])
        words.append(f"those of {' '.join(label(forest, int(trace.rows.node[top])))} and below")
    if state.only == "path":
        keep &= np.isin(np.arange(len(forest)), trace.along(state.path))
        words.append("on the path")
    if found is not None and (lists or state.only == "1"):
        keep &= np.isin(np.arange(len(forest)), found)
        words += [] if lists else ["that fit"]
    if errors:
        keep &= forest.status == Status.ERROR
        words.append("failed")
    zoom = window_of(trace, state)
    if zoom and lists:
        keep &= (forest.end_ns >= zoom[0]) & (forest.start_ns <= zoom[1])
        words.append(f"between {_time(trace, zoom[0])} and {_time(trace, zoom[1])}, as zoomed")
    notes = []
    if words:
        of = display.plural(int(received.sum()), "span")
        everything = state.url(root="", only="", errors=False, t0_ns=None, t1_ns=None)
        notes.append(Note(f"{int(keep.sum()):,} of {of}: {', '.join(words)}.", [("Show all", everything)]))
    if zoom and not lists:
        notes.append(Note("The zoom is of the waterfall and of lists; this is of all the time.", []))
    return Chosen(
        found, problem, np.flatnonzero(keep), None if np.array_equal(keep, received) else keep, notes
    )


def window_of(trace: OpenTrace, state: TraceState) -> tuple[int, int] | None:
    """First and last nanosecond of the zoom, in the times of the forest; None for the whole trace."""
    if state.t0_ns is None and state.t1_ns is None:
        return None
    last_ns = trace.length_ns if state.t1_ns is None else state.t1_ns
    return trace.begin_ns + (state.t0_ns or 0), trace.begin_ns + last_ns


def _time(trace: OpenTrace, ns: int) -> str:
    return display.duration(ns - trace.begin_ns) if ns > trace.begin_ns else "0"


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
