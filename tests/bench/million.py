"""One trace of a million spans: loaded into a store of its own, opened, walked through. Takes some minutes and 1.5 GB."""

from pathlib import Path

from tests.bench import load_speed, trace_speed
from tests.bench.blocks import blocks
from tests.bench.figures import Figure
from tests.bench.written import lines
from webapp.app import create_app
from webapp.store import Store

SPANS = 1_000_000


def measure(folder: Path, rounds: int) -> list[Figure]:
    database = folder / "one-trace.duckdb"
    source = folder / "one-trace.jsonl"
    if not source.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with source.open("wb") as file:
            for block in blocks(SPANS, big=(SPANS,)):
                file.writelines(lines(block))
    load_speed.measure(source, database, SPANS)
    store = Store.open(database)
    before_mb = _resident_mb()
    figures = trace_speed.measure(store, create_app(store).test_client(), rounds, (SPANS,))
    used_mb = round(_resident_mb() - before_mb)
    store.close()
    return [*figures, Figure(f"trace of {SPANS:,} spans", "memory of all of these pages", used_mb, "MB")]


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024
