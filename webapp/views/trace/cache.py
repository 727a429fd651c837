"""Analysed traces as the trace page keeps them: facts, rows and what is drawn from them, by id and version.

Kept up to a number of bytes, the least recently read go first. Nothing here depends on a request's state but
the views (which rows are shown), which are few and small.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

import numpy as np

from webapp import query as language
from webapp.analysis.alike import Alike, alike_siblings
from webapp.analysis.failure import written_id
from webapp.analysis.folding import Opening, View, opening
from webapp.analysis.jaeger_path import jaeger_path
from webapp.analysis.late import opens_late
from webapp.analysis.marks import Gaps, gaps_of
from webapp.analysis.preview import Preview, preview_of
from webapp.analysis.rows import TraceRows, rows_of
from webapp.analysis.runs import among, positions, run_lengths, run_starts, stable_order
from webapp.analysis.slack import slack_times
from webapp.analysis.trace import analyse_trace
from webapp.model.columns import I64, Bool
from webapp.model.facts import Path, TraceFacts
from webapp.model.spans import Status
from webapp.store import Store
from webapp.store.reading.origins import Origin
from webapp.store.reading.spans import Asked
from webapp.store.reading.whole import WholeTrace
from webapp.views.trace.logs import TraceLogs, logs_beside
from webapp.views.trace.paths import Segments, segments_of

AT_ONCE = 500  # spans: up to here the page comes with what looks at the whole trace once more, beyond without
_BYTES_A_SPAN = 700  # columns, forest, rows, preview and path together; measured
_VIEWS = 8
_MINUTE_NS = 60_000_000_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OpenTrace:
    """One analysed trace. Times of rows are corrected and count from `begin_ns`; arrays `failed`, `cause` are by node."""

    trace_id: str
    version: int
    facts: TraceFacts
    rows: TraceRows
    preview: Preview
    path: Segments
    completion: Segments | None
    errors: I64  # nodes, in row order
    causes: Bool  # failing nodes below which nothing fails
    alike: Alike
    opening: Opening
    begin_ns: int
    length_ns: int
    place: I64  # by row: which of its siblings it is, from 1 …
    siblings: I64  # … and how many they are
    event_rows: I64  # of each event the span's row in the store, ascending …
    event_times_ns: I64  # … and its time as recorded
    logs: TraceLogs  # beside the spans, which know nothing of them
    origin: Origin
    asked: Asked | None  # by row of the store what spans say of whom they ask for what; None of a large trace
    _views: OrderedDict[Hashable, View] = field(default_factory=OrderedDict)
    _found: OrderedDict[str, I64] = field(default_factory=OrderedDict)
    _worked_out: dict[str, object] = field(default_factory=dict)
    _working: dict[str, threading.Lock] = field(default_factory=dict)

    @property
    def is_long(self) -> bool:
        """Whether durations may be of minutes, which are written in two units."""
        return self.length_ns >= _MINUTE_NS

    def once(self, name: str, work_out: Callable[[], T]) -> T:
        """What no page opens with: worked out when first asked for, and kept with the trace."""
        with self._working.setdefault(name, threading.Lock()):
            if name not in self._worked_out:
                self._worked_out[name] = work_out()
        return cast("T", self._worked_out[name])

    def has(self, name: str) -> bool:
        return name in self._worked_out

    def kept_view(self, key: Hashable, make: Callable[[], View]) -> View:
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = make()
            for old in list(self._views)[:-_VIEWS]:
                self._views.pop(old, None)
        return view

    def matching(self, store: Store, text: str) -> I64:
        """The nodes whose spans fit a query. Raises BadQuery."""
        found = self._found.get(text)
        if found is None:
            found = np.flatnonzero(self.in_rows(store.matching_rows(self.trace_id, language.parse(text))))
            self._found[text] = found
            for old in list(self._found)[:-_VIEWS]:
                self._found.pop(old, None)
        return found

    def in_rows(self, rows: I64) -> Bool:
        """By node whether its span lies in one of these rows of the store."""
        forest = self.facts.forest
        return (forest.source >= 0) & among(forest.columns.row, rows)[forest.source]

    def events_of(self, node: int) -> I64:
        """Corrected times of a span's events."""
        forest = self.facts.forest
        if forest.source[node] < 0:
            return self.event_times_ns[:0]
        row = forest.columns.row[forest.source[node]]
        first, end = np.searchsorted(self.event_rows, (row, row + 1))
        times_ns: I64 = self.event_times_ns[first:end] + forest.offset_ns[node]
        return times_ns

    def slack_ns(self) -> I64:
        """By node, -1 where nothing waits for the span."""
        return self.once("slack", lambda: slack_times(self.facts.forest, self.facts.path.node))

    def span_id(self, node: int) -> str:
        """As shown and as in URLs: 16 hex digits, `_k` behind where an id was split."""
        return written_id(self.facts.forest, node)

    def node_of(self, span_id: str) -> int | None:
        """The node that `span_id` writes; None if there is none."""
        digits, _, suffix = span_id.partition("_")
        forest = self.facts.forest
        found = np.flatnonzero((forest.span_id == int(digits, 16)) & (forest.suffix == int(suffix or 0)))
        return int(found[0]) if len(found) else None

    def nodes_of(self, span_ids: Collection[str]) -> list[int]:
        """Those of the span ids that are here; one look at the trace for all of them."""
        if not span_ids:
            return []
        digits = np.array([int(span_id[:16], 16) for span_id in span_ids], np.uint64)
        near = np.flatnonzero(np.isin(self.facts.forest.span_id, digits)).tolist()
        wanted = set(span_ids)
        return [node for node in near if self.span_id(node) in wanted]

    def which_path(self, path: str) -> str:
        """The path that a state asks for: response, completion or truncate. Unsaid, it is the completion path where
        the response was over before half of the work was (analysis.md 2.4).
        """
        if path == "truncate" or self.facts.completion is None:
            return path if path == "truncate" else "response"
        late = path in ("", "0") and opens_late(self.facts)
        return "completion" if late or path == "completion" else "response"

    def segments(self, path: str) -> Segments | None:
        if path == "0":
            return None
        which = self.which_path(path)
        if which == "truncate":
            return self.once("truncated segments", lambda: segments_of(self.rows, self.chosen_path(path)))
        return self.completion if which == "completion" else self.path

    def chosen_path(self, path: str) -> Path:
        facts, which = self.facts, self.which_path(path)
        if which == "truncate":
            root = int(facts.forest.root[0])
            return self.once("truncated path", lambda: jaeger_path(facts.forest, root))
        return facts.completion if which == "completion" and facts.completion else facts.path

    def gaps(self, path: str) -> Gaps:
        """Time on a path that no span explains."""
        of, chosen = self.facts, self.chosen_path(path)
        return self.once(f"gaps {self.which_path(path)}", lambda: gaps_of(self.rows, chosen, of.response_ns))

    def along(self, path: str) -> I64:
        """The nodes with time on a path."""
        return np.unique(self.chosen_path(path).node).astype(np.int64)


