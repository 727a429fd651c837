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
        self._lock = threading.Lock()

    def note(self, trace_ids: Iterable[str], now: float) -> None:
        """Spans of these came."""
        with self._lock:
            for trace_id in trace_ids:
                times = self._traces.setdefault(trace_id, _Times(now, now))
                times.last = now
                self._traces.move_to_end(trace_id)

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
        """Those whose next analysis can wait, since more of them is expected."""
        with self._lock:
            return {
                trace_id
                for trace_id, times in self._traces.items()
                if not self._is_quiet(times, now) and now - times.waits_since < LONGEST_WAIT_SECONDS
            }

    def analysed(self, now: float) -> list[str]:
        """All but those that were `waiting` at that time have their facts; returns those that are quiet."""
        quiet: list[str] = []
        with self._lock:
            for trace_id, times in list(self._traces.items()):
                if self._is_quiet(times, now):
                    del self._traces[trace_id]
                    quiet.append(trace_id)
                elif now - times.waits_since >= LONGEST_WAIT_SECONDS:
                    times.waits_since = now
        return quiet

    def _is_quiet(self, times: _Times, now: float) -> bool:
        return now - times.last >= self._quiet_seconds
