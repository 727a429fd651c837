"""`/graph`: who calls whom, and where the critical-path time goes. Positions come from `analysis/layout.py`."""

from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from webapp import query as language
from webapp.model.results import Graph, GraphEdge, GraphNode, ResultRow
from webapp.query import Window
from webapp.views.fragments import page_or_part
from webapp.views.graph_parts import MOST_NODES, draw
from webapp.views.graph_queries import GraphQueries
from webapp.views.present import store
from webapp.views.state import SearchState

blueprint = Blueprint("graph", __name__)
SIZES = {"path": "Critical path", "calls": "Calls", "errors": "Errors"}
FORMS = {"graph": "Graph", "table": "Table"}
_SLOWEST = 5
_LISTED = 100  # connections of the table before "show all"


@dataclass(frozen=True, slots=True)
class GraphState:
    """`focus` is a node's name; `by` what the bars in the cards measure; `all` lists every connection.

    Without `form`, a graph that is too large to be drawn whole opens as its table.
    """

    focus: str = ""
    by: str = "path"
    form: str = ""
    from_: str = ""
    to: str = ""
    all: str = ""

    @classmethod
    def read(cls) -> "GraphState":
        given = request.args
        by, form = given.get("by", ""), given.get("form", "")
        return cls(
            focus=given.get("focus", ""),
            by=by if by in SIZES else "path",
            form=form if form in FORMS else "",
            from_=given.get("from", "").strip(),
            to=given.get("to", "").strip(),
            all="1" if given.get("all") else "",
        )

    def url(self, **changes: str) -> str:
        state = replace(self, **changes)
        given = {
            field.name.rstrip("_"): getattr(state, field.name)
            for field in fields(state)
            if getattr(state, field.name) != field.default
        }
        return "/graph" + (f"?{urlencode(given)}" if given else "")


@dataclass(frozen=True, slots=True)
class Inspected:
    """The node in focus, with its neighbours and its slowest traces."""

    node: GraphNode
    callers: list[GraphEdge]
    callees: list[GraphEdge]
    slowest: list[ResultRow]
    search: SearchState


@blueprint.get("/graph")
def page() -> Response:
    state = GraphState.read()
    graph, window, problem = _read(state)
    queries = GraphQueries(dict(store().keys()))
    inspected = _inspect(graph, state, window, queries)
    focus = inspected.node.name if inspected else ""
    form = state.form or ("graph" if focus or len(graph.nodes) <= MOST_NODES else "table")
    edges = _edges(graph, focus)
    return page_or_part(
        "graph/page.html",
        "graph/_graph.html",
        state=state,
        form=form,
        graph=graph,
        problem=problem,
        picture=draw(graph, state.by, focus) if form == "graph" else None,
        inspected=inspected,
        edges=edges if state.all else edges[:_LISTED],
        unlisted=0 if state.all else max(0, len(edges) - _LISTED),
        kinds={node.name: node.kind for node in graph.nodes},
        shares={node.name: node.share for node in graph.nodes},
        edge_url=lambda edge: SearchState(q=queries.edge(edge), from_=state.from_, to=state.to).url(),
        node_url=lambda node: state.url(focus="" if node.name == state.focus else node.name),
        focus=state.focus,
        sizes=SIZES,
        forms=FORMS,
    )


def _edges(graph: Graph, focus: str) -> list[GraphEdge]:
    """Busiest first; those of the node in focus before all others."""
    return sorted(
        graph.edges,
        key=lambda edge: (focus not in (edge.caller, edge.callee), -edge.calls, edge.caller, edge.callee),
    )


@blueprint.get("/graph.json")
def page_json() -> Response:
    graph, _, _ = _read(GraphState.read())
    return jsonify(
        {
            "traces": graph.traces,
            "from_ns": graph.from_ns,
            "to_ns": graph.to_ns,
            "nodes": [{name: getattr(node, name) for name in GraphNode.__slots__} for node in graph.nodes],
            "edges": [{name: getattr(edge, name) for name in GraphEdge.__slots__} for edge in graph.edges],
        }
    )


def _read(state: GraphState) -> tuple[Graph, Window, str]:
    _, newest_ns = store().bounds()
    window, problem = SearchState(from_=state.from_, to=state.to).window(newest_ns + 1)
    return store().graph(window), window, problem


def _inspect(graph: Graph, state: GraphState, window: Window, queries: GraphQueries) -> Inspected | None:
    node = next((node for node in graph.nodes if node.name == state.focus), None)
    if node is None:
        return None
    search = SearchState(q=queries.node(node), from_=state.from_, to=state.to, sort="slowest")
    found = store().search(language.parse(search.q), window, "slowest", 1, _SLOWEST)
    return Inspected(
        node=node,
        callers=[edge for edge in graph.edges if edge.callee == node.name],
        callees=[edge for edge in graph.edges if edge.caller == node.name],
        slowest=found.rows,
        search=search,
    )
