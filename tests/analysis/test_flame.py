import numpy as np
from hypothesis import given, settings

from tests.analysis.drawing import MS, columns_of, span
from tests.analysis.strategies import broken_traces, traces
from webapp.analysis.call_path import operation
from webapp.analysis.flame import Frames, _frames, _frames_by_pairs, _labels, frames_of, placed
from webapp.analysis.operations import operations_of
from webapp.analysis.rows import rows_of
from webapp.analysis.trace import analyse_trace
from webapp.model.facts import TraceFacts
from webapp.model.spans import Span


def flame(spans: list[Span]) -> tuple[TraceFacts, Frames]:
    facts = analyse_trace(columns_of(spans))
    return facts, frames_of(rows_of(facts.forest), facts.critical_ns)


def test_calls_along_one_path_are_one_frame_and_the_widest_comes_first() -> None:
    spans = [
        span("p", "", 0, 100, name="home"),
        span("a", "p", 0, 20, name="mail"),
        *(span(f"q{k}", "p", 20 + 20 * k, 40 + 20 * k, name=f"GET /items/{k}") for k in range(4)),
    ]
    facts, frames = flame(spans)
    names = [facts.forest.columns.names[facts.forest.name[node]] for node in frames.node.tolist()]
    start_ns = placed(frames.parent, frames.total_ns)
    times_ms = [(ns // MS).tolist() for ns in (frames.total_ns, frames.own_ns, start_ns)]
    told = zip(names, frames.spans.tolist(), frames.parent.tolist(), *times_ms, strict=True)
    assert {name.split("/")[0]: numbers for name, *numbers in told} == {
        "home": [1, -1, 100, 0, 0],
        "mail": [1, 0, 20, 20, 80],
        "GET ": [4, 0, 80, 80, 0],
    }


@settings(max_examples=80, deadline=None)
@given(traces() | broken_traces())
def test_frames_nest_and_their_sum_is_the_response(spans: list[Span]) -> None:
    facts, frames = flame(spans)
    assert frames.own_ns.sum() == facts.response_ns
    assert frames.spans.sum() == len(facts.forest)
    starts_ns = placed(frames.parent, frames.total_ns)
    for frame, parent in enumerate(frames.parent.tolist()):
        assert parent < frame
        if parent >= 0:
            assert frames.depth[frame] == frames.depth[parent] + 1
            assert starts_ns[parent] <= starts_ns[frame]
            end_ns = starts_ns[parent] + frames.total_ns[parent]
            assert starts_ns[frame] + frames.total_ns[frame] <= end_ns
    assert (np.bincount(frames.parent + 1, weights=frames.total_ns)[0]) == facts.response_ns


@settings(max_examples=80, deadline=None)
@given(traces() | broken_traces())
def test_spans_share_a_frame_exactly_when_they_share_all_that_calls_them(spans: list[Span]) -> None:
    facts, frames = flame(spans)
    forest = facts.forest

    def path(node: int) -> tuple[tuple[int, str], ...]:
        own = (int(forest.service[node]), operation([*forest.columns.names, ""][forest.name[node]]))
        return (*(path(int(forest.parent[node])) if forest.parent[node] >= 0 else ()), own)

    paths = [path(node) for node in range(len(forest))]
    assert len(set(zip(paths, frames.of_node.tolist(), strict=True))) == len(set(paths)) == len(frames)
    assert (forest.status[frames.node] >= 0).all()
    assert (frames.of_node[frames.node] == np.arange(len(frames))).all()


def test_a_very_deep_trace_has_as_many_levels_of_frames() -> None:
    spans = [
        span(f"s{n}", f"s{n - 1}" if n else "", 0, 10, name="even" if n % 2 else "odd") for n in range(3_000)
    ]
    _, frames = flame(spans)
    assert frames.depth.tolist() == list(range(3_000))
    assert frames.parent.tolist() == list(range(-1, 2_999))
    assert (frames.total_ns == 10 * MS).all()


def test_operations_have_their_sums_and_percentiles() -> None:
    calls = [span(f"q{k:02d}", "p", 20 * k, 20 * k + k, name="query", service="db") for k in range(1, 21)]
    facts = analyse_trace(columns_of([span("p", "", 0, 600, name="home"), *calls]))
    found = operations_of(facts).lines(range(2))
    assert [(one.name, one.spans) for one in found] == [("home", 1), ("query", 20)]
    query = found[1]
    assert (query.p50_ns, query.p95_ns, query.max_ns) == (10 * MS, 19 * MS, 20 * MS)
    assert query.total_ns == query.self_ns == query.critical_ns == 210 * MS


@settings(max_examples=60, deadline=None)
@given(traces() | broken_traces())
def test_operations_hold_every_received_span_once(spans: list[Span]) -> None:
    facts = analyse_trace(columns_of(spans))
    operations = operations_of(facts)
    found = operations.lines(range(len(operations)))
    received = facts.forest.source >= 0
    assert sum(one.spans for one in found) == received.sum()
    assert sum(one.critical_ns for one in found) == facts.critical_ns[received].sum()
    assert all(one.p50_ns <= one.p95_ns <= one.max_ns for one in found)


@settings(max_examples=80, deadline=None)
@given(traces() | broken_traces())
def test_frames_found_by_sums_are_those_found_by_pairs(spans: list[Span]) -> None:
    forest = analyse_trace(columns_of(spans)).forest
    rows = rows_of(forest)
    depth = np.empty(len(forest), np.int32)
    depth[rows.node] = rows.depth
    label = _labels(rows)
    by_sums = _frames(label, forest.parent, depth).tolist()
    by_pairs = _frames_by_pairs(label, forest.parent, depth).tolist()
    pairs = set(zip(by_sums, by_pairs, strict=True))
    assert len(pairs) == len(set(by_sums)) == len(set(by_pairs))
    assert (np.diff(depth[np.argsort(by_sums, kind="stable")]) >= 0).all()
