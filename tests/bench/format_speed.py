"""How fast each format is read: the checkout over and over, by the reader alone and through `loading.load`."""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.samples import checkout
from tests.samples.checkout import MS
from tests.samples.written import CHECKOUT, Write
from webapp import formats
from webapp.loading import load
from webapp.model.spans import Span
from webapp.progress import Progress
from webapp.store import Store

SPANS = 10_000
APART_MS = 50  # between the starts of two traces
COMPRESSED = (".gz", ".zst", ".zip")  # what is in them is measured by itself
ONE_TABLE = (".parquet", ".arrow", ".csv")
ONE_PAGE = ".html"


def measure(folder: Path, spans: int = SPANS) -> list[Figure]:
    """Two rates a format. The file of each is written to `folder`, measured and removed."""
    folder.mkdir(parents=True, exist_ok=True)
    stories = list(_stories(spans))
    read, loaded = [], []
    for name, write in CHECKOUT.items():
        if name.endswith((*COMPRESSED, ONE_PAGE)):
            continue
        path = folder / Path(name).name
        path.write_bytes(_content(name, write, stories))
        read.append(_read(path, spans))
        loaded.append(_loaded(path, spans))
        path.unlink()
    return read + loaded


def _stories(spans: int) -> Iterator[list[Span]]:
    """The checkout at other times under other trace ids; its span ids come again in each, as its names do."""
    for number in range(spans // len(checkout.HOPS)):
        yield checkout.spans(f"{number + 1:08x}{checkout.TRACE_ID[8:]}", number * APART_MS * MS)


def _content(name: str, write: Write, stories: list[list[Span]]) -> bytes:
    """Documents, lines and messages may follow each other; a table is written as one."""
    if name.endswith(ONE_TABLE):
        return write([span for story in stories for span in story])
    return b"".join(map(write, stories))


def _read(path: Path, spans: int) -> Figure:
    """By the processor's time: a reader is one thread, and nothing else is measured with it."""
    start_s = time.process_time()
    with path.open("rb") as stream:
        reading = formats.read(stream, path.name)
        found = sum(len(batch.spans) + len(batch.lines) for batch in reading.batches())
    seconds = time.process_time() - start_s
    _check(path, found, spans)
    rate = f"{path.stat().st_size / 1e6 / seconds:.0f} MB/s"
    return Figure("formats, reader alone", path.name, round(spans / seconds), "spans/s", remark=rate)


def _loaded(path: Path, spans: int) -> Figure:
    with Store.open(None) as store:
        start_s = time.perf_counter()
        reports = load([str(path)], store, Progress())
        seconds = time.perf_counter() - start_s
    _check(path, sum(report.spans for report in reports), spans)
    return Figure("formats, loaded with analysis", path.name, round(spans / seconds), "spans/s")


def _check(path: Path, found: int, spans: int) -> None:
    if found < spans:
        raise RuntimeError(f"{found:,} of {spans:,} spans were read from {path.name}.")
