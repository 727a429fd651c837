"""What queries mean for whole traces, worked out span by span in the plainest way: what SQL is held against."""

import operator
from collections.abc import Callable, Sequence

from webapp.model.facts import TraceSummary
from webapp.model.spans import Kind, Span
from webapp.query import Query, matches
from webapp.query.match import number_of
from webapp.query.tree import Group, Measure, Relation, SpanSet, TracePart, found_sets, speaks_of_spans

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


class Meaning:
    """Of the queries about one trace."""

    def __init__(self, spans: Sequence[Span], summary: TraceSummary) -> None:
        self.spans, self.summary = list(spans), summary
        self.parents = [self._parent(number) for number in range(len(spans))]

    def found(self, query: Query) -> list[Span]:
        """The spans that a search says it found; all of them where the query names none."""
        if not self.fits(query):
            return []
        if speaks_of_spans(query.root) or not found_sets(query.root):
            return [span for span in self.spans if matches(query, span, self.summary, self.holds)]
        among = {number for spans in found_sets(query.root) for number in self.of(spans)}
        return [self.spans[number] for number in sorted(among)]

    def fits(self, query: Query) -> bool:
        return any(matches(query, span, self.summary, self.holds) for span in self.spans)

    def holds(self, part: TracePart) -> bool:
        if isinstance(part, Measure):
            return self._measures(part)
        return bool(self.of(part))

    def of(self, spans: SpanSet) -> list[int]:
        if isinstance(spans, Group):
            inner = Query("", spans.inner)
            return [n for n, span in enumerate(self.spans) if matches(inner, span, self.summary)]
        left, right = self.of(spans.left), self.of(spans.right)
        wanted = not spans.kind.startswith("!")
        return [n for n in right if any(self._stands(spans, n, other) for other in left) == wanted]

    def _stands(self, relation: Relation, number: int, other: int) -> bool:
        match relation.kind.removeprefix("!"):
            case ">":
                return self.parents[number] == other
            case "<":
                return self.parents[other] == number
            case ">>":
                return other in self._above(number)
            case "<<":
                return number in self._above(other)
        a, b = self.spans[number], self.spans[other]
        known = self.parents[number] is not None or self.parents[other] is not None
        if known:
            return number != other and self.parents[number] == self.parents[other]
        return number != other and _parent_id(a) == _parent_id(b) != ""

    def _above(self, number: int) -> set[int]:
        found: set[int] = set()
        parent = self.parents[number]
        while parent is not None and parent not in found:
            found.add(parent)
            parent = self.parents[parent]
        return found

    def _parent(self, number: int) -> int | None:
        span = self.spans[number]
        if _answers(span):
            callers = [
                other
                for other, caller in enumerate(self.spans)
                if caller.span_id == span.span_id and not _answers(caller)
            ]
            if callers:
                return callers[-1]
        if not _parent_id(span):
            return None
        named = [n for n, other in enumerate(self.spans) if other.span_id == span.parent_span_id]
        return min(named, key=lambda n: (not _answers(self.spans[n]), n), default=None)

    def _measures(self, measure: Measure) -> bool:
        own = [self.spans[number] for number in self.of(measure.spans)]
        number = measure.term.number
        assert number is not None
        if measure.function == "count":
            return _COMPARE[measure.term.op](len(own), number)
        read = [number_of(measure.term, span) for span in own]
        values = [value for value in read if value is not None]
        if not values:
            return False
        totals = {
            "max": max(values), "min": min(values), "sum": sum(values), "avg": sum(values) / len(values),
        }  # fmt: skip
        return _COMPARE[measure.term.op](totals[measure.function], number)


def _parent_id(span: Span) -> str:
    return "" if span.parent_span_id == span.span_id else span.parent_span_id


def _answers(span: Span) -> bool:
    return span.shared or span.kind in (Kind.SERVER, Kind.CONSUMER)
