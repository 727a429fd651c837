"""Weights that sampled spans bring with them."""

import math
from typing import Any

import pytest

from tests.store.shop import make_span
from tests.store.test_facts import ask
from webapp.loading import analyse_pending
from webapp.model.carried import carried_weights
from webapp.store import Store


def of_state(state: str) -> float:
    found = carried_weights([make_span(1, trace_state=state)])
    return found[0] if found else 1.0


@pytest.mark.parametrize(
    ("state", "weight"),
    [
        ("ot=th:0", 1), ("ot=th:8", 2), ("ot=th:c", 4), ("vendor=1, ot=rv:ab;th:fd70a4", 100.0001),
        ("ot=p:3;r:12", 8), ("ot=p:0", 1), ("ot=th:zz;p:2", 4), ("ot=p:63", 1), ("ot=p:" + "9" * 5_000, 1),
        ("other=th:8", 1), ("ot=", 1), ("ot=th:123456789abcdef", 1), ("", 1), ("ot=p:²", 1),
    ],
)  # fmt: skip
def test_a_trace_state_tells_for_how_many_its_span_stands(state: str, weight: float) -> None:
    assert math.isclose(of_state(state), weight, rel_tol=1e-6)


@pytest.mark.parametrize(
    ("tags", "weight"),
    [
        ({"sampler.type": "probabilistic", "sampler.param": 0.25}, 4),
        ({"sampler.type": "probabilistic", "sampler.param": "0.1"}, 10),
        ({"sampler.type": "remote", "sampler.param": 0.5}, 2),
        ({"sampler.type": "const", "sampler.param": True}, 1),
        ({"sampler.type": "ratelimiting", "sampler.param": 2.0}, 1),
        ({"sampler.type": "probabilistic", "sampler.param": 0}, 1),
        ({"sampler.type": "probabilistic", "sampler.param": "nan"}, 1),
        ({"sampler.type": ["probabilistic"], "sampler.param": {}}, 1),
        ({"sampler.type": "probabilistic"}, 1),
    ],
)
def test_tags_of_a_sampler_count_for_all_spans_of_their_trace(tags: dict[str, Any], weight: float) -> None:
    spans = [make_span(1, 1, attributes=tags), make_span(2, 1, parent=1), make_span(1, 2)]
    assert carried_weights(spans) == ([weight, weight, 1] if weight != 1 else None)


def test_what_a_format_told_comes_first_and_the_rest_is_counted_by_what_is_carried() -> None:
    with Store.open(None) as store:
        store.append(
            [
                make_span(1, 1, trace_state="ot=th:8"),
                make_span(2, 1, parent=1, trace_state="ot=th:8", weight=5.0),
                make_span(1, 2),
            ],
            0,
        )
        analyse_pending(store)
        assert ask(store, "SELECT weight FROM spans ORDER BY trace_id, span_id") == [(2,), (5,), (1,)]
        assert ask(store, "SELECT weight FROM traces ORDER BY trace_id") == [(2,), (1,)]
