"""Which rows are shown, what is said of those that are not, and how large traces open."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.drawing import columns_of, plain_columns, span
from tests.analysis.test_rows import SHAPES, grown, names, node_named, tree
from webapp.analysis.folding import FIRST_NODES, View, find_next, opening, visible
from webapp.analysis.rows import TraceRows, rows_of
from webapp.analysis.tree import repair
from webapp.model.spans import Status

NO_NODES = np.empty(0, np.int64)


def shop() -> TraceRows:
    """r ( a ( b ( c ) d ) e ( f ) )"""
    return tree(
        ("r", "", 1, 99),
        ("a", "r", 2, 50),
        ("b", "a", 3, 40),
        ("c", "b", 4, 5),
        ("d", "a", 45, 46),
        ("e", "r", 60, 90),
        ("f", "e", 61, 62),
    )


def shown(view: View) -> str:
    return names(view.rows, view.node)


def test_every_row_is_shown_when_no_depth_is_given() -> None:
    view = visible(shop(), None)
    assert shown(view) == "r a b c d e f"
    assert not view.folded.any()


def test_a_depth_shows_the_levels_down_to_it_and_counts_what_is_below() -> None:
    view = visible(shop(), 1)
    assert shown(view) == "r a e"
    assert view.folded.tolist() == [False, True, True]
    assert view.hidden.tolist() == [0, 3, 1]


def test_a_toggled_node_is_folded_where_it_was_open_and_opened_where_it_was_folded() -> None:
    rows = shop()
    fold = {node_named(rows, "a")}
    assert shown(visible(rows, None, fold)) == "r a e f"
    assert shown(visible(rows, 1, fold)) == "r a b d e"


def test_a_fold_inside_a_fold_stays_when_the_outer_one_opens() -> None:
    rows = shop()
    inner, outer = node_named(rows, "b"), node_named(rows, "a")
    assert shown(visible(rows, None, {inner, outer})) == "r a e f"
    assert shown(visible(rows, None, {inner})) == "r a b d e f"


def test_nodes_to_keep_open_their_ancestors_and_nothing_below_themselves() -> None:
    rows = shop()
    view = visible(rows, 0, keep=np.array([node_named(rows, "b")]))
    assert shown(view) == "r a b d e"
    assert view.hidden.tolist() == [0, 0, 1, 0, 1]


def test_a_folded_row_tells_how_many_errors_are_below_it() -> None:
    spans = [span("r", "", 1, 9), span("a", "r", 1, 9), span("b", "a", 1, 9, status=Status.ERROR)]
    rows = rows_of(repair(columns_of(spans)))
    assert visible(rows, 1).hidden_errors.tolist() == [0, 1]
    assert visible(rows, None).hidden_errors.tolist() == [0, 0, 0]


def test_a_hidden_node_has_no_position_and_names_the_folded_ancestors() -> None:
    rows = shop()
    view = visible(rows, 0)
    hidden = node_named(rows, "c")
    assert view.position(hidden) == -1
    assert names(rows, view.to_unfold(hidden)) == "r a b"
    assert view.position(node_named(rows, "r")) == 0
    opened = visible(rows, 0, view.to_unfold(hidden))
    assert opened.position(hidden) == 3
    assert opened.to_unfold(hidden) == []


def test_find_goes_round_the_trace_in_row_order_and_through_folded_rows() -> None:
    rows = shop()
    matches = np.array([node_named(rows, name) for name in "fca"])
    found, node = [], None
    for _ in range(4):
        node = find_next(rows, matches, node)
        found.append(node)
    assert names(rows, found) == "a c f a"
    assert names(rows, [find_next(rows, matches, None, backwards=True)]) == "f"
    assert names(rows, [find_next(rows, matches, node_named(rows, "a"), backwards=True)]) == "f"
    assert find_next(rows, NO_NODES, None) is None


@given(SHAPES, st.one_of(st.none(), st.integers(0, 6)), st.data())
@settings(max_examples=60, deadline=None)
def test_a_row_is_shown_exactly_when_all_its_ancestors_are_open(
    parents: list[int], depth: int | None, data: st.DataObject
) -> None:
    rows = rows_of(grown(parents))
    some_nodes = st.sets(st.integers(0, len(rows) - 1), max_size=5)
    fold, keep = data.draw(some_nodes), data.draw(some_nodes)
    led_to = {above for node in keep for above in rows.ancestors(node)}

    def is_open(node: int) -> bool:
        by_default = depth is None or rows.depth[rows.row_of_node[node]] < depth or node in led_to
        return by_default != (node in fold)

    view = visible(rows, depth, fold, np.array(sorted(keep), np.int64))
    expected = [node for node in rows.node.tolist() if all(map(is_open, rows.ancestors(node)))]
    assert view.node.tolist() == expected
    assert len(view) + view.hidden.sum() == len(rows)
    assert view.folded.tolist() == (view.hidden > 0).tolist()


def test_a_trace_of_2000_spans_opens_whole() -> None:
    rows = rows_of(grown([-1] + [0] * 1_999))
    assert opening(rows, NO_NODES, NO_NODES).depth is None


def test_a_large_trace_opens_at_the_last_depth_with_200_rows() -> None:
    """Levels of 1, 1, 99, 99 and 3,000 spans."""
    parents = [-1, 0] + [1] * 99 + list(range(2, 101)) + [150] * 3_000
    rows = rows_of(grown(parents))
    first = opening(rows, NO_NODES, NO_NODES)
    assert first.depth == 3
    assert len(visible(rows, first.depth)) == 200


def test_path_and_errors_of_a_large_trace_are_unfolded_up_to_50_and_the_rest_is_counted() -> None:
    """300 branches below the root, 10 spans in a row each."""
    branches = np.arange(300)
    parents = np.concatenate(
        [np.array([-1]), np.zeros(300, int), *(1 + branches + 300 * k for k in range(9))]
    )
    count = len(parents)
    start_ns = 10**18 + np.arange(count)
    rows = rows_of(repair(plain_columns(np.arange(1, count + 1), parents + 1, start_ns, start_ns + 10**9)))
    tips = np.arange(count - 300, count)
    first = opening(rows, tips[:60], tips[-55:])
    assert first.depth == 0
    assert (first.path_left, first.errors_left) == (10, 5)
    view = visible(rows, first.depth, keep=first.keep)
    assert all(view.position(int(node)) >= 0 for node in (*tips[:FIRST_NODES], *tips[-55:-5]))
    assert view.position(int(tips[55])) < 0
