"""What analysis finds: the tree, the critical path, the verdict, the failure, the edges. Results only, no rules."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from webapp.model.columns import F64, I32, I64, U8, U64, Bool, SpanColumns
from webapp.model.warnings import Warning


class Where(IntEnum):
    """Where in its span a path segment lies, seen from the span's children on the path."""

    LEAF = 0
    BEFORE = 1
    BETWEEN = 2
    AFTER = 3
    WAIT = 4  # completion path only: nobody works, a message waits


@dataclass(frozen=True, slots=True)
class Forest:
    """Repaired spans of one or many traces: `columns` without dropped duplicates, then the placeholders.

    Arrays have one entry a node. `node -> source` is the row of the `SpanColumns` it came from, -1 for a placeholder.
    `start_ns`/`end_ns` are corrected (clock shift applied, ends filled in). `parent` is a node or -1.
    Nodes of one trace are adjacent in trace order, placeholders at the end of their trace.
    """

    columns: SpanColumns
    source: I32
    trace: I32
    span_id: U64  # unique within its trace; a split or renamed id is told apart by `suffix`
    suffix: I32  # 0: the id as recorded; k: shown as "<id>_k"
    parent: I32
    start_ns: I64
    end_ns: I64
    offset_ns: I64  # clock shift that is contained in start_ns and end_ns
    service: I32  # into columns.services; placeholders: -1, shown as "(missing)"
    name: I32  # into columns.names; -1 likewise
    kind: U8
    status: U8
    blocking: Bool  # its parent waited for it (analysis.md 2.1)
    detached: Bool  # FOLLOWS_FROM or attached by a link: never blocking
    unfinished: Bool
    root: I32  # one a trace: the primary root node
    dropped: I64  # columns.row of exact duplicates, to be deleted
    warnings: list[list[Warning]]  # one list a trace
    too_far: list[tuple[int, int]] = field(default_factory=list)  # node, and the shift that was not applied

    def __len__(self) -> int:
        return len(self.parent)


@dataclass(frozen=True, slots=True)
class Path:
    """Segments in time order. `where` holds `Where` values."""

    node: I32
    start_ns: I64
    end_ns: I64
    where: U8


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence. `level` is dominant, main or spread; `share` a fraction of response_ns."""

    level: str
    service: str
    name: str
    critical_ns: int
    share: float
    sentence: str
    qualifiers: list[str] = field(default_factory=list)
    confidence: str = "high"
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """Where the failure of a trace began.

    `caller` is "service · name" of the nearest span of another service above it, or "".
    """

    span_id: str
    service: str
    name: str
    message: str
    caller: str
    duration_ns: int
    sentence: str
    source: str = ""  # "file.py:12" when the span carries code.* attributes


@dataclass(frozen=True, slots=True)
class Finding:
    """A known pattern in a trace, by its code (analysis.md section 8). `parent` is the node it happens below, or -1.

    `severity` is high, medium or info; `gain_ns` what the response could be shorter; `numbers` what made it fire.
    """

    code: str
    severity: str
    nodes: list[int]
    parent: int
    gain_ns: int
    message: str
    numbers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls between two services of one trace. `type`: entry, rpc, db, messaging, external, link."""

    caller: str
    callee: str
    type: str
    calls: int
    errors: int


class ServiceShare(NamedTuple):
    """One service's part of one trace. A tuple, since a page of results holds up to ten thousand."""

    service: str
    spans: int
    errors: int
    critical_ns: int


@dataclass(frozen=True, slots=True)
class TraceFacts:
    """All that the trace page knows about one trace. Per-node arrays align with `forest`."""

    forest: Forest
    path: Path
    completion: Path | None  # None when it equals `path`
    self_ns: I64
    critical_ns: I64
    start_ns: int  # first start and last end of the trace, as recorded
    end_ns: int
    response_ns: int  # duration of the primary root
    verdict: Verdict
    completion_verdict: Verdict | None
    failure: Failure | None
    services: list[ServiceShare]  # most critical time first
    warnings: list[Warning]


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One row of the store's `traces` table; what search, facets and charts read."""

    trace_id: str
    start_ns: int
    duration_ns: int
    response_ns: int
    root_span_id: str
    root_service: str
    root_name: str
    spans: int
    errors: int
    failed: bool  # the primary root has status ERROR
    services: list[ServiceShare]
    verdict: Verdict
    failure_sentence: str
    warnings: int
    incomplete: bool  # placeholders stand for spans that were not received
    depth: int = 0  # levels of spans, those that were not received among them; a lone root is 1
    late_verdict: Verdict | None = None  # on the completion path, where the page of the trace opens on that


@dataclass(frozen=True, slots=True)
class SpanFacts:
    """Per span of a batch, aligned with the batch's `SpanColumns` (dropped duplicates hold zeros)."""

    critical_ns: I64
    self_ns: I64
    depth: NDArray[np.int32]
    path_id: U64  # analysis.md 6.1: hash of the call path
    on_path: Bool


@dataclass(frozen=True, slots=True)
class EdgeCalls:
    """One entry a call, over all traces of a batch: what the service graph is summed from.

    `caller`, `callee` index into `nodes`: (kind of node, name) with kind service, db, messaging, external or user.
    `span`: the node of the forest that tells of the call, the callee's own if it sent one. `sender`: the caller's span
    of the call, -1 where it is not known to be another.
    """

    nodes: list[tuple[str, str]]
    caller: I32
    callee: I32
    type: U8  # index into EDGE_TYPES
    trace: I32
    start_ns: I64
    duration_ns: I64
    error: Bool
    unresolved: dict[str, int] = field(default_factory=dict)  # by service: calls of nobody known, unanswered
    span: I32 = field(default_factory=lambda: np.empty(0, np.int32))
    sender: I32 = field(default_factory=lambda: np.empty(0, np.int32))
    critical_ns: I64 = field(
        default_factory=lambda: np.empty(0, np.int64)
    )  # owned by the call; empty: unknown
    weight: F64 | None = None  # calls that each stands for; None: each for itself


MOST_SHIFT_NS = 60_000_000_000  # clocks that are farther apart are told of, and left as they are


class ClockShift(NamedTuple):
    """In one trace, by number: so far the callee's times are shifted to fit the caller's, unless that is more than
    MOST_SHIFT_NS. Clocks go by host or service.
    """

    trace: int
    caller: str
    callee: str
    shift_ns: int


EDGE_TYPES = ("entry", "rpc", "db", "messaging", "external", "link")


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """The analysis of a batch of whole traces, ready to be stored."""

    traces: list[TraceSummary]  # aligned with columns.trace_ids
    spans: SpanFacts
    edges: EdgeCalls
    dropped: I64  # store rows of exact duplicates
    warnings: list[list[Warning]]  # aligned with columns.trace_ids
    shifts: list[ClockShift] = field(default_factory=list)
