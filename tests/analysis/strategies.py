"""Random traces for properties: tame ones as instrumentation writes them, and wild ones as broken exporters do."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.analysis.drawing import MS, span
from webapp.model.spans import Kind, Span, Status

UNITS_NS = (MS, MS // 10, MS // 3)
KINDS = list(Kind)
START_MS = 1_000


@dataclass(frozen=True)
class Shape:
    """Where a span lies: parent by number, times in units from the beginning of the trace."""

    parent: int
    start: int
    end: int


def named(number: int) -> str:
    return f"{number:03d}"


@st.composite
def shapes(draw: st.DrawFn, most: int = 25, overflow: bool = True) -> list[Shape]:
    """A parent among the earlier spans, a start inside it, an end inside it or up to 10 units later."""
    drawn = [Shape(-1, 0, draw(st.integers(1, 100)))]
    for _ in range(draw(st.integers(0, most - 1))):
        parent = draw(st.integers(0, len(drawn) - 1))
        above = drawn[parent]
        start = draw(st.integers(above.start, above.end))
        outlives = overflow and draw(st.integers(0, 9)) >= 6
        last = above.end + 10 if outlives else above.end
        drawn.append(Shape(parent, start, draw(st.integers(start, max(start, last)))))
    return drawn


@st.composite
def traces(draw: st.DrawFn, most: int = 25) -> list[Span]:
    """Whole and clean, but with asynchronous work, overlaps and children that outlive their parents. One clock."""
    unit_ns = draw(st.sampled_from(UNITS_NS))
    spans = []
    for number, shape in enumerate(draw(shapes(most))):
        spans.append(
            span(
                named(number),
                named(shape.parent) if shape.parent >= 0 else "",
                START_MS + shape.start * unit_ns / MS,
                START_MS + shape.end * unit_ns / MS,
                kind=draw(st.sampled_from(KINDS)),
                service=draw(st.sampled_from(("a", "b", "c"))),
                status=draw(st.sampled_from((Status.UNSET, Status.UNSET, Status.ERROR))),
                host="h",
            )
        )
    return spans


@st.composite
def sequential_traces(draw: st.DrawFn) -> list[Span]:
    """Children one after the other, inside their parent, all waited for."""
    spans: list[Span] = []

    def fill(parent: str, start: int, end: int, depth: int) -> None:
        name = named(len(spans))
        spans.append(span(name, parent, START_MS + start, START_MS + end))
        cuts = sorted(draw(st.lists(st.integers(start, end), max_size=6))) if depth < 3 else []
        for child_start, child_end in zip(cuts[::2], cuts[1::2], strict=False):
            fill(name, child_start, child_end, depth + 1)

    fill("", 0, draw(st.integers(1, 400)), 0)
    return spans


@st.composite
def broken_traces(draw: st.DrawFn) -> list[Span]:
    """Anything: ids used twice, parents that are missing, oneself or below oneself, times absent or turned round.

    No hosts: a start that was made up says nothing about a clock.
    """
    moments = st.one_of(st.just(0), st.integers(START_MS, START_MS + 200))
    ids = st.integers(0, 7)
    return [
        span(
            named(draw(ids)),
            draw(st.one_of(st.just(""), ids.map(named), st.just("lost"))),
            draw(moments),
            draw(moments),
            kind=draw(st.sampled_from(KINDS)),
            service=draw(st.sampled_from(("a", "b"))),
            name=draw(st.sampled_from(("x", "y"))),
            follows_from=draw(st.booleans()),
            shared=draw(st.booleans()),
            links=draw(st.lists(ids.map(named), max_size=2)),
        )
        for _ in range(draw(st.integers(1, 14)))
    ]


@st.composite
def skewed_traces(draw: st.DrawFn) -> list[Span]:
    """Calls between hosts whose clocks are off by up to a little more than what may be repaired."""
    off_ms = {host: draw(st.integers(-70_000, 70_000)) for host in ("h1", "h2", "h3")}
    off_ms[""] = 0
    spans = []
    for number, shape in enumerate(draw(shapes(12))):
        host = draw(st.sampled_from(sorted(off_ms)))
        spans.append(
            span(
                named(number),
                named(shape.parent) if shape.parent >= 0 else "",
                100_000 + shape.start + off_ms[host],
                100_000 + shape.end + off_ms[host],
                kind=draw(st.sampled_from((Kind.CLIENT, Kind.SERVER, Kind.CONSUMER))),
                service=draw(st.sampled_from(("a", "b"))),
                host=host,
            )
        )
    return spans
