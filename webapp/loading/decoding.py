"""Where bodies are read: here, and in a process of its own once much is sent, since pages wait for Python meanwhile."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

from webapp.loading import protocols
from webapp.loading.protocols import Protocol, Read
from webapp.loading.worker import Worker, WorkerLost, serve

MUCH = 1_000_000  # bytes of bodies in a second, some 5,000 spans

Task = tuple[int, bytes]  # a place in protocols.ALL, and a body


class Decoding:
    """One for an application; bodies are given to it one at a time."""

    def __init__(self, much: int = MUCH) -> None:
        self._much = much
        self._second, self._bytes = 0, 0  # that came in it
        self._worker: Worker | None = None  # that is ready
        self._starting: threading.Thread | None = None
        self._lock = threading.Lock()  # around what is done when it is closed
        self._closed = False

    @property
    def is_apart(self) -> bool:
        """Whether another process reads."""
        return self._worker is not None

    @property
    def process_id(self) -> int:
        """Of the process that reads."""
        return self._worker.process_id if self._worker else os.getpid()

    def read(self, protocol: Protocol, body: bytes) -> Read:
        """Raises WorkerLost: whether the body can be read is not known; the next one is read here again."""
        if self._worker is None:
            self._start_if_much(len(body))
            return protocols.read(protocol, body)
        task: Task = (protocols.ALL.index(protocol), body)
        try:
            [read] = self._worker.ask(task)
        except WorkerLost:
            self._give_up_worker()
            self._starting = None
            raise
        return cast("Read", read)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        if self._starting:
            self._starting.join()
        if self._worker:
            self._worker.kill()  # whoever waits for it gives it up
        self._give_up_worker()

    def _start_if_much(self, size: int) -> None:
        second = int(time.monotonic())
        self._bytes = self._bytes + size if second == self._second else size
        self._second = second
        if self._bytes > self._much and self._starting is None and (os.cpu_count() or 1) > 1:
            self._starting = threading.Thread(target=self._start, name="decoder", daemon=True)
            self._starting.start()

    def _start(self) -> None:
        with suppress(WorkerLost):  # where no process can be started all is read here
            worker = Worker(__name__)
            with suppress(WorkerLost):
                worker.wait_until_ready()
                with self._lock:
                    if not self._closed:
                        self._worker = worker
                        return
            worker.close()

    def _give_up_worker(self) -> None:
        with self._lock:
            worker, self._worker = self._worker, None
        if worker:
            worker.close()


def run() -> None:
    """In the new process."""
    serve(_answer)


def _answer(task: object) -> Iterator[Read]:
    number, body = cast("Task", task)
    yield protocols.read(protocols.ALL[number], body)
