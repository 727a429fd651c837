"""One span, opened: timing, attributes, events with the gaps between them, resource, links, what was repaired."""

from dataclasses import dataclass, replace

from webapp import query as language
from webapp.analysis.trace import summarise
from webapp.errors import BadQuery
from webapp.model import display
from webapp.model.spans import Attributes, Kind, Span, Status
from webapp.model.warnings import CODES
from webapp.views.state import SearchState
from webapp.views.trace_attributes import Attribute, attributes_of
from webapp.views.trace_cache import OpenTrace
from webapp.views.trace_json import span_json
from webapp.views.trace_moments import MOST_EVENTS, Logged, Moment, logs_of, moments_of, part_of
from webapp.views.trace_rows import MISSING
from webapp.views.trace_state import TraceState
from webapp.views.trace_values import plain, to_json

KINDS = {Kind.INTERNAL: "internal", Kind.SERVER: "server", Kind.CLIENT: "client", Kind.PRODUCER: "producer",
         Kind.CONSUMER: "consumer"}  # fmt: skip
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
MOST_LINKS = 100  # that a page carries; all are in the JSON
_MOST_RAW = 40_000  # characters of raw JSON that a page carries


@dataclass(frozen=True, slots=True)
class Timing:
    label: str
    time: str
    exact_ns: int
    of: str


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
    logs: list[Logged]
    log_total: int
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
        attributes=attributes_of(span.attributes, narrowed) if span else [],
        attribute_total=len(span.attributes) if span else 0,
        moments=moments_of(trace, node, span.events) if span else [],
        events=len(span.events) if span else 0,
        more_events=max(0, len(span.events) - MOST_EVENTS) if span else 0,
        logs=logs_of(trace, node, span.service if span else ""),
        log_total=trace.logs.count(node),
        more_links=max(0, len(span.links) - MOST_LINKS) if span else 0,
        resource_total=len(span.resource.attributes) if span else 0,
        resource=attributes_of(span.resource.attributes, narrowed) if span else [],
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
        else f"{part_of(path_ns, whole_ns)} of span"
        if path_ns
        else "none of it"
    )
    timings = [
        Timing("Starts", display.duration(begin_ns), begin_ns, "into the trace"),
        Timing(
            "Duration",
            display.duration(whole_ns),
            whole_ns,
            f"{part_of(whole_ns, facts.response_ns)} of trace",
        ),
        Timing("Self time", display.duration(own_ns), own_ns, f"{part_of(own_ns, whole_ns)} of span"),
        Timing("On critical path", display.duration(path_ns), path_ns, of_span if whole_ns else ""),
    ]
    if path_ns and path_ns != facts.response_ns:
        timings.append(Timing("", "", path_ns, f"{part_of(path_ns, facts.response_ns)} of trace"))
    if slack_ns > 0:
        timings.append(Timing("Slack", display.duration(slack_ns), slack_ns, "longer delays nobody"))
    return timings


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


def _process(resource: Attributes) -> list[tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for key, word in _PROCESS:
        if key in resource and (text := plain(resource[key])):
            found.setdefault(text, (key, f"{word}{text}"))
    return [
        (key, words if len(words) <= _MOST_CHIP else words[: _MOST_CHIP - 1] + "…")
        for key, words in found.values()
    ]


def _links(span: Span, trace: OpenTrace, state: TraceState) -> list[Linked]:
    linked = []
    for link in span.links[:MOST_LINKS]:
        own = link.trace_id == trace.trace_id
        url = (
            state.url(f"span/{link.span_id}")
            if own
            else TraceState(link.trace_id, span=(link.span_id,)).url()
        )
        linked.append(Linked(link.trace_id, link.span_id, url, own, attributes_of(link.attributes, None)))
    return linked
