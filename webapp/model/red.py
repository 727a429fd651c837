"""Rate, errors and duration of services: what the store answers to the pages of services. Shapes only."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Period:
    """Traces that start in [from_ns, to_ns). `exact`: read span by span; else sums of whole slots of time."""

    from_ns: int
    to_ns: int
    exact: bool

    @property
    def seconds(self) -> float:
        return max(1, self.to_ns - self.from_ns) / 1e9


def worth(spans: int, calls: float, squares: float) -> float:
    """Spans of one weight that `spans`, whose weights add up to `calls`, are as sure as: (Σw)² / Σw²."""
    return round(calls**2 / squares, 6) if squares else float(spans)


@dataclass(frozen=True, slots=True)
class Red:
    """Spans that were counted, and what they stand for: `calls` and `errors` are sums of weights.

    Percentiles are over spans of known duration, None without any. `first_ns`, `last_ns`: their starts, 0 if unknown.
    """

    spans: int = 0
    failed: int = 0
    weighted: int = 0  # of the spans have a weight that is not 1
    calls: float = 0.0
    errors: float = 0.0
    critical_ns: int = 0
    p50_ns: int | None = None
    p95_ns: int | None = None
    p99_ns: int | None = None
    first_ns: int = 0
    last_ns: int = 0
    squares: float = 0.0  # sum of weight², 0 where all weights are 1

    @property
    def worth(self) -> float:
        """How many spans of one weight these are as sure as."""
        return worth(self.spans, self.calls, self.squares)

    @property
    def error_share(self) -> float:
        return self.errors / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What was counted of one stretch of time."""

    from_ns: int
    to_ns: int
    red: Red


@dataclass(frozen=True, slots=True)
class Measured:
    """One service, or one operation of a service. `red` counts what was asked for, `spans` all of its spans."""

    service: str
    operation: str
    red: Red
    spans: int
    critical_ns: int
    share: float  # of all critical time in the period
    first_ns: int
    last_ns: int
    before: Red | None  # None: nothing of it in the period before
    trend: list[Moment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Overview:
    """`before` is None when there are no earlier traces, or no earlier time is asked for."""

    rows: list[Measured]
    period: Period
    before: Period | None


@dataclass(frozen=True, slots=True)
class Presence:
    """A service over the whole store. `sends` is false for a node that is only called by others."""

    service: str
    spans: int
    first_ns: int
    last_ns: int
    sends: bool = True


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """Failed spans of one kind: `type` of the exception, and a message in which `*` stands for what differs."""

    type: str
    template: str
    spans: int
    first_ns: int
    last_ns: int
    example: str  # trace id of the last one


@dataclass(frozen=True, slots=True)
class ErrorKinds:
    """`of`: failed spans looked at, the newest; `more`: there are others."""

    kinds: list[ErrorKind]
    of: int
    more: bool


@dataclass(frozen=True, slots=True)
class Process:
    """A version or an instance of a service: `key` is the resource attribute that tells, `value` what it says."""

    key: str
    value: str
    red: Red


@dataclass(frozen=True, slots=True)
class Profile:
    """One service in a period. `itself` is None when it has no spans there."""

    itself: Measured | None
    operations: Overview
    moments: list[Moment]
    versions: list[Process]
    instances: list[Process]


@dataclass(frozen=True, slots=True)
class SlowSpan:
    trace_id: str
    span_id: str
    name: str
    start_ns: int
    duration_ns: int
    failed: bool
    root: str  # service and operation of the trace
