"""The service graph as a drawing: which nodes are drawn, where their cards stand, how the edges run between them.

Left to right, columns and order from `layers.py`, heights from `placement.py`. Numbers and SVG paths only; the same
graph gives the same picture.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webapp.analysis.layers import Layers, layered
from webapp.analysis.placement import heights
from webapp.model.results import GraphEdge, GraphNode

_MARGIN_X, _MARGIN_Y = 18.0, 22.0
GAP, _WIDEST_GAP = 46.0, 120.0  # between columns; wider where edges climb far …
_CLIMB = 0.2  # … by this much of what the steepest one climbs
_ROW_GAP, _LANE_GAP = 34.0, 20.0  # between cards; between a passing edge and what is next to it
_MANY_ROWS, _LEAST_ROW_GAP = 9, 22.0  # more cards above each other than that stand closer
_GRID = 4  # what should be level is, in spite of small differences
_TIP = 5.0  # room for the head of the arrow
_RETURN_AT = 0.82  # an edge that runs back leaves and meets its cards this far down
# An edge from a card to itself: over its upper edge, between these distances from the right corner.
_LOOP_HEIGHT, _LOOP_FROM, _LOOP_TO = 22.0, 44.0, 16.0

_PARTS = (0.5, 0.38, 0.62, 0.28, 0.72, 0.2, 0.8)  # of a curve, where a label may stand

Point = tuple[float, float]
Names = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Curve:
    """`path` is an SVG path from caller to callee, `places` are points of it for a label, the best first.
    `returning`: part of a cycle.
    """

    path: str
    places: list[Point]
    returning: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Upper left corners of the cards by name, curves by (caller, callee)."""

    positions: dict[str, Point]
    curves: dict[Names, Curve]
    width: float
    height: float


def choose(
    nodes: Sequence[GraphNode],
    edges: Sequence[GraphEdge],
    limit: int = 60,
    *,
    focus: str | None = None,
    hops: int = 2,
) -> set[str]:
    """Names of the nodes to draw, at most `limit`: those with most traffic and critical time; with `focus` those up
    to `hops` calls before or behind it, the nearest first.
    """
    traffic = {node.name: 0.0 for node in nodes}
    for edge in edges:
        for name in {edge.caller, edge.callee}:
            traffic[name] += edge.calls
    most = max(traffic.values(), default=0) or 1
    weight = {node.name: traffic[node.name] / most + node.share for node in nodes}
    distance = dict.fromkeys(weight, 0)
    if focus in weight:
        calls = [(edge.caller, edge.callee) for edge in edges]
        behind = _within(focus, calls, hops)
        before = _within(focus, [(callee, caller) for caller, callee in calls], hops)
        distance = {
            name: min(behind.get(name, hops), before.get(name, hops))
            for name in behind.keys() | before.keys()
        }
    ranked = sorted(distance, key=lambda name: (distance[name], -weight[name], name))
    return set(ranked[:limit])


def _within(start: str, steps: Iterable[Names], most: int) -> dict[str, int]:
    """The names that up to `most` steps lead to, and how many it takes."""
    following: dict[str, list[str]] = {}
    for source, target in steps:
        following.setdefault(source, []).append(target)
    distance, edge = {start: 0}, [start]
    for taken in range(1, most + 1):
        edge = [name for source in edge for name in following.get(source, ()) if name not in distance]
        distance |= dict.fromkeys(edge, taken)
    return distance


