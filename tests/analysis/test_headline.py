"""What stands out in many traces is found where it was planted, and nothing is claimed of chance."""

import numpy as np
import pytest

from webapp.analysis.headline import find_failing, find_slower
from webapp.analysis.stretch import risen, risen_each
from webapp.model.headline import RootTimes

MINUTE = 60 * 10**9
MS = 10**6


def root(seed: int, traces: int, service: str = "web") -> RootTimes:
    """A trace every ten seconds or so, usually 100 ms, 1 in 20 four times as long; 2 in 100 fail."""
    chance = np.random.default_rng(seed)
    start_ns = np.sort(chance.integers(0, traces * MINUTE // 6, traces))
    duration_ns = (chance.lognormal(0, 0.3, traces) * 100 * MS).astype(np.int64)
    duration_ns[chance.random(traces) < 0.05] *= 4
    return RootTimes(service, "GET /", start_ns, duration_ns, chance.random(traces) < 0.02, np.ones(traces))


def test_a_slow_stretch_is_found_with_its_ends_and_its_numbers() -> None:
    planted = root(1, 600)
    slow = (planted.start_ns >= 40 * MINUTE) & (planted.start_ns < 60 * MINUTE)
    planted.duration_ns[slow] *= 6
    [found] = find_slower([root(2, 600, "other"), planted])
    assert (found.service, found.stretch.begun, found.stretch.over) == ("web", True, True)
    assert abs(found.stretch.from_ns - 40 * MINUTE) < MINUTE
    assert abs(found.stretch.to_ns - 60 * MINUTE) < MINUTE
    inside = (planted.start_ns >= found.stretch.from_ns) & (planted.start_ns <= found.stretch.to_ns)
    assert (
        found.usual_ns
        == sorted(planted.duration_ns[~inside].tolist())[int(np.ceil(0.95 * (~inside).sum())) - 1]
    )
    assert found.stretch.hit == int((planted.duration_ns[inside] > found.usual_ns).sum())
    assert found.stretch.traces == int(inside.sum())


def test_percentiles_go_by_weight() -> None:
    """Of every ten slow requests nine were left out."""
    planted = root(1, 600)
    slow = (planted.start_ns >= 40 * MINUTE) & (planted.start_ns < 60 * MINUTE)
    planted.duration_ns[slow] *= 6
    planted.weight[planted.duration_ns > 500 * MS] = 10.0
    [found] = find_slower([planted])
    inside = (planted.start_ns >= found.stretch.from_ns) & (planted.start_ns <= found.stretch.to_ns)
    for p95_ns, part in ((found.p95_ns, inside), (found.usual_ns, ~inside)):
        each = np.repeat(planted.duration_ns[part], planted.weight[part].astype(np.int64))
        assert p95_ns == np.quantile(each, 0.95, method="inverted_cdf")


def test_what_goes_on_comes_before_a_worse_one_that_is_over() -> None:
    planted = root(3, 900)
    planted.duration_ns[planted.start_ns >= 60 * MINUTE] *= 5
    peak = (planted.start_ns >= 60 * MINUTE) & (planted.start_ns < 70 * MINUTE)
    planted.duration_ns[peak] *= 10
    lasting, over = find_slower([planted])
    assert not lasting.stretch.over
    assert over.stretch.over
    assert over.p95_ns > 5 * lasting.p95_ns
    assert abs(over.stretch.to_ns - 70 * MINUTE) < MINUTE


def test_failures_that_come_together_are_found_in_one_operation_or_in_all() -> None:
    one, two = root(4, 400, "a"), root(5, 400, "b")
    one.failed[200:230] = True
    found = find_failing([one, two])
    assert found
    assert (found.service, found.stretch.hit >= 30) == ("a", True)
    spread = [root(seed, 60, f"s{seed}") for seed in range(20)]
    for each in spread:
        each.failed[(each.start_ns > 4 * MINUTE) & (each.start_ns < 6 * MINUTE)] = True
    found = find_failing(spread)
    assert found
    assert found.service == ""  # of all together


@pytest.mark.parametrize("traces", [30, 100, 1_000, 20_000])
def test_nothing_is_said_of_chance(traces: int) -> None:
    said = 0
    for seed in range(40):
        roots = [root(seed, traces), root(seed + 1_000, traces, "b")]
        said += bool(find_slower(roots)) + bool(find_failing(roots))
    assert said <= 1


def test_shuffled_hits_have_no_stretch() -> None:
    chance = np.random.default_rng(7)
    found = 0
    for traces, hits in ((100, 20), (1_300, 38), (1_300, 650), (20_000, 600)) * 50:
        hit = np.zeros(traces, bool)
        hit[chance.choice(traces, hits, replace=False)] = True
        found += risen(np.arange(traces), hit) is not None
    assert found <= 3


def test_several_series_have_the_stretches_that_each_has_alone() -> None:
    planted = root(6, 2500)
    planted.duration_ns[900:1000] *= 5
    hits = [planted.duration_ns > limit for limit in (0, 50 * MS, 120 * MS, 200 * MS, 10**12)]
    together = risen_each(planted.start_ns, hits, 3)
    assert together == [risen(planted.start_ns, hit, 3) for hit in hits]
    assert [stretch is not None for stretch in together] == [False, False, True, True, False]


def test_few_traces_say_nothing() -> None:
    few = root(1, 39)
    few.duration_ns[20:] *= 100
    assert find_slower([few]) == []
    assert find_slower([]) == []
    assert find_failing([]) is None
