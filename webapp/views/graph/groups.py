"""Nodes of the service graph that stand for several, namespaces and addresses: which are drawn, where clicks lead."""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.analysis.edges import UNKNOWN
from webapp.model.results import Graph, GraphEdge, GraphNode, Namespaces
from webapp.query import write_key, write_term
from webapp.views.graph.queries import GraphQueries

_NAMED = 12  # services or addresses that a query names one by one
_CALLING = "(kind=client OR kind=producer)"
_ADDRESS = "^[][0-9a-fA-F.:]*[.:][][0-9a-fA-F.:]*$"
_ADDRESS_KEYS = (
    "server.address",
    "net.peer.name",
    "network.peer.address",
    "net.peer.ip",
    "net.sock.peer.addr",
)


def drawn_groups(namespaces: Namespaces, opened: str) -> dict[str, str]:
    """By service the namespace it is drawn as a part of: all but those of the one that is opened."""
    return {service: name for service, name in namespaces.of.items() if name != opened}


@dataclass(frozen=True, slots=True)
class GroupQueries:
    """As `GraphQueries`, also for nodes that stand for several."""

    queries: GraphQueries
    graph: Graph
    namespaces: Namespaces
    known_keys: dict[str, int]

    def node(self, node: GraphNode) -> str:
        if node.name not in self.graph.merged:
            return self.queries.node(node)
        return (
            self._term(node.name)
            if self._namespace(node.name)
            else f"{self._addresses(node.name)} {_CALLING}"
        )

    def edge(self, edge: GraphEdge) -> str:
        if not {edge.caller, edge.callee} & self.graph.merged.keys():
            return self.queries.edge(edge)
        kinds = {node.name: node for node in self.graph.nodes}
        if edge.type == "entry":
            return f"root {self._term(edge.callee)}"
        if edge.caller == UNKNOWN:
            return f"trace.incomplete {self._term(edge.callee)}"
        if kinds[edge.callee].kind not in ("service", "namespace"):
            return f"{self._term(edge.caller)} {self.node(kinds[edge.callee])}"
        if kinds[edge.caller].kind not in ("service", "namespace"):
            peer = self.node(kinds[edge.caller]).removesuffix(f" {_CALLING}")
            return f"{self._term(edge.callee)} {peer} kind=consumer"
        between = " > " if edge.type == "rpc" else " "
        return between.join(f"{{{self._term(name)}}}" for name in (edge.caller, edge.callee))

    def _namespace(self, name: str) -> str:
        return self.graph.merged[name].namespace if name in self.graph.merged else ""

    def _term(self, name: str) -> str:
        """Of spans of one service, or of the services of a namespace."""
        namespace = self._namespace(name)
        if not namespace:
            return write_term("service", "=", name)
        services = sorted(service for service, own in self.namespaces.of.items() if own == namespace)
        if self.namespaces.keys and len(services) > _NAMED:
            return _either(
                write_term(write_key(f"resource.{key}"), "=", namespace) for key in self.namespaces.keys
            )
        if len(services) > _NAMED and namespace.isalnum() and namespace.isascii():
            begins = sorted({service[: len(namespace) + 1] for service in services})
            return _either(
                f"service={begun}*" if len(begun) > len(namespace) else write_term("service", "=", begun)
                for begun in begins
            )
        return _either(write_term("service", "=", service) for service in services)

    def _addresses(self, name: str) -> str:
        members = [address for address, _ in self.graph.merged[name].members]
        known = [key for key in _ADDRESS_KEYS if key in self.known_keys]
        if len(members) <= _NAMED:
            return _either(write_term(write_key(key), "=", one) for one in members for key in known)
        return _either(write_term(write_key(key), "~", _ADDRESS) for key in known)


def _either(terms: Iterable[str]) -> str:
    listed = list(terms)
    return f"({' OR '.join(listed)})" if len(listed) > 1 else "".join(listed)
