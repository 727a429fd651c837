"""Graphs drawn small: columns, order, cycles, paths; and what must hold of every drawing."""

import re
from itertools import pairwise, permutations, product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.analysis.layers import crossings, layered
from webapp.analysis.layout import Drawing, arrange, choose
from webapp.model.results import GraphEdge, GraphNode

CARD = (172, 58)


def drawn(*edges: str, **kinds: str) -> Drawing:
    """Edges as "a>b"; nodes are services unless said otherwise."""
    pairs = [(edge.split(">")[0], edge.split(">")[1]) for edge in edges]
    names = {name for pair in pairs for name in pair} | kinds.keys()
    return arrange({name: kinds.get(name, "service") for name in names}, pairs, CARD)


def columns(drawing: Drawing) -> list[str]:
    """Names by column, top down."""
    left = sorted({x for x, _ in drawing.positions.values()})
    return [
        " ".join(
            sorted(
                (n for n, (x, _) in drawing.positions.items() if x == at),
                key=lambda n: drawing.positions[n][1],
            )
        )
        for at in left
    ]


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def test_callers_stand_left_of_whom_they_call_by_the_longest_way() -> None:
    assert columns(drawn("web>api", "api>orders", "web>orders", "orders>stock")) == [
        "web",
        "api",
        "orders",
        "stock",
    ]


def test_the_user_has_the_first_column_alone() -> None:
    assert columns(drawn("user>web", "web>db", "cron>db", user="user")) == ["user", "cron web", "db"]


def test_who_sends_no_spans_stands_in_the_last_column_unless_it_calls_somebody() -> None:
    drawing = drawn(
        "web>redis", "web>a", "a>queue", "queue>b", redis="db", queue="messaging", stripe="external"
    )
    assert [set(column.split()) for column in columns(drawing)] == [
        {"web"},
        {"a"},
        {"queue"},
        {"redis", "b", "stripe"},
    ]


def test_cards_have_the_room_between_them_that_the_page_wants() -> None:
    drawing = drawn("web>a", "web>b")
    assert drawing.positions == {"web": (18, 67), "a": (236, 23), "b": (236, 115)}
    assert (drawing.width, drawing.height) == (236 + 172 + 18, 115 + 58 + 22)


def test_a_call_is_a_curve_from_the_right_of_one_card_to_the_left_of_the_other() -> None:
    curve = drawn("web>a", "web>b").curves["web", "a"]
    assert curve.path == "M190,96C210.5,96 210.5,52 231,52"
    assert curve.places[0] == (210.5, 74)
    assert not curve.returning


def test_a_call_over_a_column_goes_round_the_cards_in_it() -> None:
    drawing = drawn("web>a", "a>db", "web>db")
    x, y = drawing.positions["a"]
    level = [float(at) for at in re.findall(r",(-?[\d.]+)H", drawing.curves["web", "db"].path)]
    assert len(level) == 1
    assert not y - 15 < level[0] < y + CARD[1] + 15
    assert f"H{x + CARD[0]:g}C" in drawing.curves["web", "db"].path


def test_the_call_that_closes_a_cycle_runs_back_from_right_to_left() -> None:
    drawing = drawn("web>a", "a>b", "b>a")
    assert columns(drawing) == ["web", "a", "b"]
    assert [pair for pair, curve in drawing.curves.items() if curve.returning] == [("b", "a")]
    start, *_, end = points(drawing.curves["b", "a"].path)
    assert start[0] == drawing.positions["b"][0]
    assert end[0] == drawing.positions["a"][0] + CARD[0] + 5
    assert start[1] != drawing.positions["b"][1] + CARD[1] / 2, (
        "the call there and the call back would cover each other"
    )


def test_a_service_that_calls_itself_gets_a_loop_above_its_card() -> None:
    drawing = drawn("web>web")
    curve = drawing.curves["web", "web"]
    assert curve.returning
    assert all(y <= drawing.positions["web"][1] for _, y in points(curve.path))
    assert all(y > 0 for _, y in curve.places)


