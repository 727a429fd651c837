"""The chart of a numeric field of spans: its title, its table, and what a drag over it asks."""

import math
from dataclasses import dataclass
from itertools import pairwise

from webapp import query as language
from webapp.charts.distribution import by_value, value_words
from webapp.model.distribution import Distribution
from webapp.query import Query, Window, write_key
from webapp.store.conditions.fields import DURATION
from webapp.views.present import store
from webapp.views.search.spans import spans_meant
from webapp.views.state import AMONG, SearchState


@dataclass(frozen=True, slots=True)
class ValueRow:
    low: str
    high: str
    spans: int
    errors: int
    url: str


def numbers(state: SearchState, query: Query, window: Window) -> Distribution:
    among = _among(state, query)
    return store().span_search.distribution(query, window, among, state.y or DURATION)


def _among(state: SearchState, query: Query) -> str:
    """Attributes are of any span: most roots have no number there."""
    return state.among or ("all" if state.y not in ("", DURATION) else spans_meant(query))


def narrow_key(state: SearchState) -> str:
    """The key that a drag over the chart narrows; "" for the duration of traces."""
    if state.y:
        return state.y if state.y == DURATION else write_key(state.y)
    return DURATION if state.chart == "histogram" else ""


def chart_title(state: SearchState, query: Query) -> str:
    if not narrow_key(state):
        return "Duration over time"
    among = AMONG[_among(state, query)].lower()
    over_time = "" if state.chart == "histogram" else " over time"
    return f"{state.y or 'Duration'} of {among}{over_time}"


def value_rows(state: SearchState, query: Query, window: Window) -> list[ValueRow]:
    """The histogram, a row for each bar that holds any span."""
    found, key = numbers(state, query, window), narrow_key(state)
    counted = zip(*by_value(found), pairwise(found.value_edges), strict=True)
    return [
        ValueRow(
            value_words(found, low), value_words(found, high), spans, errors, _url(state, key, low, high)
        )
        for spans, errors, (low, high) in counted
        if spans
    ]


def _url(state: SearchState, key: str, low: float, high: float) -> str:
    ends = (
        outward(key, f"{end:.0f}" if key == DURATION else repr(end), up=up)
        for end, up in ((low, False), (high, True))
    )
    return state.url(q=language.set_range(state.q, key, *ends))


def outward(key: str, text: str, *, up: bool) -> str:
    """A drag ends on some fraction; three or four digits say it as well. What was typed in units stays as it is."""
    return _duration(text, up=up) if key.endswith(DURATION) else _number(text, up=up)


def _duration(text: str, *, up: bool) -> str:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return text
    step = 10 ** max(0, len(text) - 3)
    return language.write_duration((int(text) + (step - 1 if up else 0)) // step * step)


def _number(text: str, *, up: bool) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number) or not number:
        return "0"
    step = 10.0 ** (math.floor(math.log10(abs(number))) - 3)
    return f"{(math.floor(number / step) + up) * step:.10g}"
