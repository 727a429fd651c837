"""One span, opened: timing, attributes, events with the gaps between them, resource, links, what was repaired."""

from dataclasses import dataclass, replace

import orjson

from webapp import query as language
from webapp.analysis.trace import summarise
from webapp.errors import BadQuery
from webapp.formats import otlp
from webapp.model import display
from webapp.model.link_templates import LinkTemplate, OutwardLink
from webapp.model.semconv import error_text
from webapp.model.spans import Attributes, Kind, Span, Status
from webapp.model.warnings import CODES
from webapp.store.reading.operations import Operations
from webapp.views.meaning import meanings_of
from webapp.views.meaning.places import places_of
from webapp.views.meaning.shape import Meaning
from webapp.views.state import SearchState
from webapp.views.trace.attributes import Attribute, Group, Searches, attributes_of, json_of, tree_of
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.moments import MOST_EVENTS, Logged, Moment, logs_of, moments_of, part_of
from webapp.views.trace.outward import links_of_span
from webapp.views.trace.related import LinkEnds, Related, related, waited
from webapp.views.trace.rows import MISSING
from webapp.views.trace.standing import Standing, standing
from webapp.views.trace.state import TraceState
from webapp.views.trace.values import to_json
from webapp.views.trace.whatif import span_choice

KINDS = {Kind.INTERNAL: "internal", Kind.SERVER: "server", Kind.CLIENT: "client", Kind.PRODUCER: "producer",
         Kind.CONSUMER: "consumer"}  # fmt: skip
_MOST_RAW = 40_000  # characters of raw JSON that a page carries


@dataclass(frozen=True, slots=True)
class Beside:
    """What an opened span needs beyond its trace: the ends of its links, what is usual, the user's link templates."""

    ends: LinkEnds
    operations: Operations
    templates: tuple[LinkTemplate, ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    label: str
    time: str
    exact_ns: int
    of: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Attributes of a span or its resource: as a list, or as a tree if `tree` is one. `json`: all, to copy."""

    attributes: list[Attribute]
    tree: Group | None
    total: int
    json: str


@dataclass(frozen=True, slots=True)
class OpenedSpan:
    """`raw`: the span as OTLP JSON, "" for one that nobody sent."""

    id: str
    service: str
    name: str
    kind: str
    status: str
    message: str
    timings: list[Timing]
    notes: list[str]
    meanings: list[Meaning]
    attributes: Listed
    moments: list[Moment]
    events: int
    more_events: int
    logs: list[Logged]
    log_total: int
    resource: Listed
    process: list[tuple[str, str]]  # what tells processes apart: (key, words)
    scope: str
    related: Related
    outward: list[OutwardLink]
    raw: str
    raw_cut: bool
    raw_url: str
    written_id: str
    shape: str
    shape_url: str  # of the trace with the attributes arranged the other way
    shape_page_url: str  # of the span's own page so
    page_url: str
    zoom_url: str
    close_url: str
    alike_url: str
    standing: Standing | None
    whatif_url: str  # "" where the response does not wait for it


def opened_span(
    trace: OpenTrace, state: TraceState, node: int, span: Span | None, beside: Beside
) -> OpenedSpan:
    """`span` is None for a placeholder: a span that others name but nobody sent."""
    span_id = trace.span_id(node)
    sent = span or Span(
        trace_id=trace.trace_id,
        span_id=span_id[:16],
        name="span not received",
        service=MISSING,
        start_ns=0,
        end_ns=0,
    )
    searches = _searches(trace, state.search, span) if span else None
    raw = to_json(otlp_of(span), indent=True).decode() if span else ""
    meanings = meanings_of(sent, waited(trace, node, sent, beside.ends))
    told = frozenset[str]().union(*(meaning.told for meaning in meanings))
    is_tree = state.attributes == "tree"
    other = "flat" if is_tree else "tree"
    return OpenedSpan(
        id=span_id,
        service=sent.service,
        name=sent.name,
        kind=KINDS.get(Kind(sent.kind), "") if sent.kind in KINDS else "",
        status={Status.OK: "ok", Status.ERROR: "error"}.get(Status(sent.status), ""),
        message=sent.status_message or (failed.message if (failed := error_text(sent)) else ""),
        timings=_timings(trace, node),
        notes=_notes(trace, node),
        meanings=meanings,
        attributes=_listed(attributes_of(sent.attributes, searches, told), sent.attributes, is_tree),
        moments=moments_of(trace, node, sent.events),
        events=len(sent.events),
        more_events=max(0, len(sent.events) - MOST_EVENTS),
        logs=logs_of(trace, node, span.service if span else ""),
        log_total=trace.logs.count(node),
        resource=_listed(
            attributes_of(sent.resource.attributes, searches), sent.resource.attributes, is_tree
        ),
        process=places_of(sent.attributes, sent.resource.attributes),
        scope=f"{sent.scope.name} {sent.scope.version}".strip(),
        related=related(trace, state, node, span, beside.ends),
        outward=links_of_span(beside.templates, trace, span) if span else [],
        raw=raw[:_MOST_RAW],
        raw_cut=len(raw) > _MOST_RAW,
        raw_url=f"/trace/{trace.trace_id}/span/{span_id}.json?as=otlp",
        written_id=sent.written_span_id,
        shape="tree" if is_tree else "flat",
        shape_url=state.url(attributes=other),
        shape_page_url=state.url(f"span/{span_id}", attributes=other),
        page_url=state.url(f"span/{span_id}"),
        zoom_url=state.url(**zoom_on(trace, node)),
        close_url=state.toggle_url("span", span_id) if span_id in state.span else state.url(),
        alike_url=replace(state.search, q=_operation_terms(span), sort="slowest").url() if span else "",
        standing=_standing(beside.operations, sent),
        whatif_url=state.url("whatif", faster=choice) if (choice := span_choice(trace, node)) else "",
    )


def _standing(operations: Operations, span: Span) -> Standing | None:
    finished = span.end_ns > span.start_ns > 0
    return standing(operations, span.service, span.name, span.end_ns - span.start_ns) if finished else None


def otlp_of(span: Span) -> dict[str, object]:
    """The span as one OTLP JSON document."""
    document: dict[str, object] = orjson.loads(otlp.write([span]))
    return document


def _listed(listed: list[Attribute], attributes: Attributes, is_tree: bool) -> Listed:
    return Listed(listed, tree_of(listed) if is_tree else None, len(attributes), json_of(attributes))


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


def _searches(trace: OpenTrace, search: SearchState, span: Span) -> Searches:
    """What ⊕ and ⊖ add to: a query that holds on another span of the trace would find nothing with a term of this."""
    try:
        # The search found this trace: what it asks in braces, of any of its spans, holds.
        fits = not search.q or language.matches(
            language.parse(search.q), span, summarise(trace.facts), lambda _: True
        )
    except BadQuery:
        fits = False
    return Searches(search if fits else search.changed(q=""), _operation_terms(span))


def _operation_terms(span: Span) -> str:
    return " ".join(
        (language.write_term("service", "=", span.service), language.write_term("operation", "=", span.name))
    )
