"""The flat tree against the obvious recursive one, and shapes that recursion could not survive."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.drawing import columns_of, number, plain_columns, span
from webapp.analysis.rows import TraceRows, rows_of
from webapp.analysis.tree import repair
from webapp.model.facts import Forest


def tree(*spans: tuple[str, str, float, float]) -> TraceRows:
    return rows_of(repair(columns_of([span(name, parent, start, end) for name, parent, start, end in spans])))


def node_named(rows: TraceRows, name: str) -> int:
    return rows.forest.span_id.tolist().index(number(name))


def names(rows: TraceRows, nodes: object = None) -> str:
    chosen = rows.node if nodes is None else nodes
    return " ".join(
        bytes.fromhex(f"{int(ident):016x}").decode().strip("\0") for ident in rows.forest.span_id[chosen]
    )


def grown(parents: list[int], seed: int = 0) -> Forest:
    """A trace of this shape: entry i is the parent of span i, -1 none."""
    generator = np.random.default_rng(seed)
    count = len(parents)
    ids = np.arange(1, count + 1)
    start_ns = 10**18 + generator.integers(0, 50, count)
    end_ns = start_ns + generator.integers(0, 50, count)
    return repair(plain_columns(ids, np.asarray(parents) + 1, start_ns, end_ns))


SHAPES = st.lists(st.integers(0, 10**6), max_size=40).map(
    lambda draws: [-1] + [draw % (place + 2) - 1 for place, draw in enumerate(draws)]
)


def test_children_come_by_start_the_longer_first_then_by_id() -> None:
    rows = tree(("r", "", 1, 99), ("d", "r", 5, 9), ("c", "r", 5, 9), ("b", "r", 5, 20), ("a", "r", 30, 40))
    assert names(rows) == "r b c d a"


def test_the_primary_root_comes_first_and_then_the_others_by_start() -> None:
    rows = tree(("x", "", 1, 5), ("y", "", 2, 90), ("z", "y", 3, 4), ("w", "x", 1, 2))
    assert names(rows) == "y z x w"
    assert rows.parent.tolist() == [-1, 0, -1, 2]


def test_ancestors_are_listed_from_the_root_down() -> None:
    rows = tree(("r", "", 1, 99), ("a", "r", 2, 50), ("b", "a", 3, 40), ("c", "r", 60, 70))
    assert names(rows, rows.ancestors(node_named(rows, "b"))) == "r a"
    assert rows.ancestors(node_named(rows, "r")) == []


@given(SHAPES, st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_rows_equal_those_of_a_recursive_walk(parents: list[int], seed: int) -> None:
    forest = grown(parents, seed)
    rows = rows_of(forest)
    children: dict[int, list[int]] = {node: [] for node in range(-1, len(forest))}
    for node, parent in enumerate(forest.parent.tolist()):
        children[parent].append(node)

    def rank(node: int) -> tuple[bool, int, int, int]:
        is_other = node != forest.root[0]
        return is_other, forest.start_ns[node], -forest.end_ns[node], forest.span_id[node]

    walked: list[tuple[int, int, int, int]] = []

    def walk(node: int, depth: int) -> int:
        place = len(walked)
        walked.append((node, depth, len(children[node]), 0))
        size = 1 + sum(walk(child, depth + 1) for child in sorted(children[node], key=rank))
        walked[place] = (*walked[place][:3], place + size)
        return size

    for root in sorted(children[-1], key=rank):
        walk(root, 0)
    flat = zip(
        *(column.tolist() for column in (rows.node, rows.depth, rows.children, rows.after)), strict=True
    )
    assert list(flat) == walked
    assert rows.row_of_node[rows.node].tolist() == list(range(len(forest)))
    expected = [
        -1 if forest.parent[node] < 0 else rows.row_of_node[forest.parent[node]] for node in rows.node
    ]
    assert rows.parent.tolist() == expected


@pytest.mark.parametrize(
    ("parents", "deepest"),
    [(np.arange(-1, 49_999), 49_999), (np.r_[-1, np.zeros(49_999, int)], 1)],
    ids=["chain", "fan"],
)
def test_a_chain_and_a_fan_of_50000_spans_become_rows(parents: np.ndarray, deepest: int) -> None:
    count = len(parents)
    start_ns = 10**18 + np.arange(count)
    forest = repair(plain_columns(np.arange(1, count + 1), parents + 1, start_ns, np.full(count, 2 * 10**18)))
    rows = rows_of(forest)
    assert rows.node.tolist() == list(range(count))
    assert rows.depth.max() == deepest
    assert rows.after[0] == count
    assert len(rows.ancestors(count - 1)) == deepest
