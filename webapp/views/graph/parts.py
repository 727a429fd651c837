"""The picture of the service graph: cards and curves as SVG numbers and words. Where they stand is the layout's."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log10

from webapp.analysis import layout
from webapp.model import display
from webapp.model.results import Graph, GraphEdge, GraphNode
from webapp.views.graph.labels import Free, fitted
from webapp.views.graph.matrix import short
from webapp.views.present import slot
from webapp.views.services import words as number_words

WIDTH, HEIGHT = 172, 58
_NAME_ROOM = 140.0  # from behind the mark of a card to its edge
MOST_NODES, MOST_EDGES = 60, 120  # that are drawn; more is a ball of wool
_LABEL_WIDTH = 36.0  # of a share
_WIDE, _LEAST_SCALE = 1_750.0, 0.8  # wider pictures are scrolled rather than drawn smaller than that
_LABELLED_GAP, _MOST_LABELS = 116.0, 40  # more words than these are in each other's way
_RED_FROM = 0.02  # share of failed calls from which an edge is red and says so


@dataclass(frozen=True, slots=True)
class Card:
    node: GraphNode
    x: float
    y: float
    name: str
    slot: int | None
    calls: str
    rank: str  # p95, of few calls p50, "" without any
    took_ns: int
    errors: str
    bar: float  # share of the bar that is filled
    bar_words: str
    more: int  # neighbours that are not drawn


@dataclass(frozen=True, slots=True)
class Curve:
    edge: GraphEdge
    path: str
    width: float
    red: bool
    label: str
    label_x: float
    label_y: float
    label_width: float
    lit: bool  # begins or ends at the node in focus
    returning: bool  # part of a cycle: drawn dashed, from right to left


@dataclass(frozen=True, slots=True)
class Picture:
    cards: list[Card]
    curves: list[Curve]
    width: float
    height: float
    hidden: int  # nodes that are only in the table
    hidden_edges: int

    @property
    def wide(self) -> float:
        """How wide it is drawn where it is not to be fitted into the window, else 0."""
        return self.width * _LEAST_SCALE if self.width > _WIDE else 0.0


@dataclass(frozen=True, slots=True)
class Words:
    """What a picture says in place of calls a minute and, on few curves, of failures."""

    calls: Callable[[GraphNode], str]
    labels: Mapping[layout.Names, str]  # by caller and callee


@dataclass(frozen=True, slots=True)
class Shown:
    """What the bars measure (path, calls or errors), the node in focus ("": none) and how many calls around it are
    drawn, and which part of the calls of one of its ends a connection has at least.
    """

    by: str = "path"
    focus: str = ""
    hops: int = 2
    least: float = 0.01
    rates: bool = True  # calls by time; else how many


def draw(graph: Graph, how: Shown, words: Words | None = None) -> Picture:
    """Cards and curves of the nodes that `layout.choose` keeps."""
    by, focus = how.by, how.focus
    shown = layout.choose(graph.nodes, graph.edges, MOST_NODES, focus=focus or None, hops=how.hops)
    nodes = [node for node in graph.nodes if node.name in shown]
    between = [edge for edge in graph.edges if edge.caller in shown and edge.callee in shown]
    edges = _busy(between, focus, how.least)
    lit = way_in(graph, focus)
    words = words or _protocols(edges, graph, how)
    placed = layout.arrange(
        {node.name: node.kind for node in nodes},
        [(edge.caller, edge.callee) for edge in edges],
        (WIDTH, HEIGHT),
        _LABELLED_GAP if words else layout.GAP,
    )
    beyond = _beyond(graph.edges, shown)
    minutes = (graph.to_ns - graph.from_ns) / 60e9 if how.rates else 0.0
    most = max((node.calls for node in nodes), default=1)
    cards = [
        _card(
            node,
            placed.positions[node.name],
            words.calls(node) if words else _rate(node, graph.edges, minutes),
            _bar(node, by, most),
            beyond.get(node.name, 0),
        )
        for node in sorted(nodes, key=lambda node: placed.positions[node.name])
    ]
    labels = words.labels if words and len(edges) <= _MOST_LABELS else {}
    free = Free([(card.x, card.y, WIDTH, HEIGHT) for card in cards])
    curves = [
        _curve(
            edge,
            placed.curves[edge.caller, edge.callee],
            labels.get((edge.caller, edge.callee)),
            free,
            lit=bool(focus) and (focus in (edge.caller, edge.callee) or (edge.caller, edge.callee) in lit),
        )
        for edge in edges
    ]
    return Picture(
        cards, curves, placed.width, placed.height, len(graph.nodes) - len(nodes), len(between) - len(edges)
    )


def way_in(graph: Graph, focus: str) -> set[layout.Names]:
    """The connections of a shortest way from the user, or from what nobody calls, to a node; the busiest of equal ones."""
    callers: dict[str, list[GraphEdge]] = {}
    for edge in sorted(graph.edges, key=lambda edge: -edge.calls):
        callers.setdefault(edge.callee, []).append(edge)
    behind: dict[str, GraphEdge] = {}
    edge_of_search, seen = [focus], {focus}
    while edge_of_search:
        for node in edge_of_search:
            if node != focus and (node not in callers or node == "user"):
                way = set()
                while node != focus:
                    way.add((behind[node].caller, behind[node].callee))
                    node = behind[node].callee
                return way
        further = []
        for node in edge_of_search:
            for edge in callers.get(node, ()):
                if edge.caller not in seen:
                    seen.add(edge.caller)
                    behind[edge.caller] = edge
                    further.append(edge.caller)
        edge_of_search = further
    return set()


def _beyond(edges: list[GraphEdge], shown: set[str]) -> Counter[str]:
    """By node that is drawn: how many of its neighbours are not."""
    pairs = {(edge.caller, edge.callee) for edge in edges}
    return Counter(
        inside
        for pair in pairs
        for inside, outside in (pair, pair[::-1])
        if inside in shown and outside not in shown
    )


def _protocols(edges: list[GraphEdge], graph: Graph, how: Shown) -> Words | None:
    """Protocols as labels, with what is worth saying of a connection; None when there are too many for words."""
    if len(edges) > _MOST_LABELS:
        return None
    minutes = (graph.to_ns - graph.from_ns) / 60e9 if how.rates else 0.0
    labels: dict[layout.Names, str] = {}
    for edge in edges:
        errors = edge.errors / max(1, edge.calls)
        protocol = (
            ""
            if edge.protocol in (edge.callee.partition(":")[0], edge.caller.partition(":")[0])
            else edge.protocol
        )
        parts = [protocol, display.share(errors) if errors > _RED_FROM else ""]
        if edge.type == "messaging" and ":" not in edge.caller + edge.callee:
            parts.append(f"waits {display.duration(edge.p50_ns)}")
        pair = edge.caller, edge.callee
        labels[pair] = " · ".join(filter(None, [labels.get(pair, ""), *parts]))
    return Words(lambda node: _rate(node, graph.edges, minutes), labels)


def _busy(edges: list[GraphEdge], focus: str, least: float) -> list[GraphEdge]:
    """The connections worth a line: those of the node in focus, and the busiest that matter to one of their ends."""
    calls: Counter[str] = Counter()
    for edge in edges:
        calls.update({edge.caller: edge.calls, edge.callee: edge.calls})
    part = {
        id(edge): edge.calls / min(calls[edge.caller], calls[edge.callee]) for edge in edges if edge.calls
    }
    ranked = sorted(
        (edge for edge in edges if part.get(id(edge), 0) >= least),
        key=lambda edge: (focus not in (edge.caller, edge.callee), -edge.calls, edge.caller, edge.callee),
    )
    return ranked[:MOST_EDGES]


def _bar(node: GraphNode, by: str, most: float) -> tuple[float, str]:
    if by == "calls":
        return node.calls / max(1, most), display.count(node.calls)
    if by == "errors":
        share = node.errors / max(1, node.calls)
        return share, display.share(share)
    return node.share, display.share(node.share)


def _card(node: GraphNode, place: tuple[float, float], calls: str, bar: tuple[float, str], more: int) -> Card:
    errors = node.errors / max(1, node.calls)
    rank = "p50" if number_words.p95(node) is None else "p95"
    rank = rank if node.calls else ""
    return Card(
        node=node,
        x=place[0],
        y=place[1],
        name=fitted(node.name, _NAME_ROOM),
        slot=slot(node.name) if node.kind == "service" else None,
        calls=calls,
        rank=rank,
        took_ns=node.p95_ns if rank == "p95" else node.p50_ns,
        errors=display.share(errors) if errors >= 0.01 else "",
        bar=min(1.0, bar[0]),
        bar_words=bar[1],
        more=more,
    )


def _rate(node: GraphNode, edges: list[GraphEdge], minutes: float) -> str:
    """Calls a minute into the node; of the user and of queues, that nobody calls, those that come from it.

    Less than a second of calls says nothing of how often: they are counted. "" for a service nobody is known to call.
    """
    if node.kind == "service" and not node.calls:
        return ""
    calls = node.calls or sum(edge.calls for edge in edges if edge.caller == node.name)
    weighted = node.weighted or (
        not node.calls and any(edge.weighted for edge in edges if edge.caller == node.name)
    )
    return f"{'≈' if weighted else ''}{_often(calls, minutes)}"


def _often(calls: float, minutes: float) -> str:
    if minutes < 1 / 60:
        return f"{short(calls)} {'call' if round(calls) == 1 else 'calls'}"
    per_minute = calls / minutes
    if calls and per_minute < 0.05:
        return "<0.1/min"
    if per_minute >= 9_950:
        return f"{per_minute / 1_000:,.0f}k/min"
    return f"{per_minute:,.0f}/min" if per_minute >= 9.5 else f"{per_minute:.1f}/min"


def _curve(edge: GraphEdge, placed: layout.Curve, words: str | None, free: Free, *, lit: bool) -> Curve:
    errors = edge.errors / max(1, edge.calls)
    red = errors > _RED_FROM
    label = words or (display.share(errors) if red else "")
    label_width = _LABEL_WIDTH if words is None else round(6 * len(label) + 14.0)
    label_x, label_y = free.place(placed.places, label_width) if label else placed.places[0]
    return Curve(
        edge=edge,
        path=placed.path,
        width=round(1.2 + 0.6 * log10(max(1, edge.calls)), 2),
        red=red,
        label=label,
        label_x=label_x,
        label_y=label_y,
        label_width=label_width,
        lit=lit,
        returning=placed.returning,
    )
