"""The map of one trace's calls: who called whom by which protocol. Its sums are `analysis/trace_map.py`'s, its drawing
is that of the service graph; where a click leads in the waterfall is settled here.
"""

import secrets
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import quote_plus

import numpy as np

from webapp import query as language
from webapp.analysis import edges
from webapp.analysis.trace_map import Connection, TraceMap, map_of
from webapp.model import display
from webapp.model.columns import I64
from webapp.model.facts import EDGE_TYPES, EdgeCalls, Forest
from webapp.model.results import Graph, GraphEdge, GraphNode
from webapp.store import Store
from webapp.store.graph.protocols import KNOWN_BY
from webapp.views.graph.parts import Shown, Words, draw
from webapp.views.graph.queries import spans_of_edge, spans_of_node
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.state import TraceState
from webapp.views.trace.views_chosen import Chosen, pages_of

_CALL, _LINK = "call", "link"
_SOUGHT = secrets.token_hex(16)  # stands for what is sought; nothing typed into an address equals it
_MOST_OPERATIONS = 5  # that a query spells out


@dataclass(frozen=True, slots=True)
class ConnectionLine:
    caller: GraphNode
    callee: GraphNode
    edge: GraphEdge
    protocol: str
    critical_ns: int
    share: float  # of the response
    url: str


def map_context(trace: OpenTrace, state: TraceState, chosen: Chosen, store: Store) -> dict[str, object]:
    """All that `_map.html` names."""
    forest = trace.facts.forest
    calls = trace.once("calls", lambda: edges.calls(forest))
    names, protocol = trace.once("protocols", lambda: _protocols(trace, calls, store))
    if chosen.part is None:
        traced = trace.once("map", lambda: map_of(trace.facts, calls, names, protocol))
    else:
        traced = map_of(trace.facts, calls, names, protocol, chosen.part)
    parties = {node.name: node for node in traced.nodes}
    links = _Links(forest, state)
    pages = pages_of(state, len(traced.connections), "connection")
    picture = draw(_graph(traced), Shown(), Words(_calls, _labels(traced.connections)))
    by_pair = defaultdict(list)
    for one in traced.connections:
        by_pair[one.edge.caller, one.edge.callee].append(one)
    return {
        "picture": picture,
        "picture_words": "Calls of this trace",
        "focus": "",
        "dim": _without_match(forest, traced, chosen.found),
        "node_url": links.node,
        "edge_url": lambda edge: links.edge(by_pair[edge.caller, edge.callee]),
        "lines": [
            ConnectionLine(
                parties[one.edge.caller],
                parties[one.edge.callee],
                one.edge,
                one.protocol,
                one.critical_ns,
                one.critical_ns / max(1, trace.facts.response_ns),
                links.edge([one]),
            )
            for one in traced.connections[pages.part]
        ],
        "pages": pages,
        "nodes": len(traced.nodes),
        "connections": len(traced.connections),
    }


def _protocols(trace: OpenTrace, calls: EdgeCalls, store: Store) -> tuple[list[str], I64]:
    """The names of protocols, and of each call the number of its own."""
    forest = trace.facts.forest
    columns = forest.columns
    known = np.full(len(forest) + 1, len(KNOWN_BY), np.int64)  # the last is that of no span
    rows, told = store.operations.protocols(trace.trace_id)
    if len(rows):
        own = np.where(forest.source >= 0, columns.row[forest.source], -1)
        place = np.minimum(np.searchsorted(rows, own), len(rows) - 1)
        tells = rows[place] == own
        known[:-1][tells] = told[place[tells]]
    systems = sorted({_system(peer.name) for peer in columns.peers if peer.type != "external"})
    names = [*KNOWN_BY, _CALL, _LINK, *systems]
    system_of_peer = [
        names.index(_system(peer.name)) if peer.type != "external" else len(KNOWN_BY)
        for peer in columns.peers
    ]
    peer = np.where(forest.source >= 0, columns.peer[forest.source], -1)
    system = np.append(np.array([*system_of_peer, len(KNOWN_BY)], np.int64)[peer], len(KNOWN_BY))
    protocol = np.minimum(known[calls.span], known[calls.sender])
    speaks_system = np.isin(calls.type, [EDGE_TYPES.index(name) for name in ("db", "messaging")])
    for side in (calls.span, calls.sender):
        named = speaks_system & (system[side] != len(KNOWN_BY))
        protocol[named] = system[side][named]
    protocol[calls.type == EDGE_TYPES.index("link")] = names.index(_LINK)
    return names, protocol


