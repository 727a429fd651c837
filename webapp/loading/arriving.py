"""Which traces are still arriving: their last span came only just now. No spans, no store, no clock of its own."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

QUIET_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 60.0  # a trace that never ends is analysed as far as it is


@dataclass(slots=True)
class _Times:
    waits_since: float  # the first span that no analysis took in
    last: float


class Arriving:
    """Times are seconds of any one clock. Those that are quiet stay in here until they are analysed."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._quiet_seconds = quiet_seconds
        self._traces: OrderedDict[str, _Times] = OrderedDict()  # the one that is quiet for longest first
        self._again: dict[str, _Times] = {}  # of these, those that an analysis may have taken in only in part
        self._lock = threading.Lock()

    def note(self, trace_ids: Iterable[str], now: float) -> None:
        """Spans of these came."""
        with self._lock:
            for trace_id in trace_ids:
                times = self._traces.get(trace_id)
                if times is None:
                    self._traces[trace_id] = _Times(now, now)
                    continue
                times.last = now
                self._traces.move_to_end(trace_id)
                self._again[trace_id] = times

    def __contains__(self, trace_id: str) -> bool:
        return trace_id in self._traces

    def __len__(self) -> int:
        return len(self._traces)

    def is_due(self, now: float) -> bool:
        """Whether one has become quiet."""
        with self._lock:
            first = next(iter(self._traces.values()), None)
            return first is not None and self._is_quiet(first, now)

    def waiting(self, now: float) -> set[str]:
        """Those whose next analysis can wait, since more of them is expected.

        Not those of which spans came but once: they have no analysis yet, or one that took in all of them.
        """
        with self._lock:
            return {
                trace_id
                for trace_id, times in self._again.items()
                if not self._is_quiet(times, now) and now - times.waits_since < LONGEST_WAIT_SECONDS
            }

    def analysed(self, now: float) -> list[str]:
        """All but those that were `waiting` at that time have their facts; returns those that are quiet."""
        quiet: list[str] = []
        with self._lock:
            for trace_id, times in self._traces.items():
                if not self._is_quiet(times, now):
                    break
                quiet.append(trace_id)
            for trace_id in quiet:
                del self._traces[trace_id]
                self._again.pop(trace_id, None)
            for times in self._again.values():
                if now - times.waits_since >= LONGEST_WAIT_SECONDS:
                    times.waits_since = now
        return quiet

    def _is_quiet(self, times: _Times, now: float) -> bool:
        return now - times.last >= self._quiet_seconds
