"""Where an opened span stands among all spans of its service and name: a sentence, and a small histogram as SVG geometry."""

from dataclasses import dataclass
from math import log2

from webapp.model import display
from webapp.model.results import Usual
from webapp.store.reading.operations import Operations

FEWEST = 20  # spans, to say anything
WIDTH, HEIGHT = 260, 34
_LEAST_BAR = 1.5  # px, of a bucket that holds anything


@dataclass(frozen=True, slots=True)
class Standing:
    """`bars`: x, y, width, height and whether the span lies there."""

    words: str
    of: str
    p50_ns: int
    p95_ns: int
    bars: list[tuple[str, str, str, str, bool]]
    x: str
    anchor: str  # of the label at x
    from_ns: int
    below_ns: int
    width: int = WIDTH
    height: int = HEIGHT


def standing(operations: Operations, service: str, name: str, duration_ns: int) -> Standing | None:
    """None of too few, or where the store cannot say in time."""
    usual = operations.usual(service, name)
    if usual is None or usual.spans < FEWEST:
        return None
    around = operations.around(service, name, duration_ns)
    if around is None:
        return None
    shorter, longer = around
    if shorter >= longer:
        words = f"Slower than {_percent(shorter, usual.spans)}"
    else:
        words = f"Faster than {_percent(longer, usual.spans)}"
    if max(shorter, longer) * 4 < usual.spans:
        words = "As long as most"
    return _drawn(usual, duration_ns, words)


def _percent(part: int, whole: int) -> str:
    """Rounded down: what is said holds."""
    return f"{1000 * part // whole / 10:g}%"


def _drawn(usual: Usual, duration_ns: int, words: str) -> Standing:
    first, last = log2(max(1, usual.buckets[0][0])), log2(max(2, usual.buckets[-1][1]))
    scale = WIDTH / max(last - first, 0.25)

    def x(ns: int) -> float:
        return min(float(WIDTH), max(0.0, (log2(max(1, ns)) - first) * scale))

    most = max(spans for *_, spans in usual.buckets)
    bars = []
    for from_ns, below_ns, spans in usual.buckets:
        left, high = x(from_ns), max(_LEAST_BAR, HEIGHT * spans / most)
        width = max(1.0, x(below_ns) - left - 0.75)
        own = from_ns <= duration_ns < below_ns
        bars.append((f"{left:.1f}", f"{HEIGHT - high:.1f}", f"{width:.1f}", f"{high:.1f}", own))
    here = x(duration_ns)
    return Standing(
        words=words,
        of=display.count(usual.spans),
        p50_ns=usual.p50_ns,
        p95_ns=usual.p95_ns,
        bars=bars,
        x=f"{here:.1f}",
        anchor="start" if here < 24 else "end" if here > WIDTH - 24 else "middle",
        from_ns=usual.buckets[0][0],
        below_ns=usual.buckets[-1][1],
    )
