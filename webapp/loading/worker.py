"""A process that reads and encodes: tasks come in by stdin, news go out by stdout. It stores nothing.

Both ways are pickles between two processes of one program; None ends the news of a task. What is read is files; another
room may `serve` tasks of its own.
"""

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import IO, cast

from webapp.loading.batches import News, news_of
from webapp.loading.parts import File, read_parts

_START = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from {} import run; run()"
_READY = "ready"
_LAST_SECONDS = 5  # between the last word of a process and its end


class WorkerLost(Exception):
    """It has ended, or cannot be started."""


class Worker:
    """The process as its owner sees it. `room`: the module whose `run` it runs."""

    def __init__(self, room: str = __name__) -> None:
        """Raises WorkerLost."""
        paths = os.pathsep.join(path for path in sys.path if path)
        try:
            self._process = subprocess.Popen(  # noqa: S603  this program itself
                [sys.executable, "-P", "-c", _START.format(room)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": paths},
            )
        except OSError as error:
            raise WorkerLost(str(error)) from error
        self._tasks = cast("IO[bytes]", self._process.stdin)
        self._news = cast("IO[bytes]", self._process.stdout)

    @property
    def process_id(self) -> int:
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Raises WorkerLost."""
        if self._receive() != _READY:
            raise WorkerLost("it does not answer")

    def read(self, files: list[File]) -> Iterator[News]:
        """Raises WorkerLost."""
        return cast("Iterator[News]", self.ask(files))

    def ask(self, task: object) -> Iterator[object]:
        """Raises WorkerLost."""
        try:
            _send(self._tasks, task)
        except (OSError, ValueError) as error:  # it has ended, or was closed here
            raise WorkerLost(str(error)) from error
        while (news := self._receive()) is not None:
            yield news

    def _receive(self) -> object:
        try:
            return pickle.load(self._news)  # noqa: S301  our own process wrote it
        except (EOFError, pickle.UnpicklingError, OSError, ValueError) as error:
            raise WorkerLost(self._end()) from error

    def _end(self) -> str:
        try:
            code = self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            return "it sent something strange"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """From any thread. Whoever waits for news gets WorkerLost."""
        self._process.kill()

    def close(self) -> None:
        self._process.kill()
        for pipe in (self._tasks, self._news):
            with suppress(OSError):  # what was not written cannot be any more
                pipe.close()
        self._process.wait()


def run() -> None:
    """In the new process."""
    gc.disable()
    serve(lambda files: news_of(read_parts(cast("list[File]", files))))


def serve(answer: Callable[[object], Iterable[object]]) -> None:
    """Tasks, until their owner ends."""
    tasks = sys.stdin.buffer
    news = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed goes where it can be seen
    with suppress(BrokenPipeError, EOFError):
        _send(news, _READY)
        while True:
            for each in answer(pickle.load(tasks)):  # noqa: S301  our own process wrote it
                _send(news, each)
            _send(news, None)


def _send(pipe: IO[bytes], message: object) -> None:
    pickle.dump(message, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()
