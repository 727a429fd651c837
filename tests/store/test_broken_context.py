"""Traces that should be one are told by service pair, and only where nothing else explains them."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.analysis.drawing import MS, span
from tests.store.test_findings import load
from webapp.analysis.broken_context import Ends, pairs, same_requests
from webapp.loading.quality import BREAKING
from webapp.model.insights import BrokenContext
from webapp.model.spans import Kind, Span
from webapp.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as opened:
        yield opened


def call(at_ms: float, *, peer: str = "orders", answered: bool = False) -> list[Span]:
    spans = [
        span("w", "", at_ms, at_ms + 100, service="web", kind=Kind.SERVER),
        span(
            "c",
            "w",
            at_ms + 10,
            at_ms + 90,
            service="web",
            kind=Kind.CLIENT,
            attributes={"server.address": peer},
        ),
    ]
    return (
        [*spans, span("o", "c", at_ms + 20, at_ms + 80, service="orders", kind=Kind.SERVER)]
        if answered
        else spans
    )


def begun(at_ms: float, length_ms: float = 60) -> list[Span]:
    return [span("o", "", at_ms + 20, at_ms + 20 + length_ms, service="orders", kind=Kind.SERVER)]


def broken(store: Store) -> list[BrokenContext]:
    first_ns, last_ns = store.bounds()
    return store.findings.broken_context(BREAKING, (first_ns, last_ns + 10**9))


@pytest.mark.parametrize("peer", ["orders", "orders:8080", "Orders.shop.svc.cluster.local"])
def test_twenty_pairs_an_hour_are_a_broken_context(store: Store, peer: str) -> None:
    load(
        store, *(trace for k in range(20) for trace in (call(5_000 * k + 1, peer=peer), begun(5_000 * k + 1)))
    )
    [found] = broken(store)
    assert (found.caller, found.service, found.pairs, found.roots) == ("web", "orders", 20, 20)
    of, began = found.examples[0]
    assert (int(of, 16), int(began, 16)) == (1, 2)


def test_nineteen_pairs_are_not(store: Store) -> None:
    load(store, *(trace for k in range(19) for trace in (call(5_000 * k + 1), begun(5_000 * k + 1))))
    assert broken(store) == []


def test_roots_that_nobody_called_are_no_broken_context(store: Store) -> None:
    load(store, *(trace for k in range(20) for trace in (call(5_000 * k + 1), begun(5_000 * k + 1))))
    load(store, *(begun(5_000 * k + 2_500) for k in range(6)), first=100)
    assert broken(store) == []  # 20 of 26 are less than 80 %


def test_calls_that_were_answered_are_none(store: Store) -> None:
    load(
        store,
        *(trace for k in range(20) for trace in (call(5_000 * k + 1, answered=True), begun(5_000 * k + 1))),
    )
    assert broken(store) == []


ROUTES = [("/orders/{id}", "/orders/17"), ("/orders/:id/items", "/orders/17/items"), ("", "/orders/17")]


def by_address(at_ms: float, route: str, path: str, method: str = "GET") -> tuple[list[Span], list[Span]]:
    """A call of an address, and a root that answers it, each in a trace of its own."""
    made, answer = call(at_ms, peer="10.0.0.7"), begun(at_ms)
    made[1].attributes.update({"http.request.method": "GET", "url.full": f"http://10.0.0.7:8080{path}?x=1"})
    answer[0].attributes.update(
        {"http.method": method, **({"http.route": route} if route else {"http.target": path})}
    )
    return made, answer


@pytest.mark.parametrize(("route", "path"), ROUTES)
def test_calls_of_an_address_are_told_by_method_and_route(store: Store, route: str, path: str) -> None:
    load(store, *(trace for k in range(20) for trace in by_address(5_000 * k + 1, route, path)))
    [found] = broken(store)
    assert (found.caller, found.service, found.pairs, found.roots, found.by) == (
        "web",
        "orders",
        20,
        20,
        "route",
    )
    of, began = found.examples[0]
    assert (int(of, 16), int(began, 16)) == (1, 2)


@pytest.mark.parametrize(
    ("route", "path", "method"),
    [("/orders/{id}", "/carts/17", "GET"), ("/orders/{id}", "/orders/17", "POST")],
)
def test_calls_of_another_route_or_method_are_none(store: Store, route: str, path: str, method: str) -> None:
    load(store, *(trace for k in range(20) for trace in by_address(5_000 * k + 1, route, path, method)))
    assert broken(store) == []


def test_requests_are_compared_by_the_nearest_template() -> None:
    calls, roots = same_requests(
        ["GET https://h/a/1/", "get /a/new?x#y", "shop.Orders/Get", "POST /a/1", "GET http://h"],
        ["GET /a/{id}", "GET /a/new", "shop.Orders/Get", "", "GET /", "GET /{x}/{y}"],
    )
    assert calls.tolist() == [0, 1, 2, -1, 3]
    assert roots.tolist() == [0, 1, 2, -1, 3, 4]


def test_calls_of_another_party_are_none(store: Store) -> None:
    load(
        store,
        *(trace for k in range(20) for trace in (call(5_000 * k + 1, peer="stripe"), begun(5_000 * k + 1))),
    )
    assert broken(store) == []


def ends(*times: tuple[int, int]) -> Ends:
    columns = np.array(sorted(times), np.int64).reshape(-1, 2) * MS
    return Ends(columns[:, 0], columns[:, 1])


def test_a_root_that_fits_two_calls_and_a_call_that_fits_two_roots_prove_nothing() -> None:
    assert [found.tolist() for found in pairs(ends((0, 100)), ends((10, 90)))] == [[0], [0]]
    assert [found.tolist() for found in pairs(ends((0, 100), (5, 110)), ends((10, 90)))] == [[], []]
    assert [found.tolist() for found in pairs(ends((0, 100)), ends((10, 40), (50, 90)))] == [[], []]
    assert [found.tolist() for found in pairs(ends((0, 100), (200, 300)), ends((195, 305), (50, 106)))] == [
        [1],
        [1],
    ]
    assert [found.tolist() for found in pairs(ends((0, 3000)), ends((1500, 1600)))] == [[], []]
    assert [found.tolist() for found in pairs(ends(), ends((0, 1)))] == [[], []]


def test_pairs_are_those_of_a_plain_look_at_all() -> None:
    draw = np.random.default_rng(7)
    for _ in range(50):
        times = [sorted((int(a), int(a + b)) for a, b in draw.integers(1, 400, (30, 2))) for _ in range(2)]
        calls, roots = times
        fits = [
            (c, r)
            for r, root in enumerate(roots)
            for c, call in enumerate(calls)
            if call[0] - 5 <= root[0] <= call[0] + 1000 and root[1] <= call[1] + 5
        ]
        only = [
            pair
            for pair in fits
            if sum(c == pair[0] for c, _ in fits) == 1 and sum(r == pair[1] for _, r in fits) == 1
        ]
        found_calls, found_roots = pairs(ends(*calls), ends(*roots))
        assert list(zip(found_calls.tolist(), found_roots.tolist(), strict=True)) == only
