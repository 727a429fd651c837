"""One trace as its page needs it, and that size or shape never makes it hang."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.drawing import MS, columns_of, draw, plain_columns, span
from tests.analysis.strategies import broken_traces, traces
from webapp.analysis.trace import analyse_trace, summarise
from webapp.model.columns import SpanColumns
from webapp.model.facts import ServiceShare
from webapp.model.spans import Span

MANY = 50_000
FIRST = 1_700_000_000_000_000_000


def chain() -> SpanColumns:
    """Each span a little shorter than the one above it."""
    at = np.arange(MANY)
    return plain_columns(at + 1, at, FIRST + at, FIRST + 3 * MANY - at)


def fan(length: int, step: int) -> SpanColumns:
    at = np.arange(MANY)
    start = FIRST + at * step
    columns = plain_columns(at + 1, np.minimum(at, 1), start, start + length)
    columns.start_ns[0], columns.end_ns[0] = FIRST, FIRST + MANY * step + length
    return columns


def orphans() -> SpanColumns:
    at = np.arange(MANY)
    return plain_columns(at + 1, at + MANY + 1, FIRST + at, FIRST + at + 10)


def cycles() -> SpanColumns:
    """Pairs that are each other's parents, and one ring through half of all spans."""
    at = np.arange(MANY)
    parent = np.where(at < MANY // 2, (at + 1) % (MANY // 2), at ^ 1) + 1
    return plain_columns(at + 1, parent, FIRST + at, FIRST + at + 10)


def one_id() -> SpanColumns:
    at = np.arange(MANY)
    return plain_columns(
        np.where(at % 2, at + 2, 1), np.where(at % 2, 1, 0), FIRST + at, FIRST + at + 9, content=at + 1
    )


def unfinished() -> SpanColumns:
    at = np.arange(MANY)
    return plain_columns(at + 1, at, np.where(at % 2, 0, FIRST + at), np.zeros(MANY))


def links() -> SpanColumns:
    """Each root linked to the next one, the last to the first."""
    at = np.arange(MANY)
    return plain_columns(
        at + 1, np.zeros(MANY), FIRST + at, FIRST + at + 9, link_owner=at, link_span=(at + 1) % MANY + 1
    )


@pytest.mark.parametrize(
    "columns",
    [chain(), fan(10, 10), fan(100_000, 10), orphans(), cycles(), one_id(), unfinished(), links()],
    ids=["chain", "one after the other", "all at once", "orphans", "cycles", "one id", "unfinished", "links"],
)
def test_fifty_thousand_spans_of_any_shape_take_no_more_than_seconds(columns: SpanColumns) -> None:
    begun = time.process_time()
    facts = analyse_trace(columns)
    assert time.process_time() - begun < 5
    assert int(facts.critical_ns.sum()) == facts.response_ns


def test_facts_of_a_trace_that_one_can_see_through() -> None:
    facts = analyse_trace(
        draw("""
            p    web/GET   S! |----------|
            a<p  db/query  C! | -----    |
            b<p  web/work  I  |   --     |
        """)
    )
    assert facts.response_ns == facts.end_ns - facts.start_ns == 100 * MS
    assert facts.critical_ns.tolist() == [50 * MS, 50 * MS, 0]
    assert facts.services == [ServiceShare("web", 2, 1, 50 * MS), ServiceShare("db", 1, 1, 50 * MS)]
    assert facts.failure is not None
    assert facts.failure.name == "query"
    summary = summarise(facts)
    assert (summary.root_service, summary.root_name, summary.failed) == ("web", "GET", True)
    assert (summary.spans, summary.errors, summary.warnings, summary.incomplete) == (3, 2, 0, False)
    assert summary.failure_sentence == facts.failure.sentence
    assert summary.verdict == facts.verdict


def test_placeholders_are_never_counted() -> None:
    summary = summarise(analyse_trace(columns_of([span("x", "lost", 5, 9), span("y", "lost", 6, 12)])))
    assert (summary.spans, summary.incomplete, summary.warnings) == (2, True, 2)
    assert (summary.root_service, summary.root_name) == ("(missing)", "(missing)")
    assert [share.spans for share in summary.services] == [2]
    assert summary.duration_ns == summary.response_ns == 7 * MS


def test_the_duration_of_a_trace_is_as_recorded() -> None:
    day = 86_400_000
    spans = [span("a", "", day + 10, day + 50), span("b", "", 0, day + 90), span("c", "a", day + 60, 0)]
    facts = analyse_trace(columns_of(spans))
    assert (facts.start_ns, facts.end_ns) == ((day + 10) * MS, (day + 90) * MS)


def test_a_trace_counted_from_0_begins_there() -> None:
    facts = analyse_trace(columns_of([span("a", "", 0, 90), span("b", "a", 10, 50)]))
    assert (facts.start_ns, facts.end_ns, facts.response_ns) == (0, 90 * MS, 90 * MS)


@settings(max_examples=60, deadline=None)
@given(st.one_of(traces(), broken_traces()))
def test_the_summary_never_tells_anything_else_than_the_facts(spans: list[Span]) -> None:
    facts = analyse_trace(columns_of(spans))
    summary = summarise(facts)
    assert (summary.verdict, summary.services, summary.response_ns) == (
        facts.verdict,
        facts.services,
        facts.response_ns,
    )
    assert summary.failure_sentence == (facts.failure.sentence if facts.failure else "")
    assert sum(share.critical_ns for share in facts.services) <= facts.response_ns
    assert 0 <= facts.verdict.share <= 1