def test_two_kinds_of_calls_between_the_same_two_share_a_curve() -> None:
    assert list(drawn("web>a", "web>a").curves) == [("web", "a")]


def test_an_empty_graph_is_an_empty_drawing() -> None:
    drawing = arrange({}, [], CARD)
    assert (drawing.positions, drawing.curves) == ({}, {})


def fewest_crossings(edges: list[tuple[int, int]], column: list[list[int]]) -> int:
    behind: list[list[int]] = [[] for _ in range(8)]
    for caller, callee in edges:
        behind[caller].append(callee)
    orders = product(*(list(map(list, permutations(nodes))) for nodes in column))
    return min(crossings(list(order), behind) for order in orders)


def test_two_columns_have_hardly_more_crossings_than_the_best_of_all_orders() -> None:
    random = Random(1)
    found = best = 0
    for _ in range(20):
        calls = sorted(
            {(random.randrange(4), random.randrange(4, 8)) for _ in range(random.randrange(3, 12))}
        )
        layers = layered(8, calls, first={0, 1, 2, 3}, last={4, 5, 6, 7})
        assert [sorted(column) for column in layers.columns] == [[0, 1, 2, 3], [4, 5, 6, 7]]
        found += crossings(layers.columns, layers.neighbours()[1])
        best += fewest_crossings(calls, layers.columns)
    assert best <= found <= 1.1 * best


NAMES = [f"s{number}" for number in range(12)]
GRAPHS = st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=30)


@given(GRAPHS, st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_no_cards_overlap_and_every_call_is_drawn_whatever_the_order_of_the_input(
    edges: set[tuple[str, str]], seed: int
) -> None:
    kinds = dict.fromkeys(NAMES, "service")
    drawing = arrange(kinds, sorted(edges), CARD)
    shuffled = sorted(edges)
    Random(seed).shuffle(shuffled)
    assert arrange(kinds, shuffled, CARD) == drawing
    assert drawing.curves.keys() == edges
    least = 28 if max(len(column.split()) for column in columns(drawing)) < 10 else 18
    for column in columns(drawing):
        tops = [drawing.positions[name][1] for name in column.split()]
        assert all(lower - upper >= CARD[1] + least for upper, lower in pairwise(tops))
    for (caller, callee), curve in drawing.curves.items():
        if caller != callee:
            assert curve.returning == (drawing.positions[caller][0] > drawing.positions[callee][0])
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in points(curve.path))


def node(name: str, share: float = 0.0) -> GraphNode:
    return GraphNode("service", name, 0, 0, 0, 0, 0, share)


def call(edge: str, calls: int = 1) -> GraphEdge:
    return GraphEdge(*edge.split(">"), "rpc", calls, 0, 0, 0)


def test_the_busiest_and_the_most_critical_nodes_are_drawn() -> None:
    nodes = [node("a"), node("b"), node("c", share=0.8), node("d")]
    edges = [call("a>b", 100), call("a>c", 5), call("a>d", 10)]
    assert choose(nodes, edges, 3) == {"a", "b", "c"}
    assert choose(nodes, edges) == {"a", "b", "c", "d"}


def test_a_focus_shows_who_leads_to_it_and_whom_it_leads_to() -> None:
    nodes = [node(name) for name in "abcdefx"]
    edges = [call(edge) for edge in ("a>b", "b>c", "c>d", "d>e", "e>f", "b>x")]
    assert choose(nodes, edges, focus="d") == {"b", "c", "d", "e", "f"}
    assert choose(nodes, edges, focus="d", hops=1) == {"c", "d", "e"}
    assert choose(nodes, edges, 2, focus="x", hops=9) == {"x", "b"}


def test_a_focus_that_is_not_in_the_graph_is_no_focus() -> None:
    assert choose([node("a")], [], focus="gone") == {"a"}
