"""What the store answers to the search and graph pages. Shapes only."""

from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from webapp.model.facts import TraceSummary


@dataclass(frozen=True, slots=True)
class Match:
    """Which span of a trace a query found: its slowest match, and how many there are."""

    span_id: str
    service: str
    name: str
    duration_ns: int
    count: int


@dataclass(frozen=True, slots=True)
class ResultRow:
    summary: TraceSummary
    match: Match | None  # None when the query speaks of no span


@dataclass(frozen=True, slots=True)
class ResultPage:
    """`total` is exact unless `total_exact` is false, then "more than". `slowest_ns` scales the duration bars."""

    rows: list[ResultRow]
    total: int
    total_exact: bool
    page: int
    has_more: bool
    slowest_ns: int


@dataclass(frozen=True, slots=True)
class Note:
    """What the user should know of how a query was understood. `instead` is a query to offer, "" if there is none."""

    message: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """Over all matching traces, or over `based_on` of them (the newest) when there are too many.

    Percentiles go by the weights of the traces, of which `weighted` are not 1: together they stand for `calls`, and are
    as sure as `worth` of one weight.
    """

    traces: int
    errors: int
    p50_ns: int
    p95_ns: int
    p99_ns: int
    based_on: int | None
    weighted: int
    calls: float
    worth: float


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str  # what is shown, e.g. "fraud-service · check"
    term: str  # the query term that selects it, e.g. trace.bottleneck="fraud-service · check"
    traces: int


@dataclass(frozen=True, slots=True)
class Facet:
    """`key` names the facet (service, root, outcome, duration, bottleneck, or an attribute key)."""

    key: str
    label: str
    values: list[FacetValue]
    more: int  # values not listed


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Column `x` and row `y` of the grid. `matched` traces of `all` fit the query; `errors` of the matched failed."""

    x: int
    y: int
    matched: int
    all: int
    errors: int
    slowest: str  # trace id of the slowest matched trace, "" if none


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Grid over time (linear) and duration (log). Edges have one more entry than cells."""

    time_edges_ns: list[int]
    duration_edges_ns: list[int]
    cells: list[HeatCell]
    based_on: int | None


@dataclass(frozen=True, slots=True)
class Point:
    """One trace of the scatter chart."""

    trace_id: str
    start_ns: int
    duration_ns: int
    root_service: str
    root_name: str
    failed: bool
    errors: int
    matched: bool


class GraphNode(NamedTuple):
    """`kind`: service, db, messaging, external or user, namespace for several services. `critical_ns` is path time spent
    in it over the window. `calls` and `errors` are sums of weights; `spans` were counted, of which `weighted` have a
    weight that is not 1, and are as sure as `worth` of one weight.
    """

    kind: str
    name: str
    calls: float
    errors: float
    p50_ns: int
    p95_ns: int
    critical_ns: int
    share: float  # of all critical time in the window
    spans: int = 0
    weighted: int = 0
    worth: float = inf


class GraphEdge(NamedTuple):
    caller: str  # node names; a name is unique over kinds
    callee: str
    type: str
    calls: float
    errors: float
    p50_ns: int
    p95_ns: int
    critical_ns: int = 0  # path time below its calls, up to the next calls
    share: float = 0.0  # of all critical time
    protocol: str = ""  # HTTP, gRPC, postgresql …, as seen in some of the newest traces
    spans: int = 0
    weighted: int = 0
    worth: float = inf


@dataclass(frozen=True, slots=True)
class Merged:
    """What is drawn as one node: `namespace` of services, "" for addresses; `members` by name with their calls."""

    namespace: str
    members: list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Namespaces:
    """`of`: by service. `keys`: attributes that say so; none: names that begin alike. Empty where neither tells."""

    of: dict[str, str]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    traces: int
    from_ns: int
    to_ns: int
    more: bool = False  # only the newest of the traces that match
    merged: dict[str, Merged] = field(default_factory=dict)  # by name of node
    peers: frozenset[str] = frozenset()  # services that peers of the same name are drawn as


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One file or receiver: what `inspect` prints."""

    path: str
    format: str
    reason: str
    traces: int
    spans: int
    rejected: int
    duplicates: int
    warnings: list[dict[str, object]]

    @property
    def why(self) -> str:
        """`reason` beside the path: refusals name their file."""
        return self.reason.replace(f" ({self.path})", "", 1)


@dataclass(frozen=True, slots=True)
class Usual:
    """How long the spans of one operation take. `buckets` in time: from, below (both in ns), spans."""

    spans: int
    p50_ns: int
    p95_ns: int
    buckets: list[tuple[int, int, int]]
