"""`/traces`: find traces. The query text is the only filter; facets, chart and times rewrite it or the window."""

import re
from dataclasses import asdict, dataclass, replace

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from webapp import query as language
from webapp.charts import distribution, heatmap, scatter
from webapp.errors import BadQuery
from webapp.model.id_spellings import hex_digits, without_key
from webapp.model.results import Note, ResultPage, Summary
from webapp.query import Query, Window
from webapp.store.conditions.matching import EXACT
from webapp.store.searching.span_facets import MOST_SPANS
from webapp.views import arrivals
from webapp.views.cohorts.entrances import errors_url, why_slow_url
from webapp.views.fragments import leave_to, page_or_part, two_faced, wants_part
from webapp.views.patience import patient
from webapp.views.present import store
from webapp.views.search.headline import headline
from webapp.views.search.numbers import chart_title, narrow_key, numbers, outward, value_rows
from webapp.views.search.parts import Examples, FacetLinks, query_line, search_rows, without_each
from webapp.views.search.saved import saved_links, saved_search
from webapp.views.search.spans import Shown, fields, number_fields, shown, trace_fields
from webapp.views.services import words
from webapp.views.state import AMONG, CHARTS, PER_PAGE, SHOWS, SORTS, SearchState
from webapp.working import step

blueprint = Blueprint("search", __name__)
# trace_id=…, "traceID": "…" from a log line, or the address of a trace in another tool
_ID_FIELD = re.compile(
    r"""(?:"?trace_?id"?\s*[=:]\s*|https?://\S*/traces?/)"?([0-9a-f-]{16,40})"?(?:[/?#]\S*)?""", re.IGNORECASE
)
HEAT_FROM = 500  # traces; below, each trace is a point


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as understood: with a broken query, `query` is the empty one and `error` says why.

    A text that is the id of a trace or of several, or begins some, asks for these.
    """

    state: SearchState
    query: Query
    window: Window
    now_ns: int
    error: BadQuery | None
    time_problem: str
    notes: list[Note]

    @property
    def word(self) -> str:
        """The first that is looked for anywhere."""
        return language.free_word(self.state.q) if self.error is None else ""


def understand(state: SearchState) -> Asked:
    now_ns = arrivals.now_ns()
    window, problem = state.window(now_ns)
    notes = [Note(problem)] if problem else []
    if by_id := _meant_by_id(state.q):
        notes += [by_id] if by_id.message else []
        return Asked(state, language.parse(by_id.instead), window, now_ns, None, problem, notes)
    try:
        query = language.parse(state.q)
        return Asked(state, query, window, now_ns, None, problem, [*notes, *store().notes(query)])
    except BadQuery as error:
        return Asked(state, language.parse(""), window, now_ns, error, problem, notes)


@blueprint.get("/traces")
@patient
def traces() -> BaseResponse:
    if "saved" in request.args:
        return leave_to(saved_search(request.args["saved"]))
    state = SearchState.read(request.args)
    opened = _pasted_trace(state)
    if opened:
        return leave_to(state.changed(q="").trace_url(opened))
    step("Finding traces", 1, 4)
    asked = understand(state)
    instead = shown(state, asked.query, asked.window)
    page = store().search(asked.query, asked.window, state.sort, 1 if instead else state.page)
    step("Adding up what was found", 2, 4)
    totals = store().totals(asked.query, asked.window)
    step("Counting values", 3, 4)
    facets = FacetLinks(state, store().facets(asked.query, asked.window))
    step("Looking for what stands out", 4, 4)
    return page_or_part(
        "search/page.html",
        "search/_search.html",
        asked=asked,
        state=state,
        line=query_line(state.q, asked.error),
        results=page,
        rows=search_rows(page, state),
        totals=totals,
        percentiles=words.told(totals),
        weights=_weights(totals, instead),
        why_slow=why_slow_url(state, totals, store().total(language.parse(""), asked.window)[0]),
        errors=errors_url(state, totals),
        counted=words.counted,
        sample=words.sample,
        facets=facets,
        sorts=SORTS,
        charts=CHARTS,
        shows=SHOWS,
        among=AMONG,
        shown=instead,
        fields=fields(),
        numbers=number_fields(),
        field_values=trace_fields(state, [row.summary.trace_id for row in page.rows]),
        chart=_chart(state, page),
        chart_title=chart_title(state, asked.query),
        narrow_key=narrow_key(state),
        said=None if instead else headline(state, asked.query, asked.window),
        removed=without_each(asked.query, asked.window) if not page.total and state.q else [],
        examples=Examples(facets).links(state),
        saved=saved_links(),
        caps=_caps(page),
        empty_store=store().span_total() == 0,
        receiving=arrivals.live().is_active,
        newer_url=arrivals.newer_url(state, asked.now_ns, page.total) if page.total_exact else "",
        per_page=PER_PAGE,
    )


def _pasted_trace(state: SearchState) -> str:
    """The trace meant when the whole query is one id, propagation header, log field or address of a trace; else ""."""
    found = traces_meant(state.q) if state.q else []
    return found[0] if len(found) == 1 else ""


def _meant_by_id(text: str) -> Note | None:
    """When the whole query is the id of traces, or a part of ids: the query for them; says so if they are several."""
    meant = store().meant(_id_in(text)) if text else None
    if meant is None or not meant.traces:
        return None
    if len(meant.traces) == 1:
        return Note("", f"trace.id={meant.traces[0]}")
    written = without_key(_id_in(text))
    value = language.write_value(written)
    message, query = {
        "id": ("Several traces have the id “{}”.", f"trace.id={value}"),
        "end": ("Several traces have an id that ends with “{}”.", f"trace.id={value}"),
        "start": ("Several traces have an id that begins with “{}”.", f"trace.id={hex_digits(written)}*"),
        "span": ("Several traces have a span with the id “{}”.", f"id={value}"),
    }[meant.as_]
    return Note(message.format(written), query)


def traces_meant(text: str) -> list[str]:
    """The traces that an id means, in whatever form it is pasted."""
    return store().find(_id_in(text))


def _id_in(text: str) -> str:
    field = _ID_FIELD.fullmatch(text)
    return field[1] if field else text


def _caps(page: ResultPage) -> tuple[int, int] | None:
    """Traces and spans that facets are counted in at most, when there is more than that; None when all are counted."""
    large = page.total > EXACT or not page.total_exact or store().span_total() > MOST_SPANS
    return (EXACT, MOST_SPANS) if large else None


def _weights(totals: Summary, instead: Shown | None) -> str:
    """What to say of sampling where numbers go by it."""
    if instead and instead.groups:
        return words.weights_note([instead.groups.red])
    return words.sampling_note("Percentiles are", "trace", totals.traces, totals.weighted, totals.calls)


def _chart(state: SearchState, page: ResultPage) -> str:
    if state.y and state.chart != "histogram":
        return "heat"
    if state.chart:
        return state.chart
    return "heat" if page.total >= HEAT_FROM or not page.total_exact else "scatter"


@blueprint.get("/traces/row")
def row() -> BaseResponse:
    """One trace of a page of results anew, as long as its spans arrive; 204 if it is not found any more."""
    state = SearchState.read(request.args)
    if not wants_part():
        return redirect(state.url())
    trace_id = request.args.get("trace", "")
    term = language.write_term("trace.id", "=", trace_id)
    query = language.parse(language.add_term(understand(state).query.text, term))
    page = store().search(query, Window(None, None), "newest", 1)
    if not page.rows:
        return Response(status=204)
    slowest_ns = max(page.slowest_ns, request.args.get("slowest", 0, type=int))
    [found] = search_rows(replace(page, rows=page.rows[:1], slowest_ns=slowest_ns), state)
    part = render_template(
        "search/_row.html",
        row=replace(found, again_url=request.full_path),
        values=trace_fields(state, [trace_id]).get(trace_id, ()),
        pick=request.args.get("pick") == "1",
    )
    return two_faced(make_response(part))


@blueprint.get("/traces/chart.json")
def chart() -> Response:
    """The figure of the chart: Plotly's data and layout, in the colours of `theme`."""
    asked = understand(SearchState.read(request.args))
    theme = "dark" if request.args.get("theme") == "dark" else "light"
    changes = store().headline.version_changes(asked.query, asked.window)
    if narrow_key(asked.state):
        draw = distribution.bars if asked.state.chart == "histogram" else distribution.heat
        body = draw(numbers(asked.state, asked.query, asked.window), theme)
    elif asked.state.chart == "scatter":
        body = scatter.figure(store().points(asked.query, asked.window, HEAT_FROM), theme, changes)
    else:
        grid = store().heatmap(asked.query, asked.window, *heatmap.GRID)
        body = heatmap.figure(grid, theme, changes)
    return Response(body, mimetype="application/json")


