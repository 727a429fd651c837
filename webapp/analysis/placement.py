"""How high each node of a column stands: near the middle of its neighbours, in order, never on top of the next."""

from collections.abc import Sequence
from itertools import pairwise

from webapp.analysis.layers import Layers

_ROUNDS = 8
_STRAIGHT = 4.0  # how much more than others two stand-ins of one edge want to be level


def heights(layers: Layers, size: float, gap: float, lane: float) -> list[float]:
    """Middles of all nodes. Nodes are `size` high and `gap` apart; a stand-in is a line, `lane` away from what is next."""
    before, behind = layers.neighbours()
    height = [0.0] * len(before)

    def apart(upper: int, lower: int) -> float:
        cards = (upper < layers.count) + (lower < layers.count)
        return cards * size / 2 + (gap if cards == 2 else lane)

    def pull(node: int, other: int) -> float:
        return _STRAIGHT if node >= layers.count and other >= layers.count else 1.0

    def settle(column: list[int], joined: Sequence[Sequence[int]]) -> None:
        wishes = []
        for node in column:
            pulls = [(height[other], pull(node, other)) for other in joined[node]] or [(height[node], 1.0)]
            weight = sum(pulled for _, pulled in pulls)
            wishes.append((sum(at * pulled for at, pulled in pulls) / weight, weight))
        distances = [apart(upper, lower) for upper, lower in pairwise(column)]
        for node, at in zip(column, _nearest_in_order(wishes, distances), strict=True):
            height[node] = at

    for column in layers.columns:
        settle(column, [()] * len(before))
    both = [left + right for left, right in zip(before, behind, strict=True)]
    for round_ in range(_ROUNDS):
        late = round_ >= _ROUNDS // 2
        for column in layers.columns[1:]:
            settle(column, both if late else before)
        for column in layers.columns[-2::-1]:
            settle(column, both if late else behind)
    return height


def _nearest_in_order(wishes: Sequence[tuple[float, float]], distances: Sequence[float]) -> list[float]:
    """Least squares to the (place, weight) wished for, each at least its distance behind the one before.

    Pool adjacent violators: who would stand too near to the one before shares a block with it, at their mean.
    """
    offsets = [0.0]
    for distance in distances:
        offsets.append(offsets[-1] + distance)
    blocks: list[tuple[float, float, int]] = []  # sum of weighted places, weight, members
    for (place, own_weight), offset in zip(wishes, offsets, strict=True):
        total, weight, members = (place - offset) * own_weight, own_weight, 1
        while blocks and blocks[-1][0] * weight >= total * blocks[-1][1]:
            above = blocks.pop()
            total, weight, members = total + above[0], weight + above[1], members + above[2]
        blocks.append((total, weight, members))
    places = [total / weight for total, weight, members in blocks for _ in range(members)]
    return [place + offset for place, offset in zip(places, offsets, strict=True)]
