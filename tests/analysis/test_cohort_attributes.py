"""Ranking of attributes: the figures of the design, and what keeps a page from claiming what is not so."""

import numpy as np
import pytest

from webapp.analysis.cohorts.attributes import Ranking, rank
from webapp.analysis.cohorts.statistics import false_discovery, independence, newcombe, wilson
from webapp.model.cohorts import TAKES_PART, AttributeColumn, CohortTraces

SLOW, ALL = 200, 10_000


def column(
    key: str, codes: np.ndarray, number: np.ndarray | None = None, traces: np.ndarray | None = None
) -> AttributeColumn:  # type: ignore[type-arg]
    where = np.arange(len(codes)) if traces is None else traces
    return AttributeColumn(
        key, "span", where.astype(np.int32), np.zeros(len(codes), np.int32), codes.astype(np.uint64), number
    ).in_order()


def traces(slow: int = SLOW, total: int = ALL) -> CohortTraces:
    return CohortTraces(np.arange(total) < slow, np.ones(total, np.int64), np.ones(total))


def among(slow: int, others: int, total: int = ALL, of_slow: int = SLOW) -> np.ndarray:  # type: ignore[type-arg]
    """1 for so many of the slow and of the other traces."""
    codes = np.zeros(total, np.int64)
    codes[:slow] = 1
    codes[of_slow : of_slow + others] = 1
    return codes


def ranked(*columns: AttributeColumn, errors: bool = False, defining: tuple[str, ...] = ()) -> Ranking:
    return rank(list(columns), traces(), defining, errors)


def test_the_figures_of_the_design_come_out() -> None:
    """region 80 % against 10 %: 0.636; version 64 against 30: 0.268; one pod 28 against 2: 0.198; then noise."""
    region, version, pod = among(160, 980), among(128, 2940), among(56, 196)
    flag, noise = among(3, 0), np.random.default_rng(1).integers(0, 10, ALL)
    found = ranked(
        column("noise", noise), column("flag", flag), column("pod", pod), column("version", version),
        column("region", region), column("user.id", np.arange(ALL)), column("tenant", np.arange(ALL) % 3000),
    )  # fmt: skip
    assert [score.key for score in found.keys] == ["region", "version", "pod"]
    assert [score.score for score in found.keys] == pytest.approx([0.636, 0.268, 0.198], abs=0.005)
    assert found.not_comparable == [("user.id", 0)]
    best = found.keys[0].values[0]
    assert (best.a, best.b, best.share_1, best.share_0) == (160, 980, 0.8, 0.1)
    assert best.lift == pytest.approx(7.97, abs=0.05)
    assert best.q < 1e-6


def test_what_is_in_the_same_traces_is_one_row() -> None:
    region = among(160, 980)
    found = ranked(column("region", region), column("zone", 7 - region), column("other", among(100, 980)))
    assert [score.key for score in found.keys] == ["region", "other"]
    assert found.keys[0].also == [("zone", 0, "span")]


def test_lacking_a_key_is_a_value() -> None:
    has = np.concatenate((np.arange(40), np.arange(SLOW, ALL)))
    found = ranked(column("cache", np.zeros(len(has)), traces=has))
    best = found.keys[0].values[0]
    assert best.trace == -1
    assert best.a == 160
    assert best.share_0 == 0


def test_a_value_of_many_spans_counts_once_a_trace() -> None:
    where = np.repeat(np.arange(ALL), 3)
    found = ranked(column("region", np.repeat(among(160, 980), 3), traces=where))
    assert found.keys[0].values[0].a == 160


def test_numbers_are_compared_by_tenths_of_the_baseline() -> None:
    sizes = np.random.default_rng(2).uniform(0, 100, ALL)
    sizes[:SLOW] = np.random.default_rng(3).uniform(80, 100, SLOW)
    found = ranked(column("rows", np.arange(ALL), sizes))
    assert {value.low is not None for value in found.keys[0].values} == {True}
    most = max(found.keys[0].values, key=lambda value: value.score)
    assert most.low is not None
    assert most.low >= 79
    assert found.not_comparable == []


def test_what_the_selection_is_made_by_is_left_out_and_what_follows_from_failing_is_marked_and_last() -> None:
    region, code = among(100, 980), among(199, 10)
    found = ranked(
        column("http.response.status_code", code, code.astype(np.float64)),
        column("region", region),
        errors=True,
    )
    assert [(score.key, score.consequence) for score in found.keys] == [
        ("region", False),
        ("http.response.status_code", True),
    ]
    assert ranked(column("region", region), defining=("region",)).keys == []


