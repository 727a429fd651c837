"""The part of a trace that is shown: the fields and bounds of the zoom, and what is wrong with times typed by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from webapp import query as language
from webapp.model import display
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.detail import zoom_on
from webapp.views.trace.folds import span_ids
from webapp.views.trace.lane import Lane
from webapp.views.trace.state import TraceState, time_in

_BEYOND = 1.01  # times the length of the trace that an end may be: fields show three digits


@dataclass(frozen=True, slots=True)
class Asked:
    """The times as they stand in the address. `problem` says why they are not shown, "" if they are."""

    t0: str
    t1: str
    problem: str


@dataclass(frozen=True, slots=True)
class Zoom:
    """The times shown, as the fields show them and in percent of the trace."""

    on: bool
    problem: str
    t0: str
    t1: str
    left: float
    right: float
    begin_ns: int
    length_ns: int


def asked_zoom(trace: OpenTrace, state: TraceState, arguments: Mapping[str, str]) -> tuple[TraceState, Asked]:
    """What is asked for; and the state, which keeps the view of before (`t0_was`, `t1_was`) if that cannot be shown.

    `zoom` names a span that fills the lane.
    """
    node = next(iter(trace.nodes_of(span_ids(arguments.get("zoom", ""))[:1])), None)
    if node is not None:
        return state.changed(**zoom_on(trace, node)), Asked("", "", "")
    t0, t1 = (arguments.get(name, "").strip() for name in ("t0", "t1"))
    problem = _problem(t0, t1, trace.length_ns)
    if problem:
        was = {name: arguments.get(f"{name}_was", "") for name in ("t0", "t1")}
        before = TraceState.read(state.trace_id, was)
        state = replace(state, t0_ns=before.t0_ns, t1_ns=before.t1_ns)
    return state, Asked(t0, t1, problem)


def _problem(t0: str, t1: str, length_ns: int) -> str:
    for text in (t0, t1):
        if text and time_in(text) is None:
            return f"“{text}” is no time: write 80ms or 1.2s."
    first_ns, last_ns = time_in(t0), time_in(t1)
    if first_ns is not None and first_ns >= length_ns:
        return f"The trace ends at {display.duration(length_ns)}."
    if first_ns is not None and last_ns is not None and last_ns <= first_ns:
        return "The end must come after the start."
    if last_ns is not None and (last_ns > _BEYOND * length_ns or not last_ns):
        return f"The end must lie between 0 and {display.duration(length_ns)}."
    return ""


def zoom_of(trace: OpenTrace, lane: Lane, asked: Asked) -> Zoom:
    first_ns, last_ns = lane.begin_ns - trace.begin_ns, lane.begin_ns - trace.begin_ns + lane.length_ns
    return Zoom(
        on=lane.length_ns < trace.length_ns,
        problem=asked.problem,
        t0=asked.t0 if asked.problem else _typed(first_ns) if first_ns else "0",
        t1=asked.t1 if asked.problem else _typed(last_ns),
        left=round(first_ns * 100 / trace.length_ns, 3),
        right=round(last_ns * 100 / trace.length_ns, 3),
        begin_ns=first_ns,
        length_ns=lane.length_ns,
    )


def _typed(ns: int) -> str:
    """As short as it can be read back to about the same."""
    text = display.duration(ns)
    return text if time_in(text) is not None else language.write_duration(ns)
