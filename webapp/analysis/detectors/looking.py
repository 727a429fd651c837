"""Findings of many whole traces at once: repaired together, told apart by arrays, looked into where something is.

Two steps, since what calls ask for lies elsewhere: first which rows are to be read, then the findings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from webapp.analysis.batch_path import critical_paths
from webapp.analysis.blocking import tolerance, tolerances, waited_for
from webapp.analysis.call_path import depths
from webapp.analysis.critical_path import PathFinder
from webapp.analysis.detectors import find_in
from webapp.analysis.detectors.kinds import kind_of
from webapp.analysis.detectors.scene import SEVERITIES, Scene
from webapp.analysis.detectors.suspects import Hints, suspects
from webapp.analysis.runs import run_lengths, run_starts
from webapp.analysis.summary import critical_times
from webapp.analysis.tree import repair
from webapp.model.calls import Call, call_of
from webapp.model.columns import I64, SpanColumns
from webapp.model.facts import Finding, Forest, Path
from webapp.model.insights import FindingKind, Found, LateChildren, LookedAt
from webapp.model.spans import Attributes, Kind
from webapp.model.thresholds import Thresholds
from webapp.model.warnings import Warning

ASKING = (Kind.CLIENT, Kind.PRODUCER, Kind.CONSUMER)
MOST_CALLS = 100_000  # of one trace whose attributes are read: those that were waited for, then the longest
TIMES = (
    "total_ns", "wasted_ns", "saving_ns", "wait_ns", "late_ns", "between_ns", "limit_ns", "gap_ns", "duration_ns",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One trace of a forest, as the detectors look at it."""

    forest: Forest
    path: Path
    critical_ns: I64

    @property
    def response_ns(self) -> int:
        root = self.forest.root[0]
        return int(self.forest.end_ns[root] - self.forest.start_ns[root])

    @cached_property
    def completion(self) -> Path | None:
        finder, root = PathFinder(self.forest), int(self.forest.root[0])
        late_ns = int(self.forest.end_ns[finder.last_to_end(root)] - self.forest.end_ns[root])
        return finder.completion(root) if late_ns > tolerance(self.response_ns) else None

    @property
    def warnings(self) -> list[Warning]:
        return self.forest.warnings[0]


class Looking:
    """`columns` must hold whole traces, each with at least one span."""

    def __init__(self, columns: SpanColumns, thresholds: Thresholds, hints: Hints | None = None) -> None:
        self._thresholds = thresholds
        self._forest = forest = repair(columns)
        children = waited_for(forest)
        self._path = _in_order(forest, critical_paths(forest, children, depths(forest)))
        self._critical_ns = critical_times(forest, self._path)
        suspected = suspects(forest, self._path, self._critical_ns, thresholds, hints)
        self._suspected = np.flatnonzero(suspected).tolist()
        self._bounds = np.searchsorted(forest.trace, np.arange(len(columns.trace_ids) + 1)).tolist()
        self._path_bounds = np.searchsorted(
            forest.trace[self._path.node], np.arange(len(columns.trace_ids) + 1)
        ).tolist()
        self._unread = 0
        self._asking = [self._asking_nodes(trace) for trace in self._suspected]

    @property
    def rows(self) -> I64:
        """Of the store, whose attributes the findings need."""
        forest = self._forest
        nodes = np.concatenate([np.empty(0, np.int64), *self._asking])
        rows: I64 = np.sort(forest.columns.row[forest.source[nodes]])
        return rows

    def findings(self, read: Mapping[int, tuple[Attributes, str]]) -> LookedAt:
        """`read`: attributes and status message by row."""
        found: list[Found] = []
        for trace, nodes in zip(self._suspected, self._asking, strict=True):
            part = self.part(trace)
            scene = Scene(part, self._calls(nodes, self._bounds[trace], read), self._thresholds)
            found += _merged(trace, part, _kinds(scene, find_in(scene, self._thresholds)))
        return LookedAt(found, late_children(self._forest), self._root_rows(), self._unread)

    def part(self, trace: int) -> Part:
        forest, first, end = self._forest, self._bounds[trace], self._bounds[trace + 1]
        nodes = slice(first, end)
        segments = slice(self._path_bounds[trace], self._path_bounds[trace + 1])
        columns = forest.columns
        links = slice(*np.searchsorted(columns.trace[columns.link_owner], (trace, trace + 1)).tolist())
        dropped = forest.dropped
        if len(dropped):
            own = columns.row[slice(*np.searchsorted(columns.trace, (trace, trace + 1)).tolist())]
            dropped = dropped[np.isin(dropped, own)]
        return Part(
            forest=replace(
                forest,
                columns=replace(
                    columns,
                    trace_ids=columns.trace_ids[trace : trace + 1],
                    link_owner=columns.link_owner[links],
                    link_span=columns.link_span[links],
                    inferred=(0,) if trace in columns.inferred else (),
                ),
                **{name: getattr(forest, name)[nodes] for name in _BY_NODE},
                trace=np.zeros(end - first, np.int32),
                parent=np.where(
                    forest.parent[nodes] >= 0, forest.parent[nodes] - np.int32(first), np.int32(-1)
                ),
                root=forest.root[trace : trace + 1] - np.int32(first),
                dropped=dropped,
                warnings=forest.warnings[trace : trace + 1],
            ),
            path=Path(
                self._path.node[segments] - np.int32(first),
                *(getattr(self._path, name)[segments] for name in ("start_ns", "end_ns", "where")),
            ),
            critical_ns=self._critical_ns[nodes],
        )

    def _asking_nodes(self, trace: int) -> I64:
        forest = self._forest
        first, end = self._bounds[trace], self._bounds[trace + 1]
        nodes = first + np.flatnonzero(
            np.isin(forest.kind[first:end], ASKING) & (forest.source[first:end] >= 0)
        )
        chosen = most_important(forest, self._critical_ns, nodes)[:MOST_CALLS]
        self._unread += len(nodes) - len(chosen)
        return chosen

    def _calls(self, nodes: I64, first: int, read: Mapping[int, tuple[Attributes, str]]) -> dict[int, Call]:
        forest = self._forest
        columns = forest.columns
        words = zip(
            (nodes - first).tolist(), columns.row[forest.source[nodes]].tolist(), forest.kind[nodes].tolist(),
            forest.name[nodes].tolist(), strict=True,
        )  # fmt: skip
        return {
            node: call_of(kind, columns.names[name], *read[row])
            for node, row, kind, name in words
            if row in read
        }

    def _root_rows(self) -> I64:
        source = self._forest.source[self._forest.root]
        rows: I64 = np.where(source >= 0, self._forest.columns.row[source], -1)
        return rows


