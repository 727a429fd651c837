"""What many traces show together: findings by what they have in common, and what is told of each on the page."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from webapp.model.columns import I32, I64
from webapp.model.thresholds import Least

SEVERITIES = ("high", "medium", "info")


class FindingKind(NamedTuple):
    """What findings of several traces are one by. No ids: operations and templates have none.

    `name` is the operation that it happens in, `subject` what is asked, whom, or what an error says; "" where a
    code has none.
    """

    code: str
    service: str
    name: str
    subject: str

    @property
    def fingerprint(self) -> str:
        """For queries and addresses: the code and eight digits of the rest."""
        digest = blake2b("\0".join(self).encode("utf-8", "replace"), digest_size=4).hexdigest()
        return f"{self.code}-{digest}"


@dataclass(frozen=True, slots=True)
class Found:
    """Findings of one kind in one trace, `trace` by number. `count`, `time_ns`, `share` made them fire, the greatest
    of each; gains are added up, but not to more than the response.
    """

    trace: int
    kind: FindingKind
    severity: int  # place in SEVERITIES
    times: int
    gain_ns: int
    count: int
    time_ns: int
    share: float


@dataclass(frozen=True, slots=True)
class LateChildren:
    """By trace and service: spans below its own spans, and how many of them ended after those."""

    trace: I32
    service: I32
    children: I64
    late: I64


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What a batch of traces shows. `root_row`: of each trace the store's row of its root, -1 if it was not received.

    `unread`: calls whose attributes were not read, since their traces have too many.
    """

    found: list[Found]
    late: LateChildren
    root_row: I64
    unread: int


class Progress(NamedTuple):
    """How many traces were looked at, of how many; calls in them that were not read."""

    looked: int
    traces: int
    unread: int


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A trace with a finding: what it lost by it, and the time that the sentence speaks of."""

    trace_id: str
    duration_ns: int
    gain_ns: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class Insight:
    """Findings of one kind over many traces. `lost_ns` is what responses could be shorter in all, by weight.

    `trend` counts its traces in equal parts of the time that is shown; medians are over traces.
    """

    kind: FindingKind
    severity: str
    traces: int
    weight: float
    times: int
    lost_ns: int
    count: int
    most: int
    time_ns: int
    gain_ns: int
    first_ns: int
    last_ns: int
    trend: list[int]
    largest: Exemplar
    middle: Exemplar


@dataclass(frozen=True, slots=True)
class InsightsAsked:
    """`least` beyond what was looked for, by code."""

    kind: str = ""
    service: str = ""
    from_ns: int | None = None
    to_ns: int | None = None
    hidden: tuple[str, ...] = ()
    least: dict[str, Least] = field(default_factory=dict)


class LateService(NamedTuple):
    """Spans below those of a service, and how many of them ended after the span that made them."""

    service: str
    children: int
    late: int

    @property
    def share(self) -> float:
        return self.late / self.children


@dataclass(frozen=True, slots=True)
class SlowerOperation:
    """`lost_ns`: how much more time responses waited for it afterwards than as many would have before."""

    service: str
    name: str
    spans_before: int
    spans_after: int
    p95_before_ns: int
    p95_after_ns: int
    lost_ns: int


@dataclass(frozen=True, slots=True)
class NewError:
    kind: FindingKind
    traces: int
    first_ns: int
    traces_before: int  # of the same service


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new since a moment. `version`: service and version that were first seen then, if that is why."""

    since_ns: int
    version: tuple[str, str] | None
    slower: list[SlowerOperation]
    errors: list[NewError]
    compared: int  # operations with enough spans before and after


@dataclass(frozen=True, slots=True)
class BrokenContext:
    """Roots of a service that lie within calls of another, each within one only: their traces should be one.

    `examples`: the trace of the call and the trace that it began. `by`: what else says so, the "name" that calls give
    their peer, or the "route" that both ends name.
    """

    caller: str
    service: str
    pairs: int
    roots: int
    examples: list[tuple[str, str]]
    by: str = "name"

    @property
    def share(self) -> float:
        return self.pairs / self.roots
