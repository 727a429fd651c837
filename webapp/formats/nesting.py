"""In which unit durations are that name none: the smallest in which spans lie within their parents and their trace.

A unit that is too small lets parents end before their children begin. One that is too large lets all of them nest,
so the smallest that nests is the one; where even that says little, what the reader takes for likely decides.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from webapp.formats.units import NS_PER_UNIT

SAMPLE = 1_000  # spans of a file that the unit is decided by
WORDS = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds"}
_CANDIDATES = ("ns", "us", "ms", "s")
_ENOUGH = 0.8  # of the pairs: what is done after the answer outlives its parent in every unit
_WEAK = 0.02  # of the time that a parent has left beside its child: all children begin earlier than that
_RESOLUTIONS = (1_000_000_000, 1_000_000, 1_000)


class Timed(NamedTuple):
    """`length`: the number that stands for the duration."""

    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    length: float


class Decision(NamedTuple):
    """`why` follows the unit in a sentence."""

    unit: str
    why: str


def decide(spans: Sequence[Timed], likely: str) -> Decision:
    """The unit of `length`; `likely` is what it is taken for when parents and children do not tell."""
    known = [span for span in spans[:SAMPLE] if span.start_ns > 0 and span.length >= 0]
    whole = all(span.length == int(span.length) for span in known)
    candidates = _CANDIDATES if whole else _CANDIDATES[1:]
    needed = sorted(_units_needed(known))
    by_size = Decision(likely, "as is usual beside such times; no parents and children here say otherwise")
    if not needed:
        return by_size
    enough = needed[min(len(needed) - 1, int(_ENOUGH * len(needed)))]
    nesting = [unit for unit in candidates if NS_PER_UNIT[unit] >= enough]
    if not nesting:
        return by_size
    unit = nesting[0]
    if likely in nesting and enough < _WEAK * NS_PER_UNIT[unit]:
        unit = likely
    fitting = sum(need <= NS_PER_UNIT[unit] for need in needed)
    return Decision(unit, f"since {fitting:,} of {len(needed):,} spans then lie within the one around them")


def _units_needed(spans: Sequence[Timed]) -> Iterator[float]:
    """Of each span that begins after the one around it: how many ns the unit has at least if it ends within that."""
    resolution_ns = next((size for size in _RESOLUTIONS if all(one.start_ns % size == 0 for one in spans)), 1)
    for outer, inner in _pairs(spans):
        later_ns = inner.start_ns - outer.start_ns
        later_ns -= resolution_ns if resolution_ns > 1 else 0
        if later_ns > 0 and outer.length > inner.length:
            yield later_ns / (outer.length - inner.length)


def _pairs(spans: Sequence[Timed]) -> Iterator[tuple[Timed, Timed]]:
    """Parents with their children; and what begins its trace, if nothing there is longer, with all other spans."""
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    first: dict[str, Timed] = {}
    longest: dict[str, float] = {}
    for span in spans:
        if span.trace_id not in first or span.start_ns < first[span.trace_id].start_ns:
            first[span.trace_id] = span
        longest[span.trace_id] = max(span.length, longest.get(span.trace_id, 0))
    for span in spans:
        begins = first[span.trace_id]
        parent = by_id.get((span.trace_id, span.parent_id)) if span.parent_id else None
        if parent is not None and parent is not span:
            yield parent, span
        if span is not begins and begins is not parent and begins.length >= longest[span.trace_id]:
            yield begins, span
