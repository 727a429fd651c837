"""Two sets of traces compared: sums that are exact, the figures of the design, causes that were planted and are found."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.planted import CAUSES, NAMES, SERVICES, Shop, columns_of, data_of, open_shop
from webapp.analysis.cohorts.attributes import Ranking, rank
from webapp.analysis.cohorts.cohort import compare
from webapp.analysis.cohorts.paths import PathName, entries_of, path_tree, with_all_below
from webapp.analysis.cohorts.split import divided, split
from webapp.model.cohorts import CohortData, CohortTraces, Membership, PathTimes

MS = 1_000_000


def data(calls: list[tuple[int, int, int, int]], responses: list[int], selected: list[bool]) -> CohortData:
    """`calls`: trace, path, critical_ns, calls."""
    ids = np.unique(np.array([path for _, path, _, _ in calls], np.uint64))
    times = PathTimes(
        ids,
        np.array([trace for trace, *_ in calls], np.int32),
        np.searchsorted(ids, np.array([path for _, path, _, _ in calls], np.uint64)).astype(np.int32),
        np.array([ns for _, _, ns, _ in calls], np.int64),
        np.array([count for *_, count in calls], np.int64),
    )
    traces = CohortTraces(np.array(selected), np.array(responses, np.int64), np.ones(len(responses)))
    counts = [Membership(int(side.sum()), int(side.sum())) for side in (traces.selected, ~traces.selected)]
    spans = np.ones(len(responses), np.int64)
    return CohortData(counts[0], counts[1], 0, traces, spans, [], times, [], [], [], False, ())


@st.composite
def cohorts(draw: st.DrawFn) -> CohortData:
    """Traces with some calls on up to six paths; what the calls leave of a response was not received."""
    traces = draw(st.integers(2, 12))
    cells = st.tuples(st.integers(10, 15), st.integers(0, 10**10), st.integers(1, 5))
    calls, responses = [], []
    for trace in range(traces):
        own = draw(st.lists(cells, max_size=6, unique_by=lambda cell: cell[0]))
        calls += [(trace, *cell) for cell in own]
        responses.append(sum(ns for _, ns, _ in own) + draw(st.sampled_from((0, 0, 7 * MS))))
    selected = draw(st.lists(st.booleans(), min_size=traces - 2, max_size=traces - 2))
    return data(calls, responses, [True, False, *selected])


@given(cohorts())
@settings(deadline=None)
def test_the_paths_sum_up_to_the_difference_and_each_is_split_exactly(drawn: CohortData) -> None:
    tree = path_tree(
        NAMES, {path: 1.0 for path in drawn.times.path_ids.tolist() if path in NAMES and path != 15}
    )
    parts = split(tree, entries_of(tree, drawn.times.path_ids), drawn.traces, drawn.times)
    for selected, means in ((True, parts.after), (False, parts.before)):
        here = np.flatnonzero(drawn.traces.selected == selected)
        mean = sum(drawn.traces.response_ns[here].tolist()) / len(here)
        assert means.sum() == pytest.approx(mean, rel=1e-12, abs=1e-6)
        for entry, path in enumerate(tree.path_id[:-2]):  # each against a count by hand
            rows = drawn.times.path_ids[drawn.times.path] == path
            rows &= np.isin(drawn.times.trace, here)
            assert means[entry] == pytest.approx(drawn.times.critical_ns[rows].sum() / len(here), rel=1e-12)
    np.testing.assert_allclose(parts.slower + parts.more_calls, parts.difference, rtol=1e-9, atol=1e-3)


@given(cohorts())
@settings(deadline=None)
def test_swapping_the_two_sets_negates_everything(drawn: CohortData) -> None:
    tree = path_tree(NAMES, dict.fromkeys(drawn.times.path_ids.tolist(), 1.0))
    entry = entries_of(tree, drawn.times.path_ids)
    turned = CohortTraces(~drawn.traces.selected, drawn.traces.response_ns, drawn.traces.weight)
    one, other = (split(tree, entry, traces, drawn.times) for traces in (drawn.traces, turned))
    for values in ("slower", "more_calls", "difference"):
        np.testing.assert_allclose(getattr(one, values), -getattr(other, values), rtol=1e-9, atol=1e-3)


def test_the_widths_of_the_flame_graph_are_the_mean_response_time() -> None:
    shop = open_shop("region", 3, 2000)
    found = compare(data_of(shop, shop.slowest(0.1)), NAMES)
    for mean, own in (
        (found.selection.mean_ns, found.split.after),
        (found.baseline.mean_ns, found.split.before),
    ):
        roots = with_all_below(found.split.tree, own)[found.split.tree.parent < 0]
        assert roots.sum() == pytest.approx(mean, rel=1e-12)


def test_the_figures_of_the_design_come_out() -> None:
    """fraud +41.4 all speed, db +23.9 by calls +24.5 and speed −0.5, a cache miss +10.5 all calls, root −0.3."""
    before = np.array([100.0, 50.0, 0.0, 30.3])
    after = np.array([141.4, 73.9, 10.5, 30.0])
    calls_before = np.array([1.0, 10.0, 0.0, 1.0])
    calls_after = np.array([1.0, 14.9565, 0.3, 1.0])
    slower, more = divided(before, after, calls_before, calls_after)
    assert [round(value, 1) for value in slower] == [41.4, pytest.approx(-0.5, abs=0.3), 0.0, -0.3]
    assert [round(value, 1) for value in more] == [0.0, pytest.approx(24.5, abs=0.3), 10.5, 0.0]
    assert (slower + more).sum() == pytest.approx(75.5)


def test_too_few_traces_allow_no_claim() -> None:
    responses = [5 * MS] * 19 + [MS] * 30
    found = compare(
        data([(trace, 10, ns, 1) for trace, ns in enumerate(responses)], responses, [True] * 19 + [False] * 30),
        NAMES,
    )  # fmt: skip
    assert not found.enough


def test_what_weighs_much_counts_much() -> None:
    responses = [10 * MS] * 30 + [20 * MS] * 30 + [5 * MS] * 40
    drawn = data(
        [(trace, 10, ns, 1) for trace, ns in enumerate(responses)], responses, [True] * 60 + [False] * 40
    )
    weight = np.array([3.0] * 30 + [1.0] * 70)
    weighted = CohortTraces(drawn.traces.selected, drawn.traces.response_ns, weight)
    found = compare(replace(drawn, traces=weighted), NAMES)
    assert found.selection.mean_ns == pytest.approx(12.5 * MS)
    assert found.selection.stands_for == 120
    assert found.selection.worth == pytest.approx(48)
    assert dict(found.selection.quantiles)[0.5] == 10 * MS


def test_more_children_than_can_be_told_apart_are_one_row() -> None:
    names = {1: PathName(None, "web", "GET")} | {
        path: PathName(1, "db", f"q{path}") for path in range(2, 302)
    }
    tree = path_tree(names, {path: float(path) for path in names})
    assert len(tree) == 1 + 200 + 2
    assert entries_of(tree, np.array([1, 2, 301], np.uint64)).tolist()[1] == len(tree) - 2


def ranked(shop: Shop, drawn: CohortData) -> Ranking:
    return rank(columns_of(shop, drawn), drawn.traces, (), False)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("cause", CAUSES)
def test_a_planted_cause_is_named_first(cause: str, seed: int) -> None:
    (service, key, word), (path_service, path_name, how) = CAUSES[cause]
    shop = open_shop(cause, seed)
    drawn = data_of(shop, shop.slowest(0.05))
    found, ranking = compare(drawn, NAMES), ranked(shop, drawn)
    first = ranking.keys[0]
    assert (SERVICES[first.service], first.key) == (service, key)
    assert shop.words[service, key][first.values[0].code] == word
    assert (found.causes[0].service, found.causes[0].name, found.causes[0].how) == (
        path_service,
        path_name,
        how,
    )
    assert ("user.id", SERVICES.index("orders")) in ranking.not_comparable


def test_where_nothing_is_planted_hardly_anything_is_claimed() -> None:
    claims = 0
    for seed in range(20):
        shop = open_shop("", seed)
        claims += len(ranked(shop, data_of(shop, shop.slowest(0.02))).keys)
    assert claims <= 1
