"""When a share rose: the stretch of time in which hits are most over-represented.

Kulldorff's scan statistic for a Bernoulli variable in one dimension (Kulldorff 1997, “A spatial scan statistic”). For
given rates inside and outside, the most likely stretch is the largest sum of log-likelihood ratios, found in one pass;
the rates are then estimated anew until the stretch stays. Nothing here knows what a hit is.
"""

from math import log

import numpy as np

from webapp.model.columns import I64, Bool
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
    whole, hits = len(hit), int(hit.sum())
    if whole < 2 * _LEAST or hits < _LEAST_HIT or hits == whole:
        return None
    edges = np.unique(np.linspace(0, whole, min(whole, _BINS) + 1).astype(np.int64))
    hit_before = np.concatenate([[0], np.cumsum(hit)])[edges]
    found = {_likeliest(edges, hit_before, guess) for guess in _GUESSES}
    likelihood, first, last = max((_likelihood(edges, hit_before, *ends), *ends) for ends in found)
    inside, outside = int(edges[last] - edges[first]), int(whole - edges[last] + edges[first])
    needed = _CERTAIN + log(len(edges)) + log(tries)
    inside_hit = int(hit_before[last] - hit_before[first])
    if likelihood < needed or min(inside, outside) < _LEAST or inside_hit < _LEAST_HIT:
        return None
    return Stretch(
        from_ns=int(start_ns[edges[first]]),
        to_ns=int(start_ns[edges[last] - 1]),
        begun=bool(edges[first] > 0),
        over=bool(edges[last] < whole),
        traces=inside,
        hit=inside_hit,
        traces_outside=outside,
        hit_outside=hits - inside_hit,
    )


def _likeliest(edges: I64, hit_before: I64, guess: float) -> tuple[int, int]:
    """Between which edges, starting from a guess of how the odds inside compare."""
    traces, hits = np.diff(edges), np.diff(hit_before)
    odds = guess * hits.sum() / (traces.sum() - hits.sum())
    inside, outside = odds / (1 + odds), 0.8 * hits.sum() / traces.sum()
    ends = (0, len(traces))
    for _ in range(_ROUNDS):
        gain = hits * log(inside / outside) + (traces - hits) * log((1 - inside) / (1 - outside))
        total = np.concatenate([[0.0], np.cumsum(gain)])
        lowest = np.minimum.accumulate(total[:-1])
        last = int(np.argmax(total[1:] - lowest)) + 1
        first = int(np.argmin(total[:last]))
        if (first, last) == ends:
            break
        ends = (first, last)
        inside, outside = _rates(edges, hit_before, first, last)
        if inside <= outside:
            break
    return ends


def _rates(edges: I64, hit_before: I64, first: int, last: int) -> tuple[float, float]:
    """Inside and outside, never 0 or 1."""
    traces, hits = int(edges[last] - edges[first]), int(hit_before[last] - hit_before[first])
    others, other_hits = int(edges[-1]) - traces, int(hit_before[-1]) - hits
    return (hits + 0.5) / (traces + 1), (other_hits + 0.5) / (others + 1)


def _likelihood(edges: I64, hit_before: I64, first: int, last: int) -> float:
    """Logarithm of how much likelier two rates are than one; 0 when the rate inside is not the higher."""
    traces, hits = int(edges[last] - edges[first]), int(hit_before[last] - hit_before[first])
    others, other_hits = int(edges[-1]) - traces, int(hit_before[-1]) - hits
    if not others or hits / traces <= other_hits / others:
        return 0.0
    return (
        _entropy(hits, traces) + _entropy(other_hits, others) - _entropy(hits + other_hits, traces + others)
    )


def _entropy(hits: int, traces: int) -> float:
    return sum(part * log(part / traces) for part in (hits, traces - hits) if part)
