"""What an opened span is connected with: parent, children, links to and from it, also of other traces.

And the other traces that a whole trace is linked with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from webapp.errors import TooSlow
from webapp.model import display
from webapp.model.link_ends import LinkedTrace, LinkEnd, Linking
from webapp.model.spans import Kind, Span
from webapp.store import Store
from webapp.views.trace.attributes import Attribute, attributes_of
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.rows import MISSING
from webapp.views.trace.state import TraceState

MOST_LINKS = 100  # that a page carries; all are in the JSON
MOST_CHILDREN = 8
MOST_TRACES = 50


@dataclass(frozen=True, slots=True)
class Relative:
    """A parent or child of the same trace. `missing`: nobody sent it."""

    service: str
    name: str
    url: str
    duration_ns: int
    failed: bool
    missing: bool


@dataclass(frozen=True, slots=True)
class Linked:
    """The other end of a link; `service` is "" when the span is not here. `start_ns` 0: unknown."""

    trace_id: str
    span_id: str
    url: str  # "" of a link without ids
    own: bool  # within this trace
    service: str
    name: str
    start_ns: int
    attributes: list[Attribute]


@dataclass(frozen=True, slots=True)
class LinkEnds:
    """What the store knew of the links of some spans. `searched`: False where looking took too long."""

    known: dict[tuple[str, str], LinkEnd] = field(default_factory=dict)
    linking: list[Linking] = field(default_factory=list)
    searched: bool = True


@dataclass(frozen=True, slots=True)
class Related:
    """`parent` and `children` of the tree; `links` as recorded; `linked_from`: who links to the span."""

    parent: Relative | None
    children: list[Relative]
    more_children: int
    links: list[Linked]
    more_links: int
    linked_from: list[Linked]
    more_from: int
    searched: bool


@dataclass(frozen=True, slots=True)
class LinkedTraces:
    to: list[LinkedTrace]
    more_to: int
    origin: list[LinkedTrace]  # of links to this trace
    more_origin: bool
    searched: bool


def link_ends(store: Store, trace_id: str, spans: Sequence[Span]) -> LinkEnds:
    """One look for the links to all these spans, one for the other ends of theirs."""
    targets = {(link.trace_id, link.span_id) for span in spans for link in span.links[:MOST_LINKS]}
    away = sorted(target for target in targets if target[0] != trace_id and target[1])
    try:
        known = store.links.ends(away)
        linking = store.links.to_spans(
            trace_id, sorted({span.span_id for span in spans}), (MOST_LINKS + 1) * max(1, len(spans))
        )
    except TooSlow:
        return LinkEnds(searched=False)
    return LinkEnds(known, linking)


def related(trace: OpenTrace, state: TraceState, node: int, span: Span | None, ends: LinkEnds) -> Related:
    parent = int(trace.facts.forest.parent[node])
    children = np.flatnonzero(trace.facts.forest.parent == node)
    children = children[np.argsort(trace.facts.forest.start_ns[children], kind="stable")].tolist()
    links = [] if span is None else span.links
    origin = [one for one in ends.linking if span is not None and one.target_id == span.span_id]
    return Related(
        parent=_relative(trace, state, parent) if parent >= 0 else None,
        children=[_relative(trace, state, child) for child in children[:MOST_CHILDREN]],
        more_children=max(0, len(children) - MOST_CHILDREN),
        links=[
            _linked(
                trace, state, _end(trace, ends, link.trace_id, link.span_id), attributes_of(link.attributes)
            )
            for link in links[:MOST_LINKS]
        ],
        more_links=max(0, len(links) - MOST_LINKS),
        linked_from=[
            _linked(trace, state, one.end, attributes_of(one.attributes)) for one in origin[:MOST_LINKS]
        ],
        more_from=max(0, len(origin) - MOST_LINKS),
        searched=ends.searched,
    )


def waited(trace: OpenTrace, node: int, span: Span, ends: LinkEnds) -> str:
    """How long the messages of a CONSUMER lay in their queue: `120 ms`, or `120 ms to 3.20 s` of several; "" unknown."""
    if span.kind != Kind.CONSUMER:
        return ""
    forest, begun_ns = trace.facts.forest, int(trace.facts.forest.start_ns[node])
    parent = int(forest.parent[node])
    times_ns = []
    if parent >= 0 and forest.kind[parent] == Kind.PRODUCER:
        times_ns.append(_lay_ns(begun_ns, int(forest.start_ns[parent]), int(forest.end_ns[parent])))
    for link in span.links[:MOST_LINKS]:
        end = ends.known.get((link.trace_id, link.span_id))
        if end and end.start_ns:
            times_ns.append(_lay_ns(span.start_ns, end.start_ns, end.end_ns))
        elif link.trace_id == trace.trace_id and (other := _node_of(trace, link.span_id)) is not None:
            times_ns.append(_lay_ns(begun_ns, int(forest.start_ns[other]), int(forest.end_ns[other])))
    known = sorted(time_ns for time_ns in times_ns if time_ns >= 0)
    if not known:
        return ""
    least, most = display.duration(known[0]), display.duration(known[-1])
    return least if least == most else f"{least} to {most}"


def linked_traces(store: Store, trace_id: str) -> LinkedTraces:
    try:
        to, total = store.links.of_trace(trace_id, MOST_TRACES)
        origin = store.links.to_trace(trace_id, MOST_TRACES + 1)
    except TooSlow:
        return LinkedTraces([], 0, [], False, searched=False)
    return LinkedTraces(to, total - len(to), origin[:MOST_TRACES], len(origin) > MOST_TRACES, searched=True)


def _lay_ns(begun_ns: int, start_ns: int, end_ns: int) -> int:
    """From the end of sending, or its start where the message was taken before that; negative for clocks that differ."""
    return begun_ns - end_ns if start_ns <= end_ns <= begun_ns else begun_ns - start_ns


def _relative(trace: OpenTrace, state: TraceState, node: int) -> Relative:
    forest, facts = trace.facts.forest, trace.facts
    service, name = _named(trace, node)
    return Relative(
        service=service,
        name=name,
        url=state.url(f"show/{trace.span_id(node)}"),
        duration_ns=int(forest.end_ns[node] - forest.start_ns[node]),
        failed=bool(forest.status[node] == 2),
        missing=bool(facts.forest.source[node] < 0),
    )


def _named(trace: OpenTrace, node: int) -> tuple[str, str]:
    forest = trace.facts.forest
    if forest.source[node] < 0:
        return MISSING, "span not received"
    return forest.columns.services[forest.service[node]], forest.columns.names[forest.name[node]]


def _node_of(trace: OpenTrace, span_id: str) -> int | None:
    try:
        return trace.node_of(span_id)
    except (ValueError, OverflowError):  # an id in no form that we know
        return None


def _end(trace: OpenTrace, ends: LinkEnds, trace_id: str, span_id: str) -> LinkEnd:
    """As known to this trace or to the store; with no more than the ids where it is not here."""
    if trace_id == trace.trace_id and (node := _node_of(trace, span_id)) is not None:
        forest = trace.facts.forest
        offset_ns = int(forest.offset_ns[node])
        start_ns, end_ns = int(forest.start_ns[node]) - offset_ns, int(forest.end_ns[node]) - offset_ns
        service, name = _named(trace, node)
        return LinkEnd(trace_id, trace.span_id(node), service, name, start_ns, end_ns)
    return ends.known.get((trace_id, span_id)) or LinkEnd(trace_id, span_id, "", "", 0, 0)


def _linked(trace: OpenTrace, state: TraceState, end: LinkEnd, attributes: list[Attribute]) -> Linked:
    own = end.trace_id == trace.trace_id
    if not end.trace_id:
        url = ""
    elif not own:
        url = TraceState(end.trace_id, span=(end.span_id,) if end.span_id else ()).url()
    elif end.service or end.name:
        url = state.url(f"show/{end.span_id}")
    else:
        url = state.url(f"span/{end.span_id}")
    return Linked(end.trace_id, end.span_id, url, own, end.service, end.name, end.start_ns, attributes)
