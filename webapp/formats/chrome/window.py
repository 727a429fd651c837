"""Trace events in bounded memory: so many at a time are sorted, paired, nested, and made into spans.

Files come sorted by time or by thread, and tracers write nested work inside out; within a window all are understood.
What is open at its end is remembered.
"""

from collections import deque
from collections.abc import Iterator

from webapp.formats.chrome.events import TraceEvent
from webapp.formats.chrome.processes import Processes
from webapp.formats.chrome.slices import Slice, close
from webapp.formats.chrome.threads import Thread
from webapp.formats.notes import Notes
from webapp.formats.units import hashed_id
from webapp.model.spans import Event, Kind, Link, Span

MOST_EVENTS = 200_000
PHASES = frozenset("XBEbenSTFpstfiIR")
_BEGIN, _END = ("b", "S"), ("e", "F")
_INSTANT, _FLOW_OUT, _FLOW_IN = ("i", "I", "R"), ("s",), ("t", "f")
_NAMING_EVENTS = 50  # by which a trace is told from those of other files
_MOST_FLOWS = 100_000


class Window:
    def __init__(self, notes: Notes, processes: Processes) -> None:
        self._notes = notes
        self._processes = processes
        self._events: list[TraceEvent] = []
        self._threads: dict[tuple[str, str], Thread] = {}
        self._async: dict[tuple[str, str], list[Slice]] = {}
        self._sources: dict[str, Slice] = {}
        self._count = 0

    def add(self, event: TraceEvent) -> Iterator[Span]:
        self._events.append(event)
        if len(self._events) >= MOST_EVENTS:
            yield from self._made()

    def rest(self) -> Iterator[Span]:
        yield from self._made()
        for thread in self._threads.values():
            yield from map(self._span, thread.open)
        for slices in self._async.values():
            yield from map(self._span, slices)

    def _made(self) -> Iterator[Span]:
        events, self._events = self._events, []
        if not events:
            return
        self._processes.settle_clock(min(event.time_ns for event in events))
        self._name_traces(events)
        done: deque[Slice] = deque()
        by_thread: dict[tuple[str, str], list[TraceEvent]] = {}
        for event in events:
            if event.phase in "benSTFp":
                done.extend(self._asynchronous(event))
            else:
                by_thread.setdefault((event.process, event.thread), []).append(event)
        flows: list[tuple[TraceEvent, Slice | None]] = []
        for key, own in by_thread.items():
            done.extend(self._on_thread(self._threads.setdefault(key, Thread()), own, flows))
        self._connect(flows)
        while done:
            yield self._span(done.popleft())

    def _name_traces(self, events: list[TraceEvent]) -> None:
        first: dict[str, list[object]] = {}
        for event in events:
            naming = first.setdefault(event.process, [])
            if len(naming) < _NAMING_EVENTS:
                naming.append((event.name, event.time_ns))
        for process, naming in first.items():
            self._processes.trace(process, f"{self._processes.name(process)} {naming}")

    def _on_thread(
        self, thread: Thread, events: list[TraceEvent], flows: list[tuple[TraceEvent, Slice | None]]
    ) -> Iterator[Slice]:
        """The slices that are complete."""
        new: list[Slice] = []
        moments: list[TraceEvent] = []
        ended: list[Slice] = []
        for event in sorted(events, key=lambda one: one.time_ns):
            if event.phase == "B":
                new.append(self._slice(event, None))
                thread.open.append(new[-1])
            elif event.phase == "X":
                length_ns = event.length_ns
                new.append(self._slice(event, None if length_ns is None else event.time_ns + length_ns))
            elif event.phase == "E":
                closed = thread.end(event)
                if closed is None:
                    self._notes.warn("no_begin", where=event.where)
                else:
                    ended.append(closed)
            else:
                moments.append(event)
        for moment, around in thread.nest(new, moments):
            if moment.phase in _INSTANT:
                self._mark(moment, around)
            else:
                flows.append((moment, around))
        still_open = set(map(id, thread.open))
        known = set(map(id, new))
        yield from (one for one in ended if id(one) not in known)
        yield from (one for one in new if id(one) not in still_open)

    def _asynchronous(self, event: TraceEvent) -> Iterator[Slice]:
        key = (event.category, event.key)
        slices = self._async.setdefault(key, [])
        if event.phase in _BEGIN:
            begun = self._slice(event, None)
            begun.parent = slices[-1] if slices else None
            slices.append(begun)
        elif event.phase in _END:
            ended = close(slices, event.name, event.time_ns, event.arguments)
            if ended is None:
                self._notes.warn("no_begin", where=event.where)
            else:
                yield ended
        else:
            self._mark(event, slices[-1] if slices else None)
        if not slices:
            del self._async[key]

    def _slice(self, event: TraceEvent, end_ns: int | None) -> Slice:
        self._count += 1
        return Slice(
            number=self._count,
            name=event.name,
            category=event.category,
            process=event.process,
            thread=event.thread,
            start_ns=event.time_ns,
            end_ns=end_ns,
            arguments=event.arguments,
            where=event.where,
        )

    def _mark(self, moment: TraceEvent, around: Slice | None) -> None:
        if around is None or around.given:
            self._notes.warn("no_owner", where=moment.where)
        else:
            time_ns = self._processes.clock_ns(moment.time_ns, moment.where)
            around.events.append(Event(moment.name, time_ns, moment.arguments))

    def _connect(self, flows: list[tuple[TraceEvent, Slice | None]]) -> None:
        """An arrow of the file is a link from where it ends to where it begins."""
        if len(self._sources) > _MOST_FLOWS:
            self._sources.clear()
        for event, around in flows:
            if event.phase in _FLOW_OUT and around is not None:
                self._sources[f"{event.category} {event.name} {event.key}"] = around
        for event, around in flows:
            if event.phase not in _FLOW_IN:
                continue
            source = self._sources.get(f"{event.category} {event.name} {event.key}")
            if source is None or around is None or around.given:
                self._notes.warn("no_owner", where=event.where)
            elif source is not around:
                around.links.append(Link(self._processes.trace(source.process, ""), self._id(source)))

    def _id(self, one: Slice) -> str:
        return hashed_id(f"{self._processes.trace(one.process, '')} {one.number}", 16)

    def _span(self, one: Slice) -> Span:
        one.given = True
        resource, service = self._processes.named(one.process)
        category = {"chrome.category": one.category} if one.category else {}
        end_ns = 0 if one.end_ns is None else self._processes.clock_ns(one.end_ns, one.where)
        parent = one.parent
        return Span(
            trace_id=self._processes.trace(one.process, ""),
            span_id=self._id(one),
            parent_span_id="" if parent is None or parent.process != one.process else self._id(parent),
            name=one.name,
            service=service,
            start_ns=self._processes.clock_ns(one.start_ns, one.where),
            end_ns=end_ns,
            kind=int(Kind.INTERNAL),
            attributes=category | self._processes.of_thread(one.process, one.thread) | one.arguments,
            events=one.events,
            links=one.links,
            resource=resource,
        )
