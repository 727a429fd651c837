"""The keep policy at work: which of the traces that have become quiet stay, and for how many others they stand.

All that comes is stored and shown first, so that nothing acknowledged is lost before it was judged as a whole.
"""

import time
from collections.abc import Callable, Iterable

from webapp.model.retention import Policy
from webapp.store import Store
from webapp.store.retention import KEEP, Judged

PERIOD_SECONDS = 2.0  # between two decisions, each of many traces
TIDY_SECONDS = 60.0
_TIDY_SPANS = 200_000  # removed: then at once


class Keeping:
    """Used by the one thread that has traces analysed. Times are seconds of any one clock."""

    def __init__(self, store: Store, policy: Policy, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._store, self.policy, self._now_ns = store, policy, now_ns
        self._quiet: set[str] = set()
        self._decided = self._tidied = 0.0
        self._removed = 0  # spans since all was tidied

    def begin(self) -> list[str]:
        """Traces that an earlier run may have left without a decision."""
        return self._store.retention.undecided()

    def note(self, trace_ids: Iterable[str]) -> None:
        """These have become quiet, and have their facts."""
        self._quiet.update(trace_ids)

    def decide(self, now: float) -> bool:
        """Whether traces were weighed, and have to be analysed again."""
        if self._removed and (self._removed > _TIDY_SPANS or now - self._tidied > TIDY_SECONDS):
            self._store.retention.tidy()
            self._removed, self._tidied = 0, now
        if not self._quiet or now - self._decided < PERIOD_SECONDS:
            return False
        self._decided = now
        judged = self._store.retention.judge(sorted(self._quiet))
        gone = [(each.trace_id, each.start_ns) for each in judged if self._goes(each)]
        weighed = [each.trace_id for each in judged if self._is_weighed(each)]
        if gone:
            self._removed += self._store.retention.remove(KEEP, gone, self._now_ns()).spans
        if weighed:
            self._store.retention.weigh(weighed, self.policy.factor)
        self._quiet.clear()
        self._store.retention.decided()
        return bool(weighed)

    def _goes(self, judged: Judged) -> bool:
        """What comes late of a trace that went goes as well, even if it would have made it stay."""
        return judged.received and not judged.weighed and (judged.dropped or not self._stays(judged))

    def _is_weighed(self, judged: Judged) -> bool:
        if judged.weighed:
            return judged.late
        is_one_of_the_others = not self.policy.stays(judged.errors, judged.duration_ns)
        return judged.received and is_one_of_the_others and not self._goes(judged) and self.policy.others < 1

    def _stays(self, judged: Judged) -> bool:
        return self.policy.stays(judged.errors, judged.duration_ns) or self.policy.chooses(judged.trace_id)
