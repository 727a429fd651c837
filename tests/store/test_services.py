"""What is said of services is what a plain count over all spans says, whether read span by span or from sums."""

import random
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from tests.store.span_soup import make_spans
from webapp.analysis.batch import analyse_batch
from webapp.model.red import Measured, Red
from webapp.model.spans import Event, Kind, Resource, Span, Status
from webapp.query import Window, parse
from webapp.store import Store
from webapp.store.services import red
from webapp.store.services.error_kinds import template_of

SECOND = 1_000_000_000
WINDOWS = [Window(), Window(1_100 * SECOND, 1_300 * SECOND), Window(1_200 * SECOND)]


def soup() -> list[Span]:
    choose = random.Random(11)
    return [
        structs.replace(
            span,
            kind=choose.choice([Kind.SERVER, Kind.CLIENT, Kind.CONSUMER, Kind.INTERNAL]),
            status=choose.choice([Status.UNSET, Status.UNSET, Status.ERROR]),
            weight=choose.choice([1.0, 1.0, 4.0]),
        )
        for span in make_spans(seed=11, count=900, traces=60)
    ]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        store.append(soup(), 0)
        for columns in store.pending():
            store.append_facts(columns, analyse_batch(columns))
        yield store


@pytest.fixture
def summed(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the store remembers of either way of reading is forgotten with its next write."""
    store.keep_view_state("forget")
    monkeypatch.setattr(red, "EXACT_SPANS", 0)
    yield
    store.keep_view_state("forget")


def counted(store: Store, from_ns: int, to_ns: int, *, entry: bool) -> dict[tuple[str, str], list[Span]]:
    """Spans of the traces that start in a time, by service and operation."""
    found = defaultdict(list)
    for start_ns, span in everything_in(store):
        calls = span.kind in (Kind.SERVER, Kind.CONSUMER) or not span.parent_span_id
        if from_ns <= start_ns < to_ns and (calls or not entry):
            found[span.service, span.name].append(span)
    return found


@cache
def everything_in(store: Store) -> list[tuple[int, Span]]:
    """Every span with the start of its trace."""
    found = store.search(parse(""), Window(), "newest", 1, 1_000).rows
    return [(row.summary.start_ns, span) for row in found for span in store.spans(row.summary.trace_id)]


def duration_of(span: Span) -> int | None:
    return max(0, span.end_ns - span.start_ns) if span.end_ns and span.start_ns else None


def check(found: Red, spans: list[Span], tolerance: float) -> None:
    failed = [span for span in spans if span.status == Status.ERROR]
    assert (found.spans, found.failed) == (len(spans), len(failed))
    assert found.weighted == sum(span.weight != 1 for span in spans)
    assert found.calls == sum(span.weight for span in spans)
    assert found.errors == sum(span.weight for span in failed)
    squares = sum(span.weight**2 for span in spans)
    assert found.worth == pytest.approx(found.calls**2 / squares if spans else 0)
    timed = sorted((each, span.weight) for span in spans if (each := duration_of(span)) is not None)
    for quantile, value in ((0.5, found.p50_ns), (0.95, found.p95_ns), (0.99, found.p99_ns)):
        if not timed:
            assert value is None
            continue
        upto = np.cumsum([weight for _, weight in timed])
        expected = timed[int(np.searchsorted(upto, quantile * upto[-1] * (1 - 1e-12)))][0]
        assert value is not None
        assert value == pytest.approx(expected, rel=tolerance, abs=1)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("entry", [True, False])
def test_services_read_span_by_span_are_exact(store: Store, window: Window, entry: bool) -> None:
    found = store.services.overview(window, entry=entry)
    assert found.period.exact
    bounds = (window.from_ns or 0, window.to_ns or 2**62)
    check_rows(store, found.rows, bounds, entry=entry, tolerance=0)
    assert sum(row.share for row in found.rows) == pytest.approx(1)


@pytest.mark.usefixtures("summed")
@pytest.mark.parametrize("entry", [True, False])
def test_long_times_are_read_by_whole_hours(store: Store, entry: bool) -> None:
    """And say the same: all traces lie within one of them."""
    found = store.services.overview(Window(0, 80_000 * SECOND), entry=entry)
    assert (found.period.from_ns, found.period.to_ns) == (0, 82_800 * SECOND)
    check_rows(store, found.rows, (0, 2**62), entry=entry, tolerance=0.19)
    for row in found.rows:
        operations = store.services.operations(row.service, Window(0, 80_000 * SECOND), entry=entry).rows
        assert sum(each.red.calls for each in operations) == row.red.calls
        assert sum(each.critical_ns for each in operations) == row.critical_ns
        moments = store.services.profile(row.service, Window(0, 80_000 * SECOND), entry=entry).moments
        assert sum(moment.red.calls for moment in moments) == row.red.calls


@pytest.mark.usefixtures("summed")
@pytest.mark.parametrize("window", [Window(900 * SECOND, 1_401 * SECOND), Window(None, 1_300 * SECOND)])
@pytest.mark.parametrize("entry", [True, False])
def test_services_read_from_sums_are_exact_but_for_percentiles(
    store: Store, window: Window, entry: bool
) -> None:
    found = store.services.overview(window, entry=entry)
    assert not found.period.exact
    assert found.period.from_ns % (300 * SECOND) == found.period.to_ns % (300 * SECOND) == 0
    bounds = (found.period.from_ns, found.period.to_ns)
    check_rows(store, found.rows, bounds, entry=entry, tolerance=0.19)


def check_rows(
    store: Store, rows: list[Measured], bounds: tuple[int, int], *, entry: bool, tolerance: float
) -> None:
    calls, everything = (counted(store, *bounds, entry=each) for each in (entry, False))
    services = {service for service, _ in everything}
    assert {row.service for row in rows} == services
    for row in rows:
        own = [span for (service, _), spans in calls.items() if service == row.service for span in spans]
        check(row.red, own, tolerance)
        assert row.spans == sum(
            len(spans) for (service, _), spans in everything.items() if service == row.service
        )
        assert sum(moment.red.calls for moment in row.trend) == row.red.calls


@pytest.mark.parametrize("window", WINDOWS)
def test_operations_add_up_to_their_service(store: Store, window: Window) -> None:
    calls = counted(store, window.from_ns or 0, window.to_ns or 2**62, entry=True)
    for service in store.services.overview(window).rows:
        found = store.services.operations(service.service, window).rows
        assert sum(row.red.calls for row in found) == service.red.calls
        assert sum(row.spans for row in found) == service.spans
        assert sum(row.critical_ns for row in found) == service.critical_ns
        for row in found:
            check(row.red, calls.get((row.service, row.operation), []), 0)


def test_shares_of_critical_time_are_those_of_the_graph(store: Store) -> None:
    graph = {node.name: node.share for node in store.graph(Window()).nodes if node.kind == "service"}
    for row in store.services.overview(Window()).rows:
        assert row.share == pytest.approx(graph[row.service])


@pytest.mark.usefixtures("summed")
def test_critical_time_counts_as_often_as_the_trace_stands_for(store: Store) -> None:
    with store.reading() as cursor:
        told = dict(
            cursor.execute(
                """
                SELECT service, sum(f.critical_ns * coalesce(root.weight, 1))
                FROM spans s JOIN span_facts f USING (span_row) JOIN services USING (service_id)
                JOIN traces t ON t.trace_id = s.trace_id
                LEFT JOIN (SELECT trace_id, span_id, max(weight) AS weight FROM spans GROUP BY ALL) root
                  ON root.trace_id = t.trace_id AND root.span_id = ('0x' || left(t.root_span_id, 16))::UBIGINT
                GROUP BY service
                """
            ).fetchall()
        )
    assert {row.service: row.critical_ns for row in store.services.overview(Window()).rows} == told
    graph = {node.name: node.critical_ns for node in store.graph(Window()).nodes if node.kind == "service"}
    assert graph == told


def test_the_period_before_is_as_long_and_counted_the_same_way(store: Store) -> None:
    window = Window(1_300 * SECOND, 1_500 * SECOND)
    found = store.services.overview(window)
    assert found.before is not None
    assert (found.before.from_ns, found.before.to_ns) == (1_100 * SECOND, 1_300 * SECOND)
    earlier = counted(store, 1_100 * SECOND, 1_300 * SECOND, entry=True)
    for row in found.rows:
        own = [span for (service, _), spans in earlier.items() if service == row.service for span in spans]
        if own:
            assert row.before is not None
            check(row.before, own, 0)
    assert store.services.overview(Window()).before is None
    assert store.services.overview(Window(0, 1_200 * SECOND)).before is None


@pytest.mark.parametrize("exact", [True, False])
def test_moments_hold_each_call_once(store: Store, monkeypatch: pytest.MonkeyPatch, exact: bool) -> None:
    monkeypatch.setattr(red, "EXACT_SPANS", 200_000 if exact else 0)
    window = Window(950 * SECOND, 1_599 * SECOND + exact)
    for service in store.services.overview(window).rows:
        moments = store.services.profile(service.service, window).moments
        assert sum(moment.red.spans for moment in moments) == service.red.spans
        assert all(one.to_ns == other.from_ns for one, other in pairwise(moments))
        for moment in moments:
            inside = counted(store, moment.from_ns, moment.to_ns, entry=True)
            own = [span for (name, _), spans in inside.items() if name == service.service for span in spans]
            if moment not in (moments[0], moments[-1]):  # which reach beyond the window
                check(moment.red, own, 0 if exact else 0.19)


def span(number: int, trace: int, **fields: Any) -> Span:
    given = {
        "name": "get",
        "service": "web",
        "start_ns": trace * SECOND,
        "end_ns": trace * SECOND + number * 1000,
    }
    return Span(trace_id=f"{trace:032x}", span_id=f"{number:016x}", **given | fields)


def open_store(*spans: Span) -> Store:
    store = Store.open(None)
    store.append(list(spans), 0)
    for columns in store.pending():
        store.append_facts(columns, analyse_batch(columns))
    return store


def test_versions_and_instances_are_told_by_the_first_attribute_there_is() -> None:
    pods = [
        Resource({"k8s.pod.name": f"web-{each % 2}", "host.name": "node", "service.version": "1.0"})
        for each in range(3)
    ]
    bare = Resource({"host.name": "laptop"})
    spans = [span(1, each + 1, resource=(*pods, bare)[each % 4], status=2 * (each == 0)) for each in range(8)]
    with open_store(*spans) as store:
        for exact in (200_000, 0):
            red.EXACT_SPANS, kept = exact, red.EXACT_SPANS
            found = store.services.profile("web", Window(SECOND, (9 + bool(exact)) * SECOND))
            red.EXACT_SPANS = kept
            instances = [(each.key, each.value, each.red.spans, each.red.failed) for each in found.instances]
            assert instances == [
                ("k8s.pod.name", "web-0", 4, 1), ("host.name", "laptop", 2, 0), ("k8s.pod.name", "web-1", 2, 0)
            ]  # fmt: skip
            assert [(each.value, each.red.spans) for each in found.versions] == [("1.0", 6)]
            assert (found.instances[0].red.first_ns, found.instances[0].red.last_ns) == (SECOND, 7 * SECOND)


@pytest.mark.parametrize(
    ("message", "template"),
    [
        ("order 4711 timed out after 1500 ms", "order * timed out after * ms"),
        ("no user 9f86d081-884c-4d65-9a2f-eaa0c55ad015", "no user *"),
        ("key 0xdeadbeef01 is gone", "key * is gone"),
        ("HTTP 503", "HTTP 503"),
        ("feedback accepted", "feedback accepted"),
        ("connect 10.0.0.7:5432 refused", "connect * refused"),
        ("", ""),
    ],
)
def test_what_differs_in_a_message_is_left_out(message: str, template: str) -> None:
    assert template_of(message) == template


def test_errors_are_counted_by_kind_with_what_was_only_passed_on() -> None:
    def failed(number: int, trace: int, message: str, kind: str = "") -> Span:
        events = (
            [Event("exception", 1, {"exception.type": kind, "exception.message": message})] if kind else []
        )
        return span(number, trace, status=Status.ERROR, status_message=message, events=events)

    spans = [
        failed(1, 1, "timeout after 5 ms"), failed(2, 1, "timeout after 5 ms", "TimeoutError"),
        failed(1, 2, "timeout after 70 ms", "TimeoutError"), failed(1, 3, "refused", "OSError"),
        failed(1, 4, "", "Custom\\Error \"x\""), span(1, 5),
    ]  # fmt: skip
    with open_store(*spans) as store:
        found = store.services.error_kinds("web", Window())
    assert (found.of, found.more) == (5, False)
    kinds = {(kind.type, kind.template): (kind.spans, kind.first_ns, kind.last_ns) for kind in found.kinds}
    assert kinds == {
        ("TimeoutError", "timeout after * ms"): (3, SECOND, 2 * SECOND),
        ("OSError", "refused"): (1, 3 * SECOND, 3 * SECOND),
        ('Custom\\Error "x"', 'Custom\\Error "x"'): (1, 4 * SECOND, 4 * SECOND),
    }
    assert found.kinds[0].example == f"{2:032x}"


def test_the_slowest_calls_are_of_different_traces() -> None:
    with open_store(*(span(each, each % 3 + 1, kind=Kind.SERVER) for each in range(1, 10))) as store:
        found = store.services.slowest("web", Window(), 5)
    assert [(each.trace_id[-1], each.duration_ns) for each in found] == [
        ("1", 9000),
        ("3", 8000),
        ("2", 7000),
    ]


def test_who_is_here_tells_services_from_those_that_are_only_called() -> None:
    call = span(2, 1, kind=Kind.CLIENT, attributes={"server.address": "api.example.com"})
    with open_store(span(1, 1), call) as store:
        here = {each.service: each for each in store.services.here()}
    assert (here["web"].sends, here["web"].spans) == (True, 2)
    assert (here["api.example.com"].sends, here["api.example.com"].spans) == (False, 1)
