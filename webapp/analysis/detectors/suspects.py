"""Which of many traces can have a finding at all, by arrays alone: the detectors run only on those.

Each mark is a weaker form of a detector's rule, one that needs no attributes: a trace with a finding is always marked.
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.detectors.marking import Marking
from webapp.analysis.detectors.serial import WORTH_NS
from webapp.analysis.detectors.slow import CONNECTING
from webapp.analysis.detectors.waiting import waits_for
from webapp.analysis.runs import run_lengths, run_starts
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import Forest, Path, Where
from webapp.model.spans import Kind, Status
from webapp.model.thresholds import DEFAULTS, Least, Thresholds

_INNER = (Where.BEFORE, Where.BETWEEN, Where.AFTER)


@dataclass(frozen=True, slots=True)
class Hints:
    """What attributes say before they are read. `resent`: rows of spans that may be tried again; `repeating`: numbers of
    the traces in which a service may ask the same again.
    """

    resent: I64
    repeating: I64


def suspects(
    forest: Forest, path: Path, critical_ns: I64, thresholds: Thresholds, hints: Hints | None = None
) -> Bool:
    """By trace. Without hints any span may be tried again, and any may ask the same."""
    marks = _Marks(Marking(forest, critical_ns), thresholds, hints)
    marks.siblings()
    marks.of_services()
    marks.alike_siblings()
    marks.single_spans()
    marks.gaps(path)
    marks.queues()
    return marks.found


def forest_rows(forest: Forest) -> I64:
    """Of each node its row in the store, -1 for what was not received."""
    return np.where(forest.source >= 0, forest.columns.row[forest.source], -1)


class _Marks:
    def __init__(self, of: Marking, thresholds: Thresholds, hints: Hints | None) -> None:
        self._of, self._forest = of, of.forest
        self._thresholds = thresholds
        rows = forest_rows(of.forest)
        self._resent = np.isin(rows, hints.resent) if hints else np.full(len(rows), True)
        self._repeating = np.full(len(of.forest.root), hints is None)
        if hints:
            self._repeating[hints.repeating] = True
        self.found = np.zeros(len(of.forest.root), np.bool_)

    def _least(self, code: str) -> Least:
        return self._thresholds.get(code, DEFAULTS[code])

    def _floor(self, code: str, trace: I32 | I64) -> I64:
        """As `Scene.floor`, a nanosecond less: halves may be rounded differently."""
        least = self._least(code)
        floor: I64 = np.maximum(least.ns, (least.share * self._of.response_ns[trace]).astype(np.int64) - 1)
        return floor

    def _mark(self, trace: I32 | I64) -> None:
        self.found[trace] = True

    def siblings(self) -> None:
        """Calls of one span: N+1, identical, one after another, tried again, fanned out."""
        calls = self._of.calls
        groups = self._of.groups(calls, self._forest.parent[calls], self._forest.service[calls])
        one = min(self._least("n_plus_one").count, self._least("n_plus_one_calls").count)
        floor = np.minimum(
            self._floor("n_plus_one", groups.trace), self._floor("n_plus_one_calls", groups.trace)
        )
        self._mark(groups.trace[(groups.count >= one) & (groups.total_ns >= floor)])
        many = (groups.count >= self._least("repeated_identical").count) & self._repeating[groups.trace]
        self._mark(groups.trace[many & (groups.total_ns >= self._floor("repeated_identical", groups.trace))])
        again = (groups.count >= self._least("retry").count) & (
            (groups.failed > 0) | groups.any(self._resent)
        )
        self._mark(groups.trace[again])
        below = self._of.groups(calls, self._forest.parent[calls])
        self._mark(below.trace[below.count >= self._least("wide_fanout").count])
        self._in_turn(calls[self._of.entered[calls]])

    def _in_turn(self, calls: I64) -> None:
        """Of those that the path enters."""
        asked, others = calls[self._of.is_query[calls]], calls[~self._of.is_query[calls]]
        others = others[self._of.length_ns[others] >= WORTH_NS]
        below = self._of.groups(others, self._forest.parent[others])
        some = below.count >= self._least("serial_calls").count
        spared_ns = below.total_ns - below.longest_ns
        self._mark(below.trace[some & (spared_ns >= self._floor("serial_calls", below.trace))])
        below = self._of.groups(asked, self._forest.parent[asked])
        some = below.count >= self._least("serial_db").count
        self._mark(below.trace[some & (below.total_ns >= self._floor("serial_db", below.trace))])

    def of_services(self) -> None:
        """Calls of one service in a trace, or of a whole trace: identical, chatty, queries open at once."""
        forest, calls = self._forest, self._of.calls
        groups = self._of.groups(calls, forest.trace[calls], self._of.caller[calls])
        self._mark(groups.trace[groups.count >= self._least("chatty").count])
        groups = self._of.groups(calls, forest.trace[calls], forest.service[calls])
        many = (groups.count >= self._least("repeated_identical").count) & self._repeating[groups.trace]
        self._mark(groups.trace[many & (groups.total_ns >= self._floor("repeated_identical", groups.trace))])
        counts = np.bincount(forest.trace[calls], minlength=len(self.found))
        self._mark(np.flatnonzero(counts >= 3 * self._least("chatty").count))
        asked = calls[self._of.is_query[calls]]
        groups = self._of.groups(asked, forest.trace[asked], forest.service[asked])
        many = groups.count >= self._least("lock_or_pool_wait").count
        self._mark(groups.trace[many & (groups.most_open() >= self._least("lock_or_pool_wait").count)])

    def alike_siblings(self) -> None:
        """Spans of one operation below one span, of which the last ends long after the others."""
        forest = self._forest
        nodes = np.flatnonzero(self._of.received & (forest.parent >= 0))
        nodes = nodes[
            np.lexsort(
                (forest.end_ns[nodes], forest.name[nodes], forest.service[nodes], forest.parent[nodes])
            )
        ]
        starts = run_starts(forest.parent[nodes], forest.service[nodes], forest.name[nodes])
        counts = run_lengths(starts, len(nodes))
        chosen = counts >= max(2, self._least("straggler").count)
        last = (starts + counts)[chosen] - 1
        late_ns = forest.end_ns[nodes[last]] - forest.end_ns[nodes[last - 1]]
        trace = forest.trace[nodes[last]]
        self._mark(trace[late_ns >= self._floor("straggler", trace)])

    def single_spans(self) -> None:
        """Failed, slow, waiting by name, far from their server, connecting, lost, or of an id that came twice."""
        forest, of = self._forest, self._of
        self._mark(forest.trace[of.received & (forest.status == Status.ERROR)])
        self._mark(forest.trace[~of.received])
        self._mark(forest.trace[forest.suffix > 0])
        if len(forest.dropped):
            self._mark(forest.columns.trace[np.isin(forest.columns.row, forest.dropped)])
        asked = of.calls[of.is_query[of.calls]]
        self._mark(forest.trace[asked[of.length_ns[asked] >= self._least("slow_query").ns]])
        waits = of.named(lambda name: bool(waits_for(name)))
        self._mark(
            forest.trace[
                waits[of.critical_ns[waits] >= self._floor("lock_or_pool_wait", forest.trace[waits])]
            ]
        )
        steps = of.named(lambda name: bool(CONNECTING.search(name)))
        steps = steps[forest.parent[steps] >= 0]
        per_trace = np.bincount(forest.trace[steps], of.length_ns[steps], len(self.found))
        least = self._least("connection_overhead")
        self._mark(np.flatnonzero((per_trace > 0) & (per_trace >= least.count * least.ns)))
        servers = np.flatnonzero((forest.kind == Kind.SERVER) & (forest.parent >= 0))
        client = forest.parent[servers]
        between_ns = of.length_ns[client] - of.length_ns[servers]
        far = between_ns >= np.maximum(self._least("large_transport").ns, of.length_ns[client] // 2)
        asks = (forest.kind[client] == Kind.CLIENT) & (of.critical_ns[client] > 0)
        self._mark(forest.trace[client[far & asks]])

    def gaps(self, path: Path) -> None:
        trace = self._forest.trace[path.node]
        long = path.end_ns - path.start_ns >= self._floor("gap", trace)
        guessed = np.isin(trace, self._forest.columns.inferred)
        inner = np.isin(path.where, _INNER)
        self._mark(trace[long & inner & ~guessed & self._of.received[path.node]])

    def queues(self) -> None:
        """A consumer that begins long after the first message of its trace was sent."""
        forest = self._forest
        sent = np.flatnonzero((forest.kind == Kind.PRODUCER) & self._of.received)
        if not len(sent):
            return
        first_ns = np.full(len(self.found), np.iinfo(np.int64).max)
        np.minimum.at(first_ns, forest.trace[sent], forest.end_ns[sent])
        taken = np.flatnonzero((forest.kind == Kind.CONSUMER) & self._of.received)
        taken = taken[first_ns[forest.trace[taken]] < np.iinfo(np.int64).max]
        waited_ns = forest.start_ns[taken] - first_ns[forest.trace[taken]]
        least_ns = np.maximum(self._floor("queue_wait", forest.trace[taken]), 5 * self._of.length_ns[taken])
        self._mark(forest.trace[taken[waited_ns >= least_ns]])
