"""What holds for every trace (analysis.md 2.7, I1-I10) and a few traces one can see through."""

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.drawing import MS, columns_of, draw, drawn_spans, number, span
from tests.analysis.strategies import broken_traces, named, sequential_traces, skewed_traces, traces
from webapp.analysis.critical_path import completion_path, critical_path
from webapp.analysis.runs import tops
from webapp.analysis.self_time import self_times
from webapp.analysis.summary import critical_times
from webapp.analysis.tree import repair
from webapp.model.facts import Forest, Path, Where
from webapp.model.spans import Kind, Span

modest = settings(max_examples=60, deadline=None)
any_trace = st.one_of(traces(), broken_traces(), skewed_traces())


def rooted_path(spans: list[Span]) -> tuple[Forest, int, Path]:
    forest = repair(columns_of(spans))
    root = int(forest.root[0])
    return forest, root, critical_path(forest, root)


def segments_by_id(forest: Forest, path: Path) -> list[tuple[int, int, int, int]]:
    ids = zip(forest.span_id[path.node].tolist(), forest.suffix[path.node].tolist(), strict=True)
    times = zip(path.start_ns.tolist(), path.end_ns.tolist(), strict=True)
    return [(*ident, *time) for ident, time in zip(ids, times, strict=True)]


def critical_by_id(spans: list[Span]) -> dict[int, int]:
    forest, _, path = rooted_path(spans)
    return dict(zip(forest.span_id.tolist(), critical_times(forest, path).tolist(), strict=True))


def seen(picture: str) -> str:
    """The path of a drawn trace, one letter per 10 ms."""
    forest, _, path = rooted_path(drawn_spans(picture))
    letters = ""
    for ident, _, start, end in segments_by_id(forest, path):
        letters += chr(ident & 0xFF) * round((end - start) / (10 * MS))
    return letters


def test_the_last_finisher_and_what_had_ended_before_it_began_are_on_the_path() -> None:
    picture = """
        p    s/p  S  |----------|
        a<p  s/a  I  | ---      |
        b<p  s/b  I  |     ---- |
        c<p  s/c  I  |   ---    |
    """
    assert seen(picture) == "paaapbbbbp"


def test_a_child_that_outlives_its_parent_is_not_waited_for_unless_it_answers_a_call() -> None:
    background = """
        p    s/p  S  |------    |
        a<p  s/a  I  | -------- |
    """
    answer = """
        p    s/p  C  |------    |
        a<p  t/a  S  | -------- |
    """
    assert seen(background) == "pppppp"
    assert seen(answer) == "paaaaa"


def test_segments_know_whether_they_lie_before_between_or_after_the_children() -> None:
    _, _, path = rooted_path(
        drawn_spans("""
            p    s/p  S  |----------|
            a<p  s/a  I  | --       |
            b<p  s/b  I  |     --   |
        """)
    )
    assert path.where.tolist() == [Where.BEFORE, Where.LEAF, Where.BETWEEN, Where.LEAF, Where.AFTER]


def test_the_completion_path_goes_through_the_queue_to_the_last_end() -> None:
    forest = repair(
        draw("""
            r    api/r     S  |----          |
            s<r  api/send  P  |  -           |
            w<s  mail/work K  |       -------|
            q<w  mail/sql  C  |        ----  |
        """)
    )
    path = completion_path(forest, int(forest.root[0]))
    owners = [chr(int(forest.span_id[node]) & 0xFF) for node in path.node]
    assert owners == ["r", "s", "w", "w", "q", "w"]
    assert path.where.tolist()[2] == Where.WAIT


@modest
@given(any_trace)
def test_i1_i2_segments_cover_the_response_without_gap_or_overlap(spans: list[Span]) -> None:
    forest, root, path = rooted_path(spans)
    start_ns, end_ns = int(forest.start_ns[root]), int(forest.end_ns[root])
    assert (path.end_ns > path.start_ns).all()
    cuts = [start_ns, *path.end_ns.tolist()] if len(path.node) else [start_ns, start_ns]
    assert cuts[:-1] == path.start_ns.tolist() or not len(path.node)
    assert cuts[-1] == end_ns
    assert int((path.end_ns - path.start_ns).sum()) == end_ns - start_ns