def _system(peer: str) -> str:
    """`postgresql` of `postgresql:orders`."""
    return peer.partition(":")[0]


def _graph(traced: TraceMap) -> Graph:
    """For the drawing: one connection between two parties, whatever they speak."""
    merged: dict[tuple[str, str], GraphEdge] = {}
    for one in traced.connections:
        edge = one.edge
        before = merged.get((edge.caller, edge.callee))
        if before:
            calls, errors = before.calls + edge.calls, before.errors + edge.errors
            p50_ns, p95_ns = max(before.p50_ns, edge.p50_ns), max(before.p95_ns, edge.p95_ns)
            edge = GraphEdge(edge.caller, edge.callee, before.type, calls, errors, p50_ns, p95_ns)
        merged[edge.caller, edge.callee] = edge
    return Graph(traced.nodes, list(merged.values()), 1, 0, 0)


def _labels(connections: list[Connection]) -> dict[tuple[str, str], str]:
    """`HTTP`, `HTTP ×12, 3 failed`; of several protocols the one with most critical time, and how many more."""
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in connections:
        said[one.edge.caller, one.edge.callee].append(_label(one))
    return {
        pair: words[0] if len(words) == 1 else f"{words[0]} +{len(words) - 1}" for pair, words in said.items()
    }


def _label(one: Connection) -> str:
    calls, errors = one.edge.calls, one.edge.errors
    if calls == 1:
        return f"{one.protocol} failed" if errors else one.protocol
    failed = "" if not errors else ", all failed" if errors == calls else f", {_short(errors)} failed"
    return f"{one.protocol} ×{_short(calls)}{failed}"


def _short(number: float) -> str:
    return display.count(number) if number < 10_000 else f"{number / 1_000:,.0f}k"


def _calls(node: GraphNode) -> str:
    return "" if not node.calls else f"{_short(node.calls)} {'call' if node.calls == 1 else 'calls'}"


def _without_match(forest: Forest, traced: TraceMap, found: I64 | None) -> set[str]:
    """Names of parties that what is looked for says nothing of."""
    if found is None:
        return set()
    columns = forest.columns
    found = found[forest.source[found] >= 0]
    named = {columns.services[code] for code in np.unique(forest.service[found]).tolist()}
    peers = np.unique(columns.peer[forest.source[found]])
    named |= {columns.peers[code].name for code in peers[peers >= 0].tolist()}
    return {node.name for node in traced.nodes} - named


class _Links:
    """To what a party or a connection has in the waterfall, as near as the query language can say it."""

    def __init__(self, forest: Forest, state: TraceState) -> None:
        self._forest, self._state = forest, state
        self._around = self._written(_SOUGHT).split(
            _SOUGHT
        )  # a map has hundreds of links, alike but for this

    def node(self, node: GraphNode) -> str:
        if node.name == edges.UNKNOWN:
            return self._state.url(view="", find="")
        return self._find(spans_of_node(node))

    def edge(self, connections: list[Connection]) -> str:
        edge = connections[0].edge
        if edge.type == "entry" or edge.type in ("db", "external") or ":" in edge.callee + edge.caller:
            return self._find(spans_of_edge(edge))
        spans = np.concatenate([one.spans for one in connections])
        operations = np.unique(self._forest.name[spans]).tolist()
        terms = [language.write_term("service", "=", edge.callee)]
        if len(operations) <= _MOST_OPERATIONS:
            names = [
                language.write_term("operation", "=", self._forest.columns.names[code]) for code in operations
            ]
            terms.append(names[0] if len(names) == 1 else f"({' OR '.join(names)})")
        return self._find(" ".join(terms))

    def _find(self, text: str) -> str:
        return quote_plus(text).join(self._around) if text else self._written("")

    def _written(self, text: str) -> str:
        return self._state.url(view="", find=text, only="", root="")
