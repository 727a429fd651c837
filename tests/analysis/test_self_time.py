import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.drawing import MS, columns_of, draw
from tests.analysis.strategies import broken_traces, traces
from webapp.analysis.self_time import self_times
from webapp.analysis.tree import repair
from webapp.model.spans import Span


def test_overlapping_children_are_taken_off_once_and_background_work_not_at_all() -> None:
    forest = repair(
        draw("""
            p    s/p  S  |----------    |
            a<p  s/a  I  | ----         |
            b<p  s/b  I  |   ----       |
            c<p  s/c  I  |  --          |
            f<p  s/f  I  |       -------|
        """)
    )
    assert [ns // (10 * MS) for ns in self_times(forest).tolist()] == [4, 4, 4, 2, 7]


@settings(max_examples=60, deadline=None)
@given(st.one_of(traces(), broken_traces()))
def test_i13_self_time_is_what_a_plain_count_of_moments_finds(spans: list[Span]) -> None:
    forest = repair(columns_of(spans))
    found = self_times(forest).tolist()
    for node in range(len(forest)):
        low, high = int(forest.start_ns[node]), int(forest.end_ns[node])
        below = (forest.parent == node) & forest.blocking
        cuts = {low, high}
        for times in (forest.start_ns[below], forest.end_ns[below]):
            cuts |= {min(max(time, low), high) for time in times.tolist()}
        ordered = sorted(cuts)
        alone = sum(
            end - start
            for start, end in itertools.pairwise(ordered)
            if not (below & (forest.start_ns <= start) & (forest.end_ns >= end)).any()
        )
        assert found[node] == alone
        assert 0 <= found[node] <= high - low
