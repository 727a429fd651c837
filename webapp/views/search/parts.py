"""What the search templates draw: rows with their bars, facet links, the highlighted query. Records only, no HTML."""

from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup

from webapp import query as language
from webapp.analysis.attribution import MISSING
from webapp.errors import BadQuery
from webapp.model import display
from webapp.model.facts import ServiceShare, TraceSummary
from webapp.model.results import Facet, ResultPage
from webapp.query import Query, Window
from webapp.views.present import slot, store
from webapp.views.state import SearchState

_MOST_PARTS = 10  # of a query without result that are tried without; each is a search
FACET_LENGTH = 8  # values a facet shows before "more"


@dataclass(frozen=True, slots=True)
class BarPart:
    """A piece of a bar in percent of its width."""

    slot: int
    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class SearchRow:
    summary: TraceSummary
    url: str
    again_url: str  # the row anew
    bar: list[BarPart]
    match: str
    duration_share: float
    service: str  # of the root; if nobody sent it, the one with the most time
    name: str


@dataclass(frozen=True, slots=True)
class FacetLink:
    text: str
    url: str
    traces: int
    share: float
    chosen: bool
    slot: int | None


@dataclass(frozen=True, slots=True)
class FacetGroup:
    facet: Facet
    shown: list[FacetLink]
    folded: list[FacetLink]


def share_bar(services: list[ServiceShare], response_ns: int) -> list[BarPart]:
    """Critical-path time by service as pieces of one bar that is full when the path is."""
    total = max(1, response_ns, sum(service.critical_ns for service in services))
    parts, x = [], 0.0
    for service in services:
        if service.critical_ns <= 0:
            continue
        width = 100 * service.critical_ns / total
        share = display.share(service.critical_ns / total)
        words = f"{service.service} {share}, {display.duration(service.critical_ns)}"
        parts.append(BarPart(slot(service.service), round(x, 3), round(width, 3), words))
        x += width
    return parts


def search_rows(page: ResultPage, state: SearchState) -> list[SearchRow]:
    return [
        SearchRow(
            summary=row.summary,
            url=state.trace_url(row.summary.trace_id),
            again_url=_again_url(page, state, row.summary.trace_id),
            bar=share_bar(row.summary.services, row.summary.response_ns),
            match=_match_words(row.match.name, row.match.duration_ns, row.match.count) if row.match else "",
            duration_share=row.summary.duration_ns / max(1, page.slowest_ns),
            **_titled(row.summary),
        )
        for row in page.rows
    ]


def _again_url(page: ResultPage, state: SearchState, trace_id: str) -> str:
    among = {"trace": trace_id, "slowest": page.slowest_ns, "pick": int(len(page.rows) > 1)}
    return f"/traces/row?{urlencode(state.parameters() | among)}"


def _titled(trace: TraceSummary) -> dict[str, str]:
    if trace.root_service == MISSING and trace.services:
        return {"service": trace.services[0].service, "name": "root not received"}
    return {"service": trace.root_service, "name": trace.root_name}


def _match_words(name: str, duration_ns: int, count: int) -> str:
    more = f" and {count - 1:,} more" if count > 1 else ""
    return f"matched {name} {display.duration(duration_ns)}{more}"


class FacetLinks:
    """Facets as links that add or remove their term."""

    def __init__(self, state: SearchState, facets: list[Facet]) -> None:
        self._state = state
        self.groups = [self._group(facet) for facet in facets if facet.values]

    def _group(self, facet: Facet) -> FacetGroup:
        most = max(value.traces for value in facet.values)
        links = []
        for value in facet.values:
            chosen = language.has_term(self._state.q, value.term)
            links.append(
                FacetLink(
                    text=value.value,
                    url=self._state.url(q=language.toggle_term(self._state.q, value.term)),
                    traces=value.traces,
                    share=value.traces / max(1, most),
                    chosen=chosen,
                    slot=slot(value.value) if facet.key == "service" else None,
                )
            )
        return FacetGroup(facet, links[:FACET_LENGTH], links[FACET_LENGTH:])


class Examples:
    """Queries to try, made of what is in this data."""

    def __init__(self, facets: FacetLinks) -> None:
        self._by_key = {group.facet.key: group.facet for group in facets.groups}

    def links(self, state: SearchState) -> list[tuple[str, str]]:
        texts = ["error", "duration>1s"]
        for key in ("bottleneck", "root"):
            facet = self._by_key.get(key)
            if facet:
                texts.append(facet.values[0].term)
        own = ("service", "root", "outcome", "duration", "bottleneck")
        texts += [facet.values[-1].term for key, facet in self._by_key.items() if key not in own][:2]
        return [(text, state.url(q=text)) for text in texts if text != state.q][:5]


def query_line(text: str, error: BadQuery | None) -> Markup:
    """The query with its tokens marked for the layer under the input; the token in error is underlined."""
    html = Markup()
    for kind, start, end in language.tokens(text):
        wrong = error is not None and start < error.position + error.length and end > error.position
        classes = f"q-{kind} q-wrong" if wrong else f"q-{kind}"
        html += Markup('<span class="{}">{}</span>').format(classes, text[start:end])
    return html


def without_each(query: Query, window: Window) -> list[tuple[str, str, int]]:
    """For a search without result: each part, the query without it, and how many traces that finds."""
    return [
        (part.text, part.without, store().search(language.parse(part.without), window, "newest", 1).total)
        for part in language.terms(query)[:_MOST_PARTS]
    ]
