"""Each defect a trace can have, and that repair mends it once and for all."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.drawing import MS, columns_of, number, plain_columns, span
from tests.analysis.strategies import broken_traces, skewed_traces, traces
from webapp.analysis.tree import repair
from webapp.model.columns import SpanColumns
from webapp.model.facts import Forest
from webapp.model.spans import Kind, Span


def repaired(*spans: Span) -> Forest:
    return repair(columns_of(spans))


def parents(forest: Forest) -> dict[str, str]:
    names = [written(forest, node) for node in range(len(forest))]
    return {
        name: names[parent] if parent >= 0 else "" for name, parent in zip(names, forest.parent, strict=True)
    }


def written(forest: Forest, node: int) -> str:
    name = bytes.fromhex(f"{forest.span_id[node]:016x}").decode().strip("\0")
    return f"{name}_{forest.suffix[node]}" if forest.suffix[node] else name


def codes(forest: Forest) -> list[str]:
    return [warning.code for of_trace in forest.warnings for warning in of_trace]


def interval_ms(forest: Forest, name: str) -> tuple[float, float]:
    node = [written(forest, node) for node in range(len(forest))].index(name)
    return forest.start_ns[node] / MS, forest.end_ns[node] / MS


def test_clean_spans_come_out_as_they_went_in() -> None:
    forest = repaired(span("a", "", 1, 9), span("b", "a", 2, 3))
    assert parents(forest) == {"a": "", "b": "a"}
    assert forest.source.tolist() == [0, 1]
    assert forest.blocking.tolist() == [False, True]
    assert forest.warnings == [[]]


def test_only_spans_equal_in_every_field_are_dropped() -> None:
    twin = span("b", "a", 2, 3)
    forest = repaired(span("a", "", 1, 9), twin, twin, span("b", "a", 2, 4))
    assert forest.dropped.tolist() == [2]
    assert parents(forest) == {"a": "", "b": "a", "b_1": "a"}
    assert codes(forest) == ["duplicate_dropped", "duplicate_id"]


def test_a_child_of_a_shared_id_goes_to_the_half_of_its_own_service() -> None:
    forest = repaired(
        span("r", "", 0.5, 100, service="web"),
        span("x", "r", 10, 80, service="api", kind=Kind.SERVER, shared=True),
        span("x", "r", 5, 90, service="web", kind=Kind.CLIENT),
        span("q", "x", 20, 30, service="api"),
        span("t", "x", 6, 7, service="web"),
        span("u", "x", 20, 30, service="elsewhere"),
    )
    assert parents(forest) == {"r": "", "x_1": "x", "x": "r", "q": "x_1", "t": "x", "u": "x_1"}
    assert codes(forest) == ["shared_id_split"]


def test_a_child_of_an_id_used_twice_goes_to_the_span_that_contains_it() -> None:
    forest = repaired(
        span("r", "", 1, 100),
        span("x", "r", 50, 90, name="second"),
        span("x", "r", 10, 40, name="first"),
        span("c", "x", 60, 70),
        span("d", "x", 95, 99),
    )
    assert parents(forest) == {"r": "", "x_1": "r", "x": "r", "c": "x_1", "d": "x"}


def test_a_span_that_is_its_own_parent_becomes_a_root() -> None:
    forest = repaired(span("a", "a", 1, 9), span("b", "a", 2, 3))
    assert parents(forest) == {"a": "", "b": "a"}
    assert codes(forest) == ["self_parent"]


def test_a_cycle_is_cut_above_its_earliest_span() -> None:
    forest = repaired(span("a", "c", 5, 9), span("b", "a", 2, 3), span("c", "b", 4, 8), span("d", "c", 5, 6))
    assert parents(forest) == {"a": "c", "b": "", "c": "b", "d": "c"}
    assert codes(forest) == ["cycle_broken"]


def test_orphans_of_one_missing_parent_share_a_placeholder_below_the_root() -> None:
    forest = repaired(
        span("r", "", 1, 100),
        span("x", "lost", 10, 30),
        span("y", "lost", 40, 70),
        span("z", "gone", 200, 201),
    )
    assert parents(forest) == {"r": "", "x": "lost", "y": "lost", "z": "gone", "gone": "", "lost": "r"}
    assert interval_ms(forest, "lost") == (10, 70)
    assert forest.source.tolist() == [0, 1, 2, 3, -1, -1]
    assert written(forest, int(forest.root[0])) == "r"
    assert codes(forest) == ["orphan"] * 3


def test_without_a_real_root_the_longest_placeholder_is_the_primary_root() -> None:
    forest = repaired(span("x", "lost", 10, 30), span("y", "gone", 40, 70))
    assert written(forest, int(forest.root[0])) == "gone"
    assert parents(forest)["lost"] == ""


def test_placeholders_stand_at_the_end_of_their_own_trace() -> None:
    forest = repaired(
        span("a", "lost", 1, 2, trace_id="1" * 32),
        span("b", "", 1, 2, trace_id="2" * 32),
        span("c", "lost", 1, 2, trace_id="2" * 32),
    )
    assert forest.trace.tolist() == [0, 0, 1, 1, 1]
    assert forest.source.tolist() == [0, -1, 1, 2, -1]
    assert forest.parent.tolist() == [1, -1, -1, 4, 2]
    assert forest.root.tolist() == [1, 2]


def test_the_primary_root_is_the_longest() -> None:
    forest = repaired(span("a", "", 1, 9), span("b", "", 20, 90), span("c", "", 5, 60))
    assert written(forest, int(forest.root[0])) == "b"
    assert [(warning.code, warning.span_id) for warning in forest.warnings[0]] == [
        ("multiple_roots", f"{number('b'):016x}")
    ]


def test_an_end_before_the_start_leaves_a_moment() -> None:
    forest = repaired(span("a", "", 1, 9), span("b", "a", 5, 4))
    assert interval_ms(forest, "b") == (5, 5)
    assert codes(forest) == ["negative_duration"]


def test_unfinished_spans_end_with_the_last_of_their_children() -> None:
    forest = repaired(span("a", "", 1, 0), span("b", "a", 2, 0), span("c", "b", 3, 30), span("d", "a", 4, 0))
    assert [interval_ms(forest, name) for name in "abcd"] == [(1, 30), (2, 30), (3, 30), (4, 4)]
    assert forest.unfinished.tolist() == [True, True, False, True]
    assert codes(forest) == ["unfinished"] * 3


def test_unknown_starts_come_from_above_before_unknown_ends_come_from_below() -> None:
    day = 86_400_000
    spans = [
        span("a", "", day + 5, day + 90),
        span("b", "a", 0, 0),
        span("c", "b", 0, day + 20),
        span("d", "c", 0, day + 3),
    ]
    forest = repaired(*spans)
    found = [(start - day, end - day) for start, end in (interval_ms(forest, name) for name in "abcd")]
    assert found == [(5, 90), (5, 20), (5, 20), (5, 5)]
    assert codes(forest).count("unknown_start") == 3


def test_a_root_without_a_start_begins_with_what_is_known_of_its_trace() -> None:
    day = 86_400_000
    forest = repaired(span("a", "", 0, day + 90), span("b", "a", day + 10, day + 20))
    assert interval_ms(forest, "a") == (day + 10, day + 90)


def test_0_is_a_start_where_time_is_counted_from_0() -> None:
    forest = repaired(span("a", "", 0, 90), span("b", "a", 0, 20), span("c", "b", 0, 0))
    assert [interval_ms(forest, name) for name in "abc"] == [(0, 90), (0, 20), (0, 0)]
    assert sorted(codes(forest)) == ["unfinished", "unknown_start"]


def test_a_root_that_only_links_to_its_cause_hangs_below_it_unwaited() -> None:
    forest = repaired(
        span("r", "", 1, 50),
        span("s", "r", 2, 3, kind=Kind.PRODUCER),
        span("w", "", 10, 40, links=["nowhere", "s"]),
    )
    assert parents(forest)["w"] == "s"
    assert (forest.detached[2], forest.blocking[2]) == (True, False)


def test_roots_that_link_to_each_other_make_no_cycle() -> None:
    forest = repaired(
        span("a", "", 1, 50, links=["c"]),
        span("b", "", 2, 60, links=["a"]),
        span("c", "b", 3, 70, links=["b"]),
    )
    assert parents(forest) == {"a": "", "b": "a", "c": "b"}


def test_warnings_of_a_badly_broken_trace_are_named_up_to_a_hundred_and_all_counted() -> None:
    forest = repaired(span("r", "", 1, 999), *(span(f"{at:03d}", "lost", 5, 6) for at in range(250)))
    orphans = [warning for warning in forest.warnings[0] if warning.code == "orphan"]
    assert len(orphans) == 101
    assert sum(warning.count for warning in orphans) == 250


def test_no_spans_are_no_forest() -> None:
    forest = repair(plain_columns([], [], [], [], trace_ids=[]))
    assert len(forest) == 0
    assert forest.root.tolist() == []


@settings(max_examples=120, deadline=None)
@given(st.one_of(traces(), broken_traces(), skewed_traces()))
def test_what_is_repaired_stays_as_it_is(spans: list[Span]) -> None:
    once = repair(columns_of(spans))
    twice = repair(as_recorded(once))
    assert not twice.suffix.any()
    assert described(twice, twice.span_id.tolist()) == described(once, own_ids(once))
    assert not twice.offset_ns.any()


@settings(max_examples=60, deadline=None)
@given(st.one_of(traces(), broken_traces(), skewed_traces()))
def test_every_span_hangs_below_a_root_and_runs_forward(spans: list[Span]) -> None:
    forest = repair(columns_of(spans))
    assert (forest.end_ns >= forest.start_ns).all()
    for first in range(len(forest)):
        node, steps = first, 0
        while node >= 0:
            assert steps <= len(forest)
            node, steps = int(forest.parent[node]), steps + 1
    assert sorted(forest.source[forest.source >= 0].tolist() + forest.dropped.tolist()) == list(
        range(len(spans))
    )


def own_ids(forest: Forest) -> list[int]:
    """Ids that tell all spans apart, in the order of the ids that did not."""
    pairs = zip(forest.span_id.tolist(), forest.suffix.tolist(), strict=True)
    return [(span_id << 8) + suffix for span_id, suffix in pairs]


def described(forest: Forest, ids: list[int]) -> set[tuple[object, ...]]:
    return {
        (
            ids[node],
            ids[parent] if parent >= 0 else 0,
            *(
                int(column[node])
                for column in (forest.start_ns, forest.end_ns, forest.blocking, forest.detached)
            ),
            node == forest.root[0],
            bool(forest.source[node] < 0),
        )
        for node, parent in enumerate(forest.parent.tolist())
    }


def as_recorded(forest: Forest) -> SpanColumns:
    """The repaired spans as if an exporter had written them so; what was never received stays away."""
    nodes = np.flatnonzero(forest.source >= 0).tolist()
    columns = forest.columns
    place = {int(forest.source[node]): at for at, node in enumerate(nodes)}
    links = zip(columns.link_owner.tolist(), columns.link_span.tolist(), strict=True)
    kept = [(place[owner], target << 8) for owner, target in links if owner in place]
    rows, ids = forest.source[nodes], own_ids(forest)
    return plain_columns(
        [ids[node] for node in nodes],
        [ids[forest.parent[node]] if forest.parent[node] >= 0 else 0 for node in nodes],
        forest.start_ns[nodes],
        forest.end_ns[nodes],
        trace_ids=columns.trace_ids,
        trace=forest.trace[nodes],
        kind=forest.kind[nodes],
        status=forest.status[nodes],
        service=forest.service[nodes],
        name=forest.name[nodes],
        host=columns.host[rows],
        follows_from=forest.detached[nodes],
        link_owner=[owner for owner, _ in kept],
        link_span=[target for _, target in kept],
        services=columns.services,
        names=columns.names,
        hosts=columns.hosts,
    )
