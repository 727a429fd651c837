"""The service graph page: picture, table and JSON say the same; everything leads to traces."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import Opened, analysed, span
from webapp.model.facts import EDGE_TYPES
from webapp.model.results import Graph, GraphEdge, GraphNode
from webapp.model.spans import Kind
from webapp.query import parse as parse_query
from webapp.store import Store
from webapp.views.graph.matrix import matrix_of, short
from webapp.views.graph.parts import Shown, draw, way_in
from webapp.views.graph.queries import of_edge, of_node


def test_picture_table_and_json_hold_the_same_connections(client: FlaskClient) -> None:
    answer = client.get("/graph.json").get_json()
    page = parse(client.get("/graph"))
    rows = [
        [text(cell) for cell in row if cell.tag == "td"] for row in with_class(page, "calls")[0].iter("tr")
    ]
    listed = {(row[0], row[1], row[2], int(row[4].replace(",", ""))) for row in rows if row}
    assert listed == {(e["caller"], e["callee"], e["type"], e["calls"]) for e in answer["edges"]}
    drawn = {
        text(each).rsplit(": ", 1)[0]
        for group in with_class(page, "edge")
        for each in group
        if each.tag.endswith("title")
    }
    assert drawn <= {f"{e['caller']} calls {e['callee']}" for e in answer["edges"]}
    assert "payment-service calls fraud-service" in drawn


def test_the_fraud_service_stands_out_by_its_share_of_critical_time(client: FlaskClient) -> None:
    nodes = client.get("/graph.json").get_json()["nodes"]
    assert nodes[0]["name"] == "fraud-service"
    assert nodes[0]["share"] > 0.4
    services = [node["share"] for node in nodes if node["kind"] == "service"]
    assert sum(services) == pytest.approx(1)


def test_every_kind_of_node_has_its_shape(client: FlaskClient) -> None:
    page = parse(client.get("/graph"))
    kinds = {group.get("data-kind") for group in with_class(page, "node")}
    assert {"service", "db", "messaging", "external", "user"} <= kinds


def test_a_service_leads_also_to_traces_in_which_only_a_peer_of_its_name_is_called(opened: Opened) -> None:
    ids = [f"{number:032x}" for number in (1, 2, 3)]
    client = analysed(
        opened,
        span(1, trace_id=ids[0], kind=Kind.CLIENT, attributes={"peer.service": "queue"}),
        span(2, trace_id=ids[1], kind=Kind.SERVER, service="queue"),
        span(3, trace_id=ids[2], kind=Kind.SERVER, service="other"),
    )
    for name, traces in (("queue", {ids[0], ids[1]}), ("other", {ids[2]})):
        inspector = with_class(parse(client.get(f"/graph?focus={name}")), "inspector")[0]
        [search] = [a.get("href", "") for a in inspector.iter("a") if text(a) == "Search its traces"]
        found = client.get(f"/traces.json?{urlsplit(search).query}").get_json()["traces"]
        assert {trace["trace_id"] for trace in found} == traces


def test_focus_opens_the_inspector_with_traces(client: FlaskClient) -> None:
    page = parse(client.get("/graph?focus=payment-service"))
    inspector = with_class(page, "inspector")[0]
    words = text(inspector)
    assert "order-service" in words
    assert "api.stripe.com" in words
    trace = next(a.get("href", "") for a in inspector.iter("a") if a.get("href", "").startswith("/trace/"))
    assert client.get(trace).status_code == 200


def test_every_link_of_the_table_finds_the_traces_that_were_counted(
    client: FlaskClient, sample_store: Store
) -> None:
    page = parse(client.get("/graph"))
    rows = [[*row.iter("td")] for row in with_class(page, "calls")[0].iter("tr")][1:]
    with sample_store.reading() as cursor:
        counted = cursor.execute("""
            SELECT a.name, b.name, if(b.name IN (SELECT service FROM services) AND type = ?, ?, type) AS drawn,
              count(DISTINCT trace_id)
            FROM trace_edges JOIN nodes a ON a.node_id = caller_id JOIN nodes b ON b.node_id = callee_id
            GROUP BY ALL
        """, [EDGE_TYPES.index("external"), EDGE_TYPES.index("rpc")]).fetchall()  # fmt: skip
    traces = {(caller, callee, EDGE_TYPES[kind]): count for caller, callee, kind, count in counted}
    assert len(rows) == len(traces) > 30
    for row in rows:
        [link] = [a.get("href", "") for a in row[-1].iter("a")]
        query = parse_qs(urlsplit(link).query)["q"][0]
        answer = client.get("/traces.json", query_string={"q": query, "limit": 1}).get_json()
        assert answer["total"] == traces[text(row[0]), text(row[1]), text(row[2])], query


def test_nodes_that_send_no_spans_lead_to_the_traces_that_were_counted(
    client: FlaskClient, sample_store: Store
) -> None:
    with sample_store.reading() as cursor:
        counted = cursor.execute("""
            SELECT kind, name, count(DISTINCT trace_id)
            FROM trace_edges JOIN nodes ON node_id IN (caller_id, callee_id)
            WHERE kind <> 'service' AND name NOT IN (SELECT service FROM services)
            GROUP BY ALL
        """).fetchall()
    assert {"user", "(unknown)", "kafka:orders.created"} < {name for _, name, _ in counted}
    for kind, name, traces in counted:
        query = of_node(GraphNode(kind, name, 1, 0, 1, 1, 1, 0.5))
        answer = client.get("/traces.json", query_string={"q": query, "limit": 1}).get_json()
        assert answer["total"] == traces, query


def test_estimated_percentiles_are_marked_as_such(client: FlaskClient) -> None:
    for address in ("/graph?focus=fraud-service", "/graph?form=matrix"):
        page = client.get(address).text
        assert "p95 ≈" in page
        assert "p95 4" not in page
        assert '<td class="num">≈' in page


@pytest.mark.parametrize("name", ['a "quoted" name', "x OR error", "kafka:orders (new)", "😀"])
def test_hostile_names_stay_names_in_the_queries(name: str) -> None:
    node = GraphNode("service", name, 1, 0, 1, 1, 1, 0.5)
    edge = GraphEdge("web", f"db:{name}", "db", 1, 0, 1, 1)
    for written in (of_node(node), of_edge(edge)):
        assert parse_query(written).root is not None
        assert name.replace('"', '\\"') in written


@pytest.mark.parametrize(
    "query",
    [
        "focus=nobody",
        "by=nothing",
        "form=table",
        "by=calls",
        "by=errors",
        "from=-15m",
        "from=never",
        "all=1",
        "form=matrix",
        "form=matrix&focus=fraud-service",
        "hops=1&focus=user",
        "hops=9&min=7",
        "min=20",
        "q=error",
        "q=duration>fast",
        "q=nothing_at_all=1",
        "q=service=paymnet-service",
        "q=trace.failed&form=matrix&from=-30m",
    ],
)
def test_any_state_is_a_page(client: FlaskClient, query: str) -> None:
    assert client.get(f"/graph?{query}").status_code == 200


def test_a_query_draws_the_graph_of_what_it_finds(client: FlaskClient) -> None:
    found = client.get("/graph.json?q=error").get_json()
    total = client.get("/traces.json?q=error&limit=1").get_json()["total"]
    assert (found["traces"], found["more"]) == (total, False)
    edges = {(edge["caller"], edge["callee"]): edge for edge in found["edges"]}
    everything = {
        (edge["caller"], edge["callee"]): edge for edge in client.get("/graph.json").get_json()["edges"]
    }
    assert edges.keys() < everything.keys()
    assert (
        edges["payment-service", "api.stripe.com"]["errors"]
        == everything["payment-service", "api.stripe.com"]["errors"]
    )
    page = client.get("/graph?q=error&focus=payment-service").text
    assert "service%3Dpayment-service" in page
    assert "q=error+trace.call" in page  # what is clicked adds to the query


def test_a_wrong_query_says_what_is_wrong_and_draws_all(client: FlaskClient) -> None:
    page = parse(client.get("/graph", query_string={"q": "duration>fast"}))
    assert "until it is mended, all traces are shown" in text(with_class(page, "problem")[0])
    assert with_class(page, "node")
    assert client.get("/graph.json", query_string={"q": "duration>fast"}).status_code == 400


def test_edges_say_protocol_and_share_of_the_critical_path(client: FlaskClient) -> None:
    edges = {(e["caller"], e["callee"], e["type"]): e for e in client.get("/graph.json").get_json()["edges"]}
    assert edges["payment-service", "fraud-service", "rpc"]["protocol"] == "gRPC"
    assert edges["order-service", "postgresql:order", "db"]["protocol"] == "postgresql"
    assert edges["payment-service", "fraud-service", "rpc"]["share"] == pytest.approx(0.667, abs=0.02)
    assert sum(edge["share"] for edge in edges.values()) == pytest.approx(
        1, abs=0.05
    )  # but for internal roots
    assert max(edges.values(), key=lambda edge: edge["critical_ns"])["callee"] == "fraud-service"


def test_the_matrix_holds_the_calls_of_every_pair(client: FlaskClient) -> None:
    page = parse(client.get("/graph?form=matrix"))
    [table] = with_class(page, "matrix")
    head, *rows = table.iter("tr")
    callees = [text(cell) for cell in head.iter("th")][1:]
    listed = {
        (text(row[0]), callee): text(cell)
        for row in rows
        for callee, cell in zip(callees, list(row)[1:], strict=True)
        if text(cell)
    }
    calls: dict[tuple[str, str], int] = {}
    for edge in client.get("/graph.json").get_json()["edges"]:
        pair = edge["caller"], edge["callee"]
        calls[pair] = calls.get(pair, 0) + edge["calls"]
    assert listed == {pair: short(count) for pair, count in calls.items()}


@pytest.fixture
def drawing(client: FlaskClient) -> Iterator[None]:
    """The colours of services are asked of the store of an application."""
    with client.application.app_context():
        yield


def made(edges: list[tuple[str, str, int]]) -> Graph:
    names = list(dict.fromkeys(name for caller, callee, _ in edges for name in (caller, callee)))
    nodes = [GraphNode("user" if name == "user" else "service", name, 10, 0, 1, 1, 1, 0.1) for name in names]
    return Graph(
        nodes, [GraphEdge(a, b, "rpc", calls, 0, 1, 1) for a, b, calls in edges], 1, 0, 60_000_000_000
    )


def test_the_way_from_the_entrance_is_a_shortest_one_over_the_busiest_calls() -> None:
    graph = made(
        [
            ("user", "a", 9),
            ("a", "b", 1),
            ("a", "c", 5),
            ("b", "d", 1),
            ("c", "d", 5),
            ("d", "a", 3),
            ("d", "e", 1),
        ]
    )
    assert way_in(graph, "e") == {("user", "a"), ("a", "c"), ("c", "d"), ("d", "e")}
    assert way_in(graph, "user") == set()
    assert way_in(made([("a", "b", 1), ("b", "a", 1)]), "a") == set()


@pytest.mark.usefixtures("drawing")
def test_calls_of_less_than_a_second_are_counted_and_get_no_rate() -> None:
    node = GraphNode("service", "a", 3, 0, 1, 1, 1, 0.5)
    short, long = (
        draw(Graph([node], [], 1, 0, to_ns), Shown()).cards[0].calls for to_ns in (10**8, 60 * 10**9)
    )
    assert (short, long) == ("3 calls", "3.0/min")


@pytest.mark.usefixtures("drawing")
def test_what_a_service_calls_is_not_shown_as_calls_of_it() -> None:
    graph = made([("a", "b", 60)])
    silent = GraphNode("service", "a", 0, 0, 0, 0, 0, 0.1)
    cards = draw(Graph([silent, graph.nodes[1]], graph.edges, 1, graph.from_ns, graph.to_ns), Shown()).cards
    assert {card.name: card.calls for card in cards} == {"a": "", "b": "10/min"}


@pytest.mark.usefixtures("drawing")
def test_what_lies_beyond_the_drawn_calls_is_counted_on_the_cards() -> None:
    graph = made([("a", "b", 5), ("b", "c", 5), ("c", "d", 5), ("c", "e", 5)])
    cards = {card.node.name: card.more for card in draw(graph, Shown(focus="b", hops=1)).cards}
    assert cards == {"a": 0, "b": 0, "c": 2}


@pytest.mark.usefixtures("drawing")
def test_rare_connections_are_left_out_by_their_part_of_the_calls_of_an_end() -> None:
    graph = made([("a", "b", 1000), ("a", "c", 1000), ("c", "b", 12)])
    drawn = {
        least: {(c.edge.caller, c.edge.callee) for c in draw(graph, Shown(least=least)).curves}
        for least in (0, 0.01, 0.05)
    }
    assert ("c", "b") in drawn[0]
    assert ("c", "b") in drawn[0.01]
    assert ("c", "b") not in drawn[0.05]


@pytest.mark.usefixtures("drawing")
def test_the_same_graph_is_drawn_the_same_in_whatever_order_it_comes() -> None:
    graph = made([("a", "b", 5), ("b", "c", 5), ("a", "d", 4), ("d", "c", 3)])
    turned = Graph(graph.nodes[::-1], graph.edges[::-1], 1, 0, 60_000_000_000)
    placed = [
        {card.node.name: (card.x, card.y) for card in draw(each, Shown()).cards} for each in (graph, turned)
    ]
    assert placed[0] == placed[1]


@pytest.mark.usefixtures("drawing")
@pytest.mark.parametrize("services", [15, 100, 500])
def test_a_page_of_many_services_stays_small(services: int) -> None:
    graph = made(
        [(f"s{n}", f"s{m}", n + m) for n in range(services) for m in range(n + 1, min(n + 4, services))]
    )
    picture = draw(graph, Shown())
    assert len(picture.cards) == min(60, services)
    assert len(picture.curves) <= 120
    assert picture.hidden == max(0, services - 60)
    assert len(matrix_of(graph, {node.name for node in graph.nodes[:40]}).callees) < 40


@pytest.mark.parametrize(
    ("number", "written"), [(0, "0"), (999, "999"), (1_000, "1.0k"), (44_444, "44k"), (3_140_000, "3.1M")]
)
def test_counts_in_cells_are_short(number: int, written: str) -> None:
    assert short(number) == written
