"""Receiving while people read: 20,000 spans/s for a minute beside 8 readers, and what is left after 50 kills."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from tests.bench.figures import Figure
from tests.killing import free_port, kill_while_receiving, missing, otlp_body
from webapp.store import Store

SPANS_PER_SECOND = 20_000
SECONDS = 60
READERS = 8
KILLS = 50
CROWD = 10_000  # posts
CROWD_THREADS = 200
_EACH_SECONDS = 1.0  # between two pages of a reader
_QUERIES = (
    "",
    "service=checkout",
    "duration>500ms",
    "error",
    "service=payment duration>20ms",
    'name~"check"',
)


def measure(database: Path, folder: Path, seconds: float = SECONDS) -> list[Figure]:
    """`database` has spans to search and is left as it is.

    Raises:
        RuntimeError: the server or the sender failed.
    """
    kept = folder / "live.duckdb"
    shutil.copy(database, kept)
    with Store.open(kept) as store:
        before = store.span_total()
    with _serving(kept) as (port, process):
        readers = Readers(port)
        sender = subprocess.run(
            [sys.executable, "-m", "tests.bench.live_sender", str(port), str(SPANS_PER_SECOND), str(seconds)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        readers.stop()
        if sender.returncode:
            raise RuntimeError(f"Sending failed:\n{sender.stderr}")
        worked_seconds, peak_mb = _used(process)
    acknowledged, took, refused, slowest_ms = map(float, sender.stdout.split())
    with Store.open(kept) as store:
        lost = before + acknowledged + len(readers.visible_ms) - store.span_total()
    kept.unlink()
    reads, visible = np.array(readers.search_ms), np.array(readers.visible_ms)
    return [
        Figure("live", f"received beside {READERS} readers", round(acknowledged / took), "spans/s",
               target=SPANS_PER_SECOND * 0.98, at_least=True, remark=f"{refused:,.0f} posts sent again"),
        Figure("live", "acknowledged and lost", lost, "spans", target=0),
        Figure("live", "search meanwhile, p99", round(float(np.percentile(reads, 99)), 1), "ms", target=100,
               remark=f"p50 {np.median(reads):.1f} ms of {len(reads):,}"),
        Figure("live", "from sent to found, slowest", round(float(visible.max())), "ms", target=1_500,
               remark=f"p50 {np.median(visible):.0f} ms of {len(visible)}"),
        Figure("live", "slowest answer to a post", round(slowest_ms), "ms"),
        Figure("live", "processor time a span", round(worked_seconds / acknowledged * 1e6, 1), "µs",
               remark="with that of the readers' pages"),
        Figure("live", "peak memory", round(peak_mb), "MB"),
    ]  # fmt: skip


def measure_crowd(folder: Path, posts: int = CROWD) -> list[Figure]:
    """Small posts, each on a connection of its own, from as many threads as a busy host has programs.

    Raises:
        RuntimeError: an answer was neither an acknowledgement nor a request to try again.
    """
    path = folder / "crowd.duckdb"
    path.unlink(missing_ok=True)
    statuses: list[int] = []
    with _serving(path) as (port, process):
        readers = Readers(port)
        start = time.perf_counter()
        shares = [range(n, posts, CROWD_THREADS) for n in range(CROWD_THREADS)]
        threads = [threading.Thread(target=_send_each, args=(port, share, statuses)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - start
        readers.stop()
        _, peak_mb = _used(process)
    with Store.open(path) as store:
        lost = statuses.count(200) + len(readers.visible_ms) - store.span_total()
    path.unlink()
    if unknown := set(statuses) - {200, 429}:
        raise RuntimeError(f"{posts:,} posts at once were answered with {unknown}, too.")
    again = statuses.count(429)
    return [
        Figure("live", f"{posts:,} posts from {CROWD_THREADS}", round(posts / took), "posts/s",
               remark=f"{again:,} told to try again"),
        Figure("live", "acknowledged of them and lost", lost, "spans", target=0),
        Figure("live", "slowest search meanwhile", round(max(readers.search_ms)), "ms"),
        Figure("live", "peak memory with them", round(peak_mb), "MB"),
    ]  # fmt: skip


def _send_each(port: int, numbers: range, statuses: list[int]) -> None:
    for number in numbers:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        body = otlp_body(f"{number + 10**9:032x}")
        connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
        statuses.append(connection.getresponse().status)
        connection.close()


def measure_kills(folder: Path, kills: int = KILLS) -> Figure:
    path = folder / "killed.duckdb"
    path.unlink(missing_ok=True)
    acknowledged = [trace_id for round_ in range(kills) for trace_id in kill_while_receiving(path, round_)]
    with Store.open(path) as store:
        lost = missing(store, acknowledged)
    path.unlink()
    return Figure(
        "live", f"acknowledged and lost, {kills} kills", len(lost), "traces", target=0,
        remark=f"of {len(acknowledged):,}",
    )  # fmt: skip


@contextmanager
def _serving(database: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    port = free_port()
    command = [sys.executable, "-m", "webapp", "serve", "--db", str(database), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or "ready" not in process.stdout.readline():
                raise RuntimeError("The server did not start.")
            yield port, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


class Readers:
    """Threads that search, each once a second, and one that sends a span a second and looks for it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._over = threading.Event()
        self.search_ms: list[float] = []
        self.visible_ms: list[float] = []
        self._threads = [threading.Thread(target=self._search, args=(n,)) for n in range(READERS)]
        self._threads.append(threading.Thread(target=self._look))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _search(self, number: int) -> None:
        chosen = random.Random(number)
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        while not self._over.wait(_EACH_SECONDS * chosen.uniform(0.5, 1.5)):
            start = time.perf_counter()
            self._traces(connection, chosen.choice(_QUERIES))
            self.search_ms.append((time.perf_counter() - start) * 1e3)
        connection.close()

    def _look(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        number = 0
        while not self._over.wait(1.0):
            number += 1
            name = f"probe-{number}"
            body = otlp_body(f"{number:032x}", name)
            start = time.perf_counter()
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
            connection.getresponse().read()
            while not self._traces(connection, f"name={name}"):
                time.sleep(0.02)
            self.visible_ms.append((time.perf_counter() - start) * 1e3)
        connection.close()

    def _traces(self, connection: HTTPConnection, query: str) -> int:
        connection.request("GET", "/traces.json?" + urlencode({"q": query, "limit": 20}))
        return len(json.loads(connection.getresponse().read())["traces"])


def _used(process: subprocess.Popen[str]) -> tuple[float, float]:
    """Processor seconds and peak MB so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{process.pid}/status").read_text()
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), peak_kb / 1024
