"""How good recorded traces are: lines of the report, each with the query that lists what it counts. No sentences here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SEVERITIES = ("high", "medium", "info")
MANY_SPANS = 2_000  # in one trace: its page opens folded from here on

# code of a line -> group and severity, in the order in which the report tells what it looked for
CODES: dict[str, tuple[str, str]] = {
    "rejected": ("faults", "high"),
    "missing_parents": ("faults", "medium"),
    "duplicate_ids": ("faults", "medium"),
    "repeated_spans": ("faults", "info"),
    "cycles": ("faults", "medium"),
    "clock_skew": ("faults", "medium"),
    "skew_conflict": ("faults", "medium"),
    "skew_too_large": ("faults", "medium"),
    "negative_duration": ("faults", "medium"),
    "zero_duration": ("faults", "info"),
    "unfinished": ("faults", "medium"),
    "unknown_start": ("faults", "medium"),
    "bad_time": ("faults", "medium"),
    "from_zero": ("faults", "info"),
    "early_times": ("faults", "medium"),
    "future_times": ("faults", "medium"),
    "day_long": ("faults", "medium"),
    "longer_than_call": ("faults", "medium"),
    "shorter_than_call": ("faults", "medium"),
    "unit_guessed": ("faults", "info"),
    "whole_seconds": ("faults", "info"),
    "whole_ms": ("faults", "info"),
    "whole_us": ("faults", "info"),
    "no_service": ("faults", "medium"),
    "short_ids": ("faults", "info"),
    "changed_ids": ("faults", "info"),
    "context_lost": ("practice", "high"),
    "several_roots": ("practice", "info"),
    "silent_errors": ("practice", "medium"),
    "vague_queries": ("practice", "medium"),
    "unnamed_calls": ("practice", "medium"),
    "many_spans": ("practice", "medium"),
    "private_key": ("sensitive", "high"),
    "secret": ("sensitive", "high"),
    "password": ("sensitive", "high"),
    "token": ("sensitive", "high"),
    "card": ("sensitive", "high"),
    "email": ("sensitive", "medium"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A service, key, pair of clocks or source of a line, and how much of its count lies there.

    `query` lists it; a source has none, but its number.
    """

    name: str
    count: int
    query: str = ""
    source_id: int = 0
    facts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """`count` of `total` are so; both count `unit`: traces, spans, records or sources. `query` lists the traces or spans.

    `exact`: false if there are more. `traces`: how many traces the spans lie in. `subject`: what the line is about, where
    there is one line for each: the key of values, whose context is lost. `facts`: further numbers and words of its sentence.
    """

    code: str
    unit: str
    count: int
    total: int
    query: str = ""
    exact: bool = True
    traces: int = 0
    subject: str = ""
    places: list[Place] = field(default_factory=list)
    facts: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def group(self) -> str:
        return CODES[self.code][0]

    @property
    def severity(self) -> str:
        return CODES[self.code][1]

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """Of all sources, or of one; the worst lines first. `version`: writes to the store by then; `stored`: spans of all
    sources that a search found then.

    `looked`: in so many of the spans values were looked at one by one, the rest of the lines counts all of them.
    """

    source_id: int
    version: int
    stored: int
    spans: int
    traces: int
    looked: int
    lines: list[Line]


def ranked(lines: list[Line]) -> list[Line]:
    order = list(CODES)
    return sorted(
        lines,
        key=lambda line: (
            SEVERITIES.index(line.severity), -line.share, order.index(line.code), -line.count, line.subject,
        ),
    )  # fmt: skip
