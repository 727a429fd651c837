"""The difference by call path as rows of a table, and as flame graphs: of either set, and of what changed between them."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from webapp.analysis.cohorts.cohort import Comparison
from webapp.analysis.cohorts.paths import with_all_below
from webapp.analysis.cohorts.split import Split
from webapp.model import display
from webapp.model.cohorts import F64
from webapp.model.columns import I32, I64
from webapp.views.cohorts.state import CohortState
from webapp.views.flame import LABELLED, LEVEL, Rest, base_depth, choose_frames, rests_of, widest
from webapp.views.present import slot

FEW_ROWS, MOST_ROWS = 12, 100
_MOST_LISTED = 150  # of the drawn frames, in the table
_MOST_REMOVED = 12
# Fixed, so that colours mean the same on every page: parts of the greater of the two mean response times.
TONES = ((0.3, 4), (0.1, 3), (0.03, 2), (0.005, 1))


@dataclass(frozen=True, slots=True)
class PathRow:
    service: str
    name: str
    slot: int
    above: str  # the path that leads there
    root: str  # where that begins, if the same operation is listed on other paths, too
    before_ns: int
    after_ns: int
    calls_before: float
    calls_after: float
    slower_ns: int
    more_calls_ns: int
    difference_ns: int
    low_ns: int
    high_ns: int
    share: float  # of the difference
    sure: bool
    traces: int
    faster: str  # what if
    x: float  # of the bar, in percent of its room
    width: float


@dataclass(frozen=True, slots=True)
class CohortFrame:
    level: int
    x: float
    width: float
    slot: int
    tone: str
    service: str
    name: str
    title: str
    url: str
    labelled: bool
    text: str
    error: str
    found: bool | None
    total_ns: int
    own_ns: int
    own_difference_ns: int
    calls: float
    sure: bool


@dataclass(frozen=True, slots=True)
class Removed:
    words: str
    slot: int
    difference_ns: int


@dataclass(frozen=True, slots=True)
class Flame:
    """`mean_ns` is what the whole width stands for when no frame is in focus. `listed`: the widest frames."""

    frames: list[CohortFrame]
    listed: list[CohortFrame]
    rests: list[Rest]
    focus: CohortFrame | None
    crumbs: list[tuple[str, str]]
    height: int
    mean_ns: int
    removed: list[Removed]
    level_height: int = LEVEL


def path_rows(found: Comparison, state: CohortState) -> list[PathRow]:
    """What explains most first, those that are sure before all others."""
    parts = found.split
    difference = parts.difference
    moved = np.flatnonzero((parts.before != 0) | (parts.after != 0))
    order = moved[np.lexsort((moved, -np.abs(difference[moved]), ~parts.sure[moved]))]
    most = max(1.0, float(np.abs(difference).max(initial=0.0)))
    listed = order[: MOST_ROWS if state.rows else FEW_ROWS].tolist()
    rows = [_row(found, entry, most) for entry in listed]
    listed_names = Counter((row.service, row.name) for row in rows)
    return [row if listed_names[row.service, row.name] > 1 else replace(row, root="") for row in rows]


def _row(found: Comparison, entry: int, most: float) -> PathRow:
    parts, tree = found.split, found.split.tree
    change = float(parts.difference[entry])
    service, name = tree.service[entry], tree.name[entry]
    width = 50 * abs(change) / most
    received = entry < len(tree) - 2
    above = _above(parts, entry)
    return PathRow(
        service=service,
        name=name,
        slot=slot(service),
        above=above,
        root=above.partition(" › ")[0],
        before_ns=round(parts.before[entry]),
        after_ns=round(parts.after[entry]),
        calls_before=float(parts.calls_before[entry]),
        calls_after=float(parts.calls_after[entry]),
        slower_ns=round(parts.slower[entry]),
        more_calls_ns=round(parts.more_calls[entry]),
        difference_ns=round(change),
        low_ns=round(parts.low[entry]),
        high_ns=round(parts.high[entry]),
        share=change / found.difference_ns if found.difference_ns else 0.0,
        sure=bool(parts.sure[entry]),
        traces=int(parts.traces[entry]),
        faster=f"operation:{service} · {name}" if received else "",
        x=round(50 - width if change < 0 else 50.0, 2),
        width=round(width, 2),
    )


def _above(parts: Split, entry: int) -> str:
    names = []
    step = int(parts.tree.parent[entry])
    while step >= 0:
        names.append(f"{parts.tree.service[step]} · {parts.tree.name[step]}")
        step = int(parts.tree.parent[step])
    return " › ".join(reversed(names))


@dataclass(frozen=True, slots=True)
class _Shape:
    """What `views/flame.py` draws."""

    parent: I32
    depth: I32
    total_ns: I64

    def __len__(self) -> int:
        return len(self.parent)


def flame_of(found: Comparison, state: CohortState, which: str) -> Flame:
    """`which`: before or after, as wide as the mean time of that set, or diff: as after, coloured by the change."""
    parts, tree = found.split, found.split.tree
    own: F64 = parts.before if which == "before" else parts.after
    total = with_all_below(tree, own)
    total_ns = np.rint(np.maximum(total, 0)).astype(np.int64)
    shape = _Shape(tree.parent, tree.depth, total_ns)
    wanted = int(state.frame, 16) if state.frame else -1
    base = (
        tree.path_id.index(wanted) if wanted in tree.path_id and total_ns[tree.path_id.index(wanted)] else -1
    )
    shown = choose_frames(shape, base)
    whole = found.baseline.mean_ns if which == "before" else found.selection.mean_ns
    maker = _Maker(found, state, which, total, own)
    frames = []
    for entry in shown.drawn.tolist():
        x, width = shown.extent(shown.start_ns[entry], int(total_ns[entry]))
        top = entry == shown.base or tree.parent[entry] < 0
        frames.append(maker.frame(entry, int(tree.depth[entry]) - base_depth(shape, shown), (x, width), top))
    return Flame(
        frames,
        widest(frames, _MOST_LISTED),
        rests_of(shape, shown),
        maker.frame(base, 0, (0.0, 100.0), top=True) if base >= 0 else None,
        maker.crumbs(base),
        LEVEL * (1 + max((frame.level for frame in frames), default=0)),
        round(whole),
        _removed(found) if which == "diff" and found.enough else [],
    )


class _Maker:
    def __init__(self, found: Comparison, state: CohortState, which: str, total: F64, own: F64) -> None:
        self._found, self._state, self._which, self._total, self._own = found, state, which, total, own
        self._greater = max(found.selection.mean_ns, found.baseline.mean_ns, 1.0)
        self._whole = max(1.0, found.baseline.mean_ns if which == "before" else found.selection.mean_ns)
        self._below = with_all_below(found.split.tree, found.split.difference)

    def frame(self, entry: int, level: int, extent: tuple[float, float], top: bool) -> CohortFrame:
        parts, tree = self._found.split, self._found.split.tree
        service, name = tree.service[entry], tree.name[entry]
        above = "" if top else tree.service[int(tree.parent[entry])]
        change, total_ns = round(float(parts.difference[entry])), round(float(self._total[entry]))
        calls = float((parts.calls_before if self._which == "before" else parts.calls_after)[entry])
        text, words = display.duration(total_ns), ""
        if self._which == "diff":
            below = display.offset(round(float(self._below[entry])))
            text = display.offset(change) if parts.sure[entry] else ""
            chance = "" if parts.sure[entry] else ", maybe by chance"
            words = f", {display.offset(change)} in itself{chance}, {below} with all below"
        title = f"{service} · {name}: {display.duration(total_ns)}, {display.share(max(0.0, total_ns / self._whole))}{words}"
        return CohortFrame(
            level=level,
            x=extent[0],
            width=extent[1],
            slot=slot(service),
            tone=self._tone(entry) if self._which == "diff" else "",
            service="" if service == above else service,
            name=name,
            title=title,
            url=self._state.url(frame=f"{tree.path_id[entry]:016x}"),
            labelled=extent[1] >= LABELLED,
            text=text,
            error="",
            found=None,
            total_ns=total_ns,
            own_ns=round(float(self._own[entry])),
            own_difference_ns=change,
            calls=calls,
            sure=bool(parts.sure[entry]),
        )

    def _tone(self, entry: int) -> str:
        """How much the frame itself changed; what may be chance has no colour."""
        change = float(self._found.split.difference[entry]) / self._greater
        strength = next((tone for part, tone in TONES if abs(change) >= part), 0)
        if not strength or not self._found.split.sure[entry]:
            return "t0"
        return f"{'up' if change > 0 else 'down'}{strength}"

    def crumbs(self, base: int) -> list[tuple[str, str]]:
        tree, found = self._found.split.tree, []
        step = int(tree.parent[base]) if base >= 0 else -1
        while step >= 0:
            url = self._state.url(frame=f"{tree.path_id[step]:016x}")
            found.append((f"{tree.service[step]} {tree.name[step]}", url))
            step = int(tree.parent[step])
        return found[::-1]


def _removed(found: Comparison) -> list[Removed]:
    """Paths that no selected trace has, the largest first, of those that took more than hardly any time."""
    parts = found.split
    least_ns = TONES[-1][0] * found.baseline.mean_ns
    gone = np.flatnonzero(
        (parts.after == 0) & (parts.calls_after == 0) & (parts.before >= max(1.0, least_ns))
    )
    gone = gone[gone < len(parts.tree) - 2]
    gone = gone[np.argsort(-parts.before[gone], kind="stable")][:_MOST_REMOVED]
    return [
        Removed(
            f"{parts.tree.service[entry]} · {parts.tree.name[entry]}",
            slot(parts.tree.service[entry]),
            round(float(parts.difference[entry])),
        )
        for entry in gone.tolist()
    ]
