"""Where the words on the curves of the service graph stand, and how much of a name fits its card."""

from collections.abc import Sequence

from webapp.analysis.layout import Point

_HEIGHT = 16.0
_NARROW, _BROAD = set("iljtfrI.,:;()[]{}'!|- /"), set("mwMWQOGD@%")
Box = tuple[float, float, float, float]  # x, y, width, height


def fitted(name: str, room: float) -> str:
    """As much of a name in bold letters of 12.5 px as there is room for."""
    if sum(map(_width, name)) <= room:
        return name
    kept, left = 0, room - _width("…")
    while kept < len(name) and (left := left - _width(name[kept])) >= 0:
        kept += 1
    return f"{name[:kept]}…"


def _width(letter: str) -> float:
    if letter in _NARROW:
        return 4.2
    return 10.5 if letter in _BROAD or letter == "…" else 13.0 if letter > "\u2e80" else 7.4


class Free:
    """Where a label covers neither a card nor another label."""

    def __init__(self, taken: list[Box]) -> None:
        self._taken = taken

    def place(self, places: Sequence[Point], width: float) -> Point:
        """The first of the places that is free, else the one that covers least; it is taken from then on."""
        boxes = [(x - width / 2, y - _HEIGHT / 2, width, _HEIGHT) for x, y in places]
        covered = [sum(_shared(box, other) for other in self._taken) for box in boxes]
        best = covered.index(min(covered))
        self._taken.append(boxes[best])
        return places[best]


def _shared(one: Box, other: Box) -> float:
    """The area of both."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return across * down if across > 0 and down > 0 else 0.0
