"""What a person sees of a large trace in Chromium: first row, jumps, fast scrolling. The page is not changed for it."""

import itertools
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.bench.blocks import BIG_TRACES, big_trace_id
from tests.bench.figures import Figure

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars=false"]
VIEWPORT = {"width": 1440, "height": 900}
SERVE = "from webapp.cli import main; main()"
LONG_TASKS = (
    "bench.tasks = []; new PerformanceObserver((found) => bench.tasks.push(...found.getEntries().map("
    "(task) => task.duration))).observe({ type: 'longtask' })"
)
AWAY_MS = 50  # that a server may be away
PROBE = (Path(__file__).parent / "browser_probe.js").read_text()
JUMPS, WHEEL_TURNS, WHEEL_PX = 15, 60, 1200


def measure(database: Path, port: int = 8791) -> list[Figure]:
    """Serves `database` in a process of its own and opens the big traces with every row unfolded."""
    figures: list[Figure] = []
    with served(database, port) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        judge = browser.new_page()
        judge.add_script_tag(content=PROBE)
        for size in BIG_TRACES:
            page = browser.new_page(viewport=VIEWPORT)
            page.add_init_script(PROBE)
            try:
                figures += _trace(page, judge, f"{address}/trace/{big_trace_id(size)}?depth=0", size)
            except Exception as error:
                remark = f"{type(error).__name__}: {error}".splitlines()[0]
                figures.append(Figure(_section(size), "failed", float("nan"), "", remark=remark))
            page.close()
        browser.close()
    return figures


