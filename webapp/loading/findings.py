"""Looking for findings in all traces, after the load: a thread that works through what was not looked at, and stops.

Not at the load, since one batch costs what reading a tenth of its spans does, and who never asks need not wait for it.
"""

import logging
import threading
import time

from webapp.analysis.detectors.looking import Looking
from webapp.analysis.detectors.suspects import Hints
from webapp.model.insights import Progress
from webapp.model.thresholds import DEFAULTS, Thresholds, written
from webapp.store import Store

AT_ONCE = 50_000  # spans: what a page waits for at most, when it asks meanwhile
_ALIKE = "repeated_identical"
_PAUSE = 0.25  # of the time that a batch took, left to whoever reads pages
_FAREWELL_SECONDS = 10.0  # one batch may be a very large trace
_log = logging.getLogger(__name__)


def look_at_next(store: Store, thresholds: Thresholds = DEFAULTS, at_once: int = AT_ONCE) -> bool:
    """One batch of traces. False: all were looked at."""
    least = thresholds.get(_ALIKE, DEFAULTS[_ALIKE])
    with store.steady:
        of = store.findings.next_unlooked(at_once, least.count)
        if of is None:
            return False
        looking = Looking(of.columns, thresholds, Hints(of.resent, of.repeating))
        store.findings.keep(of, looking.findings(store.findings.asked(looking.rows)))
    return True


def look_at_all(store: Store, thresholds: Thresholds = DEFAULTS) -> None:
    store.findings.look_for(written(thresholds))
    while look_at_next(store, thresholds):
        pass


class Looker:
    """One for a store. Its thread lives only while there is something to look at."""

    def __init__(self, store: Store, thresholds: Thresholds = DEFAULTS) -> None:
        self._store, self._thresholds = store, thresholds
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self.stopped = False  # by somebody, until `start` is asked for
        self.failed = False
        store.before_close.append(self.close)

    @property
    def working(self) -> bool:
        return not self._idle.is_set()

    def wake(self, wait_seconds: float = 0.0) -> Progress:
        """See that the rest is looked at, unless somebody stopped it; wait for it that long."""
        progress = self._store.findings.progress()
        if not self.stopped and not self.failed and self._is_wanted(progress):
            self._run()
            if wait_seconds and self._idle.wait(wait_seconds):
                progress = self._store.findings.progress()
        return progress

    def start(self) -> None:
        self.stopped = self.failed = False
        self.wake()

    def stop(self) -> None:
        self.stopped = True
        self._stop.set()

    def close(self) -> None:
        """The store is about to close."""
        self.stop()
        thread = self._thread
        if thread is not None:
            thread.join(timeout=_FAREWELL_SECONDS)

    def _is_wanted(self, progress: Progress) -> bool:
        return progress.looked < progress.traces or not self._store.findings.looks_for(
            written(self._thresholds)
        )

    def _run(self) -> None:
        with self._lock:
            if self.working:
                return
            self._idle.clear()
            self._stop.clear()
            self._thread = threading.Thread(target=self._look, name="findings", daemon=True)
            self._thread.start()

    def _look(self) -> None:
        try:
            self._store.findings.look_for(written(self._thresholds))
            while not self._stop.is_set():
                began = time.monotonic()
                if not look_at_next(self._store, self._thresholds):
                    break
                self._stop.wait(_PAUSE * (time.monotonic() - began))
        except Exception:
            self.failed = True  # else each page would begin it anew
            _log.exception("Looking for findings failed")
        finally:
            self._idle.set()
