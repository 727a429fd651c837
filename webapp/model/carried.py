"""How many a span stands for, as whoever sampled it wrote: OpenTelemetry in the trace state, Jaeger in tags of the root.

A trace state says it of its own span. Jaeger's clients decide once a trace, so that all of its spans go by the root's.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from webapp.model.spans import Span, Value

_MEMBER = re.compile(r"(?:^|,)\s*ot=([^,]*)")
_THRESHOLD = re.compile(r"[0-9a-f]{1,14}", re.ASCII)
_WHOLE = 2**56
_MOST_DOUBLINGS = 62
_TYPE, _PARAM = "sampler.type", "sampler.param"
_PROBABILISTIC = ("probabilistic", "remote", "adaptive")


def carried_weights(spans: Sequence[Span]) -> list[float] | None:
    """One a span; None when none of them says anything. What a format told by itself comes first."""
    traces = {
        span.trace_id: weight
        for span in spans
        if _TYPE in span.attributes
        and (weight := _of_sampler(span.attributes[_TYPE], span.attributes.get(_PARAM))) != 1
    }
    if not traces and not any("ot=" in span.trace_state for span in spans if span.trace_state):
        return None
    return [
        span.weight if span.weight != 1 else _of_state(span.trace_state) or traces.get(span.trace_id, 1.0)
        for span in spans
    ]


@lru_cache(1024)
def _of_state(state: str) -> float:
    """0 when it says nothing that can be counted by."""
    member = _MEMBER.search(state)
    said = dict(each.partition(":")[::2] for each in member[1].split(";")) if member else {}
    if _THRESHOLD.fullmatch(threshold := said.get("th", "")):
        return _WHOLE / (_WHOLE - int(threshold.ljust(14, "0"), 16))
    doublings = said.get("p", "")
    return (
        2.0 ** int(doublings)
        if doublings.isdecimal() and len(doublings) < 3 and int(doublings) <= _MOST_DOUBLINGS
        else 0.0
    )


def _of_sampler(kind: Value, param: Value) -> float:
    if kind not in _PROBABILISTIC or isinstance(param, bool):
        return 1.0
    try:
        part = float(param)  # type: ignore[arg-type]  # whatever it is, it is a number or raises
    except (TypeError, ValueError):
        return 1.0
    return 1 / part if 0 < part <= 1 else 1.0
