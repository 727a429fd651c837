"""Threads for pages and threads for spans: whoever sends a great deal keeps no page waiting. Served by `server.py`."""

from collections.abc import Collection
from typing import Any

from waitress.task import ThreadedTaskDispatcher

_SENDING = {"POST", "PUT"}
_TAKING = (
    4  # threads for spans to one for pages: they wait for the disk, and those that wait are stored together
)


class Lanes:
    """What waitress gives its requests to. `taking`: the paths to which spans are sent."""

    def __init__(self, threads: int, taking: Collection[str]) -> None:
        self._taking = taking
        self._pages = ThreadedTaskDispatcher()
        self._spans = ThreadedTaskDispatcher()
        self._pages.queue_logger.disabled = True  # it warns of each request that waits, of either lane
        self._pages.set_thread_count(threads)
        self._spans.set_thread_count(threads * _TAKING)

    def add_task(self, channel: Any) -> None:  # noqa: ANN401  of waitress
        lane = self._spans if self._is_of_spans(channel.requests[0]) else self._pages
        lane.add_task(channel)

    def shutdown(self, *_: object, **__: object) -> bool:
        return all([lane.shutdown() for lane in (self._spans, self._pages)])  # noqa: C419  each of them

    def _is_of_spans(self, request: Any) -> bool:  # noqa: ANN401  of waitress
        return not request.error and request.command in _SENDING and request.path in self._taking
