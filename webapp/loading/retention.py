"""Keeps the store within its limits: now and then the oldest traces go, in small steps, beside all that goes on."""

import logging
import threading
import time
from collections.abc import Callable

from webapp.model.retention import Limits
from webapp.store import Store
from webapp.store.retention import AGE, SIZE

AT_ONCE = 200_000  # spans, after which the size is measured again
_ROOM = 0.9  # of the most that is left when it was too much, so that it does not happen all the time
_PERIOD_SECONDS = 10.0
_log = logging.getLogger(__name__)


class Retention:
    """Its thread lives from `start` until the store closes, if there is a limit."""

    def __init__(self, store: Store, limits: Limits, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._store, self.limits, self._now_ns = store, limits, now_ns
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        store.before_close.append(self.close)

    def start(self) -> None:
        if self.limits and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def apply(self) -> None:
        """Once. Returns when all is within the limits, or the store closes."""
        if self._remove_old():
            self._store.retention.tidy()
        while self._remove_oldest():
            self._store.retention.tidy()

    def _run(self) -> None:
        while not self._closed.wait(_PERIOD_SECONDS):
            try:
                self.apply()
            except Exception:  # the next time may fare better, and the limits go on
                _log.exception("removing what is too much or too old")

    def _remove_old(self) -> bool:
        """Whether there was anything."""
        found = False
        if self.limits.most_age_ns:
            before_ns = self._now_ns() - self.limits.most_age_ns
            while not self._closed.is_set():
                traces = self._store.retention.began_before(before_ns, AT_ONCE)
                if not traces:
                    break
                self._store.retention.remove(AGE, traces, self._now_ns())
                found = True
        return found

    def _remove_oldest(self) -> bool:
        """Some, if it is too much; then it must be measured again."""
        size = self._store.retention.size()
        if not self.limits.most_bytes or size <= self.limits.most_bytes or self._closed.is_set():
            return False
        too_many = self._store.span_total() * (1 - _ROOM * self.limits.most_bytes / size)
        traces = self._store.retention.oldest(min(AT_ONCE, max(1, round(too_many))))
        if traces:
            self._store.retention.remove(SIZE, traces, self._now_ns())
        return bool(traces)
