"""Which two traces: what was typed or ticked, and what to offer where one is missing."""

from dataclasses import dataclass

from webapp import query as language
from webapp.model.facts import TraceSummary
from webapp.query import Window
from webapp.views.compare.rows import root_label
from webapp.views.compare.state import CompareState
from webapp.views.present import store
from webapp.views.state import SearchState
from webapp.views.trace.cache import OpenTrace

_ALL = Window()


@dataclass(frozen=True, slots=True)
class Offer:
    """Another trace of the same root, and why just this one."""

    why: str  # p50 or slowest
    summary: TraceSummary
    url: str


@dataclass(frozen=True, slots=True)
class Offers:
    service: str
    name: str
    traces: list[Offer]
    search_url: str


def offers(trace: OpenTrace, state: CompareState) -> Offers:
    """A p50 trace and the slowest, of those that begin as this one does; `state` names it as A or as B."""
    service, name = root_label(trace.facts)
    query = _same_root(trace)
    chosen: dict[str, Offer] = {}
    for why, other in (("p50", usual_trace(trace)), ("slowest", _slowest(query, trace.trace_id))):
        if other:
            url = state.with_other(trace.trace_id, other.trace_id).url()
            chosen.setdefault(other.trace_id, Offer(why, other, url))
    return Offers(service, name, list(chosen.values()), SearchState(q=query, sort="slowest").url())


def usual_trace(trace: OpenTrace) -> TraceSummary | None:
    """The one at half of all durations of this root, or just below; None if that is the trace itself."""
    query = _same_root(trace)
    totals = store().totals(language.parse(query), _ALL)
    half = language.write_term("trace.duration", "<=", language.write_duration(totals.p50_ns))
    return _slowest(f"{query} {half}", trace.trace_id)


def _same_root(trace: OpenTrace) -> str:
    return language.write_term("trace.root", "=", " · ".join(root_label(trace.facts)))


def _slowest(query: str, but: str) -> TraceSummary | None:
    page = store().search(language.parse(query), _ALL, "slowest", 1, 2)
    return next((row.summary for row in page.rows if row.summary.trace_id != but), None)
