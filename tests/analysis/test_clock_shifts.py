"""Between which clocks times were shifted, and how far."""

from typing import Any

from tests.analysis.drawing import MS, columns_of, span
from webapp.analysis.clock_shifts import clock_shifts
from webapp.analysis.tree import repair
from webapp.model.facts import ClockShift
from webapp.model.spans import Kind, Span


def call(trace: int, number: str, at: float, server: tuple[float, float], host: str = "h2") -> list[Span]:
    """A CLIENT span of 100 ms on h1, and its SERVER span with one below it."""
    fields: dict[str, Any] = {"trace_id": f"{trace:032x}"}
    on: dict[str, Any] = {"service": "b", "host": host} if host else {"service": "b"}
    return [
        span(f"c{number}", "", at, at + 100, service="a", host="h1", kind=Kind.CLIENT, **fields),
        span(f"s{number}", f"c{number}", *server, kind=Kind.SERVER, **on, **fields),
        span(f"i{number}", f"s{number}", *server, **on, **fields),
    ]


def shifts(*spans: Span) -> list[ClockShift]:
    return clock_shifts(repair(columns_of(spans)))


def test_each_trace_tells_of_a_pair_of_clocks_once() -> None:
    first = [*call(1, "1", 2000, (1500, 1580)), *call(1, "2", 3000, (2500, 2580))]
    assert shifts(*first, *call(2, "1", 2000, (2310, 2400))) == [
        ClockShift(0, "h1", "h2", 510 * MS),
        ClockShift(1, "h1", "h2", -305 * MS),
    ]


def test_services_stand_in_for_hosts_that_are_not_known() -> None:
    assert shifts(*call(1, "1", 2000, (1500, 1580), host="")) == [ClockShift(0, "a", "b", 510 * MS)]


def test_clocks_that_agree_are_not_told_of() -> None:
    assert shifts(*call(1, "1", 2000, (2010, 2080))) == []


def test_a_clock_further_down_is_told_against_that_of_its_own_caller() -> None:
    down = [
        span("d", "i1", 1510, 1560, service="b", host="h2", kind=Kind.CLIENT, trace_id=f"{1:032x}"),
        span("e", "d", 2520, 2560, service="c", host="h3", kind=Kind.SERVER, trace_id=f"{1:032x}"),
    ]
    found = shifts(*call(1, "1", 2000, (1500, 1580)), *down)
    assert [(each.caller, each.callee) for each in found] == [("h1", "h2"), ("h2", "h3")]
    assert found[1].shift_ns == -1005 * MS


def test_clocks_too_far_apart_are_told_of_though_nothing_is_shifted() -> None:
    assert shifts(*call(1, "1", 102_000, (2_000, 2_080))) == [ClockShift(0, "h1", "h2", 100_010 * MS)]
