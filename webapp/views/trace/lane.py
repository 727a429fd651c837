"""Where bars, labels, threads and ticks lie in the lane, in percent of its width. Numbers only: `trace/row_html` draws."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from webapp.model import display
from webapp.model.columns import I64
from webapp.views.trace.paths import Handovers

NARROWEST = 0.25  # percent; a bar that would be narrower
NARROWEST_SOLID = 0.16
MOST_THREADS = 6  # more than these crossing a row say nothing
_MERGED = 0.12  # segments closer than this are drawn as one
_PX = 6.5  # pixels a percent of the lane, in a window 1,100 wide: only to guess whether a label fits …
_NARROW_PX = 1.7  # … and in one 360 wide
_FARTHEST = 4.0  # percent from its bar that a label may stand, behind a thread that passes close by
_SPACE = 18  # pixels around a label
_LONG = (("h", 3_600_000_000_000), ("m", 60_000_000_000))


@dataclass(frozen=True, slots=True)
class Thread:
    x: float
    part: str  # "down" begins under this row's bar, "up" ends over it, "" passes


@dataclass(frozen=True, slots=True)
class Label:
    text: str
    x: float
    side: str  # after, before, inside
    width: int  # pixels of the chip, inside


@dataclass(frozen=True, slots=True)
class Bar:
    """What one row draws. `outside` says on which side a bar lies that the zoom leaves out."""

    x: float
    width: float
    solid: list[tuple[float, float]]
    label: Label
    threads: list[Thread] = field(default_factory=list)
    events: list[float] = field(default_factory=list)
    outside: str = ""
    pieces: list[tuple[float, float]] = field(default_factory=list)  # of a bar with holes
    gaps: list[tuple[float, float, str]] = field(
        default_factory=list
    )  # time that no span explains, with its words
    narrow: Label | None = None  # where the label stands in a narrow window, if that is another place or text
    late: tuple[float, float] | None = None  # where something below goes on after its end


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str
    side: str  # start, middle, end
    odd: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """The part of time that fills the width: `begin_ns` (as rows have it) and `length_ns`."""

    begin_ns: int
    length_ns: int

    def x(self, time_ns: int) -> float:
        return (time_ns - self.begin_ns) * 100 / self.length_ns

    def bar(
        self,
        start_ns: int,
        end_ns: int,
        solid: tuple[I64, I64],
        text: str,
        threads: list[Thread],
        last_ns: int = 0,
        short: str = "",
    ) -> Bar:
        """`last_ns`: when the last span below ends, if that is later. `short`: the text where there is little room."""
        left, right = self.x(start_ns), self.x(end_ns)
        if right < 0 or left > 100:
            side = "before" if right < 0 else "after"
            label = Label(text, 0 if right < 0 else 100, "after" if right < 0 else "before", 0)
            return Bar(0, 0, [], label, threads, outside=side)
        left, right = max(left, -1.0), min(right, 101.0)
        width = max(right - left, NARROWEST)
        left = min(left, 100 - NARROWEST)
        pieces = self.stretches(*solid)
        beyond = min(self.x(last_ns), 101.0) - left - width
        late = (round(left + width, 3), round(beyond, 3)) if last_ns > end_ns and beyond > NARROWEST else None
        waited = min([left, *(x for x, _ in pieces[:1])])  # for its start, solid before it
        drawn = (waited, left + width + (beyond if late else 0))
        label = _label(text, drawn, pieces, threads, _PX)
        in_narrow = _label(short or text, drawn, pieces, threads, _NARROW_PX)
        narrow = None if in_narrow == label else in_narrow
        return Bar(round(left, 3), round(width, 3), pieces, label, threads, late=late, narrow=narrow)

    def stretches(self, start_ns: I64, end_ns: I64) -> list[tuple[float, float]]:
        """Times as (x, width), those that touch on the screen joined: never more than some hundred."""
        if not len(start_ns):
            return []
        inside = (end_ns > self.begin_ns) & (start_ns < self.begin_ns + self.length_ns)
        if not inside.any():
            return []
        start_ns, end_ns = start_ns[inside], end_ns[inside]
        order = np.argsort(start_ns, kind="stable")
        left = np.maximum((start_ns[order] - self.begin_ns) * (100 / self.length_ns), -1)
        right = np.minimum((end_ns[order] - self.begin_ns) * (100 / self.length_ns), 101)
        firsts = np.flatnonzero(np.concatenate(([True], left[1:] - right[:-1] > _MERGED)))
        lasts = np.append(firsts[1:], len(left)) - 1
        return [
            (round(x, 3), round(max(end - x, NARROWEST_SOLID), 3))
            for x, end in zip(left[firsts].tolist(), right[lasts].tolist(), strict=True)
        ]

    def gap(self, start_ns: int, end_ns: int) -> tuple[float, float, str]:
        left, right = max(self.x(start_ns), -1.0), min(self.x(end_ns), 101.0)
        words = (
            f"For {display.duration(end_ns - start_ns)} it was waited for, and no span below it explains why."
        )
        return round(left, 3), round(max(0.0, right - left), 3), words

    def threads(self, handovers: Handovers, first: int, count: int) -> list[list[Thread]]:
        """Of each of `count` rows from position `first`; none where too many cross."""
        end_ns = self.begin_ns + self.length_ns
        seen = (handovers.bottom >= first) & (handovers.top < first + count)
        seen &= (handovers.time_ns >= self.begin_ns) & (handovers.time_ns <= end_ns)
        top, bottom = handovers.top[seen] - first, handovers.bottom[seen] - first
        x = [round(self.x(time_ns), 3) for time_ns in handovers.time_ns[seen].tolist()] if len(top) else []
        change = np.bincount(np.maximum(top, 0), minlength=count + 1)[: count + 1]
        change = change - np.bincount(np.minimum(bottom + 1, count), minlength=count + 1)
        crossing = np.cumsum(change)[:count]
        result: list[list[Thread]] = []
        for row in range(count):
            if not 0 < crossing[row] <= MOST_THREADS:
                result.append([])
                continue
            here = np.flatnonzero((top <= row) & (bottom >= row)).tolist()
            result.append([Thread(x[k], _part(row, int(top[k]), int(bottom[k]))) for k in here])
        return result

    def ticks(self, zero_ns: int) -> tuple[list[Tick], float, float]:
        """Labels of the axis, counted from `zero_ns`; and the first gridline and the step between them, in percent."""
        step_ns = _step(self.length_ns / 8)
        offset_ns = self.begin_ns - zero_ns
        first = -(-offset_ns // step_ns) * step_ns
        end_ns = offset_ns + self.length_ns
        unit, size = _unit(max(end_ns, step_ns), step_ns)
        digits = 0
        while step_ns % (size // 10**digits):
            digits += 1
        ticks = []
        for number, at in enumerate(range(first, end_ns + 1, step_ns)):
            x = (at - offset_ns) * 100 / self.length_ns
            side = "start" if x < 2 else "end" if x > 96 else "middle"
            text = f"{at / size:,.{digits}f} {unit}" if at else "0"
            ticks.append(Tick(round(x, 3), text, side, bool(number % 2)))
        return ticks, (first - offset_ns) / self.length_ns, step_ns / self.length_ns


def _part(row: int, top: int, bottom: int) -> str:
    return "down" if row == top else "up" if row == bottom else ""


def _label(
    text: str, bar: tuple[float, float], solid: list[tuple[float, float]], threads: list[Thread], px: float
) -> Label:
    """After the bar or before it, where that is free of threads; else inside on a chip; else behind the next thread."""
    left, right = bar
    pixels = round(_text_pixels(text) + _SPACE)
    need = pixels / px
    passing = [thread.x for thread in threads if not thread.part]
    if right + need <= 100.5 and not any(right < x < right + need for x in passing):
        return Label(text, round(right, 3), "after", 0)
    if left >= need and not any(left - need < x < left - 0.1 for x in passing):
        return Label(text, round(left, 3), "before", 0)
    if right - left >= need:
        return Label(text, round(_free_place(left, right, need, solid), 3), "inside", pixels - 4)
    for free in sorted(x for x in passing if right < x < right + _FARTHEST):
        if free + need <= 100.5 and not any(free < x < free + need for x in passing):
            return Label(text, round(free, 3), "after", 0)
    return Label(text, round(left if left > 50 else right, 3), "before" if left > 50 else "after", 0)


@lru_cache(10_000)
def _text_pixels(text: str) -> float:
    return sum(map(_pixels, text))


def _pixels(character: str) -> float:
    """How wide a character of a label is, about; rather too wide."""
    if ord(character) >= 0x1100:  # Hangul, and the wide scripts and pictures behind it
        return 11.5 if character not in "…–’“”" else 8
    if character.isupper() or character in "mw%@":
        return 8
    return 6.2 if character.isalnum() else 4


def _free_place(left: float, right: float, need: float, solid: list[tuple[float, float]]) -> float:
    """The first stretch of the bar that is not solid and long enough for a chip."""
    at = max(left, 0.0)
    for x, width in [*solid, (right, 0.0)]:
        if x - at >= need + 1:
            return at + 0.3
        at = max(at, x + width)
    return max(left, 0.0) + 1.5


def _step(least_ns: float) -> int:
    """The first of 1, 2, 5, 10, 20 … that is at least this; of whole minutes or hours where it is longer than one."""
    size = next((size for _, size in _LONG if least_ns > size), 1)
    while True:
        for factor in (1, 2, 5):
            if size * factor >= least_ns:
                return size * factor
        size *= 10


def _unit(ns: int, step_ns: int) -> tuple[str, int]:
    for unit, size in _LONG:
        if step_ns % size == 0:
            return unit, size
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)):
        if ns >= size:
            return unit, size
    return "ns", 1
