"""The service graph adds up the calls and the path time of the traces in the window."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec import structs

from tests.store.span_soup import make_spans
from webapp.analysis.batch import analyse_batch
from webapp.model.facts import EDGE_TYPES, BatchFacts
from webapp.model.spans import Kind, Span
from webapp.query import Window, parse
from webapp.store import Store
from webapp.store.graph import calls as call_sums

SPANS = make_spans(seed=4, count=400, traces=80)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        store.append(SPANS, 0)
        yield store


@pytest.fixture(scope="module")
def facts(store: Store) -> BatchFacts:
    (columns,) = store.pending()
    found = analyse_batch(columns)
    store.append_facts(columns, found)
    return found


def calls_between(
    facts: BatchFacts, window: Window
) -> tuple[Counter[tuple[str, str, str]], Counter[tuple[str, str, str]]]:
    """Calls and failed calls by (caller, callee, type), of the traces in the window."""
    edges, calls, errors = facts.edges, Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    for number in range(len(edges.caller)):
        start_ns = facts.traces[edges.trace[number]].start_ns
        if (window.from_ns or 0) <= start_ns < (window.to_ns or 2**63):
            ends = (edges.nodes[edges.caller[number]][1], edges.nodes[edges.callee[number]][1])
            key = (*ends, EDGE_TYPES[edges.type[number]])
            calls[key] += 1
            errors[key] += int(edges.error[number])
    return calls, errors


@pytest.mark.parametrize("window", [Window(), Window(1_200_000_000_000, 1_450_000_000_000), Window(1)])
def test_edges_and_nodes_add_up(store: Store, facts: BatchFacts, window: Window) -> None:
    found = store.graph(window)
    calls, errors = calls_between(facts, window)
    assert {(e.caller, e.callee, e.type): e.calls for e in found.edges} == calls
    assert {(e.caller, e.callee, e.type): e.errors for e in found.edges} == dict.fromkeys(calls, 0) | dict(
        errors
    )
    inside = [t for t in facts.traces if (window.from_ns or 0) <= t.start_ns < (window.to_ns or 2**63)]
    assert found.traces == len(inside)
    critical = Counter[str]()
    for trace in inside:
        for share in trace.services:
            critical[share.service] += share.critical_ns
    services = {node.name: node for node in found.nodes if node.kind == "service"}
    assert {name: node.critical_ns for name, node in services.items()} == critical
    assert sum(node.share for node in services.values()) == pytest.approx(1)
    for name, node in services.items():
        assert node.calls == sum(
            count for (_, callee, kind), count in calls.items() if callee == name and kind != "link"
        )


def test_a_window_of_many_traces_is_read_in_whole_slots(
    store: Store, facts: BatchFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_sums, "_ONE_BY_ONE", 5)
    found = store.graph(Window(1_250_000_000_000, 1_450_000_000_000))
    assert (found.from_ns, found.to_ns) == (1_200_000_000_000, 1_500_000_000_000)
    assert found.traces == sum(found.from_ns <= trace.start_ns < found.to_ns for trace in facts.traces)


def test_percentiles_are_near() -> None:
    durations = np.random.default_rng(1).lognormal(15, 1, 2_000).astype(int).tolist()
    start_ns = 1_700_000_000_000_000_000
    with Store.open(None) as store:
        store.append(
            [
                Span(
                    trace_id=f"{number:032x}", span_id=f"{number:016x}", name="get", service="web",
                    kind=Kind.SERVER, start_ns=start_ns + number, end_ns=start_ns + number + duration,
                )
                for number, duration in enumerate(durations, 1)
            ],
            0,
        )  # fmt: skip
        for columns in store.pending():
            store.append_facts(columns, analyse_batch(columns))
        (edge,) = store.graph(Window()).edges
    assert edge.calls == len(durations)
    assert edge.p50_ns == pytest.approx(np.quantile(durations, 0.5), rel=0.06)
    assert edge.p95_ns == pytest.approx(np.quantile(durations, 0.95), rel=0.06)


def test_a_peer_named_like_a_service_is_that_service() -> None:
    """The server's span of the second trace was lost; the call still goes to the service of the first."""
    call = Span(
        trace_id=f"{1:032x}", span_id=f"{1:016x}", name="GET /", service="web", kind=Kind.CLIENT,
        start_ns=1_000_000, end_ns=9_000_000, attributes={"server.address": "api"},
    )  # fmt: skip
    answer = Span(
        trace_id=f"{1:032x}", span_id=f"{2:016x}", parent_span_id=call.span_id, name="GET /", service="api",
        kind=Kind.SERVER, start_ns=2_000_000, end_ns=8_000_000,
    )  # fmt: skip
    with Store.open(None) as store:
        store.append([call, answer, structs.replace(call, trace_id=f"{2:032x}")], 0)
        for columns in store.pending():
            store.append_facts(columns, analyse_batch(columns))
        found = store.graph(Window())
    assert {(node.kind, node.name) for node in found.nodes} == {("service", "web"), ("service", "api")}
    assert [(edge.caller, edge.callee, edge.type, edge.calls) for edge in found.edges] == [
        ("web", "api", "rpc", 2)
    ]


