"""`/service?name=…`: how one service does over time, whom it calls and who calls it, how it fails, where it runs."""

from dataclasses import dataclass
from difflib import get_close_matches

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.charts import timeseries
from webapp.errors import NotFound
from webapp.model import display
from webapp.model.red import ErrorKinds, Moment, Presence, Profile, Red
from webapp.model.results import GraphEdge
from webapp.query import Window, parse
from webapp.views.fragments import page_or_part
from webapp.views.graph.queries import of_edge
from webapp.views.graph.state import GraphState
from webapp.views.patience import patient
from webapp.views.present import store, tail_note
from webapp.views.services import json, listing, queries, words
from webapp.views.services.state import ServicesState
from webapp.views.state import SearchState
from webapp.working import step

blueprint = Blueprint("service", __name__)
MOST = 20  # of each list; the rest is said to be there


@dataclass(frozen=True, slots=True)
class Asked:
    state: ServicesState
    window: Window
    problem: str
    presence: Presence
    profile: Profile

    def search(self, q: str, sort: str = "newest") -> str:
        return self.state.search(self.profile.operations.period, q, sort).url("/traces")

    def cell(self, moment: Moment, q: str, sort: str = "newest") -> str:
        """The traces of one stretch of time. The first and the last reach beyond what is shown."""
        period = self.profile.operations.period
        cut = self.state.from_ or self.state.to
        from_ns = max(moment.from_ns, period.from_ns) if cut else moment.from_ns
        to_ns = min(moment.to_ns, period.to_ns) if cut else moment.to_ns
        return SearchState(q=q, sort=sort, from_=display.exact_iso(from_ns), to=display.exact_iso(to_ns)).url(
            "/traces"
        )


def _understand() -> Asked:
    """Raises NotFound for a service that is not here, with the names nearest to it."""
    state = ServicesState.read(request.args)
    here = store().services.here()
    presence = next((each for each in here if each.service == state.name and each.sends), None)
    if presence is None:
        raise _missing(state.name, here)
    window, problem = state.window()
    return Asked(
        state, window, problem, presence, store().services.profile(state.name, window, entry=state.entry)
    )


def _missing(name: str, here: list[Presence]) -> NotFound:
    if any(each.service == name for each in here):
        hint = "It sends no spans itself; others call it. The service graph shows who."
    else:
        known = {each.service.casefold(): each.service for each in here if each.sends}
        near = get_close_matches(name.casefold(), known, n=3, cutoff=0.6)
        holding = [service for folded, service in known.items() if name and name.casefold() in folded]
        offered = list(dict.fromkeys([*holding[:3], *(known[each] for each in near)]))[:3]
        hint = (
            f"Did you mean {' or '.join(offered)}? /services lists all."
            if offered
            else "/services lists all."
        )
    return NotFound(f"No service is called “{name}”.", hint=hint)


@blueprint.get("/service")
@patient
def page() -> Response:
    step("Counting calls", 1, 4)
    asked = _understand()
    state, profile = asked.state, asked.profile
    step("Reading who calls it and whom it calls", 2, 4)
    graph = store().graph(asked.window)
    known_keys = dict(store().keys())
    step("Reading its errors", 3, 4)
    kinds = store().services.error_kinds(state.name, asked.window)
    kind_of = {node.name: node.kind for node in graph.nodes}

    def graph_url(name: str) -> str:
        return GraphState(focus=name, from_=state.from_, to=state.to).url()

    step("Finding its slowest calls", 4, 4)
    operations = [row for row in profile.operations.rows if row.red.spans]
    rated = not store().services.tail_sampled()
    red = profile.itself.red if profile.itself else Red()
    query = queries.spans(state.name, entry=state.entry)
    return page_or_part(
        "services/service.html",
        "services/_service.html",
        state=state,
        asked=asked,
        problem=asked.problem,
        overview=profile.operations,
        profile=profile,
        presence=asked.presence,
        red=red,
        query=query,
        row=listing.rows(profile.operations, [profile.itself], state)[0] if profile.itself else None,
        sentence=_sentence(profile, rated=rated),
        weights=words.weights_note([red]),
        charts=timeseries.KINDS,
        kept=tail_note(),
        moments=[
            (moment, *_moment_urls(asked, moment, query)) for moment in profile.moments if moment.red.spans
        ],
        moment_length=words.stretch(profile.moments),
        operations=listing.rows(profile.operations, operations, state, rated=rated),
        inner=len(profile.operations.rows) - len(operations),
        neighbours=[
            ("Called by", "caller", [edge for edge in graph.edges if edge.callee == state.name]),
            ("Calls", "callee", [edge for edge in graph.edges if edge.caller == state.name]),
        ],
        node_kinds=kind_of,
        edge_url=lambda edge: asked.search(of_edge(edge)),
        node_url=lambda name: state.service_url(name) if kind_of.get(name) == "service" else graph_url(name),
        kinds=kinds,
        kind_urls=_kind_urls(asked, kinds, known_keys),
        processes=[("Versions", profile.versions), ("Instances", profile.instances)],
        process_url=lambda of: asked.search(queries.process(state.name, of)),
        process_errors_url=lambda of: asked.search(f"{queries.process(state.name, of)} error"),
        process_rate=lambda of: words.rate_of(of.red, profile.operations.period, rated=rated),
        percentile=words.percentile,
        counted=words.counted,
        sample=words.sample,
        p95=words.p95,
        slowest=store().services.slowest(state.name, asked.window),
        most=MOST,
        length=words.length(profile.operations.period),
    )


