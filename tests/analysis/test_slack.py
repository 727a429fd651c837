import numpy as np
from hypothesis import given, settings

from tests.analysis.drawing import MS, columns_of, draw
from tests.analysis.strategies import traces
from webapp.analysis.critical_path import critical_path
from webapp.analysis.slack import NEVER_WAITED_FOR, slack_times
from webapp.analysis.tree import repair
from webapp.model.facts import Forest
from webapp.model.spans import Span


def slack_of(forest: Forest) -> list[int]:
    return slack_times(forest, critical_path(forest, int(forest.root[0])).node).tolist()


def test_a_parallel_branch_may_take_longer_until_what_follows_it_must_begin() -> None:
    forest = repair(
        draw("""
            p    s/p  S  |------------|
            a<p  s/a  I  |-----       |
            b<p  s/b  I  |--          |
            c<b  s/c  I  |-           |
            d<p  s/d  I  |     -----  |
        """)
    )
    assert [ns // (10 * MS) for ns in slack_of(forest)] == [0, 0, 3, 3, 0]


def test_work_in_the_background_and_below_it_has_no_slack_to_speak_of() -> None:
    forest = repair(
        draw("""
            p    s/p  S  |----      |
            f<p  s/f  I  | -------- |
            g<f  s/g  I  |  --      |
        """)
    )
    assert slack_of(forest) == [0, NEVER_WAITED_FOR, NEVER_WAITED_FOR]


@settings(max_examples=60, deadline=None)
@given(traces())
def test_i12_slack_is_what_the_definition_says_and_zero_on_the_path(spans: list[Span]) -> None:
    forest = repair(columns_of(spans))
    path = critical_path(forest, int(forest.root[0]))
    found = slack_times(forest, path.node)
    assert not found[path.node].any()
    entered = set()
    for node in path.node.tolist():
        while node >= 0:
            entered.add(node)
            node = int(forest.parent[node])
    expected = np.full(len(forest), NEVER_WAITED_FOR)
    for root in np.flatnonzero(forest.parent < 0).tolist():
        expected[root] = 0
        fill_slack(forest, root, (int(forest.start_ns[root]), int(forest.end_ns[root])), (expected, entered))
    assert found.tolist() == expected.tolist()


def fill_slack(
    forest: Forest,
    node: int,
    window: tuple[int, int],
    known: tuple["np.ndarray[int, np.dtype[np.int64]]", set[int]],
) -> None:
    """Section 5 of analysis.md, word by word."""
    slack, entered = known
    visible = {}
    for child in np.flatnonzero((forest.parent == node) & forest.blocking).tolist():
        start, end = max(int(forest.start_ns[child]), window[0]), min(int(forest.end_ns[child]), window[1])
        if end > start:
            visible[child] = (start, end)
    if not visible:
        return
    joined = max(end for _, end in visible.values()) + slack[node]
    for child in sorted(visible, key=lambda child: -visible[child][0]):
        end = visible[child][1]
        limits = [joined - end]
        for later, (start, _) in visible.items():
            if start >= end:
                before = max((other for _, other in visible.values() if other <= start), default=window[0])
                limits.append(before + slack[later] - end)
        slack[child] = 0 if child in entered else min(limits)
        fill_slack(forest, child, visible[child], known)