_BY_NODE = (
    "source", "span_id", "suffix", "start_ns", "end_ns", "offset_ns", "service", "name", "kind", "status", "blocking",
    "detached", "unfinished",
)  # fmt: skip


def most_important(forest: Forest, critical_ns: I64, nodes: I64) -> I64:
    """Calls in the order in which they are read, should there be too many."""
    if len(nodes) <= MOST_CALLS:
        return nodes
    duration_ns = forest.end_ns[nodes] - forest.start_ns[nodes]
    ordered: I64 = nodes[np.lexsort((-duration_ns, -critical_ns[nodes]))]
    return ordered


def late_children(forest: Forest) -> LateChildren:
    """How many spans end after the span that made them: not messages, links, or answers that nobody awaited any more."""
    child = np.flatnonzero(
        (forest.parent >= 0) & (forest.source >= 0) & ~forest.detached & (forest.kind != Kind.CONSUMER)
    )
    above = forest.parent[child]
    whole = (forest.source[above] >= 0) & ~forest.unfinished[child] & ~forest.unfinished[above]
    whole &= ~np.isin(forest.kind[above], (Kind.CLIENT, Kind.PRODUCER))
    child, above = child[whole], above[whole]
    late = forest.end_ns[child] > forest.end_ns[above] + tolerances(
        forest.end_ns[above] - forest.start_ns[above]
    )
    order = np.lexsort((forest.service[above], forest.trace[child]))
    trace, service = forest.trace[child][order], forest.service[above][order]
    starts = run_starts(trace, service)
    counts = np.add.reduceat(late[order].astype(np.int64), starts) if len(starts) else starts
    return LateChildren(trace[starts], service[starts], run_lengths(starts, len(order)), counts)


def _in_order(forest: Forest, path: Path) -> Path:
    order = np.lexsort((path.end_ns, path.start_ns, forest.trace[path.node]))
    return Path(*(getattr(path, name)[order] for name in Path.__slots__))


def _kinds(scene: Scene, found: list[Finding]) -> Iterator[tuple[FindingKind, Finding]]:
    for finding in found:
        yield kind_of(scene, finding), finding


def _merged(trace: int, part: Part, found: Iterator[tuple[FindingKind, Finding]]) -> Iterator[Found]:
    """One for each kind."""
    by_kind: dict[FindingKind, list[Finding]] = {}
    for kind, finding in found:
        by_kind.setdefault(kind, []).append(finding)
    whole_ns = part.response_ns
    for kind, same in by_kind.items():
        gains = [finding.gain_ns for finding in same]
        time_ns = max(map(time_tested, same))
        yield Found(
            trace=trace,
            kind=kind,
            severity=min(SEVERITIES.index(finding.severity) for finding in same),
            times=len(same),
            gain_ns=min(sum(gains), max(whole_ns, *gains, 0)),
            count=max(finding.numbers.get("count", len(finding.nodes)) for finding in same),
            time_ns=time_ns,
            share=time_ns / whole_ns if whole_ns else 0.0,
        )


def time_tested(finding: Finding) -> int:
    """The time that was compared with a threshold; 0 if none was."""
    return next((finding.numbers[name] for name in TIMES if name in finding.numbers), 0)
