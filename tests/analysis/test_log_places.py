"""Beside which span a log line is put."""

import numpy as np
import pytest

from tests.store.shop import make_span
from webapp.analysis.log_places import places_of
from webapp.analysis.tree import repair
from webapp.model.facts import Forest
from webapp.model.logs import LogLine
from webapp.store import Store

MS = 1_000_000


@pytest.fixture(scope="module")
def forest() -> Forest:
    """A gateway that calls orders, which works in two steps.

    gateway 1  ────────────────────  0-100
      orders 2    ──────────────    10-80
      orders 3       ────          20-40
      orders 4               ────  60-70
    """
    spans = [
        made(1, 0, "gateway", 0, 100),
        made(2, 1, "orders", 10, 80),
        made(3, 2, "orders", 20, 40),
        made(4, 2, "orders", 60, 70),
    ]
    with Store.open(None) as store:
        store.append(spans, 1)
        columns = store.columns(f"{1:032x}")
    assert columns is not None
    return repair(columns)


def made(number: int, parent: int, service: str, start_ms: int, end_ms: int):  # type: ignore[no-untyped-def]  # noqa: ANN201
    start_ns, end_ns = (1_000_000 + start_ms) * MS, (1_000_000 + end_ms) * MS
    return make_span(number, 1, parent, service=service, start_ns=start_ns, end_ns=end_ns)


def line(at_ms: int, service: str = "", span: int = 0) -> LogLine:
    return LogLine(
        trace_id=f"{1:032x}",
        time_ns=(1_000_000 + at_ms) * MS,
        message="",
        service=service,
        span_id=f"{span:016x}" if span else "",
    )


@pytest.mark.parametrize(
    ("written", "span"),
    [
        (line(30, "gateway", 4), 4),  # by its id, whatever else it says
        (line(30, "orders"), 3),  # the shortest that ran
        (line(50, "orders"), 2),
        (line(65, "orders"), 4),
        (line(30, "gateway"), 1),
        (line(82, "orders"), 2),  # just over: the nearest of its service
        (line(2, "orders"), 2),
        (line(30, "stock"), 3),  # a service that sent no spans: whatever ran
        (line(30), 3),
        (line(500, "stock"), 1),  # nothing ran: the root
        (line(30, "orders", 99), 3),  # a span that is not here: by service and time
    ],
)
def test_a_line_stands_beside_its_span(forest: Forest, written: LogLine, span: int) -> None:
    [node] = places_of(forest, [written]).tolist()
    assert forest.span_id[node] == span


def test_many_lines_are_placed_as_each_of_them_alone(forest: Forest) -> None:
    lines = [line(at, service) for at in range(-5, 110, 3) for service in ("", "orders", "gateway", "stock")]
    alone = [int(places_of(forest, [each])[0]) for each in lines]
    assert np.array_equal(places_of(forest, lines), alone)
