"""Flame graphs: which frames are drawn, and where they lie. Of one trace and of many. What they say is not here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from webapp.analysis.flame import placed
from webapp.analysis.runs import gathered_from_above
from webapp.model.columns import I32, I64

MOST_FRAMES = 400  # that are drawn …
_THINNEST = 1_000  # … and only from this part of the width on
LEVEL = 22  # pixels
LABELLED = 1.2  # percent from which a frame has room for letters


class Frames(Protocol):
    """By frame, parents before children. `total_ns` is its width, never less than those of its children together."""

    @property
    def parent(self) -> I32: ...
    @property
    def depth(self) -> I32: ...
    @property
    def total_ns(self) -> I64: ...

    def __len__(self) -> int: ...


class Wide(Protocol):
    """A frame as it is drawn."""

    @property
    def total_ns(self) -> int: ...


F = TypeVar("F", bound=Wide)


@dataclass(frozen=True, slots=True)
class Rest:
    """The children of a frame that are not drawn, side by side as one."""

    level: int
    x: float
    width: float
    count: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class Shown:
    """`base`: the frame that fills the width, -1 for all roots. `drawn`: frames, in preorder; `start_ns`: where each of
    them begins.
    """

    base: int
    whole_ns: int
    drawn: I64
    start_ns: dict[int, int]
    left_out: I64  # for they are too thin, or too many
    without: int  # frames that have no time at all

    def extent(self, start_ns: int, length_ns: int) -> tuple[float, float]:
        """X and width in percent."""
        whole_ns = max(1, self.whole_ns)
        return round(start_ns * 100 / whole_ns, 3), round(length_ns * 100 / whole_ns, 3)

    def thin(self, frames: Frames) -> I64:
        return self.left_out[frames.total_ns[self.left_out] * _THINNEST < self.whole_ns]


def choose_frames(frames: Frames, base: int) -> Shown:
    inside = np.ones(len(frames), np.bool_)
    whole_ns = int(frames.total_ns[frames.parent < 0].sum())
    if base >= 0:
        marked = np.arange(len(frames)) == base
        inside = gathered_from_above(frames.parent, marked, np.logical_or)
        whole_ns = int(frames.total_ns[base])
    timed = inside & (frames.total_ns > 0)
    wide = np.flatnonzero(timed & (frames.total_ns * _THINNEST >= whole_ns))
    start_ns = _starts(frames, wide)
    chosen = np.lexsort((wide, -frames.total_ns[wide]))[:MOST_FRAMES]  # parents before their children
    chosen = chosen[np.lexsort((frames.depth[wide[chosen]], start_ns[chosen]))]
    drawn = wide[chosen]
    timed[drawn] = False
    starts = dict(zip(drawn.tolist(), start_ns[chosen].tolist(), strict=True))
    without = int((inside & (frames.total_ns == 0)).sum())
    return Shown(base, whole_ns, drawn, starts, np.flatnonzero(timed), without)


def _starts(frames: Frames, wide: I64) -> I64:
    """Where they begin, from the left of the picture. The widest of siblings come first: thin ones move none of them."""
    place = np.full(len(frames) + 1, -1, np.int32)  # the last is that of no parent
    place[wide] = np.arange(len(wide))
    return placed(place[frames.parent[wide]], frames.total_ns[wide])


def rests_of(frames: Frames, shown: Shown) -> list[Rest]:
    """One below each drawn frame that has children which are not, if all of them together can be seen."""
    above = frames.parent[shown.left_out]
    is_drawn = np.zeros(len(frames) + 1, np.bool_)
    is_drawn[shown.drawn] = True
    is_drawn[-1] = shown.base < 0  # the roots, which nothing is above
    top = shown.left_out[is_drawn[above]]
    parents, group = np.unique(frames.parent[top], return_inverse=True)
    time_ns, before_ns = np.zeros(len(parents), np.int64), np.zeros(len(frames) + 1, np.int64)
    np.add.at(time_ns, group, frames.total_ns[top])
    np.add.at(before_ns, frames.parent[shown.drawn], frames.total_ns[shown.drawn])  # drawn siblings are wider
    counts = np.bincount(group, minlength=len(parents))
    rests = []
    for parent, count, length_ns in zip(parents.tolist(), counts.tolist(), time_ns.tolist(), strict=True):
        if length_ns * _THINNEST >= shown.whole_ns:
            start_ns = shown.start_ns.get(parent, 0) + int(before_ns[parent])
            level = int(frames.depth[parent]) + 1 if parent >= 0 else 0
            x, width = shown.extent(start_ns, length_ns)
            rests.append(Rest(level - base_depth(frames, shown), x, width, count, length_ns))
    return rests


def base_depth(frames: Frames, shown: Shown) -> int:
    return int(frames.depth[shown.base]) if shown.base >= 0 else 0


def widest(drawn: Sequence[F], most: int) -> list[F]:
    """In the same order. What leads to a frame is as wide, and stands before it: it is there too."""
    chosen = sorted(range(len(drawn)), key=lambda place: (-drawn[place].total_ns, place))[:most]
    return [drawn[place] for place in sorted(chosen)]
