"""What the bench found: one figure a line beside the target it is held to; as a table and as JSON."""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is a p50 where something was repeated, then `p95` is there too. `target`: at most, or at least for a rate."""

    section: str
    name: str
    value: float
    unit: str
    p95: float | None = None
    target: float | None = None
    at_least: bool = False
    remark: str = ""

    @property
    def held(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def timed(  # repeated calls, the first of which only warms up
    section: str,
    name: str,
    calls: Iterable[Callable[[], object]],
    target: float | None = None,
    before: Callable[[], object] | None = None,
) -> Figure:
    """p50 and p95 in ms over `calls`, after one untimed call. A call that fails ends the row with its reason.

    `before` each call something may be done that is not timed.
    """
    times: list[float] = []
    for number, call in enumerate(calls):
        if before is not None:
            before()
        start = time.perf_counter()
        try:
            call()
        except Exception as error:
            return Figure(
                section, name, float("nan"), "ms", target=target, remark=f"{type(error).__name__}: {error}"
            )
        if number:
            times.append((time.perf_counter() - start) * 1e3)
    return Figure(
        section, name, round(float(np.median(times)), 2), "ms",
        p95=round(float(np.percentile(times, 95)), 2), target=target,
    )  # fmt: skip


def table(figures: list[Figure]) -> str:
    """Fixed columns, one section after the other; `!` marks what misses its target."""
    written = [f"{'':40}{'p50':>10}{'p95':>10}  {'unit':8}{'target':>10}"]
    section = ""
    for figure in figures:
        if figure.section != section:
            section = figure.section
            written.append(f"\n{section}")
        mark = "!" if figure.held is False else " "
        sign = "≥" if figure.at_least else "≤"
        target = f"{sign} {figure.target:,g}" if figure.target is not None else ""
        p95 = "" if figure.p95 is None else _number(figure.p95)
        written.append(
            f"{mark} {figure.name[:38]:38}{_number(figure.value):>10}{p95:>10}  {figure.unit:8}{target:>10}  "
            f"{figure.remark[:70]}".rstrip()
        )
    return "\n".join(written)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def save(figures: list[Figure], folder: Path, spans: int) -> Path:
    """bench-<date>.json in `folder`."""
    now = datetime.now(UTC)
    path = folder / f"bench-{now:%Y-%m-%d-%H%M}.json"
    report = {
        "at": now.isoformat(timespec="seconds"), "spans": spans, "machine": machine(),
        "figures": [asdict(figure) for figure in figures],
    }  # fmt: skip
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False).replace("NaN", "null") + "\n")
    return path


def machine() -> dict[str, str]:
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": cpus[0].split(":", 1)[1].strip() if cpus else platform.processor(),
        "cores": str(len(cpus)), "python": platform.python_version(),
        "busy": f"{os.getloadavg()[1]:.1f}",  # processes that wanted to run in the last five minutes
    }  # fmt: skip