@pytest.mark.parametrize(
    "key", ["trace_id", "span.id", "request-id", "http.request.duration", "timestamp", "elapsed.ms"]
)
def test_ids_and_times_say_nothing_of_a_cause(key: str) -> None:
    assert ranked(column(key, among(160, 980))).keys == []


@pytest.mark.parametrize("key", ["tenant.id", "shard_id", "customer.id", "timezone", "db.operation"])
def test_a_key_that_only_looks_like_one_of_them_is_compared(key: str) -> None:
    assert len(ranked(column(key, among(160, 980))).keys) == 1


def test_too_few_traces_allow_no_claim() -> None:
    few = CohortTraces(np.arange(100) < 19, np.ones(100, np.int64), np.ones(100))
    assert rank([column("region", np.arange(100) < 19)], few, (), False).tested == 0


def test_services_of_a_key_are_asked_apart() -> None:
    """One with few numbers, and one with so many that they are compared by tenths."""
    rows, services = np.arange(ALL), np.repeat(np.arange(2, dtype=np.int32), ALL)
    numbers = np.concatenate((among(160, 980), rows % 100))
    both = AttributeColumn(
        "size", "span", np.tile(rows, 2).astype(np.int32), services, numbers.astype(np.uint64), numbers.astype(float)
    ).in_order()  # fmt: skip
    found = ranked(both)
    assert [(score.service, score.values[0].low, score.values[0].a) for score in found.keys] == [
        (0, 1.0, 160)
    ]
    assert found.not_comparable == []


def test_keys_of_a_service_are_asked_where_it_takes_part_and_that_it_does_comes_after_them() -> None:
    """It is in 180 of 200 slow traces and in 2,940 of 9,800 others: all of its spans are in one region."""
    part = np.flatnonzero(among(180, 2940))
    version = np.where(part < SLOW, part < 90, part < SLOW + 294).astype(np.int64)
    there = AttributeColumn(
        TAKES_PART, "trace", part.astype(np.int32), np.zeros(len(part), np.int32), np.zeros(len(part), np.uint64)
    )  # fmt: skip
    found = ranked(
        there, column("region", np.zeros(len(part)), traces=part), column("version", version, traces=part)
    )
    assert [score.key for score in found.keys] == ["version", TAKES_PART]
    best, part_best = (score.values[0] for score in found.keys)
    assert (best.a, best.of_1, best.b, best.of_0) == (90, 180, 294, 2940)
    assert (best.share_1, best.share_0) == (0.5, 0.1)
    assert (part_best.of_1, part_best.of_0, part_best.share_1) == (200, 9800, 0.9)
    assert abs(part_best.score) > best.score


def test_a_service_that_hardly_any_other_trace_has_is_told_by_taking_part_alone() -> None:
    part = np.flatnonzero(among(180, 19))
    there = AttributeColumn(
        TAKES_PART, "trace", part.astype(np.int32), np.zeros(len(part), np.int32), np.zeros(len(part), np.uint64)
    )  # fmt: skip
    found = ranked(there, column("version", (part < SLOW).astype(np.int64), traces=part))
    assert [score.key for score in found.keys] == [TAKES_PART]


def test_ids_are_not_compared_though_one_of_them_came_some_times() -> None:
    payments = np.arange(ALL)
    payments[:16] = 0
    found = ranked(column("payment.id", payments))
    assert (found.keys, found.not_comparable) == ([], [("payment.id", 0)])
    payments[:100] = 0
    assert [score.key for score in ranked(column("payment.id", payments)).keys] == ["payment.id"]


def test_small_differences_are_of_no_interest_however_sure() -> None:
    selected = np.arange(ALL) < ALL // 2
    sure = CohortTraces(selected, np.ones(ALL, np.int64), np.ones(ALL))
    codes = among(2700, 2500, of_slow=ALL // 2)
    assert rank([column("region", codes)], sure, (), False).keys == []


def test_intervals_and_tests_are_those_of_the_books() -> None:
    low, high = wilson(np.array([0.5, 0.0]), np.full(2, 10.0))
    assert low == pytest.approx([0.2366, 0.0], abs=1e-4)
    assert high == pytest.approx([0.7634, 0.2775], abs=1e-4)
    assert newcombe(*(np.array([each]) for each in (56 / 70, 70.0, 48 / 80, 80.0))) == pytest.approx(
        [0.0524], abs=1e-4
    )
    assert independence(*np.array([[3.0], [4.0], [1.0], [4.0]])) == pytest.approx([0.4857], abs=0.03)
    fisher = independence(*np.array([[8.0], [10.0], [1.0], [6.0]]))
    assert fisher == pytest.approx([0.0350], abs=1e-3)
    assert false_discovery(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx(
        [0.04, 0.0533, 0.0533, 0.5], abs=1e-4
    )
