"""When a share rose: the stretch of time in which hits are most over-represented.

Kulldorff's scan statistic for a Bernoulli variable in one dimension (Kulldorff 1997, “A spatial scan statistic”). For
given rates inside and outside, the most likely stretch is the largest sum of log-likelihood ratios, found in one pass;
the rates are then estimated anew until the stretch stays. Nothing here knows what a hit is.
"""

from collections.abc import Sequence
from math import log

import numpy as np

from webapp.model.columns import F64, I64, Bool
from webapp.model.headline import Stretch

_BINS = 2_000  # of equally many traces: what the edges are exact to
_LEAST = 20  # traces inside, and outside
_LEAST_HIT = 8
_ROUNDS = 12
_GUESSES = (2.0, 5.0, 20.0, 100.0)  # what the odds inside are times those of all, tried first
_CERTAIN = (
    7.0  # natural logarithm, beyond what trying all stretches explains: about one false claim in a thousand
)


def risen(start_ns: I64, hit: Bool, tries: int = 1) -> Stretch | None:
    """The stretch, or None when chance explains it; `start_ns` ascends. `tries`: how many series are looked at at once."""
    return risen_each(start_ns, [hit], tries)[0]


def risen_each(start_ns: I64, hits: Sequence[Bool], tries: int) -> list[Stretch | None]:
    """The same for several series of hits among the same traces."""
    whole = len(start_ns)
    found: list[Stretch | None] = [None] * len(hits)
    counts = [int(hit.sum()) for hit in hits]
    telling = [at for at, count in enumerate(counts) if _LEAST_HIT <= count < whole]
    if whole < 2 * _LEAST or not telling:
        return found
    edges = np.linspace(0, whole, min(whole, _BINS) + 1).astype(np.int64)
    summed = np.zeros((len(telling), whole + 1), np.int64)
    np.cumsum([hits[at] for at in telling], axis=1, out=summed[:, 1:])
    hit_before = summed[:, edges]
    needed = _CERTAIN + log(len(edges)) + log(tries)
    tried = _likeliest(edges, hit_before)
    likelihoods = _likelihoods(edges, hit_before, *np.array(list(tried), np.int64).T)
    best: dict[int, tuple[float, int, int]] = {}
    for likelihood, (series, first, last) in zip(likelihoods.tolist(), tried, strict=True):
        if likelihood >= needed:
            best[series] = max((likelihood, first, last), best.get(series, (0.0, 0, 0)))
    for series, (_, first, last) in best.items():
        found[telling[series]] = _stretch(start_ns, edges, hit_before[series], first, last)
    return found


def _stretch(start_ns: I64, edges: I64, hit_before: I64, first: int, last: int) -> Stretch | None:
    """Between these edges; None if too few traces or hits lie there."""
    whole, hits = int(edges[-1]), int(hit_before[-1])
    inside, inside_hit = int(edges[last] - edges[first]), int(hit_before[last] - hit_before[first])
    if min(inside, whole - inside) < _LEAST or inside_hit < _LEAST_HIT:
        return None
    return Stretch(
        from_ns=int(start_ns[edges[first]]),
        to_ns=int(start_ns[edges[last] - 1]),
        begun=bool(edges[first] > 0),
        over=bool(edges[last] < whole),
        traces=inside,
        hit=inside_hit,
        traces_outside=whole - inside,
        hit_outside=hits - inside_hit,
    )


def _likeliest(edges: I64, hit_before: I64) -> set[tuple[int, int, int]]:
    """Series, and between which edges, going on from each guess of how the odds inside compare; with what was tried on
    the way.

    All go on at once, and those that came to the same edges as one: most series are so short that it is the number of
    steps that costs.
    """
    series = np.repeat(np.arange(len(hit_before)), len(_GUESSES))
    whole, all_hits = edges[-1], hit_before[series, -1]
    odds = np.tile(_GUESSES, len(hit_before)) * all_hits / (whole - all_hits)
    inside, outside = odds / (1 + odds), 0.8 * all_hits / whole
    tried: set[tuple[int, int, int]] = set()
    for _ in range(_ROUNDS):
        if_hit, if_not = np.log(inside / outside)[:, None], np.log((1 - inside) / (1 - outside))[:, None]
        total = hit_before[series] * (if_hit - if_not)
        total += edges * if_not
        lowest = np.minimum.accumulate(total[:, :-1], axis=1)
        last = np.argmax(total[:, 1:] - lowest, axis=1) + 1
        first = np.argmax(total == np.take_along_axis(lowest, last[:, None] - 1, axis=1), axis=1)
        new = set(zip(series.tolist(), first.tolist(), last.tolist(), strict=True)) - tried
        tried |= new
        series, first, last = np.array(sorted(new), np.int64).reshape(-1, 3).T
        inside, outside = _rates(edges, hit_before[series], first, last)
        rising = inside > outside
        series, inside, outside = series[rising], inside[rising], outside[rising]
        if not len(series):
            break
    return tried


def _rates(edges: I64, hit_before: I64, first: I64, last: I64) -> tuple[F64, F64]:
    """Inside and outside, never 0 or 1; a row of `hit_before` for each place."""
    rows = np.arange(len(first))
    traces, hits = edges[last] - edges[first], hit_before[rows, last] - hit_before[rows, first]
    return (hits + 0.5) / (traces + 1), (hit_before[:, -1] - hits + 0.5) / (edges[-1] - traces + 1)


def _likelihoods(edges: I64, hit_before: I64, series: I64, first: I64, last: I64) -> F64:
    """Logarithm of how much likelier two rates are than one; 0 when the rate inside is not the higher."""
    whole, all_hits = edges[-1], hit_before[series, -1]
    traces, hits = edges[last] - edges[first], hit_before[series, last] - hit_before[series, first]
    others, other_hits = whole - traces, all_hits - hits
    likelihoods = _entropies(hits, traces) + _entropies(other_hits, others) - _entropies(all_hits, whole)
    return np.where(hits * others > other_hits * traces, likelihoods, 0.0)


def _entropies(hits: I64, traces: I64) -> F64:
    return _entropy(hits, traces) + _entropy(traces - hits, traces)


def _entropy(part: I64, traces: I64) -> F64:
    shares: F64 = np.maximum(part, 1) / np.maximum(traces, 1)
    return np.asarray(part * np.log(shares))
