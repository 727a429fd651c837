"""Many traces at once must give what one at a time gives: on the worked cases, on random and on broken traces."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.analysis.cases import CASES, by_name, spans_of
from tests.analysis.drawing import columns_of, draw, drawn_spans, plain_columns, span
from webapp.analysis import edges
from webapp.analysis.batch import analyse_batch
from webapp.analysis.batch_path import critical_paths
from webapp.analysis.blocking import waited_for
from webapp.analysis.call_path import depths
from webapp.analysis.critical_path import PathFinder
from webapp.analysis.trace import analyse_trace, summarise
from webapp.analysis.tree import repair
from webapp.model.facts import BatchFacts, Edge, EdgeCalls, Forest, Path
from webapp.model.spans import Kind, Span, Status


def trace_id(number: int) -> str:
    return f"{number + 1:032x}"


def moved(spans: list[Span], number: int) -> list[Span]:
    """The same spans as trace `number`."""
    made = []
    for each in spans:
        fields = {name: getattr(each, name) for name in each.__struct_fields__}
        links = [type(link)(trace_id(number), link.span_id) for link in each.links]
        made.append(Span(**{**fields, "trace_id": trace_id(number), "links": links}))
    return made


def calls_of_trace(calls: EdgeCalls, number: int) -> list[Edge]:
    chosen = calls.trace == number
    columns = ("caller", "callee", "type", "trace", "start_ns", "duration_ns", "error")
    return edges.edges(replace(calls, **{name: getattr(calls, name)[chosen] for name in columns}))


def assert_equal_to_single_traces(traces: list[list[Span]]) -> None:
    traces = [moved(spans, number) for number, spans in enumerate(traces)]
    columns = columns_of([each for spans in traces for each in spans])
    found = analyse_batch(columns)
    assert len(found.traces) == len(found.warnings) == len(traces)
    for number, spans in enumerate(traces):
        facts = analyse_trace(columns_of(spans))
        assert found.traces[number] == summarise(facts)
        assert calls_of_trace(found.edges, number) == edges.edges(edges.calls(facts.forest))
        assert found.warnings[number] == facts.warnings
        rows = np.flatnonzero(columns.trace == number)
        received = facts.forest.source >= 0
        source = facts.forest.source[received]
        on_path = np.isin(np.arange(len(facts.forest)), facts.path.node)
        for name, expected in (
            ("critical_ns", facts.critical_ns),
            ("self_ns", facts.self_ns),
            ("depth", depths(facts.forest)),
            ("on_path", on_path),
        ):
            values = getattr(found.spans, name)[rows]
            assert values[source].tolist() == expected[received].tolist(), name
            assert not np.delete(values, source).any(), f"{name} of a dropped duplicate"


def test_the_worked_cases_in_one_batch_equal_each_of_them_alone() -> None:
    assert_equal_to_single_traces([spans_of(case) for case in CASES])


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_a_worked_case_alone_in_its_batch_has_its_own_time_on_the_path(case: dict[str, Any]) -> None:
    facts = analyse_batch(columns_of(spans_of(case)))
    verdict = facts.traces[0].verdict
    expected = case["expect"]["verdict"]
    assert (verdict.service, verdict.name) == (expected["service"], expected["name"])
    assert verdict.critical_ns == round(expected["ms"] * 1_000_000)


UNIT_MS = st.sampled_from([1.0, 0.1, 1 / 3])


@st.composite
def broken_trace(draw: st.DrawFn) -> list[Span]:
    """Parents that are earlier spans, later ones (cycles), the span itself, or were never received; odd times; links."""
    count, unit = draw(st.integers(1, 14)), draw(UNIT_MS)
    spans = []
    for place in range(count):
        parent = draw(st.sampled_from([place - 1, place // 2, 0, 0, draw(st.integers(-3, count))]))
        start = draw(st.integers(0, 60))
        length = draw(st.sampled_from([-3, 0, 1, 2, 5, 10, 20, 40, 100]))
        ident = draw(st.sampled_from([place] * 9 + [place // 2]))
        end = draw(st.sampled_from([1000 + (start + length) * unit] * 9 + [0]))
        spans.append(
            span(
                f"{ident:03}",
                "" if place == 0 and parent < 0 else f"{parent % 100:03}",
                draw(st.sampled_from([1000 + start * unit] * 19 + [0])),
                end,
                service=draw(st.sampled_from("abc")),
                name=draw(st.sampled_from(["get", "put"])),
                kind=draw(st.sampled_from(list(Kind))),
                status=draw(st.sampled_from([Status.UNSET, Status.ERROR])),
                host=draw(st.sampled_from(["", "h1", "h2"])),
                follows_from=draw(st.sampled_from([False] * 9 + [True])),
                links=[f"{draw(st.integers(0, count)):03}"] if draw(st.integers(0, 9)) == 0 else [],
                attributes=draw(st.sampled_from([{}, {"db.system": "redis"}, {"peer.service": "out"}])),
            )
        )
    return [*spans, *draw(st.lists(st.sampled_from(spans), max_size=2))]


@given(st.lists(broken_trace(), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_random_and_broken_traces_in_one_batch_equal_each_of_them_alone(traces: list[list[Span]]) -> None:
    assert_equal_to_single_traces(traces)


def segments(path: Path, forest: Forest, number: int) -> list[tuple[int, int, int, int]]:
    chosen = forest.trace[path.node] == number
    columns = (path.start_ns, path.end_ns, path.node, path.where)
    return sorted(zip(*(column[chosen].tolist() for column in columns), strict=True))


def assert_paths_equal_the_reference(forest: Forest) -> None:
    found = critical_paths(forest, waited_for(forest), depths(forest))
    finder = PathFinder(forest)
    for number, root in enumerate(forest.root.tolist()):
        path = finder.critical(root)
        assert segments(found, forest, number) == segments(path, forest, number)


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 3_000), st.integers(0, 9)), max_size=30))
@example([(0, 500, 0), (495, 8, 0), (500, 500, 0), (490, 12, 0)])
@settings(max_examples=100, deadline=None)
def test_siblings_that_overlap_by_about_the_tolerance_are_chosen_as_by_the_reference(
    siblings: list[tuple[int, int, int]],
) -> None:
    """Below a parent of 400 ms, in steps of 0.01 ms up to the millisecond that is tolerated, some one level down."""
    count = len(siblings) + 1
    starts, lengths, levels = np.array(siblings, np.int64).reshape(-1, 3).T * np.array(
        [[10_000], [10_000], [1]]
    )
    start_ns = 10**9 + np.append(0, starts)
    end_ns = start_ns + np.append(400_000_000, lengths)
    parents = np.append(0, np.where(levels == 0, np.maximum(1, np.arange(1, count)), 1))
    assert_paths_equal_the_reference(
        repair(plain_columns(np.arange(1, count + 1), parents, start_ns, end_ns))
    )


@pytest.mark.parametrize("seed", range(3))
def test_paths_of_grown_traces_equal_the_reference(seed: int) -> None:
    generator = np.random.default_rng(seed)
    traces, size = 40, 60
    count = traces * size
    local = np.tile(np.arange(size), traces)
    first = np.repeat(np.arange(traces) * size, size)
    parent = first + (local * generator.random(count)).astype(np.int64)
    start_ns = 10**9 + 10_000_000 * (
        generator.integers(0, 2 * local + 1) // 10
    )  # many begin and end together
    end_ns = start_ns + 10_000_000 * (generator.integers(0, 200 - local) // 10)
    ids = 1 + generator.permutation(count)
    columns = plain_columns(
        ids,
        np.where(local == 0, 0, ids[parent]),
        start_ns,
        end_ns,
        trace=first // size,
        trace_ids=[trace_id(number) for number in range(traces)],
    )
    assert_paths_equal_the_reference(repair(columns))


def test_a_deep_trace_is_walked_beside_the_shallow_ones_of_its_batch() -> None:
    deep = np.arange(2_000)
    spans = plain_columns(
        np.append(deep + 1, [1, 2]),
        np.append(deep, [0, 1]),
        np.append(10**9 + deep, [10**9, 10**9 + 5]),
        np.append(2 * 10**9 - deep, [2 * 10**9, 2 * 10**9 - 7]),
        trace=np.append(np.zeros(2_000, int), [1, 1]),
        trace_ids=[trace_id(0), trace_id(1)],
    )
    assert_paths_equal_the_reference(repair(spans))


def test_a_dropped_duplicate_holds_zeros_and_is_named_by_its_row() -> None:
    twice = drawn_spans("a  s/op  S  |-----|")
    columns = replace(columns_of([*twice, *twice]), row=np.array([70, 71]))
    facts = analyse_batch(columns)
    assert facts.dropped.tolist() == [71]
    assert facts.spans.critical_ns.tolist() == [50_000_000, 0]
    assert facts.traces[0].spans == 1


def paths(facts: BatchFacts) -> list[int]:
    return [int(path) for path in facts.spans.path_id]


def test_equal_calls_have_equal_paths_in_whatever_batch_and_order_they_come() -> None:
    picture = "a web/GET_/cart S |----------|\nb<a cart/read S |  -----   |\nc<b db/query C |   ---    |"
    once = drawn_spans(picture)
    first = paths(analyse_batch(draw(picture)))
    second = paths(analyse_batch(columns_of([*drawn_spans("z other/op I |-----|"), *moved(once[::-1], 5)])))
    assert second[:0:-1] == first
    assert len({*first, second[0]}) == 4


def test_the_same_operation_reached_another_way_is_another_path() -> None:
    under_a = paths(analyse_batch(draw("r w/go S |------|\na<r w/a I | ---- |\nx<a db/get C |  --  |")))
    under_b = paths(analyse_batch(draw("r w/go S |------|\nb<r w/b I | ---- |\nx<b db/get C |  --  |")))
    assert under_a[0] == under_b[0]
    assert under_a[2] != under_b[2]