@contextmanager
def served(database: Path, port: int) -> Iterator[str]:
    """The real server over the database.

    Raises:
        RuntimeError: it ended before it was ready.
    """
    command = [sys.executable, "-c", SERVE, "serve", "--db", str(database), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        for line in server.stdout or ():
            if "ready" in line:
                break
        else:
            raise RuntimeError("The server did not start.")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _section(size: int) -> str:
    return f"Chromium, {size:,} spans"


def _trace(page: Page, judge: Page, url: str, size: int) -> list[Figure]:
    section = _section(size)
    session = page.context.new_cdp_session(page)
    received: list[float] = []
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    firsts = [_first_row_ms(page, url) for _ in range(4)]
    loaded_kb = sum(received) / len(firsts) / 1e3
    jumps = _jumps(page)
    page.evaluate("void bench.watchRows()")
    page.evaluate(LONG_TASKS)
    with _main_thread(page) as tasks_ms:
        frames = _wheel(page, session)
    longest_task_ms = page.evaluate("Math.max(0, ...bench.tasks)")
    seen = page.evaluate("bench.stopWatching()")
    blank = _blank_times(judge, frames)
    waits, gaps = [jump["rows_ms"] for jump in jumps], [gap for jump in jumps for gap in jump["frames_ms"]]
    return [
        _spread(section, "first row painted", firsts[1:], target=300),
        Figure(section, "received per load", round(loaded_kb), "kB"),
        Figure(section, "elements in the document", page.evaluate("bench.elements()"), "", target=5000),
        _spread(section, "jump → real rows", waits, target=100),
        _spread(section, "frame while jumping", gaps, target=34),
        Figure(section, "wheel: at least half blank", round(blank["half_blank_ms"]), "ms", target=50),
        Figure(section, "wheel: worst share blank", round(blank["worst"] * 100), "%"),
        Figure(section, "wheel: longest time without a frame", round(blank["longest_ms"]), "ms"),
        Figure(section, "wheel: frames without real rows", seen["without_rows"], f"of {seen['frames']}"),
        Figure(section, "wheel: longest task", round(longest_task_ms), "ms", target=50),
        Figure(section, "wheel: longest task, processor time", round(max(tasks_ms)), "ms", target=50),
        Figure(section, "heap", _heap_mb(session), "MB", target=10),
        *_from_afar(page, session, url, section),
    ]


def _heap_mb(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    return round(float(session.send("Runtime.getHeapUsage")["usedSize"]) / 2**20, 1)


def _from_afar(page: Page, session: CDPSession, url: str, section: str) -> list[Figure]:
    slow = {"offline": False, "latency": AWAY_MS, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", slow)
    firsts = [_first_row_ms(page, url) for _ in range(4)][1:]
    waits = [jump["rows_ms"] for jump in _jumps(page)]
    return [
        _spread(section, f"first row painted, server {AWAY_MS} ms away", firsts, target=300 + AWAY_MS),
        _spread(section, f"jump → real rows, server {AWAY_MS} ms away", waits, target=100 + AWAY_MS),
    ]


def _spread(section: str, name: str, times: list[float], target: float) -> Figure:
    p50, p95 = (round(float(np.percentile(times, share)), 1) for share in (50, 95))
    return Figure(section, name, p50, "ms", p95=p95, target=target)


def _first_row_ms(page: Page, url: str) -> float:
    page.goto(url)
    page.wait_for_function("() => bench.first_row_ms !== null", timeout=30_000)
    first: float = page.evaluate("bench.first_row_ms")
    page.wait_for_timeout(600)  # let it settle before the next load
    return first


def _jumps(page: Page) -> list[dict[str, float | list[float]]]:
    """Far jumps to seeded places; each ends when real rows fill the window."""
    chance = random.Random(7)
    return [page.evaluate("place => bench.jump(place)", chance.random()) for _ in range(JUMPS)]


def _wheel(page: Page, session: CDPSession) -> list[tuple[float, str]]:
    """Turns the wheel fast from the top; (time in ms, picture) of each frame that was shown."""
    frames: list[tuple[float, str]] = []

    def keep(event: dict[str, object]) -> None:
        meta = event["metadata"]
        assert isinstance(meta, dict)
        frames.append((meta["timestamp"] * 1e3, str(event["data"])))
        session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    page.mouse.move(VIEWPORT["width"] // 2, VIEWPORT["height"] * 2 // 3)
    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", {"format": "jpeg", "quality": 60, "everyNthFrame": 1})
    for _ in range(WHEEL_TURNS):
        page.mouse.wheel(0, WHEEL_PX)
        time.sleep(0.012)
    page.wait_for_timeout(300)
    session.send("Page.stopScreencast")
    session.remove_listener("Page.screencastFrame", keep)
    return frames


@contextmanager
def _main_thread(page: Page) -> Iterator[list[float]]:
    """Processor time in ms of each task of main threads of pages, known at the end. Where all cores are busy, not least
    with rastering in software and with the pictures that are taken here, a task lasts longer than it works."""
    assert page.context.browser is not None
    session = page.context.browser.new_browser_cdp_session()
    events: list[dict[str, Any]] = []
    ended: list[object] = []
    session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    session.on("Tracing.tracingComplete", lambda said: ended.append(said))
    session.send("Tracing.start", {"traceConfig": {"includedCategories": ["toplevel"]}})
    tasks_ms: list[float] = []
    yield tasks_ms
    session.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)
    session.detach()
    main = {(e["pid"], e["tid"]) for e in events if e.get("args", {}).get("name") == "CrRendererMain"}
    of_pages = (e for e in events if e["name"].endswith("RunTask") and (e["pid"], e["tid"]) in main)
    tasks_ms += [event.get("tdur", 0) / 1e3 for event in of_pages]


def _blank_times(judge: Page, frames: list[tuple[float, str]]) -> dict[str, float]:
    """A frame counts from its time to that of the next one."""
    shares = [float(judge.evaluate("picture => bench.blankShare(picture)", picture)) for _, picture in frames]
    lengths = [after - before for (before, _), (after, _) in itertools.pairwise(frames)]
    half_blank = [length for share, length in zip(shares, lengths, strict=False) if share >= 0.5]
    return {
        "half_blank_ms": sum(half_blank), "worst": max(shares, default=0.0), "longest_ms": max(lengths, default=0.0),
    }  # fmt: skip
