"""The flame graph of a trace: which frames are drawn, where they lie, what they say. What they sum: `analysis/flame.py`."""

import re
from dataclasses import dataclass

import numpy as np

from webapp import query as language
from webapp.analysis.attribution import label
from webapp.analysis.call_path import operation
from webapp.analysis.flame import Frames, Paths, frames_of, paths_of
from webapp.analysis.summary import critical_times
from webapp.model import display
from webapp.model.columns import I64, Bool
from webapp.store import Store
from webapp.views.flame import LABELLED, LEVEL, Shown, base_depth, choose_frames, rests_of, widest
from webapp.views.present import slot
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.notes import Note
from webapp.views.trace.rows import MISSING
from webapp.views.trace.state import TraceState
from webapp.views.trace.views_chosen import Chosen, finding

_MOST_LISTED = 150  # of the drawn frames, in the table
_FIRST_CRUMBS, _LAST_CRUMBS = 3, 5
_MOST_NAMES = 5  # that a query spells out
_SPECIAL = re.compile(r"([\\.^$|?*+()\[\]{}])")  # in a regular expression


@dataclass(frozen=True, slots=True)
class Frame:
    """`service`: "" where the call stays within the service. `error`: as in the waterfall. `found`: None if not sought."""

    level: int
    x: float
    width: float
    slot: int
    service: str
    name: str
    title: str
    url: str
    error: str
    found: bool | None
    total_ns: int
    own_ns: int
    share: float
    spans: int
    failed: int
    spans_url: str
    longest_url: str
    labelled: bool

    @property
    def text(self) -> str:
        return display.duration(self.total_ns)


def flame_context(trace: OpenTrace, state: TraceState, chosen: Chosen, _store: Store) -> dict[str, object]:
    """All that `_flame.html` names."""
    paths = trace.once("call paths", lambda: paths_of(trace.rows))
    frames = _frames(trace, state, chosen.part, paths)
    node = trace.node_of(state.frame) if state.frame else None
    shown = choose_frames(frames, -1 if node is None else int(frames.of_node[node]))
    maker = _Maker(trace, state, paths, frames, shown, chosen.found)
    drawn = [maker.frame(number) for number in shown.drawn.tolist()]
    thin = shown.thin(frames)
    notes = [*chosen.notes]
    if state.frame and node is None:
        notes.append(Note(f"The trace has no span {state.frame}.", []))
    return {
        "frames": drawn,
        "listed": widest(drawn, _MOST_LISTED),
        "rests": rests_of(frames, shown),
        "focus": maker.frame(shown.base) if shown.base >= 0 else None,
        "crumbs": maker.crumbs(),
        "height": LEVEL * (1 + max((frame.level for frame in drawn), default=0)),
        "level_height": LEVEL,
        "whole_ns": maker.all_ns,
        "paths": len(frames),
        "thin": len(thin),
        "thin_ns": int(frames.own_ns[thin].sum()),
        "beyond": len(shown.left_out) - len(thin),
        "without": shown.without,
        "busy_url": state.url(of="busy"),
        "notes": notes,
    }


def _frames(trace: OpenTrace, state: TraceState, part: Bool | None, paths: Paths) -> Frames:
    """Of self times, or of those on the path that the page shows; without what is left out."""
    busy, forest = state.of == "busy", trace.facts.forest

    def summed() -> Frames:
        own_ns = trace.facts.self_ns if busy else critical_times(forest, trace.chosen_path(state.path))
        return frames_of(trace.rows, own_ns if part is None else np.where(part, own_ns, 0), paths)

    if part is not None:
        return summed()
    return trace.once(f"frames {'busy' if busy else trace.which_path(state.path)}", summed)


