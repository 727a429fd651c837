from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.cases import CASES, by_name, name_of, spans_of
from tests.analysis.drawing import MS, columns_of, span
from tests.analysis.strategies import traces
from webapp.analysis.critical_path import critical_path
from webapp.analysis.summary import critical_times
from webapp.analysis.tree import repair
from webapp.analysis.whatif import Outcome, Schedule
from webapp.model.columns import Bool
from webapp.model.facts import Forest
from webapp.model.spans import Span

PARTS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
ROUNDING_NS = 2


def schedule_of(forest: Forest) -> Schedule:
    root = int(forest.root[0])
    return Schedule(forest, root, critical_path(forest, root))


def of_service(forest: Forest, service: str) -> Bool:
    return np.array([forest.columns.services[index] == service for index in forest.service.tolist()])


def chosen(forest: Forest, question: dict[str, Any]) -> Bool:
    if "service" in question:
        return of_service(forest, question["service"])
    return np.array([name_of(forest, node) == question["span"] for node in range(len(forest))])


@pytest.mark.parametrize("case", [case for case in CASES if "whatif" in case["expect"]], ids=by_name)
def test_worked_out_on_paper(case: dict[str, Any]) -> None:
    forest = repair(columns_of(spans_of(case)))
    schedule = schedule_of(forest)
    for question in case["expect"]["whatif"]:
        found = schedule.faster(chosen(forest, question), question["k"])
        assert found.response_ns == round(question["new_ms"] * MS), question


def test_what_limits_it_then_is_said() -> None:
    spans = [span("p", "", 0, 100), span("a", "p", 0, 90, service="a"), span("b", "p", 0, 80, service="b")]
    forest = repair(columns_of(spans))
    outcome = schedule_of(forest).faster(of_service(forest, "a"), 1)
    assert named(forest, outcome) == {"b": 80, "p": 10}


def named(forest: Forest, outcome: Outcome) -> dict[str, float]:
    return {name_of(forest, node): ns / MS for node, ns in outcome.critical_ns.items()}


@settings(max_examples=150, deadline=None)
@given(traces(), st.sampled_from("abc"))
def test_i11_the_gain_is_concave_and_a_share_is_its_upper_bound(spans: list[Span], service: str) -> None:
    forest = repair(columns_of(spans))
    root = int(forest.root[0])
    path = critical_path(forest, root)
    response_ns = int(forest.end_ns[root] - forest.start_ns[root])
    sped_up = of_service(forest, service)
    critical_ns = int(critical_times(forest, path)[sped_up].sum())
    schedule = Schedule(forest, root, path)
    outcomes = [schedule.faster(sped_up, part) for part in PARTS]
    gains = [response_ns - outcome.response_ns for outcome in outcomes]
    assert gains[0] == 0
    steps = zip(pairwise(gains), pairwise(PARTS), strict=True)
    slopes = [(gained - before) / (part - last) for (before, gained), (last, part) in steps]
    for part, gain, outcome in zip(PARTS, gains, outcomes, strict=True):
        assert -ROUNDING_NS <= gain <= part * critical_ns + ROUNDING_NS
        assert sum(outcome.critical_ns.values()) == pytest.approx(outcome.response_ns, abs=ROUNDING_NS)
    for earlier, later in pairwise(slopes):
        assert later <= earlier + 40 * ROUNDING_NS


@settings(max_examples=100, deadline=None)
@given(traces())
def test_nothing_faster_is_the_critical_path_as_observed(spans: list[Span]) -> None:
    forest = repair(columns_of(spans))
    root = int(forest.root[0])
    path = critical_path(forest, root)
    outcome = Schedule(forest, root, path).faster(np.zeros(len(forest), np.bool_), 0.5)
    assert outcome.response_ns == forest.end_ns[root] - forest.start_ns[root]
    assert sum(outcome.critical_ns.values()) == pytest.approx(outcome.response_ns)
