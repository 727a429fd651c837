"""What a search answers when it is asked for spans, or for groups of them, rather than for traces. Shapes only."""

from dataclasses import dataclass

from webapp.model.red import Period, Red


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """`kind` and `status` are numbers of model.spans; `duration_ns` is None for a span without an end."""

    trace_id: str
    span_id: str
    service: str
    name: str
    kind: int
    status: int
    start_ns: int
    duration_ns: int | None
    critical_ns: int
    values: list[str | None]  # of the fields that were asked for


@dataclass(frozen=True, slots=True)
class SpanPage:
    """`based_on`: the newest traces whose spans were looked at, None when all matching ones were."""

    rows: list[FoundSpan]
    total: int
    page: int
    has_more: bool
    slowest_ns: int
    based_on: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """The spans that share a value of a field; `value` is None for those without one. `counts`: spans by stretch of time."""

    value: str | None
    traces: int
    red: Red
    counts: list[int]


@dataclass(frozen=True, slots=True)
class Groups:
    """`more` groups are not listed. `critical_ns` is what the responses of all traces looked at waited for.

    `red` counts the spans of all groups, without percentiles.
    """

    groups: list[Group]
    more: int
    red: Red
    critical_ns: int
    period: Period
    based_on: int | None
