"""Spans that are sent here: a bounded queue, one thread that stores them, one that has traces analysed.

A trace has its first facts within a second, and its last when no span came for a while. Bodies are decoded elsewhere.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from webapp.loading import analyse_pending
from webapp.loading.arriving import QUIET_SECONDS, Arriving
from webapp.loading.decoding import Decoding
from webapp.loading.keeping import Keeping
from webapp.loading.listening import Listening, Receiver, ReceiverState
from webapp.loading.sections import merged
from webapp.model.collector import collector_at_rest
from webapp.model.retention import Policy
from webapp.model.warnings import Warning
from webapp.store import Encoded, Store
from webapp.store.writing.row_groups import joined, trace_ids_of

MOST_BYTES = 32_000_000  # of bodies that wait to be stored
BATCH_SPANS = 5_000  # to gather before they are stored, if nobody waits for that …
GATHER_SECONDS = (
    0.5  # … and they come in this time; if somebody waits, in twice the time that storing the last took
)
STORE_SECONDS = 30.0  # to wait for the store before a sender is told to try again
# From one look for traces to analyse to the next: each costs much, however little came. It follows at once on one that
# took longer.
_LOOK_SECONDS = 0.75
_LEAST_PAUSE_SECONDS = 0.02
_ACTIVE_NS = 60_000_000_000

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Post:
    """The spans of one request, as source 0; `size` is that of its body in bytes."""

    receiver: Receiver
    encoded: Encoded
    rejected: int
    warnings: Sequence[Warning]
    size: int
    failed: bool = False
    done: threading.Event = field(default_factory=threading.Event)


class Taken(Enum):
    """What became of a post."""

    YES = "kept"
    FULL = "too much is waiting"
    FAILED = "not stored"


class Live:
    """What the receivers of one application share. Its threads start with the first post, and end with the store."""

    def __init__(
        self,
        store: Store,
        *,
        durable: bool,
        quiet_seconds: float = QUIET_SECONDS,
        policy: Policy | None = None,
    ) -> None:
        """`durable`: a post is taken only when it is stored. `policy`: which traces stay once they are quiet; None: all."""
        self._store = store
        self._durable = durable
        self._queue: list[Post] = []
        self._queued_spans = 0
        self._last_posts = 0  # that were stored together …
        self._wait_seconds = 0.0  # … and how long the next may be gathered
        self._bytes = 0  # of posts that are not stored yet
        self._changed = threading.Condition()
        self._closed = False
        self._fresh = threading.Event()  # spans were stored since the last analysis
        self._threads: list[threading.Thread] = []
        self.listening = Listening()
        self.decoding = Decoding()
        self.arriving = Arriving(quiet_seconds)
        self.keeping = Keeping(store, policy) if policy else None
        store.before_close.append(self.close)

    @property
    def is_active(self) -> bool:
        """Whether anything was sent in the last minute."""
        return time.time_ns() - self.listening.newest_ns < _ACTIVE_NS

    def receivers(self) -> list[ReceiverState]:
        """All that spans can be sent to, and what came through it; also what only an earlier run had."""
        counts = self._store.receivers.counts()
        return self.listening.states({Receiver(*named): found for named, found in counts.items()})

    def has_room(self, size: int) -> bool:
        """For a body of that many bytes; one that is larger than all the room is let in alone."""
        return not self._bytes or self._bytes + size <= MOST_BYTES

    def take(self, post: Post, *, wait: bool = True) -> Taken:
        """`wait`: until it is on disk, if this is to be durable; one who cannot be answered need not."""
        with self._changed:
            if self._closed or not self.has_room(post.size):
                return Taken.FULL
            self.start()
            self.listening.seen(post.receiver)
            self._queue.append(post)
            self._queued_spans += post.encoded.rows.num_rows
            self._bytes += post.size
            self._changed.notify_all()
        if self._durable and wait and not post.done.wait(STORE_SECONDS):
            return Taken.FAILED
        return Taken.FAILED if post.failed else Taken.YES

    def start(self) -> None:
        """Have analysed what an earlier run left behind, also when nothing is sent."""
        with self._changed:
            if self._threads or self._closed:
                return
            self._fresh.set()
            if self.keeping:
                self.arriving.note(self.keeping.begin(), time.monotonic())
            for name, work in (("live-writer", self._write), ("live-analyst", self._analyse)):
                thread = threading.Thread(target=work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Store what is waiting and end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self.decoding.close()

    def _write(self) -> None:
        while posts := self._next_posts():
            start = time.monotonic()
            self._store_posts(posts)
            self._last_posts = len(posts)
            self._wait_seconds = min(2 * (time.monotonic() - start), GATHER_SECONDS)
            with self._changed:
                self._bytes -= sum(post.size for post in posts)
                self._changed.notify_all()

    def _next_posts(self) -> list[Post]:
        """What waits, when there is some; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            self._changed.wait_for(self._is_enough, self._wait_seconds if self._durable else GATHER_SECONDS)
            posts, self._queue, self._queued_spans = self._queue, [], 0
            return posts

    def _is_enough(self) -> bool:
        """Of posts that are answered when they are stored there will be no more than were stored together before."""
        is_all = self._durable and len(self._queue) >= self._last_posts
        return self._closed or is_all or self._queued_spans >= BATCH_SPANS

    def _store_posts(self, posts: list[Post]) -> None:
        """All at once; if that fails one by one, so that none is lost for another."""
        try:
            self._append(posts)
        except Exception:
            _log.exception("storing %d posts", len(posts))
            if len(posts) > 1:
                for post in posts:
                    self._store_posts([post])
                return
            posts[0].failed = True
        for post in posts:
            post.done.set()

    def _append(self, posts: list[Post]) -> None:
        kept = [post for post in posts if post.encoded.rows.num_rows]
        encoded = joined([post.encoded for post in kept], [1] * len(kept))
        if kept:
            self.arriving.note(trace_ids_of(encoded), time.monotonic())
        receivers = dict.fromkeys(post.receiver for post in posts)
        with self._store.together():
            source_ids = {each: self._store.receivers.source(each.name, each.format) for each in receivers}
            self._store.append_encoded(encoded, [source_ids[post.receiver] for post in kept])
            for receiver, source_id in source_ids.items():
                self._count(source_id, [post for post in posts if post.receiver == receiver])
        self._fresh.set()

    def _count(self, source_id: int, posts: list[Post]) -> None:
        rejected = sum(post.rejected for post in posts)
        warnings = [warning for post in posts for warning in post.warnings]
        if rejected or warnings:
            self._store.receivers.count(source_id, rejected, warnings, merged)

    def _analyse(self) -> None:
        while not self._closed:
            now = time.monotonic()
            if self._fresh.is_set() or self.arriving.is_due(now):
                self._fresh.clear()
                self._analyse_pending(now)
            pause = max(_LEAST_PAUSE_SECONDS, now + _LOOK_SECONDS - time.monotonic())
            with self._changed:
                self._changed.wait_for(lambda: self._closed, pause)

    def _analyse_pending(self, now: float) -> None:
        try:
            self._store.receivers.colour_services()
            with collector_at_rest():
                analyse_pending(self._store, self.arriving.waiting(now))
            quiet = self.arriving.analysed(now)
            if self.keeping:
                self.keeping.note(quiet)
                if self.keeping.decide(now):
                    analyse_pending(self._store, self.arriving.waiting(now))
        except Exception:  # the next look may fare better, and spans must still come in
            _log.exception("analysing what was received")
