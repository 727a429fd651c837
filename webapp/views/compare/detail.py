"""One row of a comparison, opened: times side by side, the attributes in which the two spans differ, ways to both."""

from dataclasses import dataclass

from webapp.model import display
from webapp.model.spans import Span, Value
from webapp.views.compare.pair import Pair
from webapp.views.compare.rows import span_url
from webapp.views.present import store
from webapp.views.trace.attributes import MOST_ATTRIBUTES
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.values import ShownValue, shown

_FIRST = (
    "version",
    "host",
    "pod",
    "region",
    "cache",
    "rows",
    "row_count",
    "size",
)  # what mostly explains a difference
_NOTHING: dict[str, Value] = {}


@dataclass(frozen=True, slots=True)
class TimeLine:
    label: str
    a: str
    b: str
    difference: str


@dataclass(frozen=True, slots=True)
class Differing:
    """An attribute, None where a span has none of that key."""

    key: str
    a: ShownValue | None
    b: ShownValue | None


@dataclass(frozen=True, slots=True)
class ComparedSpans:
    times: list[TimeLine]
    messages: list[tuple[str, str]]  # (A or B, what it says of its status)
    differing: list[Differing]
    more: int  # that the page does not carry
    alike: list[str]  # keys whose values are equal
    both: bool
    url_a: str  # "" where there is no span
    url_b: str


def compared_spans(pair: Pair, row: int) -> ComparedSpans:
    """Of a row that stands for one span, or for one of each trace."""
    rows = pair.made.found.rows
    node_a, node_b = int(rows.a[row]), int(rows.b[row])
    span_a, span_b = _span(pair.a, node_a), _span(pair.b, node_b)
    of_a, of_b = _attributes(span_a), _attributes(span_b)
    different = [
        key for key in {*of_a, *of_b} if key not in of_a or key not in of_b or of_a[key] != of_b[key]
    ]
    different.sort(key=_weight)
    return ComparedSpans(
        times=_times(pair, node_a, node_b),
        messages=[
            (letter, span.status_message)
            for letter, span in (("A", span_a), ("B", span_b))
            if span and span.status_message
        ],
        differing=[
            Differing(key, *(shown(key, of[key]) if key in of else None for of in (of_a, of_b)))
            for key in different[:MOST_ATTRIBUTES]
        ],
        more=max(0, len(different) - MOST_ATTRIBUTES),
        alike=sorted({*of_a, *of_b} - set(different)),
        both=node_a >= 0 and node_b >= 0,
        url_a=span_url(pair.a, node_a) if node_a >= 0 else "",
        url_b=span_url(pair.b, node_b) if node_b >= 0 else "",
    )


def _span(trace: OpenTrace, node: int) -> Span | None:
    """None for a span that was not received, too."""
    forest = trace.facts.forest
    if node < 0 or forest.source[node] < 0:
        return None
    found = store().spans(trace.trace_id, [int(forest.columns.row[forest.source[node]])])
    return found[0] if found else None


def _attributes(span: Span | None) -> dict[str, Value]:
    """Of the span and its resource; a key that both have is told apart."""
    if span is None:
        return _NOTHING
    own, resource = span.attributes, span.resource.attributes
    return {(f"resource {key}" if key in own else key): value for key, value in resource.items()} | own


def _weight(key: str) -> tuple[int, str]:
    words = key.lower()
    return next((place for place, word in enumerate(_FIRST) if word in words), len(_FIRST)), key


def _times(pair: Pair, node_a: int, node_b: int) -> list[TimeLine]:
    of_a, of_b = _numbers(pair.a, node_a), _numbers(pair.b, node_b)
    labels = ("Starts", "Duration", "Self time", "Critical path")
    return [
        TimeLine(
            name,
            display.duration(of_a[place]) if of_a else "",
            display.duration(of_b[place]) if of_b else "",
            _signed(of_b[place] - of_a[place]) if of_a and of_b else "",
        )
        for place, name in enumerate(labels)
    ]


def _signed(ns: int) -> str:
    return display.offset(ns) if ns else "same"


def _numbers(trace: OpenTrace, node: int) -> list[int]:
    """Start after that of the root, duration, self time, critical time."""
    if node < 0:
        return []
    facts, forest = trace.facts, trace.facts.forest
    start_ns = int(forest.start_ns[node])
    return [
        start_ns - int(forest.start_ns[forest.root[0]]),
        int(forest.end_ns[node]) - start_ns,
        int(facts.self_ns[node]),
        int(facts.critical_ns[node]),
    ]