def _moment_urls(asked: Asked, moment: Moment, query: str) -> tuple[str, str]:
    return asked.cell(moment, query), asked.cell(moment, query, "slowest")


def _kind_urls(asked: Asked, kinds: ErrorKinds, known_keys: dict[str, int]) -> list[str]:
    return [asked.search(queries.error_kind(asked.state.name, kind, known_keys)) for kind in kinds.kinds]


def _sentence(profile: Profile, *, rated: bool) -> str:
    """The answer before the data."""
    itself = profile.itself
    if itself is None:
        return "No spans of it in this time."
    red, period = itself.red, profile.operations.period
    if not red.spans:
        return f"{display.plural(itself.spans, 'span')}, none of them a call from outside."
    often = words.rate(red.calls, period.seconds) if rated else "–"
    calls = f"{'≈' if red.weighted else ''}{display.plural(red.calls, 'call')}"
    parts = [calls if often == "–" else f"{calls} ({often})"]
    parts.append(f"{display.share(red.error_share)} failed" if red.failed else "none failed")
    p95 = words.percentile(red, "p95")
    change = words.p95_change(red, itself.before)
    if p95 is not None:
        against = f" ({change.words} against before)" if change.ratio is not None else ""
        parts.append(f"p95 {display.duration(p95)}{against}")
    parts.append(f"{display.share(itself.share)} of all the time that requests waited for")
    return ", ".join(parts) + "."


@blueprint.get("/service/chart.json")
def chart() -> Response:
    """A figure of Plotly, in the colours of `theme`."""
    asked = _understand()
    kind = request.args.get("chart", "")
    kind = kind if kind in timeseries.KINDS else timeseries.KINDS[0]
    theme = "dark" if request.args.get("theme") == "dark" else "light"
    query = queries.spans(asked.state.name, entry=asked.state.entry)
    sort = "slowest" if kind == "duration" else "newest"
    written = f"{query} error" if kind == "errors" else query
    changes = store().headline.version_changes(parse(""), asked.window)
    body = timeseries.figure(
        asked.profile.moments,
        kind,
        theme,
        lambda moment: asked.cell(moment, written, sort),
        [change for change in changes if change.service == asked.state.name],
        rated=not tail_note(),
    )
    return Response(body, mimetype="application/json")


@blueprint.get("/service/narrow")
def narrow() -> BaseResponse:
    """Where a drag over a chart leads: the same page for that time."""
    state = ServicesState.read(request.args)
    times = {"from_": request.args.get("t0", state.from_), "to": request.args.get("t1", state.to)}
    return redirect(state.url("/service", **times))


@blueprint.get("/service.json")
def page_json() -> Response:
    asked = _understand()
    graph = store().graph(asked.window)
    kinds = store().services.error_kinds(asked.state.name, asked.window)
    name = asked.state.name
    return jsonify(
        {
            **json.profile(asked.profile),
            "callers": [_edge(edge) for edge in graph.edges if edge.callee == name],
            "callees": [_edge(edge) for edge in graph.edges if edge.caller == name],
            "errors": json.error_kinds(kinds),
            "slowest": json.slowest(store().services.slowest(name, asked.window)),
        }
    )


def _edge(edge: GraphEdge) -> dict[str, object]:
    return {field: getattr(edge, field) for field in GraphEdge._fields}
