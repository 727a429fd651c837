"""Nodes of the service graph that stand for several, namespaces and addresses: which are drawn, where clicks lead."""

from dataclasses import dataclass

from webapp.analysis.edges import UNKNOWN
from webapp.model.results import Graph, GraphEdge, GraphNode, Namespaces
from webapp.query import write_key, write_term
from webapp.views.graph.queries import called, either, of_edge, of_node

_NAMED = 12  # services or addresses that a query names one by one
_ADDRESS = "^[][0-9a-fA-F.:]*[.:][][0-9a-fA-F.:]*$"


def drawn_groups(namespaces: Namespaces, opened: str) -> dict[str, str]:
    """By service the namespace it is drawn as a part of: all but those of the one that is opened."""
    return {service: name for service, name in namespaces.of.items() if name != opened}


@dataclass(frozen=True, slots=True)
class GroupQueries:
    """As `queries.py` says it, also for nodes that stand for several."""

    graph: Graph
    namespaces: Namespaces

    def node(self, node: GraphNode) -> str:
        if node.name not in self.graph.merged:
            return of_node(node, is_peer=node.name in self.graph.peers)
        return self._term(node.name) if self._namespace(node.name) else self._addresses(node.name)

    def edge(self, edge: GraphEdge) -> str:
        if not {edge.caller, edge.callee} & self.graph.merged.keys():
            return of_edge(edge)
        kinds = {node.name: node for node in self.graph.nodes}
        if edge.type == "entry" or edge.caller == UNKNOWN:
            services = self._services(edge.callee)
            made = either(called(edge.caller, service) for service in services[:_NAMED])
            if len(services) > _NAMED:
                made = write_term("trace.caller", "=", edge.caller)
            return f"{made} {self._term(edge.callee)}"
        if kinds[edge.callee].kind not in ("service", "namespace"):
            return f"{self._term(edge.caller)} {self.node(kinds[edge.callee])}"
        if kinds[edge.caller].kind not in ("service", "namespace"):
            return f"{self._term(edge.callee)} {self.node(kinds[edge.caller])} kind=consumer"
        between = " > " if edge.type == "rpc" else " "
        return between.join(f"{{{self._term(name)}}}" for name in (edge.caller, edge.callee))

    def _namespace(self, name: str) -> str:
        return self.graph.merged[name].namespace if name in self.graph.merged else ""

    def _term(self, name: str) -> str:
        """Of spans of one service, or of the services of a namespace."""
        namespace = self._namespace(name)
        if not namespace:
            return write_term("service", "=", name)
        services = self._services(name)
        if self.namespaces.keys and len(services) > _NAMED:
            return either(
                write_term(write_key(f"resource.{key}"), "=", namespace) for key in self.namespaces.keys
            )
        if len(services) > _NAMED and namespace.isalnum() and namespace.isascii():
            begins = sorted({service[: len(namespace) + 1] for service in services})
            return either(
                f"service={begun}*" if len(begun) > len(namespace) else write_term("service", "=", begun)
                for begun in begins
            )
        return either(write_term("service", "=", service) for service in services)

    def _services(self, name: str) -> list[str]:
        """Of a namespace, or the one."""
        namespace = self._namespace(name)
        if not namespace:
            return [name]
        return sorted(service for service, own in self.namespaces.of.items() if own == namespace)

    def _addresses(self, name: str) -> str:
        members = [address for address, _ in self.graph.merged[name].members]
        if len(members) <= _NAMED:
            return either(write_term("peer", "=", member) for member in members)
        return write_term("peer", "~", _ADDRESS)