def arrange(
    kinds: Mapping[str, str], edges: Iterable[Names], card: tuple[float, float], gap: float = GAP
) -> Drawing:
    """`kinds` by node name: the user stands in front, what sends no spans itself at the end. `card`: width and height.

    `gap`: least room between columns, wider where curves bear words.
    """
    names = sorted(kinds)
    number = {name: index for index, name in enumerate(names)}
    calls = sorted(set(edges))
    layers = layered(
        len(names),
        [(number[caller], number[callee]) for caller, callee in calls if caller != callee],
        first={number[name] for name in names if kinds[name] == "user"},
        last={number[name] for name in names if kinds[name] not in ("user", "service")},
    )
    tallest = max((sum(node < len(names) for node in column) for column in layers.columns), default=0)
    height = heights(layers, card[1], _ROW_GAP if tallest <= _MANY_ROWS else _LEAST_ROW_GAP, _LANE_GAP)
    top = min(height, default=0.0) - card[1] / 2 - _MARGIN_Y
    router = _Router(
        layers, _columns(layers, height, card[0], gap), [_on_grid(at - top) for at in height], card
    )
    return Drawing(
        positions={name: router.corner(number[name]) for name in names},
        curves={(caller, callee): router.curve(number[caller], number[callee]) for caller, callee in calls},
        width=max(router.left, default=0.0) + card[0] + _MARGIN_X,
        height=max(router.middle, default=0.0) + card[1] / 2 + _MARGIN_Y,
    )


def _on_grid(height: float) -> int:
    return round(height / _GRID) * _GRID


def _columns(layers: Layers, height: Sequence[float], width: float, gap: float) -> list[float]:
    """The left edge of every node's column."""
    left = [_MARGIN_X] * len(height)
    _, behind = layers.neighbours()
    at = _MARGIN_X
    for column in layers.columns:
        climbs = [0.0]
        for node in column:
            left[node] = at
            climbs += [abs(height[node] - height[other]) for other in behind[node]]
        at += width + round(min(_WIDEST_GAP, max(gap, _CLIMB * max(climbs))))
    return left


@dataclass(frozen=True, slots=True)
class _Router:
    """Left edge and middle height of each node, stand-ins included."""

    layers: Layers
    left: list[float]
    middle: list[int]
    card: tuple[float, float]

    def corner(self, node: int) -> Point:
        return self.left[node], self.middle[node] - self.card[1] / 2

    def curve(self, caller: int, callee: int) -> Curve:
        if caller == callee:
            return self._loop(caller)
        returning = (caller, callee) in self.layers.returning
        chain = self.layers.chains[caller, callee]
        pen = self._leave(caller, returning)
        path, bends = [f"M{_point(pen)}"], []
        for node in chain[1:]:
            arrival = self._arrive(node, returning)
            halfway = (pen[0] + arrival[0]) / 2
            bends.append((pen, arrival))
            path.append(f"C{_point((halfway, pen[1]))} {_point((halfway, arrival[1]))} {_point(arrival)}")
            pen = self._leave(node, returning)
            if node != callee:
                path.append(f"H{pen[0]:g}")
        bends.insert(0, bends.pop(len(bends) // 2))
        return Curve("".join(path), [_on(bend, part) for part in _PARTS for bend in bends], returning)

    def _leave(self, node: int, returning: bool) -> Point:
        return self.left[node] + (0 if returning else self.card[0]), self._height(node, returning)

    def _arrive(self, node: int, returning: bool) -> Point:
        tip = _TIP if node < self.layers.count else 0
        x = self.left[node] + (self.card[0] + tip if returning else -tip)
        return x, self._height(node, returning)

    def _height(self, node: int, returning: bool) -> float:
        if returning and node < self.layers.count:
            return round(self.corner(node)[1] + _RETURN_AT * self.card[1], 1)
        return self.middle[node]

    def _loop(self, node: int) -> Curve:
        x, y = self.corner(node)
        start, end, peak = x + self.card[0] - _LOOP_FROM, x + self.card[0] - _LOOP_TO, y - _LOOP_HEIGHT
        path = f"M{start:g},{y:g}C{start:g},{peak:g} {end:g},{peak:g} {end:g},{y - _TIP:g}"
        return Curve(path, [((start + end) / 2, y - 0.75 * _LOOP_HEIGHT)], returning=True)


def _on(bend: tuple[Point, Point], part: float) -> Point:
    """A point of the cubic curve that leaves and arrives level, halfway between both ends."""
    (x, y), (to_x, to_y) = bend
    rest = 1 - part
    swing = 3 * rest * part * (x + to_x) / 2
    across = part * part * (3 * rest + part)
    return rest**3 * x + swing + part**3 * to_x, y + (to_y - y) * across


def _point(point: Point) -> str:
    return f"{point[0]:g},{point[1]:g}"
