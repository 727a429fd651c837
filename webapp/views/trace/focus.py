"""What narrows the rows of a trace at a click: the subtree of a span, with the way out, and filters often wanted."""

import math
from dataclasses import dataclass

import numpy as np

from webapp.analysis.folding import View
from webapp.query import write_duration
from webapp.views.present import slot
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.rows import MISSING
from webapp.views.trace.state import TraceState

_MOST_CRUMBS = 6
_MOST_SERVICES = 8


@dataclass(frozen=True, slots=True)
class Crumb:
    """`url` is "" for what is shown, and for the ancestors that are left out."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Pill:
    """`slot`: the colour of a service, -1 for another filter."""

    words: str
    url: str
    on: bool
    title: str
    slot: int = -1


def crumbs_of(trace: OpenTrace, state: TraceState, view: View) -> list[Crumb]:
    """From the whole trace down to the span whose subtree is shown; none if the whole is."""
    if not view.top:
        return []
    top = int(trace.rows.node[view.top])
    above = [node for node in trace.rows.ancestors(top) if trace.rows.row_of_node[node]]
    crumbs = [Crumb(_name(trace, node), state.url(root=trace.span_id(node))) for node in above]
    if len(crumbs) > _MOST_CRUMBS:
        left = len(crumbs) - _MOST_CRUMBS
        crumbs[2 : 2 + left] = [Crumb(f"… {left:,} more …", "")]
    return [Crumb("Whole trace", state.url(root="")), *crumbs, Crumb(_name(trace, top), "")]


def levels_of(view: View) -> int:
    """Below the top of what is shown."""
    end = int(view.rows.after[view.top]) if view.top else len(view.rows)
    return int(view.rows.depth[view.top : end].max() - view.rows.depth[view.top])


def pills_of(trace: OpenTrace, state: TraceState) -> list[Pill]:
    """Each leads to the rows it names, or back from them."""
    slow = trace.once("slowest", lambda: _slowest(trace))
    pills = [
        Pill(
            "Critical path",
            state.url(only="" if state.only == "path" else "path"),
            state.only == "path",
            "What was waited for",
        ),
        Pill("Errors", state.url(errors=not state.errors), state.errors, "Spans of status error"),
    ]
    if slow:
        on = state.only == "1" and state.find == slow
        url = state.url(find="" if on else slow, only="" if on else "1")
        pills.append(Pill("Slowest 1%", url, on, slow))
    services = trace.facts.services if len(trace.facts.services) > 1 else []
    for service in services[:_MOST_SERVICES]:
        url, name = state.service_url(service.service), service.service
        on = state.only == "1" and "find=" not in url
        pills.append(Pill(name, url, on, f"{service.spans:,} spans", slot(name)))
    return pills


def _slowest(trace: OpenTrace) -> str:
    """The query that finds the slowest hundredth, "" in a trace of few spans. Queries know spans as recorded."""
    forest, columns = trace.facts.forest, trace.facts.forest.columns
    received = forest.source[forest.source >= 0]
    durations_ns = np.maximum(0, columns.end_ns - columns.start_ns)[received]
    if len(durations_ns) < 100:
        return ""
    place = len(durations_ns) - math.ceil(len(durations_ns) / 100)
    return f"duration>={write_duration(int(np.partition(durations_ns, place)[place]))}"


def _name(trace: OpenTrace, node: int) -> str:
    forest = trace.facts.forest
    if forest.source[node] < 0:
        return MISSING
    return f"{forest.columns.services[forest.service[node]]} {forest.columns.names[forest.name[node]]}"