@blueprint.get("/traces/headline.json")
def headline_json() -> Response:
    asked = understand(SearchState.read(request.args))
    return jsonify(asdict(headline(asked.state, asked.query, asked.window)))


@blueprint.get("/traces/table")
@patient
def chart_table() -> Response:
    """What the chart shows, as a table: the accessible form, and the one without JavaScript."""
    asked = understand(SearchState.read(request.args))
    key = narrow_key(asked.state)
    return page_or_part(
        "search/table.html",
        "search/_table.html",
        state=asked.state,
        slots=() if key else heatmap.by_time(store().heatmap(asked.query, asked.window, 12, heatmap.GRID[1])),
        values=value_rows(asked.state, asked.query, asked.window) if key else (),
        title=chart_title(asked.state, asked.query),
        asked=asked,
        changes=store().headline.version_changes(asked.query, asked.window),
    )


@blueprint.get("/traces/narrow")
def narrow() -> BaseResponse:
    """Where a drag over the chart leads: time becomes the window, duration becomes terms of the query."""
    state = SearchState.read(request.args)
    changes: dict[str, str | int] = {}
    for name, argument in (("from_", "t0"), ("to", "t1")):
        if argument in request.args:
            changes[name] = request.args[argument]
    key = request.args.get("key", "") or "trace.duration"
    low, high = (outward(key, request.args.get(name, ""), up=name == "high") for name in ("low", "high"))
    if low or high:
        changes["q"] = language.set_range(state.q, key, low or None, high or None)
    return redirect(state.url(**changes))
