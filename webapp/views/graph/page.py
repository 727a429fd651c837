"""`/graph`: who calls whom, and where the critical-path time goes. Positions come from `analysis/layout.py`."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from flask import Blueprint, Response, jsonify, request

from webapp import query as language
from webapp.analysis import layout
from webapp.model.results import Graph, GraphEdge, GraphNode, Merged, Namespaces, ResultRow
from webapp.views.fragments import page_or_part
from webapp.views.graph.groups import GroupQueries, drawn_groups
from webapp.views.graph.matrix import MOST, matrix_of
from webapp.views.graph.parts import MOST_NODES, Shown, draw, way_in
from webapp.views.graph.state import FORMS, GROUPS, HOPS, LEAST, SIZES, GraphState
from webapp.views.patience import patient
from webapp.views.present import store
from webapp.views.search.page import Asked, understand
from webapp.views.services import words
from webapp.views.services.state import ServicesState
from webapp.views.state import SearchState
from webapp.working import step

blueprint = Blueprint("graph", __name__)
_SLOWEST = 5
_LISTED = 100  # connections of the table before "show all"


@dataclass(frozen=True, slots=True)
class Inspected:
    """The node in focus, with its neighbours, its calls over time and its slowest traces."""

    node: GraphNode
    callers: list[GraphEdge]
    callees: list[GraphEdge]
    slowest: list[ResultRow]
    search: SearchState
    trend: words.Trend | None
    service_url: str
    merged: Merged | None  # what it stands for


@blueprint.get("/graph")
@patient
def page() -> Response:
    state = GraphState.read(request.args)
    namespaces = store().services.namespaces()
    step("Reading who calls whom", 1, 2)
    asked, graph = _read(state, namespaces)
    queries = GroupQueries(graph, namespaces)
    step("Drawing", 2, 2)
    inspected = _inspect(graph, state, asked, queries)
    focus = inspected.node.name if inspected else ""
    form = state.form or ("graph" if focus or state.group or len(graph.nodes) <= MOST_NODES else "table")
    tail_sampled = store().services.tail_sampled()
    shown = Shown(state.by, focus, int(state.hops), state.least, rates=not tail_sampled)
    edges = _edges(graph, focus)
    return page_or_part(
        "graph/page.html",
        "graph/_graph.html",
        state=state,
        asked=asked,
        form=form,
        graph=graph,
        picture=draw(graph if focus else _around(graph, namespaces, state.open), shown)
        if form == "graph"
        else None,
        matrix=matrix_of(
            graph, layout.choose(graph.nodes, graph.edges, MOST, focus=focus or None, hops=shown.hops)
        )
        if form == "matrix"
        else None,
        inspected=inspected,
        edges=edges if state.all else edges[:_LISTED],
        unlisted=0 if state.all else max(0, len(edges) - _LISTED),
        kinds={node.name: node.kind for node in graph.nodes},
        edge_url=lambda edge: state.search(queries.edge(edge)).url(),
        node_url=lambda node: _node_url(graph, state, node.name),
        name_url=lambda name: _node_url(graph, state, name),
        focus=state.focus,
        way=way_in(graph, focus),
        sizes=SIZES,
        forms=FORMS,
        hops=HOPS,
        least=LEAST,
        groups=GROUPS if namespaces.of else {},
        counted=words.counted,
        sample=words.sample,
        p95=words.p95,
        weights=words.weights_note([edge for edge in graph.edges if edge.type != "link"]),
    )


def _around(graph: Graph, namespaces: Namespaces, opened: str) -> Graph:
    """Of an opened namespace its services, whom they call and who calls them."""
    own = {service for service, name in namespaces.of.items() if name == opened}
    edges = [edge for edge in graph.edges if own & {edge.caller, edge.callee}]
    near = own.union(*((edge.caller, edge.callee) for edge in edges))
    if not own:
        return graph
    return replace(graph, nodes=[node for node in graph.nodes if node.name in near], edges=edges)


def _node_url(graph: Graph, state: GraphState, name: str) -> str:
    """What a click does: focus a node or leave it, open a namespace."""
    merged = graph.merged.get(name)
    if merged and merged.namespace:
        return state.url(open=merged.namespace, focus="")
    return state.url(focus="" if name == state.focus else name)


def _edges(graph: Graph, focus: str) -> list[GraphEdge]:
    """Busiest first; those of the node in focus before all others."""
    return sorted(
        graph.edges,
        key=lambda edge: (focus not in (edge.caller, edge.callee), -edge.calls, edge.caller, edge.callee),
    )


@blueprint.get("/graph.json")
def page_json() -> Response:
    asked, graph = _read(GraphState.read(request.args), store().services.namespaces())
    if asked.error:
        raise asked.error
    return jsonify(
        {
            "traces": graph.traces,
            "more": graph.more,
            "from_ns": graph.from_ns,
            "to_ns": graph.to_ns,
            "nodes": [_fields(node, GraphNode._fields) for node in graph.nodes],
            "edges": [_fields(edge, GraphEdge._fields) for edge in graph.edges],
            "merged": {name: _fields(merged, Merged.__slots__) for name, merged in graph.merged.items()},
            "tail_sampled": store().services.tail_sampled(),
        }
    )


def _fields(of: object, names: Collection[str]) -> dict[str, object]:
    return {name: getattr(of, name) for name in names}


def _read(state: GraphState, namespaces: Namespaces) -> tuple[Asked, Graph]:
    asked = understand(SearchState(q=state.q, from_=state.from_, to=state.to))
    groups = drawn_groups(namespaces, state.open) if state.group else {}
    return asked, store().graph(asked.window, asked.query, groups)


def _inspect(graph: Graph, state: GraphState, asked: Asked, queries: GroupQueries) -> Inspected | None:
    node = next((node for node in graph.nodes if node.name == state.focus), None)
    if node is None:
        return None
    search = state.search(queries.node(node), "slowest")
    found = store().search(language.parse(search.q), asked.window, "slowest", 1, _SLOWEST)
    own = None
    if node.kind == "service" and not state.q:
        rows = store().services.overview(asked.window).rows
        own = next((row for row in rows if row.service == node.name), None)
    return Inspected(
        node=node,
        callers=[edge for edge in graph.edges if edge.callee == node.name],
        callees=[edge for edge in graph.edges if edge.caller == node.name],
        slowest=found.rows,
        search=search,
        trend=words.trend(own.trend) if own else None,
        service_url=ServicesState(from_=state.from_, to=state.to).service_url(node.name)
        if node.kind == "service"
        else "",
        merged=graph.merged.get(node.name),
    )
