"""The path as jaeger-ui draws it, held against what jaeger-ui gave for the hand-worked cases."""

from typing import Any

import pytest
from hypothesis import given, settings

from tests.analysis.cases import CASES, by_name, in_ns, name_of, spans_of
from tests.analysis.drawing import columns_of
from tests.analysis.strategies import broken_traces, traces
from webapp.analysis.jaeger_path import jaeger_path
from webapp.analysis.tree import repair
from webapp.model.facts import Forest, Path
from webapp.model.spans import Span

# Where jaeger-ui sees another tree: it does not repair clocks, cycles and shared ids, and walks every root.
OTHER_TREE = {
    "cycle_two_spans",
    "zipkin_shared_span",
    "clock_skew_server_outside_client",
    "negative_duration",
    "self_parent",
    "multiple_roots_primary_is_longest",
}
DRAWN = [case for case in CASES if "jaeger_ui" in case and case["name"] not in OTHER_TREE]


def expected(case: dict[str, Any]) -> list[list[Any]]:
    sections = case["jaeger_ui"].get("sections") or case["expect"]["critical_path"]
    return [[name, in_ns(start), in_ns(end)] for name, start, end in sections]


def sections(forest: Forest, path: Path) -> list[list[Any]]:
    rows = zip(path.node.tolist(), path.start_ns.tolist(), path.end_ns.tolist(), strict=True)
    return [[name_of(forest, node), start, end] for node, start, end in rows]


def merged(parts: list[list[Any]]) -> list[list[Any]]:
    kept: list[list[Any]] = []
    for name, start, end in parts:
        if kept and kept[-1][0] == name and kept[-1][2] == start:
            kept[-1][2] = end
        else:
            kept.append([name, start, end])
    return kept


@pytest.mark.parametrize("case", DRAWN, ids=by_name)
def test_as_jaeger_draws_it(case: dict[str, Any]) -> None:
    forest = repair(columns_of(spans_of(case)))
    path = jaeger_path(forest, int(forest.root[0]))
    assert merged(sections(forest, path)) == merged(expected(case))


@settings(max_examples=100, deadline=None)
@given(traces() | broken_traces())
def test_it_fills_the_response_whatever_the_tree(spans: list[Span]) -> None:
    forest = repair(columns_of(spans))
    root = int(forest.root[0])
    path = jaeger_path(forest, root)
    assert int((path.end_ns - path.start_ns).sum()) == int(forest.end_ns[root] - forest.start_ns[root])
    assert path.end_ns[:-1].tolist() == path.start_ns[1:].tolist()
