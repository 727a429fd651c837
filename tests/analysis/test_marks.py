"""Time that no span explains, and work that goes on after its span: against rules written out span by span."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.drawing import columns_of, span
from tests.analysis.strategies import traces
from webapp.analysis.marks import Gaps, gaps_of, last_ends_ns
from webapp.analysis.rows import TraceRows, rows_of
from webapp.analysis.runs import range_max
from webapp.analysis.trace import analyse_trace
from webapp.model.spans import Kind, Span

MS = 1_000_000


def gaps(*spans: Span) -> list[tuple[int, int, int]]:
    """Row, and begin and end in ms from the first start."""
    facts = analyse_trace(columns_of(spans))
    rows = rows_of(facts.forest)
    found: Gaps = gaps_of(rows, facts.path, facts.response_ns)
    zero_ns = int(facts.forest.start_ns.min())
    return [
        (row, (start - zero_ns) // MS, (end - zero_ns) // MS)
        for row in range(len(rows))
        for start, end in found.of(row)
    ]


def test_a_wait_between_two_children_is_a_gap() -> None:
    assert gaps(span("p", "", 1000, 2000), span("a", "p", 1000, 1100), span("b", "p", 1900, 2000)) == [
        (0, 100, 900)
    ]


def test_a_wait_before_and_one_after_all_children_are_gaps() -> None:
    assert gaps(span("p", "", 1000, 2000), span("a", "p", 1300, 1700)) == [(0, 0, 300), (0, 700, 1000)]


def test_less_than_a_fifth_of_the_response_or_100_ms_is_none() -> None:
    assert gaps(span("p", "", 1000, 2000), span("a", "p", 1010, 1820)) == []
    assert gaps(span("p", "", 1000, 1100), span("a", "p", 1010, 1020)) == []


def test_a_span_without_children_explains_itself() -> None:
    assert gaps(span("p", "", 1000, 2000)) == []


def test_the_way_to_a_server_is_no_gap() -> None:
    assert (
        gaps(span("c", "", 1000, 2000, kind=Kind.CLIENT), span("s", "c", 1400, 1600, kind=Kind.SERVER)) == []
    )


def test_the_last_end_of_a_subtree_may_be_later_than_its_own() -> None:
    spans = [
        span("r", "", 1000, 2000),
        span("a", "r", 1100, 1200),
        span("b", "a", 1150, 1900),
        span("c", "r", 1300, 1400),
    ]
    rows = rows_of(analyse_trace(columns_of(spans)).forest)
    assert (last_ends_ns(rows, np.arange(4)) // MS).tolist() == [2000, 1900, 1900, 1400]


@given(traces(), st.data())
@settings(max_examples=60, deadline=None)
def test_the_last_end_is_the_greatest_of_all_below(spans: list[Span], data: st.DataObject) -> None:
    rows: TraceRows = rows_of(analyse_trace(columns_of(spans)).forest)
    end_ns = rows.forest.end_ns[rows.node]
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1)))
    expected = [int(end_ns[row : rows.after[row]].max()) for row in chosen]
    assert last_ends_ns(rows, np.array(chosen, np.int64)).tolist() == expected


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=40), st.data())
@settings(max_examples=100, deadline=None)
def test_the_greatest_of_a_range(values: list[int], data: st.DataObject) -> None:
    bound = st.tuples(st.integers(0, len(values) - 1), st.integers(0, len(values))).filter(
        lambda pair: pair[0] < pair[1]
    )
    ranges = data.draw(st.lists(bound, max_size=8))
    first, end = (np.array([pair[k] for pair in ranges], np.int64) for k in (0, 1))
    assert range_max(np.array(values), first, end).tolist() == [max(values[a:b]) for a, b in ranges]
