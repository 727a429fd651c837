"""One span, opened: timing, attributes, events with the gaps between them, resource, links, what was repaired."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from webapp import query as language
from webapp.analysis.trace import summarise
from webapp.errors import BadQuery
from webapp.model import display
from webapp.model.facts import Forest
from webapp.model.spans import Attributes, Event, Kind, Span, Status, Value
from webapp.model.warnings import CODES
from webapp.views.state import SearchState
from webapp.views.trace_cache import OpenTrace
from webapp.views.trace_json import span_json
from webapp.views.trace_rows import MISSING
from webapp.views.trace_state import TraceState
from webapp.views.trace_values import ShownValue, plain, shown, to_json

KINDS = {Kind.INTERNAL: "internal", Kind.SERVER: "server", Kind.CLIENT: "client", Kind.PRODUCER: "producer",
         Kind.CONSUMER: "consumer"}  # fmt: skip
GAP_SHARE, GAP_NS = 0.2, 10_000_000  # silence from a fifth of the span, and 10 ms, up is named
_PROCESS = (  # key, word before the value
    ("service.version", "version "),
    ("cloud.region", ""),
    ("deployment.environment.name", ""),
    ("deployment.environment", ""),
    ("k8s.pod.name", "pod "),
    ("host.name", "host "),
    ("telemetry.sdk.language", ""),
)
_MOST_CHIP = 36  # characters
_LONGEST_TERM = 200  # characters of a value that still makes a query
MOST_ATTRIBUTES, MOST_EVENTS, MOST_LINKS = 250, 200, 100  # that a page carries; all are in the JSON
_MOST_RAW = 40_000  # characters of raw JSON that a page carries


@dataclass(frozen=True, slots=True)
class Timing:
    label: str
    time: str
    exact_ns: int
    of: str


@dataclass(frozen=True, slots=True)
class Attribute:
    key: str
    value: ShownValue
    plain: str
    filter_url: str  # "" where no query can say it
    term: str


@dataclass(frozen=True, slots=True)
class Moment:
    """An event, or a gap: then `name` says what was not recorded."""

    time: str
    name: str
    gap: bool
    short: str  # attributes in a line, when they fit
    attributes: list[Attribute]


@dataclass(frozen=True, slots=True)
class Linked:
    trace_id: str
    span_id: str
    url: str
    own: bool  # within this trace
    attributes: list[Attribute]


@dataclass(frozen=True, slots=True)
class OpenedSpan:
    id: str
    service: str
    name: str
    kind: str
    status: str
    message: str
    timings: list[Timing]
    notes: list[str]
    attributes: list[Attribute]
    attribute_total: int
    moments: list[Moment]
    events: int
    more_events: int
    more_links: int
    resource: list[Attribute]
    resource_total: int
    process: list[tuple[str, str]]  # what tells processes apart: (key, words)
    scope: str
    links: list[Linked]
    raw: str
    raw_cut: bool
    written_id: str
    page_url: str
    zoom_url: str
    close_url: str
    alike_url: str


def opened_span(trace: OpenTrace, state: TraceState, node: int, span: Span | None) -> OpenedSpan:
    """`span` is None for a placeholder: a span that others name but nobody sent."""
    span_id = trace.span_id(node)
    raw = to_json(span_json(trace, node, span), indent=True).decode()
    alike, narrowed = "", None
    if span:
        narrowed = _narrowed(trace, state.search, span)
        terms = (
            language.write_term("service", "=", span.service),
            language.write_term("operation", "=", span.name),
        )
        alike = replace(state.search, q=" ".join(terms), sort="slowest").url()
    return OpenedSpan(
        id=span_id,
        service=span.service if span else MISSING,
        name=span.name if span else "span not received",
        kind=KINDS.get(Kind(span.kind), "") if span and span.kind in KINDS else "",
        status={Status.OK: "ok", Status.ERROR: "error"}.get(Status(span.status), "") if span else "",
        message=span.status_message if span else "",
        timings=_timings(trace, node),
        notes=_notes(trace, node),
        attributes=_attributes(span.attributes, narrowed) if span else [],
        attribute_total=len(span.attributes) if span else 0,
        moments=_moments(trace, node, span.events) if span else [],
        events=len(span.events) if span else 0,
        more_events=max(0, len(span.events) - MOST_EVENTS) if span else 0,
        more_links=max(0, len(span.links) - MOST_LINKS) if span else 0,
        resource_total=len(span.resource.attributes) if span else 0,
        resource=_attributes(span.resource.attributes, narrowed) if span else [],
        process=_process(span.resource.attributes) if span else [],
        scope=f"{span.scope.name} {span.scope.version}".strip() if span else "",
        links=_links(span, trace, state) if span else [],
        raw=raw[:_MOST_RAW],
        raw_cut=len(raw) > _MOST_RAW,
        written_id=span.written_span_id if span else "",
        page_url=state.url(f"span/{span_id}"),
        zoom_url=state.url(**zoom_on(trace, node)),
        close_url=state.toggle_url("span", span_id) if span_id in state.span else state.url(),
        alike_url=alike,
    )


def zoom_on(trace: OpenTrace, node: int) -> dict[str, int]:
    """Changes of the state that fill the lane with a span, and a little around it."""
    forest = trace.facts.forest
    start_ns, end_ns = (int(times[node]) - trace.begin_ns for times in (forest.start_ns, forest.end_ns))
    margin_ns = max((end_ns - start_ns) // 20, 50)
    return {"t0_ns": max(0, start_ns - margin_ns), "t1_ns": min(trace.length_ns, end_ns + margin_ns)}


def _timings(trace: OpenTrace, node: int) -> list[Timing]:
    facts, forest = trace.facts, trace.facts.forest
    begin_ns = int(forest.start_ns[node]) - trace.begin_ns
    whole_ns = int(forest.end_ns[node] - forest.start_ns[node])
    own_ns, path_ns = int(facts.self_ns[node]), int(facts.critical_ns[node])
    slack_ns = int(trace.slack_ns()[node])
    of_span = (
        "all of it"
        if path_ns == whole_ns
        else f"{_part(path_ns, whole_ns)} of span"
        if path_ns
        else "none of it"
    )
    timings = [
        Timing("Starts", display.duration(begin_ns), begin_ns, "into the trace"),
        Timing(
            "Duration", display.duration(whole_ns), whole_ns, f"{_part(whole_ns, facts.response_ns)} of trace"
        ),
        Timing("Self time", display.duration(own_ns), own_ns, f"{_part(own_ns, whole_ns)} of span"),
        Timing("On critical path", display.duration(path_ns), path_ns, of_span if whole_ns else ""),
    ]
    if path_ns and path_ns != facts.response_ns:
        timings.append(Timing("", "", path_ns, f"{_part(path_ns, facts.response_ns)} of trace"))
    if slack_ns > 0:
        timings.append(Timing("Slack", display.duration(slack_ns), slack_ns, "longer delays nobody"))
    return timings


def _part(ns: int, whole_ns: int) -> str:
    return display.share(ns / whole_ns) if whole_ns > 0 else "0%"


def _notes(trace: OpenTrace, node: int) -> list[str]:
    """What was repaired or assumed about this span."""
    forest, span_id = trace.facts.forest, trace.span_id(node)
    notes = [
        warning.message or CODES.get(warning.code, "")
        for warning in trace.facts.warnings
        if warning.span_id == span_id
    ]
    if offset_ns := int(forest.offset_ns[node]):
        notes.append(
            f"The clock of its host disagrees: its times are shifted by {display.offset(offset_ns)}."
        )
    if forest.parent[node] >= 0 and not forest.blocking[node]:
        notes.append("Its parent did not wait for it, so it is not part of the parent’s critical path.")
    return list(dict.fromkeys(note for note in notes if note))


def _narrowed(trace: OpenTrace, search: SearchState, span: Span) -> SearchState:
    """The search that ⊕ adds to: a query that holds on another span of the trace would find nothing with a term of this."""
    try:
        fits = language.matches(language.parse(search.q), span, summarise(trace.facts))
    except BadQuery:
        fits = False
    return search if fits else search.changed(q="")


def _attributes(attributes: Attributes, search: SearchState | None) -> list[Attribute]:
    return [_attribute(key, value, search) for key, value in sorted(attributes.items())[:MOST_ATTRIBUTES]]


def _attribute(key: str, value: Value, search: SearchState | None) -> Attribute:
    text, term, url = plain(value), "", ""
    if search and isinstance(value, str | int | float) and len(text) <= _LONGEST_TERM:
        term = language.write_term(language.write_key(key), "=", text)
        url = search.url(q=language.add_term(search.q, term))
    return Attribute(key, shown(key, value), text, url, term)


def _process(resource: Attributes) -> list[tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for key, word in _PROCESS:
        if key in resource and (text := plain(resource[key])):
            found.setdefault(text, (key, f"{word}{text}"))
    return [
        (key, words if len(words) <= _MOST_CHIP else words[: _MOST_CHIP - 1] + "…")
        for key, words in found.values()
    ]


def _moments(trace: OpenTrace, node: int, events: Sequence[Event]) -> list[Moment]:
    """Events in time, and between them the stretches in which neither the span nor a child recorded anything."""
    forest = trace.facts.forest
    offset_ns, start_ns = int(forest.offset_ns[node]), int(forest.start_ns[node])
    placed = sorted(((event.time_ns + offset_ns, event) for event in events), key=lambda pair: pair[0])
    moments = [(time_ns, _moment(time_ns - start_ns, event)) for time_ns, event in placed[:MOST_EVENTS]]
    if events:
        moments += _gaps(forest, node, [time_ns for time_ns, _ in placed])
    return [moment for _, moment in sorted(moments, key=lambda pair: pair[0])]


def _moment(after_ns: int, event: Event) -> Moment:
    attributes = _attributes(event.attributes, None)
    short = " ".join(f"{item.key}={item.plain}" for item in attributes)
    if len(attributes) == 1:
        short = attributes[0].plain
    fits = len(short) <= 48 and "\n" not in short
    return Moment(
        display.offset(after_ns), event.name, False, short if fits else "", [] if fits else attributes
    )


def _gaps(forest: Forest, node: int, times_ns: Iterable[int]) -> list[tuple[int, Moment]]:
    """The longest stretches without event or running child, each placed just behind what it follows."""
    start_ns, end_ns = int(forest.start_ns[node]), int(forest.end_ns[node])
    whole_ns = end_ns - start_ns
    children = np.flatnonzero(forest.parent == node)
    busy = list(zip(forest.start_ns[children].tolist(), forest.end_ns[children].tolist(), strict=True))
    busy += [(time_ns, time_ns) for time_ns in times_ns] + [(end_ns, end_ns)]
    gaps, cursor = [], start_ns
    for begins, ends in sorted(busy):
        silent_ns = min(begins, end_ns) - cursor
        if silent_ns >= GAP_NS and silent_ns >= GAP_SHARE * whole_ns:
            words = f"nothing recorded: {_part(silent_ns, whole_ns)} of this span"
            gaps.append((cursor + 1, Moment(display.duration(silent_ns), words, True, "", [])))
        cursor = max(cursor, ends)
    return gaps


def _links(span: Span, trace: OpenTrace, state: TraceState) -> list[Linked]:
    linked = []
    for link in span.links[:MOST_LINKS]:
        own = link.trace_id == trace.trace_id
        url = (
            state.url(f"span/{link.span_id}")
            if own
            else TraceState(link.trace_id, span=(link.span_id,)).url()
        )
        linked.append(Linked(link.trace_id, link.span_id, url, own, _attributes(link.attributes, None)))
    return linked