@modest
@given(any_trace)
def test_i3_i4_each_segment_lies_inside_its_span(spans: list[Span]) -> None:
    forest, _, path = rooted_path(spans)
    assert (path.start_ns >= forest.start_ns[path.node]).all()
    assert (path.end_ns <= forest.end_ns[path.node]).all()
    critical_ns = critical_times(forest, path)
    assert (critical_ns <= forest.end_ns - forest.start_ns).all()


@modest
@given(any_trace, st.randoms(use_true_random=False))
def test_i6_the_order_of_the_input_changes_nothing(spans: list[Span], chance: random.Random) -> None:
    shuffled = spans[:]
    chance.shuffle(shuffled)
    forest, _, path = rooted_path(spans)
    other_forest, _, other_path = rooted_path(shuffled)
    assert segments_by_id(forest, path) == segments_by_id(other_forest, other_path)
    assert forest.warnings == other_forest.warnings


@modest
@given(traces(), st.integers(-900 * MS, 10**18))
def test_i7_moving_all_times_moves_the_segments(spans: list[Span], by_ns: int) -> None:
    forest, _, path = rooted_path(spans)
    moved = [changed(item, start_ns=item.start_ns + by_ns, end_ns=item.end_ns + by_ns) for item in spans]
    other_forest, _, other_path = rooted_path(moved)
    assert [
        (ident, suffix, start + by_ns, end + by_ns)
        for ident, suffix, start, end in segments_by_id(forest, path)
    ] == segments_by_id(other_forest, other_path)


@modest
@given(traces())
def test_i8_a_subtree_without_part_in_the_path_may_go(spans: list[Span]) -> None:
    forest, _, path = rooted_path(spans)
    above = forest.parent.tolist()
    needed: set[int] = set()
    for node in path.node.tolist():
        while node >= 0:
            needed.add(node)
            node = above[node]
    kept = [item for at, item in enumerate(spans) if at in needed]
    assert segments_by_id(*rooted_path(kept)[::2]) == segments_by_id(forest, path)


@modest
@given(traces(), st.data())
def test_i9_a_wrapper_around_a_child_changes_nothing_for_others(
    spans: list[Span], data: st.DataObject
) -> None:
    by_id = {item.span_id: item for item in spans}
    wrappable = [
        item
        for item in spans
        if item.kind == Kind.INTERNAL
        and item.parent_span_id
        and by_id[item.parent_span_id].start_ns <= item.start_ns
        and item.end_ns <= by_id[item.parent_span_id].end_ns
    ]
    if not wrappable:
        return
    child = data.draw(st.sampled_from(wrappable))
    parent = by_id[child.parent_span_id]
    wrapper = changed(child, span_id=f"{number('wrap'):016x}", service=parent.service, kind=Kind.INTERNAL)
    inner = changed(child, parent_span_id=wrapper.span_id)
    wrapped = [inner if item is child else item for item in spans] + [wrapper]
    before, after = critical_by_id(spans), critical_by_id(wrapped)
    assert {ident: after[ident] for ident in before} == before
    assert after[number("wrap")] == 0


@modest
@given(sequential_traces())
def test_i10_in_a_sequential_trace_critical_time_is_self_time(spans: list[Span]) -> None:
    forest, _, path = rooted_path(spans)
    assert critical_times(forest, path).tolist() == self_times(forest).tolist()


@modest
@given(any_trace)
def test_i14_the_completion_path_is_contiguous_up_to_the_last_end(spans: list[Span]) -> None:
    forest, root, response = rooted_path(spans)
    path = completion_path(forest, root)
    last_end = int(forest.end_ns[tops(forest.parent) == root].max())
    start_ns = int(forest.start_ns[root])
    if last_end > start_ns:
        assert path.start_ns[0] == start_ns
        assert path.end_ns[-1] == last_end
        assert path.start_ns[1:].tolist() == path.end_ns[:-1].tolist()
    if last_end <= forest.end_ns[root]:
        assert path.node.tolist() == response.node.tolist()


def changed(item: Span, **fields: Any) -> Span:
    return Span(**{**{name: getattr(item, name) for name in item.__struct_fields__}, **fields})


def test_spans_of_equal_times_are_told_apart_by_id() -> None:
    twins = [span(named(at), named(0), 10, 20) for at in (3, 1, 2)]
    forest, _, path = rooted_path([span(named(0), "", 10, 20), *twins])
    assert forest.span_id[path.node].tolist() == [number(named(1))]
