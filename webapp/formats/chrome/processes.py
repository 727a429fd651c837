"""What a trace event file says of its processes, threads and clock. No events with a length."""

from typing import Any

from webapp.formats import units
from webapp.formats.notes import Notes
from webapp.formats.resources import Resources
from webapp.model.spans import Attributes, Resource

Json = dict[str, Any]

UNKNOWN = "(unknown)"  # how our export names a service without a name
_SINCE_1973_NS = 10**17


class Processes:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._names: dict[str, str] = {}
        self._threads: dict[tuple[str, str], str] = {}
        self._labels: dict[str, str] = {}
        self._traces: dict[str, str] = {}
        self._resources = Resources()
        self._shift_ns: int | None = None
        self.start_unix_ns: int | None = None

    def learn(self, told: Json) -> None:
        """From an event of phase M."""
        process, args = str(told.get("pid")), told.get("args")
        args = args if isinstance(args, dict) else {}
        if told.get("name") == "process_name":
            self._names[process] = str(args.get("name", ""))
            self._learn_start(args.get("start_unix_ns"))
        elif told.get("name") == "thread_name":
            self._threads[process, str(told.get("tid"))] = str(args.get("name", ""))
        elif told.get("name") == "process_labels":
            self._labels[process] = str(args.get("labels", ""))

    def learn_of_file(self, told: Json) -> None:
        """From what stands beside the events: ours, or PyTorch's profiler's."""
        other = told.get("otherData")
        self._learn_start(other.get("start_unix_ns") if isinstance(other, dict) else None)
        self._learn_start(told.get("baseTimeNanoseconds"))

    def _learn_start(self, written: object) -> None:
        number = None if written is None else units.whole_number(written)
        if number is not None and units.is_clock_time(number):
            self.start_unix_ns = number

    def settle_clock(self, first_ns: int) -> None:
        """`first_ns`: the earliest time of the first events. What does not count from 1970 counts from there."""
        if self._shift_ns is not None:
            return
        if self.start_unix_ns is not None:
            self._shift_ns = self.start_unix_ns
        elif first_ns >= _SINCE_1973_NS:
            self._shift_ns = 0
        else:
            self._shift_ns = -first_ns
            if first_ns:
                self._notes.warn(
                    "time_unit", "The clock of this file counts from an unknown moment, here from 0."
                )

    def clock_ns(self, time_ns: int, where: str) -> int:
        found = time_ns + (self._shift_ns or 0)
        if not units.is_clock_time(found):
            self._notes.warn("bad_time", where=where)
            return 0
        return found

    def trace(self, process: str, first_events: str) -> str:
        """The trace of a process, the same whenever the file is read."""
        if process not in self._traces:
            self._traces[process] = units.hashed_id(f"{process} {first_events}", 32)
        return self._traces[process]

    def name(self, process: str) -> str:
        return self._names.get(process, "")

    def named(self, process: str) -> tuple[Resource, str]:
        """Its resource and its service."""
        name = self.name(process) or f"process {process}"
        found: Attributes = {
            "service.name": name,
            "process.pid": int(process) if process.isdecimal() else process,
        }
        if self._labels.get(process):
            found["process.labels"] = self._labels[process]
        return self._resources.named(found)

    def of_thread(self, process: str, thread: str) -> Attributes:
        found: Attributes = {"thread.id": int(thread) if thread.isdecimal() else thread} if thread else {}
        name = self._threads.get((process, thread))
        return found | {"thread.name": name} if name else found
