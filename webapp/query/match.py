"""Whether one span fits a query: the meaning of the language in plain Python. The store says the same in SQL.

A comparison holds if any value of the key fits; `!=` if the key has a value and none is equal. Regular
expressions search. Free text looks in names, messages and values, in any case; for a number also in numbers.
"""

import re
from collections.abc import Callable, Iterator

from webapp.errors import BadQuery
from webapp.model.facts import TraceSummary
from webapp.model.id_spellings import LOWER_HALF, any_span_id, any_trace_id
from webapp.model.semconv import error_text, peer_of
from webapp.model.sensitive import found_in, look_of
from webapp.model.spans import COUNTED_FROM_0_NS, Attributes, Span, Status, Value
from webapp.query.tree import And, Group, Measure, Node, Not, Number, Or, Query, Relation, Term, TracePart
from webapp.query.values import number_in

_ORDERED: dict[str, Callable[[int | float, int | float], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
NUMERIC_TEXT = r"-?[0-9]{1,15}(\.[0-9]{1,15})?"  # text that compares as a number; the same in SQL


def matches(
    query: Query,
    span: Span,
    trace: TraceSummary | None = None,
    part_holds: Callable[[TracePart], bool] = lambda _: False,
) -> bool:
    """Whether the span fits. Without `trace`, terms about the trace do not hold.

    `part_holds` knows what one span cannot tell: of braces and measures, whether the trace fits them.
    """
    return query.root is None or _holds(query.root, span, trace, part_holds)


def number_of(term: Term, span: Span) -> Number | None:
    """The value that a measure over `term.key` reads from a span; None if it has none, or one that is no number."""
    for value in _values_of(term, span, None):
        if isinstance(value, str):
            return float(value) if re.fullmatch(NUMERIC_TEXT, value) else None
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return None


def _holds(
    node: Node, span: Span, trace: TraceSummary | None, part_holds: Callable[[TracePart], bool]
) -> bool:
    match node:
        case And(parts):
            return all(_holds(part, span, trace, part_holds) for part in parts)
        case Or(parts):
            return any(_holds(part, span, trace, part_holds) for part in parts)
        case Not(part):
            return not _holds(part, span, trace, part_holds)
        case Group() | Relation() | Measure():
            return part_holds(node)
    if node.scope == "text":
        return _finds(node, span)
    if node.key in ("id", "parent") and node.scope in ("own", "trace"):
        return (node.scope == "own" or trace is not None) and _names(node, span) == (node.op == "=")
    return _compares(node, list(_values_of(node, span, trace)))


def _names(term: Term, span: Span) -> bool:
    """Whether the term's value, however it is spelt, is that id of the span or of its trace."""
    if term.scope == "trace":
        known, written = span.trace_id, span.written_trace_id
        meant = any_trace_id(term.value)
        meant += [known[:16] + each[16:] for each in meant if each.startswith(LOWER_HALF)]
    else:
        known = span.span_id if term.key == "id" else span.parent_span_id or "0" * 16
        written = span.written_span_id if term.key == "id" else ""
        meant = [f"{each:016x}" for each in any_span_id(term.value)]
    if term.wild:
        return any(
            _wildcard(value).fullmatch(text)
            for value, text in ((term.value.lower(), known), (term.value, written or known))
        )
    return known in meant or (written == term.value and written != "")


def _values_of(term: Term, span: Span, trace: TraceSummary | None) -> Iterator[Value]:
    """What the key stands for; unknown and absent values are left out."""
    if term.scope == "own":
        yield from _own_values(term.key, span)
    elif term.scope == "trace":
        yield from _trace_values(term.key, trace) if trace else ()
    if term.scope in ("span", "any") and term.key in span.attributes:
        yield span.attributes[term.key]
    if term.scope in ("resource", "any") and term.key in span.resource.attributes:
        yield span.resource.attributes[term.key]
    if term.scope in _BAGS:
        yield from (bag[term.key] for bag in _BAGS[term.scope](span) if term.key in bag)


_BAGS: dict[str, Callable[[Span], list[Attributes]]] = {
    "event": lambda span: [event.attributes for event in span.events],
    "link": lambda span: [link.attributes for link in span.links],
    "scope": lambda span: [span.scope.attributes],
}


def _own_values(key: str, span: Span) -> list[Value]:
    known = span.end_ns != 0 and (span.start_ns != 0 or span.end_ns < COUNTED_FROM_0_NS)
    values: dict[str, list[Value]] = {
        "service": [span.service],
        "name": [span.name],
        "status_message": [span.status_message],
        "error_message": [failure.message] if (failure := error_text(span)) and failure.message else [],
        "peer": [peer.name] if (peer := peer_of(span.kind, span.attributes)) else [],
        "source": [],  # the store's to know
        "duration": [max(0, span.end_ns - span.start_ns)] if known else [],
        "start": [span.start_ns],
        "error": [span.status == Status.ERROR],
        "root": [span.parent_span_id == ""],
        "kind": [span.kind],
        "status": [span.status],
        "event.name": [event.name for event in span.events if event.name],
        "link.trace_id": [link.trace_id for link in span.links],
        "link.span_id": [link.span_id for link in span.links],
        "scope.name": [span.scope.name] if span.scope.name else [],
        "scope.version": [span.scope.version] if span.scope.version else [],
    }
    return values[key]


def _trace_values(key: str, trace: TraceSummary) -> list[Value]:
    verdict = trace.verdict
    values: dict[str, list[Value]] = {
        "start": [trace.start_ns],
        "duration": [trace.duration_ns],
        "response": [trace.response_ns],
        "spans": [trace.spans],
        "errors": [trace.errors],
        "warnings": [trace.warnings],
        "failed": [trace.failed],
        "incomplete": [trace.incomplete],
        "services": [len(trace.services)],
        "service": [share.service for share in trace.services],
        "root": [trace.root_service, trace.root_name, f"{trace.root_service} · {trace.root_name}"],
        "root.service": [trace.root_service],
        "root.name": [trace.root_name],
        "depth": [trace.depth],
        "bottleneck": [verdict.service, f"{verdict.service} · {verdict.name}"],
        "finding": [],  # a summary knows of none of these: they are the store's
        "warning": [],
        "skew": [],
        "call": [],
        "caller": [],
        "callee": [],
    }
    return values[key]


def _compares(term: Term, values: list[Value]) -> bool:
    if term.op == "?":
        attribute = term.scope not in ("own", "trace")
        return any(attribute or value != "" for value in values)
    if term.op == "!=":
        return bool(values) and not any(_equals(term, value) for value in values)
    if term.op == "=":
        return any(_equals(term, value) for value in values)
    if term.op == "~":
        if look := look_of(term.value):
            return any(
                found_in(_text(value), look) for value in values if isinstance(value, str | int | float)
            )
        found = pattern(term)
        return any(found.search(_text(value)) for value in values if isinstance(value, str | int | float))
    return any(_ordered(term, value) for value in values)


def _equals(term: Term, value: Value) -> bool:
    if not isinstance(value, str | int | float):
        return False
    if term.wild:
        return _wildcard(term.value).fullmatch(_text(value)) is not None
    if isinstance(value, str | bool):
        return _text(value) == term.value
    return value == term.number


def _ordered(term: Term, value: Value) -> bool:
    assert term.number is not None  # noqa: S101  the parser refuses > without a number
    if isinstance(value, str):
        number = float(value) if re.fullmatch(NUMERIC_TEXT, value) else None
        return number is not None and _ORDERED[term.op](number, float(term.number))
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and _ORDERED[term.op](value, term.number)
    )


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def pattern(term: Term) -> re.Pattern[str]:
    """The regular expression of a `~` term."""
    try:
        return re.compile(term.value)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadQuery(
            f"“{term.value}” is not a regular expression: {error}.",
            text=term.value, position=0, length=len(term.value),
        ) from error  # fmt: skip


def _wildcard(value: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(piece) for piece in value.split("*")), re.DOTALL)


def _finds(term: Term, span: Span) -> bool:
    """Free text, in any case, anywhere in a text; `*` in it stands for anything between."""
    sought = _wildcard(term.value.lower())
    texts = [span.service, span.name, span.status_message, *(event.name for event in span.events)]
    bags = [span.attributes, span.resource.attributes, *(event.attributes for event in span.events)]
    texts += [text for bag in bags for value in bag.values() for text in _strings(value)]
    if any(sought.search(text.lower()) for text in texts):
        return True
    number = number_in(term.value)
    return number is not None and (
        _has_number(span.attributes, number) or _has_number(span.resource.attributes, number)
    )


def _has_number(attributes: Attributes, number: float) -> bool:
    return any(
        isinstance(value, int | float) and not isinstance(value, bool) and value == number
        for value in attributes.values()
    )


def _strings(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
