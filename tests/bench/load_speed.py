"""How fast a file becomes answers: the whole of `loading.load`, in a process of its own so that its memory is known."""

import subprocess
import sys
import time
from pathlib import Path

from tests.bench.figures import Figure
from webapp.store import Store

# Runs apart: loads argv[1] into argv[2], prints spans, seconds, CPU seconds, peak MB, that of a child.
LOADER = """
import resource, sys, time
from pathlib import Path
from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store
store = Store.open(Path(sys.argv[2]))
start = time.perf_counter()
reports = load([sys.argv[1]], store, Progress())
seconds = time.perf_counter() - start
loaded = sum(report.spans for report in reports)
store.close()
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
worked = sum(one.ru_utime + one.ru_stime for one in used)
print(loaded, seconds, worked, *(one.ru_maxrss / 1024 for one in used))
"""


def measure(source: Path, database: Path, spans: int) -> list[Figure]:
    """Loads `source` into a new `database`.

    Raises:
        RuntimeError: loading failed or lost spans.
    """
    for old in (database, database.with_suffix(".duckdb.wal")):
        old.unlink(missing_ok=True)
    finished = subprocess.run(
        [sys.executable, "-c", LOADER, str(source), str(database)],
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(f"Loading failed:\n{finished.stderr}")
    loaded, seconds, worked, peak_mb, reader_mb = map(float, finished.stdout.split())
    if loaded != spans:
        raise RuntimeError(f"{loaded:,.0f} of {spans:,} spans were loaded.")
    opened_ms = _open_ms(database)
    return [
        Figure(
            "load",
            "OTLP JSON lines, with analysis",
            round(spans / seconds),
            "spans/s",
            target=50_000,
            at_least=True,
        ),
        Figure("load", "seconds", round(seconds, 1), "s"),
        Figure("load", "processor time a span", round(worked / spans * 1e6, 1), "µs"),
        Figure(
            "load",
            "peak memory of the process",
            round(peak_mb),
            "MB",
            remark=f"{source.stat().st_size / 1e9:.2f} GB",
        ),
        Figure("load", "peak memory of a reading process", round(reader_mb), "MB"),
        Figure("load", "database", round(database.stat().st_size / 1e6), "MB"),
        Figure("load", "open the database", round(opened_ms, 1), "ms", target=30),
    ]


def _open_ms(database: Path) -> float:
    start = time.perf_counter()
    store = Store.open(database)
    opened_ms = (time.perf_counter() - start) * 1e3
    store.close()
    return opened_ms
