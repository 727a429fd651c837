"""What the query language says of a node or a connection of the service graph: where a click in the graph leads.

`trace.call` and its like ask for what the graph is counted from, so that a click finds just the traces that were counted;
what stands beside it says which of their spans to show.
"""

from collections.abc import Iterable

from webapp.analysis.edges import UNKNOWN
from webapp.model.results import GraphEdge, GraphNode
from webapp.query import write_term


def of_node(node: GraphNode, *, is_peer: bool = False) -> str:
    """Traces through a node. `is_peer`: a peer of the name of the service, without spans of it, is drawn as the service."""
    if node.kind == "service":
        keys = ("trace.service", "trace.callee") if is_peer else ("trace.service",)
        return either(write_term(key, "=", node.name) for key in keys)
    if node.kind == "user" or node.name == UNKNOWN:
        return write_term("trace.caller", "=", node.name)
    if not node.calls:  # all that they called answered with spans of its own
        return spans_of_node(node)
    if node.kind == "messaging":
        return either(write_term(f"trace.{end}", "=", node.name) for end in ("caller", "callee"))
    return f"{write_term('trace.callee', '=', node.name)} {write_term('peer', '=', node.name)}"


def of_edge(edge: GraphEdge) -> str:
    """Traces with calls of this connection."""
    made = called(edge.caller, edge.callee, edge.type)
    if (
        edge.type == "rpc"
    ):  # a peer of the name of a service is drawn as the service, and need not have spans there
        callee = either(write_term(key, "=", edge.callee) for key in ("service", "peer"))
        return f"{made} {callee}" if edge.caller != UNKNOWN else f"{made} {spans_of_edge(edge)}"
    return f"{made} {spans_of_edge(edge).removeprefix('root ')}"


def spans_of_node(node: GraphNode) -> str:
    """Of one trace: the spans of a service, or those that name the peer."""
    if node.kind == "user":
        return "root"
    return write_term("service" if node.kind == "service" else "peer", "=", node.name)


def spans_of_edge(edge: GraphEdge) -> str:
    """Of one trace: the spans that make such a call, or that answer one from outside."""
    callee = write_term("service", "=", edge.callee)
    if edge.type == "entry":
        return f"root {callee}"
    if edge.type == "messaging" and ":" not in edge.callee:
        return f"{callee} kind=consumer"
    if edge.type in ("db", "external", "messaging"):
        return f"{write_term('service', '=', edge.caller)} {write_term('peer', '=', edge.callee)}"
    return callee


def called(caller: str, callee: str, kind: str = "") -> str:
    """Traces with such a call."""
    marked = f" ({kind})" if kind in ("messaging", "link") else ""
    return write_term("trace.call", "=", f"{caller} → {callee}{marked}")


def either(terms: Iterable[str]) -> str:
    listed = list(terms)
    return f"({' OR '.join(listed)})" if len(listed) > 1 else "".join(listed)
