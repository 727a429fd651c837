"""Two sets of traces side by side, as arrays: what the store reads of them for `analysis/cohorts/cohort.py`. No rules here.

The selection is what the user asks about, the baseline what it is measured by. A trace has a number, its place in
`CohortTraces`; both sets lie in one array.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from webapp.model.columns import I32, I64, U64, Bool

F64 = NDArray[np.float64]
ROOT, TAKES_PART = (
    "root",
    "takes part",
)  # keys of scope trace: its root operation, that it has spans of a service
BANDS = {"": (0.0, 1.0), "fast": (0.0, 0.5), "mid": (0.5, 0.9), "high": (0.9, 0.99), "top": (0.99, 1.0)}


@dataclass(frozen=True, slots=True)
class CohortTraces:
    """The traces that were looked at, by number. `weight`: how many each stands for, 1 where nothing says so."""

    selected: Bool
    response_ns: I64
    weight: F64

    def __len__(self) -> int:
        return len(self.response_ns)


@dataclass(frozen=True, slots=True)
class PathTimes:
    """One entry a trace and call path in it: critical time in the path's own spans, and how often it was called.

    `path` indexes into `path_ids` (analysis.md 6.1).
    """

    path_ids: U64
    trace: I32
    path: I32
    critical_ns: I64
    calls: I64


@dataclass(frozen=True, slots=True)
class AttributeColumn:
    """The values of one key: an entry a service, value and trace, in this order. Equal values have equal codes.

    `scope`: span, resource or trace. `service` indexes into CohortData.services, -1 for facts of the whole trace.
    `number` is there for keys that hold numbers. `words` by code, where they are few; else `Cohorts.words` finds them.
    """

    key: str
    scope: str
    trace: I32
    service: I32
    code: U64
    number: F64 | None = None
    words: list[str] | None = None

    def in_order(self) -> "AttributeColumn":
        """Sorted, and each entry once."""
        order = np.lexsort((self.trace, self.code, self.service))
        trace, service, code = self.trace[order], self.service[order], self.code[order]
        first = np.ones(len(order), np.bool_)
        first[1:] = (trace[1:] != trace[:-1]) | (service[1:] != service[:-1]) | (code[1:] != code[:-1])
        number = None if self.number is None else self.number[order][first]
        return replace(self, trace=trace[first], service=service[first], code=code[first], number=number)


@dataclass(frozen=True, slots=True)
class ValueSought:
    """A value of a span attribute, by its code and a trace that has it."""

    key: str
    service: int
    code: int
    trace: int


@dataclass(frozen=True, slots=True)
class ErrorOrigin:
    """Spans of one service and name that failed while none below them did, by how many traces they are in."""

    service: str
    name: str
    message: str  # of one of them
    selected: int
    others: int
    trace_id: str  # a selected one


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A trace to open: the largest of the selection, or one nearest to a median."""

    why: str  # largest, median, baseline
    trace_id: str
    response_ns: int
    root_service: str
    root_name: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Membership:
    """How many traces a set has, and of those how many were looked at. `giants`: left out for having too many spans."""

    traces: int
    sampled: int
    giants: int = 0


@dataclass(frozen=True, slots=True)
class CohortData:
    selection: Membership
    baseline: Membership
    in_both: int  # traces that both queries find: they count as selected
    traces: CohortTraces
    spans: I64  # of each trace
    roots: list[str]  # of each trace: service · operation
    times: PathTimes
    services: list[str]
    origins: list[ErrorOrigin]
    exemplars: list[Exemplar]
    tail_sampled: bool
    trace_ids: tuple[str, ...]  # by number
    root: str = ""  # of the baseline, where it was narrowed to the one that nearly all selected traces have


@dataclass(frozen=True, slots=True)
class AttributeData:
    """What is read of attributes: of the first traces of either set, that `columns` count by their place here.

    `unread`: keys that there was no time for. `beside`: keys that are compared only in part or not at all, as values of
    them lie beside the columns and are too many.
    """

    traces: CohortTraces
    trace_ids: tuple[str, ...]
    spans: int
    columns: list[AttributeColumn]
    unread: int
    beside: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the selection is measured by: `rest`, `all` of the rest, `before`, or a query.

    `rest` is only those of the root operation that nearly all selected traces have, if there is one: other operations
    take other times for reasons of their own.
    """

    kind: str
    text: str = ""
