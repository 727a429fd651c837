"""Several processes read tasks; their news come out in the order of the tasks, whoever was faster."""

import logging
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from threading import Event, Lock, Semaphore, Thread
from typing import Self

from webapp.loading.attempt import Attempt
from webapp.loading.batches import Batch, News, news_of
from webapp.loading.parts import File, read_parts
from webapp.loading.tasks import Task
from webapp.loading.worker import Worker, WorkerLost

_AHEAD = 4  # batches that a process may have handed over and nobody has stored

_log = logging.getLogger(__name__)


class _Stopped(Exception):
    pass


class _Job:
    """A task, and its news as far as they are known: None ends them, an error is for whoever waits."""

    def __init__(self, files: Task) -> None:
        self.files = files
        self.news: SimpleQueue[News | Exception | None] = SimpleQueue()
        self.room = Semaphore(0)  # of the server that took it


class Pool:
    """As many processes, each served by a thread of this one. All of them end with the block."""

    def __init__(self, tasks: Sequence[Task], workers: int) -> None:
        self._jobs = [_Job(files) for files in tasks]
        self._waiting = iter(self._jobs)
        self._lock = Lock()
        self._servers = [_Server(self) for _ in range(workers)]
        self.stopped = Event()

    def __enter__(self) -> Self:
        for server in self._servers:
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for server in self._servers:
            server.stop()

    def next_job(self) -> _Job | None:
        with self._lock:
            return next(self._waiting, None)

    def news(self) -> Iterator[News]:
        for job in self._jobs:
            while (each := job.news.get()) is not None:
                if isinstance(each, Exception):
                    raise each
                yield each
                if isinstance(each, Batch):
                    job.room.release()

    def process_ids(self) -> list[int]:
        return [server.worker.process_id for server in self._servers if server.worker]


class _Server(Thread):
    def __init__(self, pool: Pool) -> None:
        super().__init__(name="reader", daemon=True)
        self.worker: Worker | None = None
        self._pool = pool
        self._room = Semaphore(_AHEAD)
        self._starts = True  # whether processes can be started here

    def run(self) -> None:
        try:
            while job := self._pool.next_job():
                job.room = self._room
                try:
                    self._serve(job)
                except _Stopped:
                    return
                except Exception as error:  # raised again where the load waits for it
                    job.news.put(error)
                job.news.put(None)
        finally:
            self._give_up_worker()

    def stop(self) -> None:
        """After the pool is marked as stopped."""
        if worker := self.worker:
            worker.kill()
        self._room.release()
        self.join()

    def _serve(self, job: _Job) -> None:
        left = job.files
        while left:
            attempt = Attempt(left)
            try:
                for each in self._read(left):
                    attempt.note(each)
                    self._put(job, each)
            except WorkerLost as lost:
                self._give_up_worker()
                for each in attempt.give_up(str(lost)):
                    self._put(job, each)
            left = attempt.left

    def _read(self, files: list[File]) -> Iterator[News]:
        if self.worker is None and self._starts:
            try:
                self.worker = Worker()
                self.worker.wait_until_ready()
            except WorkerLost as lost:
                _log.warning("reading in one process, since no other can be started: %s", lost)
                self._give_up_worker()
                self._starts = False
        return self.worker.read(files) if self.worker else news_of(read_parts(files))

    def _put(self, job: _Job, each: News) -> None:
        if isinstance(each, Batch):
            self._room.acquire()
        if self._pool.stopped.is_set():
            raise _Stopped
        job.news.put(each)

    def _give_up_worker(self) -> None:
        if self.worker:
            self.worker.close()
        self.worker = None