class _Maker:
    """Puts frames into words and percent."""

    def __init__(
        self,
        trace: OpenTrace,
        state: TraceState,
        paths: Paths,
        frames: Frames,
        shown: Shown,
        found: I64 | None,
    ) -> None:
        self._trace, self._state, self._frames, self._shown = trace, state, frames, shown
        self._hit: Bool | None = None
        if found is not None:
            self._hit = np.bincount(frames.of_node[found], minlength=len(frames)) > 0
        causes = np.flatnonzero(trace.causes)
        self._cause = np.bincount(frames.of_node[causes], minlength=len(frames)) > 0
        self._paths = paths
        self.all_ns = int(frames.total_ns[frames.parent < 0].sum())

    def frame(self, number: int) -> Frame:
        frames, shown = self._frames, self._shown
        service, name = self._names(number)
        parent = int(frames.parent[number])
        above = self._names(parent)[0] if parent >= 0 and number != shown.base else ""
        total_ns, own_ns = int(frames.total_ns[number]), int(frames.own_ns[number])
        spans, failed = int(frames.spans[number]), int(frames.failed[number])
        span_id = self._trace.span_id(int(frames.node[number]))
        x, width = shown.extent(shown.start_ns.get(number, 0), total_ns)
        share = total_ns / max(1, self.all_ns)
        title = f"{service} · {name}: {display.duration(total_ns)}, {display.share(share)}, {display.plural(spans, 'span')}"
        return Frame(
            level=int(frames.depth[number]) - base_depth(frames, shown),
            x=x,
            width=width,
            slot=slot(service),
            service="" if service == above else service,
            name=name,
            title=title + (f", {failed:,} failed" if failed else ""),
            url=self._state.url(frame=span_id),
            error="" if not failed else "cause" if self._cause[number] else "passed",
            found=None if self._hit is None else bool(self._hit[number]),
            total_ns=total_ns,
            own_ns=own_ns,
            share=share,
            spans=spans,
            failed=failed,
            spans_url=self._spans_url(number, service),
            longest_url=self._state.url(f"show/{span_id}"),
            labelled=width >= LABELLED,
        )

    def crumbs(self) -> list[tuple[str, str]]:
        """The frames above the one in focus, words and URL, the root first; of many the first and the last."""
        above = []
        number = int(self._frames.parent[self._shown.base]) if self._shown.base >= 0 else -1
        while number >= 0:
            above.append(number)
            number = int(self._frames.parent[number])
        above.reverse()
        shown = [(" ".join(self._names(one)), self._url(one)) for one in above[:_FIRST_CRUMBS]]
        left_out = len(above) - _FIRST_CRUMBS - _LAST_CRUMBS
        if left_out > 0:
            shown.append((f"{display.plural(left_out, 'frame')} between", ""))
        rest = above[max(_FIRST_CRUMBS, len(above) - _LAST_CRUMBS) :]
        return shown + [(" ".join(self._names(one)), self._url(one)) for one in rest]

    def _url(self, number: int) -> str:
        return self._state.url(frame=self._trace.span_id(int(self._frames.node[number])))

    def _names(self, number: int) -> tuple[str, str]:
        service, name = label(self._trace.facts.forest, int(self._frames.node[number]))
        return service, name if self._frames.spans[number] == 1 else operation(name)

    def _spans_url(self, number: int, service: str) -> str:
        """To the spans with the frame's operation, by whatever path they were called."""
        if service == MISSING:
            return ""
        forest = self._trace.facts.forest
        nodes = self._paths.by_frame[self._paths.bounds[number] : self._paths.bounds[number + 1]]
        names = [forest.columns.names[code] for code in np.unique(forest.name[nodes]).tolist()]
        terms = language.write_term("service", "=", service), _any_name(names)
        return self._state.url(view="spans", by="span", find=finding(self._state, *terms))


def _any_name(names: list[str]) -> str:
    """A term that these names fit, which are of one operation."""
    if len(names) <= _MOST_NAMES:
        exact = [language.write_term("operation", "=", name) for name in names]
        return exact[0] if len(exact) == 1 else f"({' OR '.join(exact)})"
    pieces = operation(names[0]).split("{id}")
    pattern = ".*".join(_SPECIAL.sub(r"\\\1", piece) for piece in pieces)
    end = "" if any("?" in name for name in names) else "$"
    return language.write_term("operation", "~", f"^{pattern}{end}")
