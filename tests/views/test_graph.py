"""The service graph page: picture, table and JSON say the same; everything leads to traces."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from webapp.model.results import GraphEdge, GraphNode
from webapp.query import parse as parse_query
from webapp.views.graph_queries import GraphQueries


def test_picture_table_and_json_hold_the_same_connections(client: FlaskClient) -> None:
    answer = client.get("/graph.json").get_json()
    page = parse(client.get("/graph"))
    rows = [
        [text(cell) for cell in row if cell.tag == "td"] for row in with_class(page, "calls")[0].iter("tr")
    ]
    listed = {(row[0], row[1], row[2], int(row[3].replace(",", ""))) for row in rows if row}
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


def test_focus_opens_the_inspector_with_traces(client: FlaskClient) -> None:
    page = parse(client.get("/graph?focus=payment-service"))
    inspector = with_class(page, "inspector")[0]
    words = text(inspector)
    assert "order-service" in words
    assert "api.stripe.com" in words
    trace = next(a.get("href", "") for a in inspector.iter("a") if a.get("href", "").startswith("/trace/"))
    assert client.get(trace).status_code == 200


def test_every_link_of_the_table_finds_traces(client: FlaskClient) -> None:
    page = parse(client.get("/graph"))
    links = [a.get("href", "") for a in with_class(page, "calls")[0].iter("a") if text(a) == "traces"]
    assert links
    for link in links:
        query = parse_qs(urlsplit(link).query)["q"][0]
        answer = client.get("/traces.json", query_string={"q": query, "limit": 1}).get_json()
        assert answer["total"] > 0, query


@pytest.mark.parametrize("name", ['a "quoted" name', "x OR error", "kafka:orders (new)", "😀"])
def test_hostile_names_stay_names_in_the_queries(name: str) -> None:
    node = GraphNode("service", name, 1, 0, 1, 1, 1, 0.5)
    edge = GraphEdge("web", f"db:{name}", "db", 1, 0, 1, 1)
    for written in (GraphQueries({"db.name"}).node(node), GraphQueries({"db.name"}).edge(edge)):
        assert parse_query(written).root is not None
        assert name.replace('"', '\\"') in written


@pytest.mark.parametrize(
    "query",
    ["focus=nobody", "by=nothing", "form=table", "by=calls", "by=errors", "from=-15m", "from=never", "all=1"],
)
def test_any_state_is_a_page(client: FlaskClient, query: str) -> None:
    assert client.get(f"/graph?{query}").status_code == 200


def test_a_database_is_found_by_the_attributes_that_name_it(client: FlaskClient) -> None:
    queries = GraphQueries({"db.system", "db.name", "db.namespace", "server.address"})
    edge = GraphEdge("orders", "postgresql:shop", "db", 1, 0, 1, 1)
    assert queries.edge(edge) == (
        "service=orders db.system=postgresql (db.namespace=shop OR db.name=shop OR server.address=shop)"
        " (kind=client OR kind=producer)"
    )
    assert client.get("/traces", query_string={"q": queries.edge(edge)}).status_code == 200
