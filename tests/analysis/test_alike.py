"""Siblings that are alike: which runs there are, what a folded one stands for, and that nothing is lost by it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.drawing import columns_of, plain_columns, span
from tests.analysis.test_rows import SHAPES, names, node_named
from webapp.analysis.alike import LEAST, Alike, alike_siblings
from webapp.analysis.folding import View, only, opening, visible
from webapp.analysis.rows import TraceRows, rows_of
from webapp.analysis.tree import repair
from webapp.model.spans import Span, Status


def trace(*spans: Span) -> tuple[TraceRows, Alike]:
    rows = rows_of(repair(columns_of(spans)))
    return rows, alike_siblings(rows)


def shelf(count: int, **last: object) -> list[Span]:
    """r ( x a b c … y ), all but x and y called `get`."""
    called = [
        span(chr(ord("a") + k), "r", 10 + k, 12 + k, name="get", **(last if k == count - 1 else {}))
        for k in range(count)
    ]
    return [span("r", "", 1, 99), span("x", "r", 5, 6), *called, span("y", "r", 60, 70)]


def folded(rows: TraceRows, alike: Alike, *open_runs: int, **how: object) -> View:
    closed = np.ones(len(alike), np.bool_)
    closed[list(open_runs)] = False
    return visible(rows, how.pop("depth", None), alike=alike, closed=closed, **how)  # type: ignore[arg-type]


def test_five_of_one_kind_in_a_row_are_a_run_and_four_are_none() -> None:
    rows, alike = trace(*shelf(5))
    assert alike.count.tolist() == [5]
    assert names(rows, rows.node[alike.members(0)]) == "a b c d e"
    assert names(rows, folded(rows, alike).node) == "r x a y"
    assert len(trace(*shelf(4))[1]) == 0


def test_another_kind_between_them_ends_a_run() -> None:
    spans = shelf(9)
    spans[6] = span("e", "r", 14, 16, name="put")
    assert len(trace(*spans)[1]) == 0
    spans[6] = span("e", "r", 14, 16, name="get", service="other")
    assert len(trace(*spans)[1]) == 0


def test_spans_that_were_not_received_are_not_said_to_be_alike() -> None:
    rows, alike = trace(*(span(f"c{k}", f"p{k}", k, k + 1, name=f"n{k}") for k in range(1, 8)))
    assert len(rows) > 7
    assert len(alike) == 0


def test_a_folded_run_stands_for_its_members_and_all_below_them() -> None:
    rows, alike = trace(*shelf(6), span("f1", "f", 15, 16, status=Status.ERROR), span("f2", "f", 15, 16))
    view = folded(rows, alike)
    assert names(rows, view.node) == "r x a y"
    assert (view.hidden.tolist(), view.hidden_errors.tolist()) == ([0, 0, 7, 0], [0, 0, 1, 0])
    assert (view.run.tolist(), view.folded.tolist()) == ([-1, -1, 0, -1], [False, False, True, False])
    assert alike.end_ns.tolist() == [17_000_000]


def test_errors_of_the_first_member_count_too() -> None:
    spans = shelf(5)
    spans[2] = span("a", "r", 10, 12, name="get", status=Status.ERROR)
    rows, alike = trace(*spans)
    assert folded(rows, alike).hidden_errors.tolist() == [0, 0, 1, 0]


def test_a_member_has_no_row_of_its_own_and_names_the_run_that_hides_it() -> None:
    rows, alike = trace(*shelf(5), span("c1", "c", 12, 13))
    view = folded(rows, alike)
    for name in ("a", "c", "c1"):
        node = node_named(rows, name)
        assert view.position(node) == -1
        assert names(rows, view.runs_to_unfold(node)) == "a"
        assert view.to_unfold(node) == []
    assert [view.stands_for(node_named(rows, name)) for name in ("a", "c", "y")] == [2, 2, 3]
    opened = folded(rows, alike, 0)
    assert opened.position(node_named(rows, "c1")) == 5
    assert opened.runs_to_unfold(node_named(rows, "c1")) == []


def test_a_filtered_view_shows_each_member_that_fits() -> None:
    rows, _ = trace(*shelf(6))
    chosen = np.array([node_named(rows, name) for name in "bce"])
    view = only(visible(rows, None), chosen)
    assert names(rows, view.node) == "r b c e"
    assert view.runs_to_unfold(int(chosen[0])) == []


def test_a_subtree_is_shown_alone_and_depth_counts_from_its_top() -> None:
    rows, alike = trace(*shelf(6), span("f1", "f", 15, 16), span("f2", "f1", 15, 16))
    top = int(rows.row_of_node[node_named(rows, "f")])
    assert names(rows, folded(rows, alike, top=top).node) == "f f1 f2"
    assert names(rows, folded(rows, alike, top=top, depth=1).node) == "f f1"
    assert folded(rows, alike, top=top, depth=0).to_unfold(node_named(rows, "f2")) == [
        node_named(rows, "f"),
        node_named(rows, "f1"),
    ]


def test_a_large_trace_of_alike_children_opens_with_one_row_for_all() -> None:
    count = 100_000
    start_ns = 10**18 + np.arange(count)
    parent = np.where(np.arange(count) == 0, 0, 1)
    rows = rows_of(repair(plain_columns(np.arange(1, count + 1), parent, start_ns, start_ns + 10**6)))
    alike = alike_siblings(rows)
    first = opening(rows, np.arange(count), np.empty(0, np.int64), alike)
    assert first.depth == 1
    view = visible(rows, first.depth, keep=first.keep, alike=alike, closed=np.ones(1, np.bool_))
    assert (len(view), int(view.hidden.sum())) == (2, count - 2)


@given(SHAPES, st.data())
@settings(max_examples=80, deadline=None)
def test_every_span_has_a_row_or_is_counted_in_the_one_that_stands_for_it(
    parents: list[int], data: st.DataObject
) -> None:
    count = len(parents)
    kinds = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    start_ns = 10**18 + np.arange(count)
    columns = plain_columns(
        np.arange(1, count + 1), np.array(parents) + 1, start_ns, start_ns + 5, name=kinds, names=["x", "y"]
    )
    rows = rows_of(repair(columns))
    alike = alike_siblings(rows)
    closed = np.array(data.draw(st.lists(st.booleans(), min_size=len(alike), max_size=len(alike))), np.bool_)
    view = visible(rows, data.draw(st.one_of(st.none(), st.integers(0, 5))), alike=alike, closed=closed)
    assert len(view) + view.hidden.sum() == count
    stood_for = [view.stands_for(node) for node in range(count)]
    assert all((place >= 0) == (not is_hidden(view, node)) for node, place in enumerate(stood_for))
    for run in range(len(alike)):
        members = alike.members(run)
        assert len(members) == alike.count[run] >= LEAST
        assert len({(rows.parent[row], kinds[rows.node[row]]) for row in members.tolist()}) == 1
        assert set(members.tolist()) == set(np.flatnonzero(alike.run == run).tolist())
        assert (members[1:] == rows.after[members[:-1]]).all()
        assert alike.after[run] == rows.after[members[-1]]


def is_hidden(view: View, node: int) -> bool:
    """By a folded ancestor, or by a run that an ancestor is in: then no row stands for the node itself."""
    assert view.alike is not None
    run = view.alike.run[view.rows.row_of_node]
    return bool(view.to_unfold(node)) or any(run[first] != run[node] for first in view.runs_to_unfold(node))
