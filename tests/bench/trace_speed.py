"""Opening large traces: time of the page and of its row windows on the server, and how many bytes they are."""

import gzip
import time
from functools import partial

from flask.testing import FlaskClient

from tests.bench.blocks import BIG_TRACES, big_trace_id
from tests.bench.figures import Figure, timed
from tests.bench.query_speed import fetch
from webapp.store import Store

FIRST_TARGETS_MS = {
    1_000: 15,
    10_000: 80,
    100_000: 80,
    1_000_000: 10_000,
}  # storage.md: to open the trace, and its first rows
PAGE_TARGET_MS = 150  # ux.md
WINDOW_TARGET_MS = 10
FIND_TARGET_MS, DETAIL_TARGET_MS = 300, 150
PAGE_TARGET_KB = 60  # gzip
VIEW_TARGET_MS = 500
VIEWS = ("flame", "flame&of=busy", "spans", "spans&by=span", "map", "events")


def measure(
    store: Store, client: FlaskClient, rounds: int, sizes: tuple[int, ...] = BIG_TRACES
) -> list[Figure]:
    """Of each size: the page (first and again), a window of rows, what is found, an opened span, the views."""
    figures = []
    for size in sizes:
        section = f"trace of {size:,} spans"
        page = f"/trace/{big_trace_id(size)}"
        start = time.perf_counter()
        html = fetch(client, page)
        first_ms = (time.perf_counter() - start) * 1e3
        summary = store.summary_of(big_trace_id(size))
        opened = f"{page}?span={summary.root_span_id if summary else ''}"
        places = [size * part // (rounds + 1) for part in range(rounds + 1)]
        windows = [partial(fetch, client, f"{page}/rows?row={row}&depth=0", fragment=True) for row in places]
        figures += [
            Figure(section, "page, first time", round(first_ms, 1), "ms", target=FIRST_TARGETS_MS[size]),
            timed(section, "page, again", [partial(fetch, client, page)] * (rounds + 1), PAGE_TARGET_MS),
            timed(section, "window of rows", windows, WINDOW_TARGET_MS),
            timed(section, "page with a span opened", [partial(fetch, client, opened)] * (rounds + 1)),
            timed(section, "find, a text not sought before", _finds(client, page), FIND_TARGET_MS),
            timed(section, "span detail", _details(store, client, size), DETAIL_TARGET_MS),
            Figure(section, "HTML", round(len(html) / 1e3, 1), "kB"),
            Figure(section, "HTML gzip", _gzip_kb(html), "kB", target=PAGE_TARGET_KB),
        ]
        for view in VIEWS:
            url = f"{page}?view={view}"
            figures.append(timed(section, f"view={view}", [partial(fetch, client, url)] * 4, VIEW_TARGET_MS))
    return figures


def _finds(client: FlaskClient, page: str) -> list[partial[bytes]]:
    return [partial(fetch, client, f"{page}/find?depth=0&find=pg-{number}") for number in range(8)]


def _details(store: Store, client: FlaskClient, size: int) -> list[partial[bytes]]:
    """Of spans from all over the trace."""
    columns = store.columns(big_trace_id(size))
    span_ids = [] if columns is None else columns.span_id[:: max(1, size // 10)].tolist()
    url = f"/trace/{big_trace_id(size)}/span"
    return [partial(fetch, client, f"{url}/{span_id:016x}", fragment=True) for span_id in span_ids]


def _gzip_kb(body: bytes) -> float:
    return round(len(gzip.compress(body, 6)) / 1e3, 1)
