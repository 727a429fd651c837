"""A virtual clock and the spans it leaves behind: how sample traces are played. Knows no services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Self

from webapp.model.spans import Attributes, Event, Kind, Link, Resource, Scope, Span, Status

MS = 1_000_000


class CallFailed(Exception):
    """Work in the played system failed. Each span it passes on its way up is marked as ERROR."""

    def __init__(self, kind: str, message: str, stack: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.stack = stack


@dataclass(frozen=True, slots=True)
class Process:
    """One running instance of a service. `clock_off_ns` is how far its clock is ahead."""

    service: str
    resource: Resource
    scope: Scope
    old_words: bool = False  # speaks semantic conventions from before 2023
    clock_off_ns: int = 0


@dataclass(slots=True)
class Work:
    """A span that is being recorded; `now_ns` moves on as the work is done."""

    trace: "Trace"
    process: Process
    name: str
    kind: Kind
    span_id: str
    parent_span_id: str
    start_ns: int
    now_ns: int
    attributes: Attributes = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    status: Status = Status.UNSET
    message: str = ""

    @property
    def random(self) -> Random:
        return self.trace.random

    def spend(self, median_ms: float, spread: float = 0.25) -> None:
        """Pass time: log-normal around the median, in whole microseconds."""
        self.wait(self.random.lognormvariate(0, spread) * median_ms)

    def wait(self, ms: float) -> None:
        """Pass exactly this time."""
        self.now_ns += round(ms * 1000) * 1000

    def event(self, name: str, attributes: Attributes | None = None) -> None:
        time_ns = self.now_ns + self.process.clock_off_ns
        self.events.append(Event(name=name, time_ns=time_ns, attributes=attributes or {}))

    def fail(self, error: CallFailed, *, first: bool) -> None:
        """Mark as ERROR; the span where it began also records the exception."""
        self.status, self.message = Status.ERROR, error.message
        self.attributes.setdefault("error.type", error.kind)
        if first:
            details: Attributes = {"exception.type": error.kind, "exception.message": error.message}
            if error.stack:
                details["exception.stacktrace"] = error.stack
            self.event("exception", details)

    @contextmanager
    def span(
        self,
        name: str,
        kind: Kind = Kind.INTERNAL,
        *,
        process: Process | None = None,
        attributes: Attributes | None = None,
        aside: bool = False,
        delay_ms: float = 0,
    ) -> Iterator[Self]:
        """Work inside this work. `aside`: nobody waits for it, this clock stays where it is."""
        start_ns = self.now_ns + round(delay_ms * 1000) * 1000
        inner = type(self)(
            self.trace,
            process or self.process,
            name,
            kind,
            self.trace.new_span_id(),
            self.span_id,
            start_ns,
            start_ns,
            dict(attributes or {}),
        )
        try:
            yield inner
        except CallFailed as error:
            inner.fail(error, first=not self.trace.has_failed(error))
            raise
        finally:
            self.trace.keep(inner)
            if not aside:
                self.now_ns = max(self.now_ns, inner.now_ns)

    def together(self, tasks: list[Callable[[], None]]) -> None:
        """Run tasks side by side: each starts now, all are awaited, then the first failure is raised."""
        start_ns, end_ns = self.now_ns, self.now_ns
        failure: CallFailed | None = None
        for task in tasks:
            self.now_ns = start_ns
            try:
                task()
            except CallFailed as error:
                failure = failure or error
            end_ns = max(end_ns, self.now_ns)
        self.now_ns = end_ns
        if failure:
            raise failure


class Trace:
    """All spans of one request, in the order in which they ended."""

    def __init__(self, random: Random, start_ns: int) -> None:
        self.random = random
        self.start_ns = start_ns
        self.trace_id = f"{random.getrandbits(128) | 1:032x}"
        self.spans: list[Span] = []
        self._known_failure: CallFailed | None = None

    def new_span_id(self) -> str:
        return f"{self.random.getrandbits(64) | 1:016x}"

    def has_failed(self, error: CallFailed) -> bool:
        """Whether this failure already passed a span, i.e. it began further down."""
        known = self._known_failure is error
        self._known_failure = error
        return known

    @contextmanager
    def root(
        self, process: Process, name: str, kind: Kind = Kind.SERVER, attributes: Attributes | None = None
    ) -> Iterator[Work]:
        """The first span. A failure ends here: the played system goes on."""
        work = Work(
            self,
            process,
            name,
            kind,
            self.new_span_id(),
            "",
            self.start_ns,
            self.start_ns,
            dict(attributes or {}),
        )
        try:
            yield work
        except CallFailed as error:
            work.fail(error, first=not self.has_failed(error))
        finally:
            self.keep(work)

    def keep(self, work: Work) -> None:
        off = work.process.clock_off_ns
        self.spans.append(
            Span(
                trace_id=self.trace_id,
                span_id=work.span_id,
                parent_span_id=work.parent_span_id,
                name=work.name,
                service=work.process.service,
                kind=int(work.kind),
                start_ns=work.start_ns + off,
                end_ns=work.now_ns + off,
                status=int(work.status),
                status_message=work.message,
                attributes=work.attributes,
                events=work.events,
                links=work.links,
                resource=work.process.resource,
                scope=work.process.scope,
            )
        )
