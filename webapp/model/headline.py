"""What a person on call wants first of many traces: what got slower or fails, since when, and where. Shapes only."""

from dataclasses import dataclass

from webapp.model.columns import F64, I64, Bool


@dataclass(frozen=True, slots=True)
class RootTimes:
    """The traces of one root operation, in the order of their starts. `weight`: how many each stands for."""

    service: str
    name: str
    start_ns: I64
    duration_ns: I64
    failed: Bool
    weight: F64


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which more traces are hit than outside of it."""

    from_ns: int  # start of its first trace
    to_ns: int  # start of its last trace
    begun: bool  # there are traces before it, so it began
    over: bool  # there are traces after it, so it is over
    traces: int
    hit: int
    traces_outside: int
    hit_outside: int


@dataclass(frozen=True, slots=True)
class Slower:
    """A root operation that was slower for a while. A trace is hit that took longer than `usual_ns`."""

    service: str
    name: str
    stretch: Stretch
    p95_ns: int  # in the stretch
    usual_ns: int  # p95 outside of it


@dataclass(frozen=True, slots=True)
class Failing:
    """A root operation of which more traces failed for a while."""

    service: str
    name: str
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Failures:
    """Of `of` failed traces the commonest sentence, how many have it, and the newest of these."""

    sentence: str = ""
    often: int = 0
    example: str = ""
    of: int = 0


@dataclass(frozen=True, slots=True)
class VersionChange:
    """The first span of a version of a service, of which another version was seen before."""

    service: str
    version: str
    first_ns: int
