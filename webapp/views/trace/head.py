"""What stands above the rows: title, facts, verdict with its shares, warnings, and the way through the search."""

from dataclasses import dataclass, replace

from markupsafe import Markup

from webapp.analysis.attribution import Evidence, called, label
from webapp.analysis.verdict_beyond import NO_SPAN, culprit
from webapp.errors import BadQuery
from webapp.model import display
from webapp.model.facts import Verdict
from webapp.model.warnings import CODES
from webapp.views.present import slot, store
from webapp.views.search.page import understand
from webapp.views.search.parts import BarPart, share_bar
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.rows import MISSING
from webapp.views.trace.state import TraceState
from webapp.views.trace.why import (
    WAITING,
    PathChoice,
    Shown,
    added_ns,
    choices,
    reasons,
    rests_on,
    shares,
    shown_path,
)

_MOST_SHARES = 5
_MOST_WARNINGS = 50
_MOST_SPANS = 3  # that a warning leads to
_LABELS = {"dominant": "Bottleneck", "main": "Largest part"}
_SHARE_OF = {
    "response": "share of the critical path",
    "completion": "share of the completion path",
    "truncate": "share of the critical path as Jaeger draws it",
}
NOBODY = 10  # the colour, a grey, of what is no service


@dataclass(frozen=True, slots=True)
class Share:
    service: str
    slot: int
    share: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class WarningLine:
    """What was said once or oftener; `spans` are the first of those it was said of: (name, URL)."""

    meaning: str
    message: str
    count: int
    spans: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Head:
    service: str
    name: str
    slot: int
    spans: int
    missing: int
    services: int
    levels: int
    errors: int
    label: str  # the level of the verdict in a word
    sentence: Markup
    reasons: list[str]
    failure_url: str
    bar: list[BarPart]
    shares: list[Share]
    more_shares: int
    share_of: str
    warnings: list[WarningLine]
    more_warnings: int
    waits_ns: int  # what the completion path adds to the response; 0: both paths are one
    path: str  # the one shown: response, completion or truncate
    paths: list[PathChoice]
    confidence: str  # high, medium, low
    rests_on: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The place of the trace in the search it came from; ids are "" where there is none."""

    previous: str
    next: str
    place: int
    of: str  # how many traces were found
    pinned: str  # the times of the search made absolute, SearchState.pinned


def head_of(trace: OpenTrace, state: TraceState) -> Head:
    facts, forest = trace.facts, trace.facts.forest
    received = forest.source >= 0
    root = int(forest.root[0])
    along = shown_path(trace, state)
    verdict, total_ns = along.verdict, max(1, along.total_ns)
    shown = [service for service in shares(facts, along) if service.critical_ns > 0]
    warnings = _warnings(trace, state)
    service_name, name = _titled(trace, root)
    return Head(
        service=service_name,
        name=name,
        slot=_slot(service_name),
        spans=int(received.sum()),
        missing=int((~received).sum()),
        services=len(facts.services),
        levels=int(trace.rows.depth.max()) + 1,
        errors=len(trace.errors),
        label=_label(verdict, along.evidence),
        sentence=emphasised(verdict, _culprit_url(trace, state, along)),
        reasons=reasons(trace, store(), along),
        failure_url=_span_url(trace, state, facts.failure.span_id) if facts.failure else "",
        bar=[
            replace(part, slot=_slot(item.service))
            for part, item in zip(share_bar(shown, total_ns), shown, strict=True)
        ],
        shares=[
            Share(
                service=item.service,
                slot=_slot(item.service),
                share=display.share(min(1.0, item.critical_ns / total_ns)),
                time_ns=item.critical_ns,
            )
            for item in shown[:_MOST_SHARES]
        ],
        more_shares=max(0, len(shown) - _MOST_SHARES),
        share_of=_SHARE_OF[along.which],
        warnings=warnings[:_MOST_WARNINGS],
        more_warnings=max(0, len(warnings) - _MOST_WARNINGS),
        waits_ns=added_ns(facts),
        path=along.which,
        paths=choices(trace, state),
        confidence=verdict.confidence,
        rests_on=rests_on(verdict),
    )


def _label(verdict: Verdict, rests_on: Evidence) -> str:
    """What kind of answer the sentence is: not all that blame nobody speak of many causes."""
    if verdict.level in _LABELS:
        return _LABELS[verdict.level]
    if not rests_on.total_ns:
        return "Not finished" if rests_on.unfinished else "No time"
    return "Not received" if 2 * rests_on.missing_ns >= rests_on.total_ns else "Spread out"


def _titled(trace: OpenTrace, root: int) -> tuple[str, str]:
    """Service and name of the root; if nobody sent it, of the first span below."""
    forest = trace.facts.forest
    if forest.source[root] >= 0:
        return forest.columns.services[forest.service[root]], forest.columns.names[forest.name[root]]
    node = trace.rows.node[forest.source[trace.rows.node] >= 0]
    if not len(node):
        return MISSING, "root not received"
    first = int(node[0])
    name = f"{forest.columns.names[forest.name[first]]} (its root was not received)"
    return forest.columns.services[forest.service[first]], name


def _slot(service: str) -> int:
    return NOBODY if service in (MISSING, WAITING) else slot(service)


def emphasised(verdict: Verdict, url: str) -> Markup:
    """The sentence with who and how much in bold; who leads to the span, if there is one."""
    who, share = called(verdict.service, verdict.name), display.share(verdict.share)
    if verdict.level == "spread" or not who:  # neither service nor name
        return Markup() + verdict.sentence
    before, _, after = verdict.sentence.partition(who)
    linked = Markup('<a class="link strong" data-sets="" href="{}" title="{}">{}</a>').format(url, who, who)
    between, found, rest = after.partition(share)
    if not after:
        return Markup() + before
    return (
        before
        + (linked if url else Markup("<b><bdi>{}</bdi></b>").format(who))
        + Markup("{}<b>{}</b>{}").format(between, found, rest)
    )


def _culprit_url(trace: OpenTrace, state: TraceState, along: Shown) -> str:
    node = culprit(trace.facts.forest, along.path, along.verdict)
    return _span_url(trace, state, trace.span_id(node)) if node != NO_SPAN else ""


def neighbours(state: TraceState) -> Neighbours:
    """Where the trace stands in its search; nowhere if the search cannot be understood."""
    asked = understand(state.search)
    pinned = state.search.pinned(asked.now_ns)
    try:
        found = store().neighbours(asked.query, asked.window, state.search.sort, state.trace_id)
    except BadQuery:
        return Neighbours("", "", 0, "", pinned)
    total, exact = store().total(asked.query, asked.window)
    return Neighbours(*found, ("" if exact else "more than ") + display.count(total), pinned)


def _warnings(trace: OpenTrace, state: TraceState) -> list[WarningLine]:
    """One line for what was said in the same words."""
    lines: dict[tuple[str, str], WarningLine] = {}
    for warning in trace.facts.warnings:
        key = (warning.code, warning.message)
        line = lines.get(key) or WarningLine(CODES.get(warning.code, ""), warning.message, 0, [])
        url = _span_url(trace, state, warning.span_id) if len(line.spans) < _MOST_SPANS else ""
        spans = [*line.spans, (_name_of(trace, warning.span_id), url)] if url else line.spans
        lines[key] = replace(line, count=line.count + warning.count, spans=spans)
    return list(lines.values())


def _name_of(trace: OpenTrace, span_id: str) -> str:
    forest, node = trace.facts.forest, trace.node_of(span_id)
    if node is None or forest.source[node] < 0:
        return span_id
    return called(*label(forest, node))


def _span_url(trace: OpenTrace, state: TraceState, span_id: str) -> str:
    """Opens the span where it stands; "" for a span that has no row."""
    return state.url(f"show/{span_id}") if span_id and trace.node_of(span_id) is not None else ""