def open_trace(store: Store, whole: WholeTrace, key: tuple[str, int], facts: TraceFacts) -> OpenTrace:
    """`key`: id and version."""
    trace_id, version = key
    rows = rows_of(facts.forest)
    errors = np.sort(rows.row_of_node[np.flatnonzero(facts.forest.status == Status.ERROR)])
    failed_nodes = rows.node[errors].astype(np.int64)
    causes = np.zeros(len(rows), np.bool_)
    causes[failed_nodes[rows.below(rows.marked(failed_nodes))[errors] == 0]] = True
    on_path = facts.critical_ns > 0
    path = np.flatnonzero(on_path)
    path = path[np.argsort(-facts.critical_ns[path], kind="stable")]
    order = np.argsort(~causes[failed_nodes], kind="stable")
    place, siblings = _among_siblings(rows)
    alike = alike_siblings(rows)
    begin_ns, end_ns = int(facts.forest.start_ns.min()), int(facts.forest.end_ns.max())
    return OpenTrace(
        trace_id=trace_id,
        version=version,
        facts=facts,
        rows=rows,
        preview=preview_of(rows, on_path, store.service_slots()),
        path=segments_of(rows, facts.path),
        completion=segments_of(rows, facts.completion) if facts.completion else None,
        errors=failed_nodes,
        causes=causes,
        alike=alike,
        opening=opening(rows, path, failed_nodes[order], alike),
        begin_ns=begin_ns,
        length_ns=max(1, end_ns - begin_ns),
        place=place,
        siblings=siblings,
        event_rows=whole.event_rows,
        event_times_ns=whole.event_times_ns,
        logs=logs_beside(store, trace_id, facts.forest),
        origin=whole.origin,
        asked=whole.asked,
    )


def _among_siblings(rows: TraceRows) -> tuple[I64, I64]:
    """Of each row its place among its siblings, from 1, and their number."""
    order = stable_order(rows.parent)
    starts = run_starts(rows.parent[order])
    place, siblings = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    place[order] = positions(starts, len(rows)) + 1
    lengths = run_lengths(starts, len(rows))
    siblings[order] = np.repeat(lengths, lengths)
    return place, siblings


class TraceCache:
    """Traces that were opened lately. Two requests for the same new trace wait for one analysis."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._traces: OrderedDict[tuple[str, int], OpenTrace] = OrderedDict()
        self._lock = threading.Lock()
        self._working: dict[str, threading.Lock] = {}

    def open(self, store: Store, trace_id: str) -> OpenTrace | None:
        """The trace as it now is in the store; None if it is not there."""
        key = (trace_id, store.version(trace_id))
        if found := self._kept(key):
            return found
        with self._lock:
            working = self._working.setdefault(trace_id, threading.Lock())
        with working:
            if found := self._kept(key):
                return found
            whole = store.whole(trace_id, AT_ONCE)
            if whole is None or not len(whole.columns):
                with self._lock:
                    self._working.pop(trace_id, None)
                return None
            facts = analyse_trace(whole.columns)
            facts = replace(facts, warnings=[*whole.origin.losses, *facts.warnings])
            opened = open_trace(store, whole, key, facts)
            self._keep(key, opened)
            return opened

    def _kept(self, key: tuple[str, int]) -> OpenTrace | None:
        with self._lock:
            if key in self._traces:
                self._traces.move_to_end(key)
            return self._traces.get(key)

    def _keep(self, key: tuple[str, int], opened: OpenTrace) -> None:
        with self._lock:
            for old in [old for old in self._traces if old[0] == key[0]]:
                del self._traces[old]
            self._traces[key] = opened
            self._working.pop(key[0], None)
            while len(self._traces) > 1 and self._bytes() > self._most_bytes:
                self._traces.popitem(last=False)

    def _bytes(self) -> int:
        return sum(len(trace.rows) * _BYTES_A_SPAN for trace in self._traces.values())
