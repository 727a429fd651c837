"""A trace from afar: the compact bars under the rows and the minimap. Numbers only; the pages make them marks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from webapp.analysis.rows import TraceRows
from webapp.analysis.runs import renumbered, run_starts
from webapp.model.columns import F64, I32, I64, U8, Bool
from webapp.model.spans import Status

SLOTS = 10  # colours of services; a placeholder takes the slot behind them
ON_PATH, FAILED, MISSING, UNFINISHED, NEW_SERVICE, FOLDED = 1, 2, 4, 8, 16, 32
_STEPS = 65_535
_THICKEST = 6


@dataclass(frozen=True, slots=True)
class Minimap:
    """Bars `(x, y, width)` by colour slot, each `thickness` high, in a picture of the size asked for."""

    thickness: int
    bars: list[tuple[int, list[tuple[int, int, int]]]]


@dataclass(frozen=True, slots=True)
class Preview:
    """Asked by row of the trace: of most rows of a large one nobody ever wants to know."""

    rows: TraceRows
    on_path: Bool  # by node
    slots: U8  # by service; the last is that of a span that was not received
    first_ns: int
    whole_ns: int

    def slot(self, shown: I64) -> U8:
        forest = self.rows.forest
        return self.slots[forest.service[self.rows.node[shown]]]

    def names_service(self, shown: I64) -> Bool:
        """Whether the row is of another service than its parent."""
        forest, node = self.rows.forest, self.rows.node[shown]
        parent = forest.parent[node]
        other: Bool = (parent < 0) | (forest.service[node] != forest.service[parent])
        return other

    def bars(self, shown: I64, folded: Bool, ends_ns: I64 | None = None, top: int = 0) -> bytes:
        """A column after the other, 8 bytes a row in all, n rows:

        depth, slot, length of the row's text, flags: n bytes each, 255 for more;
        then n start times, each as its difference to the one before (the first to 0) modulo 65536, and n widths,
        as 16 bit numbers, low byte first. 65535 is the time of the whole trace.
        Flags: 1 on the critical path, 2 failed, 4 not received, 8 unfinished, 16 names its service, 32 folded.
        """
        begin = np.round(self._begin(shown) * _STEPS).astype(np.int64)
        width = np.round(self._end(shown, ends_ns) * _STEPS).astype(np.int64) - begin
        levels = self.rows.depth[shown] - self.rows.depth[top]
        small = (_byte(levels), self.slot(shown), self._text_length(shown), self._flags(shown, folded))
        steps = np.diff(begin, prepend=0) & _STEPS
        return b"".join(column.tobytes() for column in (*small, steps.astype("<u2"), width.astype("<u2")))

    def minimap(self, shown: I64, width: int = 500, height: int = 46, ends_ns: I64 | None = None) -> Minimap:
        """Rows that share a pixel show the colour that most of them have there, so 100,000 cost no more than 1,000."""
        lines = max(1, min(len(shown), height))
        thickness = min(_THICKEST, max(1, height // lines - 1))
        if not len(shown):
            return Minimap(thickness, [])
        line = np.arange(len(shown)) * lines // len(shown)
        left = np.minimum(self._begin(shown) * width, width - 1).astype(np.int64)
        right = np.maximum(left + 1, np.ceil(self._end(shown, ends_ns) * width).astype(np.int64))
        first = line * (width + 1)  # a place behind each line, where its last bar may end
        starts, slot, length = _stretches(first + left, first + right, self.slot(shown))
        y, x = starts // (width + 1) * height // lines, starts % (width + 1)
        bars = np.stack((x, y, length), axis=1)
        return Minimap(
            thickness,
            [
                (one, [(x, y, width) for x, y, width in bars[slot == one].tolist()])
                for one in np.unique(slot).tolist()
            ],
        )

    def _begin(self, shown: I64) -> F64:
        """As a share of the trace's time."""
        return self._share(self.rows.forest.start_ns[self.rows.node[shown]])

    def _end(self, shown: I64, ends_ns: I64 | None) -> F64:
        """`ends_ns` of rows that end later than their own span: they stand for several."""
        return self._share(self.rows.forest.end_ns[self.rows.node[shown]] if ends_ns is None else ends_ns)

    def _share(self, time_ns: I64) -> F64:
        shares: F64 = (time_ns - self.first_ns) / self.whole_ns
        return shares

    def _text_length(self, shown: I64) -> U8:
        forest, node = self.rows.forest, self.rows.node[shown]
        service = np.where(
            self.names_service(shown), _lengths(forest.columns.services)[forest.service[node]] + 1, 0
        )
        return _byte(_lengths(forest.columns.names)[forest.name[node]] + service)

    def _flags(self, shown: I64, folded: Bool) -> U8:
        forest, node = self.rows.forest, self.rows.node[shown]
        flags = np.zeros(len(node), np.uint8)
        for bit, mask in (
            (ON_PATH, self.on_path[node]),
            (FAILED, forest.status[node] == Status.ERROR),
            (MISSING, forest.source[node] < 0),
            (UNFINISHED, forest.unfinished[node]),
            (NEW_SERVICE, self.names_service(shown)),
            (FOLDED, folded),
        ):
            flags[mask] |= bit
        return flags


def preview_of(rows: TraceRows, on_path: Bool, slots: Mapping[str, int]) -> Preview:
    """`on_path` is by node; `slots` gives the colour of each service, in 0 to 9."""
    forest = rows.forest
    first_ns = int(forest.start_ns.min())
    of_services = [slots.get(name, 0) for name in forest.columns.services]
    return Preview(
        rows=rows,
        on_path=on_path,
        slots=np.array([*of_services, SLOTS], np.uint8),
        first_ns=first_ns,
        whole_ns=max(1, int(forest.end_ns.max()) - first_ns),
    )


def _lengths(names: list[str]) -> I64:
    """Of each name; the last entry, index -1, is for a span that was not received."""
    return np.array([len(name) for name in names] + [len("(missing)")])


def _byte(values: I64 | I32) -> U8:
    return np.minimum(values, 255).astype(np.uint8)


def _stretches(begin: I64, behind: I64, slot: U8) -> tuple[I64, U8, I64]:
    """Where the colour that is on top changes: place, slot and length of each stretch. Only those places are counted."""
    changes = np.zeros(int(behind.max(initial=0)) + 1, np.bool_)
    changes[begin] = changes[behind] = True
    places, number = np.flatnonzero(changes), np.cumsum(changes) - 1
    used, first = np.flatnonzero(np.bincount(slot)), renumbered(slot.astype(np.int64)) * len(places)
    count = len(used) * len(places)
    edges = np.bincount(first + number[begin], minlength=count)
    edges -= np.bincount(first + number[behind], minlength=count)
    many = np.cumsum(edges.reshape(len(used), len(places)), axis=1)
    colour = np.where(many.any(axis=0), used[many.argmax(axis=0)], -1)
    starts = run_starts(colour)
    length, covered = np.diff(places[starts], append=0), colour[starts] >= 0
    return places[starts][covered], colour[starts][covered].astype(np.uint8), length[covered]