def test_the_totals_of_a_store_that_grew_are_added_up_after_a_load() -> None:
    with Store.open(None) as store:
        for first in range(0, len(SPANS), 100):
            store.append(SPANS[first : first + 100], 0)
            for columns in store.pending():
                store.append_facts(columns, analyse_batch(columns))
        grown = store.graph(Window())
        store.settle()
        assert store.graph(Window()) == grown
        with store.reading() as cursor:
            rows, edges = cursor.execute(
                "SELECT count(*), count(DISTINCT (caller_id, callee_id, type)) FROM edge_totals"
            ).fetchall()[0]
        assert rows == edges == len(grown.edges)


QUERIES = ["error", "service=payment-service", "trace.spans>4 -service=db", "nothing_like_this=1"]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("window", [Window(), Window(1_200_000_000_000, 1_450_000_000_000)])
def test_a_query_draws_only_the_traces_that_match(
    store: Store, facts: BatchFacts, query: str, window: Window
) -> None:
    found = store.graph(window, parse(query))
    matching = {row.summary.trace_id for row in store.search(parse(query), window, "newest", 1, 500).rows}
    edges, expected = facts.edges, Counter[tuple[str, str, str]]()
    for number in range(len(edges.caller)):
        if facts.traces[edges.trace[number]].trace_id in matching:
            ends = (edges.nodes[edges.caller[number]][1], edges.nodes[edges.callee[number]][1])
            expected[(*ends, EDGE_TYPES[edges.type[number]])] += 1
    assert {(e.caller, e.callee, e.type): e.calls for e in found.edges} == expected
    assert (found.traces, found.more) == (len(matching), False)


@pytest.mark.parametrize("window", [Window(), Window(1_200_000_000_000, 1_450_000_000_000), Window(1)])
def test_the_critical_time_of_edges_is_that_of_the_spans_below_their_calls(
    store: Store, facts: BatchFacts, window: Window
) -> None:
    edges, expected = facts.edges, Counter[tuple[str, str, str]]()
    for number, ns in enumerate(edges.critical_ns.tolist()):
        start_ns = facts.traces[edges.trace[number]].start_ns
        if (window.from_ns or 0) <= start_ns < (window.to_ns or 2**63):
            ends = (edges.nodes[edges.caller[number]][1], edges.nodes[edges.callee[number]][1])
            expected[(*ends, EDGE_TYPES[edges.type[number]])] += ns
    found = store.graph(window)
    assert {(e.caller, e.callee, e.type): e.critical_ns for e in found.edges} == expected
    whole_ns = sum(node.critical_ns for node in found.nodes if node.kind == "service")
    assert all(edge.share == pytest.approx(edge.critical_ns / whole_ns) for edge in found.edges)


@pytest.mark.usefixtures("facts")
def test_sums_give_the_critical_time_that_traces_give(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Window(900_000_000_000, 2_100_000_000_001)
    one_by_one = {(e.caller, e.callee, e.type): e.critical_ns for e in store.graph(wide).edges}
    monkeypatch.setattr(call_sums, "_ONE_BY_ONE", 5)
    summed = store.graph(Window(900_000_000_000, 2_100_000_000_002))
    assert {(e.caller, e.callee, e.type): e.critical_ns for e in summed.edges} == one_by_one


def test_protocols_are_told_by_what_either_side_carries() -> None:
    def one(number: int, service: str, kind: Kind, parent: int = 0, **attributes: str) -> Span:
        return Span(
            trace_id=f"{1:032x}", span_id=f"{number:016x}", parent_span_id=f"{parent:016x}" if parent else "",
            name="x", service=service, kind=kind, start_ns=number * 1000, end_ns=90_000 - number,
            attributes=dict(attributes),
        )  # fmt: skip

    spans = [
        one(1, "web", Kind.SERVER, **{"http.route": "/"}),
        one(2, "web", Kind.CLIENT, 1, **{"rpc.system": "grpc"}), one(3, "api", Kind.SERVER, 2),
        one(4, "api", Kind.CLIENT, 3, **{"db.system": "redis", "db.name": "0"}),
        one(5, "api", Kind.CLIENT, 3, **{"server.address": "example.com", "url.full": "https://example.com"}),
    ]  # fmt: skip
    with Store.open(None) as store:
        store.append(spans, 0)
        for columns in store.pending():
            store.append_facts(columns, analyse_batch(columns))
        found = store.graph(Window())
    assert {(edge.caller, edge.callee): edge.protocol for edge in found.edges} == {
        ("user", "web"): "HTTP", ("web", "api"): "gRPC", ("api", "redis:0"): "redis", ("api", "example.com"): "HTTP",
    }  # fmt: skip
