"""Clocks: what is shifted, by how much, and what never is."""

from tests.analysis.drawing import MS, columns_of, span
from webapp.analysis.tree import repair
from webapp.model.facts import Forest
from webapp.model.spans import Kind, Span, Status


def call(name: str, start: float, end: float, server: tuple[float, float], **fields: object) -> list[Span]:
    """A CLIENT span on h1 below the root and its SERVER span on h2."""
    fields = {"service": "b", "host": "h2", "kind": Kind.SERVER, **fields}
    client = span(f"c{name}", "root", start, end, service="a", host="h1", kind=Kind.CLIENT)
    return [client, span(f"s{name}", f"c{name}", *server, **fields)]


def root() -> Span:
    return span("root", "", 1000, 9000, service="a", host="h1", kind=Kind.SERVER)


def shifts_ms(forest: Forest) -> list[float]:
    return [offset / MS for offset in forest.offset_ns.tolist()]


def repaired(*spans: Span) -> Forest:
    return repair(columns_of(spans))


def codes(forest: Forest) -> list[str]:
    return [warning.code for warning in forest.warnings[0]]


def test_one_shift_fits_all_calls_between_two_hosts() -> None:
    # allowed: 40 to 80 by the first call, 38 to 40 by the second
    forest = repaired(root(), *call("1", 2000, 2100, (1960, 2020)), *call("2", 3000, 3100, (2962, 3060)))
    assert shifts_ms(forest) == [0, 0, 40, 0, 40]
    assert forest.warnings[0][0].message == "Times of host h2 were shifted by +40.0 ms."


def test_spans_below_move_along() -> None:
    forest = repaired(
        root(),
        *call("1", 2000, 2100, (1500, 1580)),
        span("in", "s1", 1510, 1560, service="b", host="h2"),
        span("far", "s1", 1510, 1560, service="d"),
    )
    assert shifts_ms(forest) == [0, 0, 510, 510, 510]


def test_calls_that_fit_are_left_alone() -> None:
    forest = repaired(root(), *call("1", 2000, 2100, (2010, 2090)), *call("2", 3000, 3100, (2999.5, 3050)))
    assert not forest.offset_ns.any()
    assert codes(forest) == []


def test_calls_that_contradict_each_other_shift_nothing() -> None:
    forest = repaired(root(), *call("1", 2000, 2100, (1900, 1990)), *call("2", 3000, 3100, (3110, 3200)))
    assert not forest.offset_ns.any()
    assert codes(forest) == ["skew_conflict"]


def test_more_than_a_minute_is_reported_and_not_applied() -> None:
    forest = repaired(root(), *call("1", 102_000, 102_100, (2_000, 2_050)))
    assert not forest.offset_ns.any()
    assert codes(forest) == ["skew_too_large"]


def test_a_client_that_gave_up_tells_nothing_of_clocks() -> None:
    given_up = call("1", 2000, 2100, (2050, 2140))
    given_up[0] = span(
        "c1", "root", 2000, 2100, service="a", host="h1", kind=Kind.CLIENT, status=Status.ERROR
    )
    assert not repaired(root(), *given_up).offset_ns.any()


def test_messages_work_on_one_host_and_unknown_hosts_of_one_service_tell_nothing_of_clocks() -> None:
    for fields in (
        {"kind": Kind.CONSUMER},
        {"kind": Kind.INTERNAL},
        {"host": "h1"},
        {"host": "", "service": "a"},
        {"follows_from": True},
    ):
        forest = repaired(root(), *call("1", 2000, 2100, (1500, 1580), **fields))
        assert not forest.offset_ns.any(), fields


def test_services_stand_in_for_hosts_that_are_not_known() -> None:
    forest = repaired(root(), *call("1", 2000, 2100, (1500, 1580), host=""))
    assert shifts_ms(forest) == [0, 0, 510]
    assert forest.warnings[0][0].message == "Times of b were shifted by +510 ms."
