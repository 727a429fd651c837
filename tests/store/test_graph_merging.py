"""Several nodes are drawn as one: addresses without names, services of a namespace; what is counted stays the same."""

from collections.abc import Iterator

import pytest

from webapp.analysis.batch import analyse_batch
from webapp.model.results import GraphEdge
from webapp.model.spans import Kind, Resource, Span, Status
from webapp.query import Window
from webapp.store import Store
from webapp.store.graph.merging import is_address, merge
from webapp.store.graph.namespaces import prefixes

SECOND = 1_000_000_000


def filled(*spans: Span) -> Store:
    store = Store.open(None)
    store.append(list(spans), 0)
    for columns in store.pending():
        store.append_facts(columns, analyse_batch(columns))
    store.settle()
    return store


def chain(
    trace: int, *services: str, namespaces: dict[str, str] | None = None, weights: tuple[float, ...] = ()
) -> list[Span]:
    """A trace in which each service calls the next one, and the last a database of its own."""
    spans = []
    for depth, service in enumerate(services):
        resource = Resource(attributes={"service.namespace": namespaces[service]} if namespaces else {})
        spans.append(
            Span(
                trace_id=f"{trace:032x}",
                span_id=f"{depth + 1:016x}",
                parent_span_id=f"{depth:016x}" if depth else "",
                service=service,
                name="get",
                kind=Kind.SERVER,
                start_ns=trace * SECOND + depth,
                end_ns=(trace + 1) * SECOND - depth,
                resource=resource,
                weight=weights[depth] if weights else 1.0,
                status=Status.ERROR if trace == 1 else Status.UNSET,
            )
        )
    return spans


def asking(trace: int, span: int, parent: int, service: str, **attributes: str) -> Span:
    return Span(
        trace_id=f"{trace:032x}", span_id=f"{span:016x}", parent_span_id=f"{parent:016x}", service=service,
        name="ask", kind=Kind.CLIENT, start_ns=trace * SECOND + 9, end_ns=trace * SECOND + 99, attributes=attributes,
    )  # fmt: skip


NAMESPACES = {"cart": "shop", "orders": "shop", "till": "pay", "bank": "pay", "web": "edge"}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    spans = [
        span
        for trace in range(1, 5)
        for span in [
            *chain(trace, "web", "cart", "orders", "till", "bank", namespaces=NAMESPACES),
            asking(trace, 20, 3, "orders", **{"db.system": "postgresql", "db.name": "shop"}),
            asking(trace, 21, 1, "web", **{"db.system": "redis", "db.name": "both"}),
            asking(trace, 22, 2, "cart", **{"db.system": "redis", "db.name": "both"}),
        ]
    ]
    with filled(*spans) as store:
        yield store


def edge(edges: list[GraphEdge], caller: str, callee: str) -> GraphEdge:
    [found] = [each for each in edges if (each.caller, each.callee) == (caller, callee)]
    return found


def test_services_are_drawn_as_their_namespace(store: Store) -> None:
    namespaces = store.services.namespaces()
    assert namespaces.of == NAMESPACES
    graph = store.graph(Window(), groups=namespaces.of)
    single = store.graph(Window())
    # web is alone in its namespace, and redis is spoken to by two
    shop, pay = "shop (2 services)", "pay (2 services)"
    assert {node.name for node in graph.nodes} == {"user", "web", shop, pay, "redis:both"}
    assert {(each.caller, each.callee) for each in graph.edges} == {
        ("user", "web"), ("web", shop), (shop, pay), ("web", "redis:both"), (shop, "redis:both")
    }  # fmt: skip
    between = edge(graph.edges, shop, pay)
    assert between == edge(single.edges, "orders", "till")._replace(caller=shop, callee=pay)
    assert (between.calls, between.errors) == (4, 1)
    members = dict(graph.merged[shop].members)
    assert members == {"cart": 4, "orders": 4, "postgresql:shop": 4}
    assert graph.merged[shop].namespace == "shop"


def test_critical_time_of_a_namespace_is_that_of_its_services(store: Store) -> None:
    single = {node.name: node.critical_ns for node in store.graph(Window()).nodes}
    drawn = {node.name: node for node in store.graph(Window(), groups=NAMESPACES).nodes}
    assert drawn["shop (2 services)"].critical_ns == single["cart"] + single["orders"]
    owning = [node.share for node in drawn.values() if node.kind in ("service", "namespace")]
    assert sum(owning) == pytest.approx(1)


