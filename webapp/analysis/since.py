"""What is new since a moment: operations that got slower, errors that were not there. Cautious where there is little."""

from math import sqrt

LEAST_SPANS = 30  # on either side, to speak of a p95
FACTOR = 2.0
LEAST_RISE_NS = 1_000_000
_Z = 3.0  # hundreds of operations are compared at once
_TAIL = 0.05
_CHANCE = 0.0001  # hundreds of kinds of errors are looked at at once


def is_slower(before: tuple[int, int], after: tuple[int, int], beyond: int) -> bool:
    """`before`, `after`: spans and p95 in ns; `beyond`: spans afterwards that took more than twice the p95 of before.

    The p95 is twice as long when more than a twentieth is beyond that; it counts when chance would hardly do so.
    """
    (spans_before, p95_before_ns), (spans_after, p95_after_ns) = before, after
    if min(spans_before, spans_after) < LEAST_SPANS or p95_after_ns - p95_before_ns < LEAST_RISE_NS:
        return False
    return p95_after_ns >= FACTOR * p95_before_ns and wilson_lower(beyond, spans_after) > _TAIL


def wilson_lower(hits: int, of: int) -> float:
    """The least share that `hits` of `of` may come from."""
    if not of:
        return 0.0
    share, square = hits / of, _Z * _Z
    spread = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return (share + square / (2 * of) - spread) / (1 + square / of)


def is_new(hits: int, traces_after: int, traces_before: int) -> bool:
    """Whether none of the traces before would hardly be without it, if it had been as frequent then."""
    if not hits or not traces_after or traces_before < LEAST_SPANS:
        return False
    return (1 - min(1.0, hits / traces_after)) ** traces_before < _CHANCE
