"""What if, over many traces at once: each trace must come out as it does alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.analysis.drawing import columns_of
from tests.analysis.strategies import traces
from webapp.analysis.cohorts.whatif import predict, sample
from webapp.analysis.critical_path import critical_path
from webapp.analysis.tree import repair
from webapp.analysis.whatif import Schedule
from webapp.model.spans import Span

ROUNDING_NS = 2


def alone(spans: list[Span], service: str, part: float) -> int:
    forest = repair(columns_of(spans))
    root = int(forest.root[0])
    chosen = np.array([forest.columns.services[index] == service for index in forest.service.tolist()])
    chosen &= forest.source >= 0
    return Schedule(forest, root, critical_path(forest, root)).faster(chosen, part).response_ns


@given(st.lists(traces(most=12), min_size=1, max_size=4), st.sampled_from((0.0, 0.25, 1.0)))
@settings(deadline=None)
def test_each_trace_is_as_fast_as_alone(drawn: list[list[Span]], part: float) -> None:
    own = [
        [replace(span, trace_id=f"{number + 1:032x}") for span in spans] for number, spans in enumerate(drawn)
    ]
    together = predict(
        columns_of([span for spans in own for span in spans]), np.ones(len(own)), "service:a", part
    )
    each = [alone(spans, "a", part) for spans in own]
    assert together.faster_mean_ns == pytest.approx(sum(each) / len(each), abs=ROUNDING_NS)
    assert together.traces == len(own)
    [(_, now, then)] = together.quantiles  # too few for p95
    assert then == pytest.approx(sorted(each)[(len(each) - 1) // 2], abs=ROUNDING_NS)
    assert then <= now + ROUNDING_NS


@given(st.lists(traces(most=8), min_size=1, max_size=3))
@settings(deadline=None)
def test_nothing_faster_changes_nothing(drawn: list[list[Span]]) -> None:
    own = [
        [replace(span, trace_id=f"{number + 1:032x}") for span in spans] for number, spans in enumerate(drawn)
    ]
    found = predict(
        columns_of([span for spans in own for span in spans]), np.ones(len(own)), "operation:none · such", 1.0
    )
    assert found.spans == 0
    assert found.faster_mean_ns == pytest.approx(found.mean_ns, abs=ROUNDING_NS)


def test_no_more_traces_are_looked_at_than_can_be_waited_for() -> None:
    assert sample(np.full(1_000, 10)) == 500
    assert sample(np.full(1_000, 1_000)) == 25
    assert sample(np.array([30_000])) == 0