def test_addresses_without_names_are_one_node_beyond_ten() -> None:
    few, many = (
        filled(
            *chain(1, "web"),
            *(asking(1, 9 + k, 1, "web", **{"server.address": f"10.0.0.{k}"}) for k in range(1, count + 1)),
            asking(1, 90, 1, "web", **{"server.address": "api.example.com"}),
        )
        for count in (10, 11)
    )
    with few, many:
        assert len([node for node in few.graph(Window()).nodes if node.kind == "external"]) == 11
        graph = many.graph(Window())
    assert {node.name for node in graph.nodes if node.kind == "external"} == {
        "external (11 addresses)",
        "api.example.com",
    }
    assert edge(graph.edges, "web", "external (11 addresses)").calls == 11
    merged = graph.merged["external (11 addresses)"]
    assert (merged.namespace, len(merged.members)) == ("", 11)
    assert sum(calls for _, calls in merged.members) == 11


def test_a_peer_that_is_a_service_goes_with_it_into_its_namespace() -> None:
    names = {1: ("service", "web"), 2: ("service", "api"), 3: ("external", "api"), 4: ("service", "job")}
    merging = merge(names, [(1, 3), (4, 2)], {"api": "shop", "job": "shop"})
    assert merging.names[merging.onto[3]] == ("namespace", "shop (2 services)")
    assert merging.onto[3] == merging.onto[2] == merging.onto[4]


def test_addresses_are_told_from_names() -> None:
    addresses = ["10.0.0.7", "10.0.0.7:443", "::1", "[fe80::1]:80", "2001:db8::1"]
    assert all(map(is_address, addresses))
    assert not any(
        map(is_address, ["api.example.com", "localhost", "localhost:80", "", ":80", "db-1", "1.2.3.x"])
    )


def test_names_tell_namespaces_when_resources_do_not() -> None:
    assert prefixes(["shop-cart", "shop.orders", "shop", "web", "pay-api"]) == {
        "shop-cart": "shop", "shop.orders": "shop", "shop": "shop", "pay-api": "pay"
    }  # fmt: skip
    with filled(*chain(1, "shop-cart", "shop-orders", "pay-till", "pay.bank")) as store:
        found = store.services.namespaces()
        assert (set(found.of.values()), found.keys) == ({"shop", "pay"}, ())


@pytest.mark.parametrize(
    "services", [["a", "b", "c"], ["svc-1", "svc-2", "svc-3"], ["a-b", "web", "api", "job", "x"]]
)
def test_names_that_tell_nothing_apart_give_no_namespaces(services: list[str]) -> None:
    with filled(*chain(1, *services)) as store:
        assert store.services.namespaces().of == {}


@pytest.mark.parametrize("window", [Window(), Window(0)])
def test_the_graph_counts_by_weights_as_the_services_do(window: Window) -> None:
    spans = [span for trace in range(1, 41) for span in chain(trace, "web", "api", weights=(1.0, 10.0))]
    with filled(*spans) as store:
        graph = store.graph(window)
        rows = {row.service: row for row in store.services.overview(window).rows}
    call = edge(graph.edges, "web", "api")
    assert (call.calls, call.errors, call.spans, call.weighted, call.worth) == (400, 10, 40, 40, 40)
    nodes = {node.name: node for node in graph.nodes}
    for name, row in rows.items():
        counted = nodes[name]
        assert (counted.calls, counted.errors, counted.spans, counted.weighted) == (
            row.red.calls, row.red.errors, row.red.spans, row.red.weighted
        )  # fmt: skip
        assert counted.worth == row.red.worth
        assert counted.share == pytest.approx(row.share)


def test_calls_of_a_trace_that_is_analysed_again_are_weighed_once() -> None:
    with filled(*chain(1, "web", "api", weights=(4.0, 4.0))) as store:
        store.append([asking(1, 9, 2, "api", **{"server.address": "bank"})], 0)
        for columns in store.pending():
            store.append_facts(columns, analyse_batch(columns))
        graph = store.graph(Window())
    assert edge(graph.edges, "web", "api").calls == 4
    assert edge(graph.edges, "api", "bank").calls == 1


def test_unequal_weights_are_worth_fewer_calls() -> None:
    spans = [
        span
        for trace in range(1, 41)
        for span in chain(trace, "web", "api", weights=(1.0, 100.0 if trace == 1 else 1.0))
    ]
    with filled(*spans) as store:
        [row] = [row for row in store.services.overview(Window()).rows if row.service == "api"]
        call = edge(store.graph(Window()).edges, "web", "api")
    assert row.red.worth == call.worth == pytest.approx(139**2 / (100**2 + 39))
    assert call.worth < 30 < call.spans
