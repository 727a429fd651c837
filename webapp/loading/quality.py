"""Makes data-quality reports beside the pages: in a thread, one at a time, remembered until the store changes."""

import logging
import threading
import time
from dataclasses import dataclass, field

from webapp.analysis.broken_context import LEAST_PAIRS, LEAST_SHARE, is_broken, matching, same_requests
from webapp.model.quality import Report
from webapp.store import Store
from webapp.store.insights.broken_context import Matched

BREAKING = Matched(matching, same_requests, is_broken, LEAST_PAIRS, LEAST_SHARE)
_REST_SECONDS, _REST_TIMES = (
    10.0,
    20,
)  # while spans come in: so long, and so many times what it took, a report is good
_FAREWELL_SECONDS = 10.0
_MOST_KEPT = 32
_log = logging.getLogger(__name__)


class _Leaving(Exception):
    """The store is about to close."""


@dataclass(slots=True)
class Examined:
    """Of one source, or of all. `report` is None until there is one; `looking_at`: a part of the work, "" for none."""

    report: Report | None = None
    looking_at: str = ""
    failed: bool = False
    took_seconds: float = 0.0
    made_at: float = 0.0
    idle: threading.Event = field(default_factory=threading.Event)


class Examiner:
    """One for a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._examined: dict[int, Examined] = {}
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._leaving = False
        store.before_close.append(self.close)

    def known(self, source_id: int) -> Examined:
        """What is known without any work."""
        return self._examined.get(source_id) or _fresh()

    def examined(self, source_id: int, wait_seconds: float) -> Examined:
        """What is known; a newer report is begun where there should be one, and waited for that long."""
        with self._lock:
            known = self._examined.pop(source_id, None) or _fresh()
            self._examined[source_id] = known  # the last used at the end
            while len(self._examined) > _MOST_KEPT:
                self._examined.pop(next(iter(self._examined)))
            if known.idle.is_set() and self._is_wanted(known) and not self._leaving:
                self._begin(source_id, known)
        known.idle.wait(wait_seconds)
        return known

    def close(self) -> None:
        self._leaving = True
        self._store.quality.stop()
        for thread in list(self._threads):
            thread.join(timeout=_FAREWELL_SECONDS)

    def _is_wanted(self, known: Examined) -> bool:
        if known.report is None:
            return not known.failed
        rest = max(_REST_SECONDS, _REST_TIMES * known.took_seconds) if known.report.spans else 0.0
        is_resting = rest > time.monotonic() - known.made_at
        return known.report.version != self._store.quality.version and not is_resting

    def _begin(self, source_id: int, known: Examined) -> None:
        known.idle.clear()
        known.failed, known.looking_at = False, "repairs"
        thread = threading.Thread(target=self._examine, args=(source_id, known), name="quality", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _examine(self, source_id: int, known: Examined) -> None:
        def step(looking_at: str) -> None:
            if self._leaving:
                raise _Leaving
            known.looking_at = looking_at

        try:
            with self._turn:
                began = time.monotonic()
                known.report = self._store.quality.report(source_id, BREAKING, time.time_ns(), step)
                known.made_at = time.monotonic()
                known.took_seconds = known.made_at - began
        except _Leaving:
            pass
        except Exception:
            known.failed = not self._leaving  # else each page would begin it anew
            if known.failed:
                _log.exception("The data-quality report failed")
        finally:
            known.looking_at = ""
            known.idle.set()
            self._threads.discard(threading.current_thread())


def _fresh() -> Examined:
    known = Examined()
    known.idle.set()
    return known
