"""What a page is working at: how far it is, and whether somebody stopped it. Who works says so here; it does nothing.

Known to the thread that works, so that no room has to hand it on: `views/patience.py` begins it, views and store name
its steps, `store/connection.py` ends its reads.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from webapp.errors import Stopped


@dataclass(eq=False, slots=True)
class Work:
    """`words` say what is done in step `at` of `steps`, counted from 1; 0 before the first."""

    words: str = ""
    at: int = 0
    steps: int = 0
    stopped: bool = False
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began

    def stop(self) -> None:
        """It ends with the next step, and a read under way soon."""
        self.stopped, self.ended = True, time.monotonic()

    def check(self) -> None:
        """Raises Stopped if somebody stopped it."""
        if self.stopped:
            raise Stopped("This was stopped.")


_current: ContextVar[Work | None] = ContextVar("work", default=None)


@contextmanager
def working(work: Work) -> Iterator[None]:
    """What this thread does until the end of the block belongs to `work`."""
    token = _current.set(work)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Work:
    """The work of this thread; one that nobody can stop if it was not begun as such."""
    return _current.get() or Work()


def step(words: str, at: int, steps: int) -> None:
    """Says what comes next. Raises Stopped if somebody stopped it."""
    work = current()
    work.check()
    work.words, work.at, work.steps = words, at, steps
