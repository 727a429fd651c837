"""What the query language says of a node or a connection of the service graph: where a click in the graph leads."""

from collections.abc import Collection, Iterable

from webapp.analysis.edges import UNKNOWN
from webapp.model.results import GraphEdge, GraphNode
from webapp.model.semconv import PEER_KEYS, REMOTE_URL
from webapp.query import write_key, write_term, write_value

_CALLING = "(kind=client OR kind=producer)"


class GraphQueries:
    """Queries that name only attributes which this store has."""

    def __init__(self, known_keys: Collection[str]) -> None:
        self._known = known_keys

    def node(self, node: GraphNode) -> str:
        """Traces through a node: a service by name, a peer without spans by what its callers say of it."""
        if node.kind == "service":
            return write_term("trace.service", "=", node.name)
        if node.kind == "user":
            return "root"
        if node.name == UNKNOWN:
            return "trace.incomplete"
        return f"{self._peer(node.kind, node.name)} {_CALLING}"

    def edge(self, edge: GraphEdge) -> str:
        """Traces with calls of this connection, as near as the language can say it."""
        callee = write_term("service", "=", edge.callee)
        if edge.type == "entry":
            return f"root {callee}"
        if edge.caller == UNKNOWN:
            return f"trace.incomplete {callee}"
        if edge.type == "messaging" and ":" in edge.caller:
            return f"{callee} {self._peer('messaging', edge.caller)} kind=consumer"
        if edge.type in ("db", "external") or (edge.type == "messaging" and ":" in edge.callee):
            caller = write_term("service", "=", edge.caller)
            return f"{caller} {self._peer(edge.type, edge.callee)} {_CALLING}"
        if edge.type == "rpc" and edge.caller != edge.callee:
            return f"{{{write_term('service', '=', edge.caller)}}} > {{{callee}}}"
        return " ".join(write_term("trace.service", "=", name) for name in (edge.caller, edge.callee))

    def _peer(self, kind: str, name: str) -> str:
        """The attributes that gave the peer its name (model/semconv.py), read backwards."""
        system_keys, target_keys = PEER_KEYS[kind]
        if not system_keys:
            urls = [
                f"{write_key(key)}=*{name}*" for key in REMOTE_URL if key in self._known and name.isascii()
            ]
            return _either([*self._terms(target_keys, name), *urls]) or write_value(name)
        system, _, target = name.partition(":")
        parts = [
            _either(self._terms(system_keys, system)),
            _either(self._terms(target_keys, target)) if target else "",
        ]
        return " ".join(filter(None, parts)) or write_value(target or system)

    def _terms(self, keys: Iterable[str], value: str) -> list[str]:
        return [write_term(write_key(key), "=", value) for key in keys if key in self._known]


def _either(terms: list[str]) -> str:
    return f"({' OR '.join(terms)})" if len(terms) > 1 else "".join(terms)
