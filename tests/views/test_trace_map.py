"""The map of a trace: who called whom by which protocol, and the way from there to the spans."""

from tests.views.parsing import parse, text, with_class
from tests.views.traces import Opened, chain, get, lines, span, words
from webapp.model.spans import Kind, Status

CALLS = [
    span(1, 0, 0, 100, service="gate", kind=Kind.SERVER, attributes={"http.request.method": "GET"}),
    span(2, 1, 5, 60, service="gate", kind=Kind.CLIENT, attributes={"rpc.system": "grpc"}),
    span(3, 2, 10, 50, service="shop", kind=Kind.SERVER, name="Shop/Buy", status=Status.ERROR),
    span(4, 3, 15, 40, service="shop", kind=Kind.CLIENT, attributes={"db.system": "mysql", "db.name": "stock"}),
    span(5, 1, 60, 70, service="gate", kind=Kind.PRODUCER,
         attributes={"messaging.system": "kafka", "messaging.destination.name": "mail"}),
    span(6, 1, 70, 90, service="gate", kind=Kind.CLIENT,
         attributes={"http.request.method": "POST", "server.address": "api.example.com"}),
]  # fmt: skip


def test_the_map_names_the_protocol_of_each_connection(opened: Opened) -> None:
    page = parse(get(opened(*CALLS), view="map"))
    assert {tuple(row[:4]) for row in lines(page)} == {
        ("user", "gate", "HTTP", "1"),
        ("gate", "shop", "gRPC", "1"),
        ("shop", "mysql:stock", "mysql", "1"),
        ("gate", "kafka:mail", "kafka", "1"),
        ("gate", "api.example.com", "HTTP", "1"),
    }
    kinds = {group.get("data-kind") for group in with_class(page, "node")}
    assert kinds == {"user", "service", "db", "messaging", "external"}
    assert {text(label) for label in with_class(page, "lab")} == {"HTTP", "gRPC failed", "mysql", "kafka"}


def test_the_map_leads_to_the_spans_of_a_connection_in_the_waterfall(opened: Opened) -> None:
    client = opened(*CALLS)
    page = parse(get(client, view="map"))
    body = next(element for element in page.iter("tbody"))
    found = {}
    for row in body.iter("tr"):
        link = list(row.iter("a"))[-1].get("href", "")
        assert "view=" not in link
        hits = [
            hit
            for hit in with_class(parse(client.get(link)), "hit")
            if "t" in (hit.get("class") or "").split()
        ]
        found[words(row[1])] = [words(hit) for hit in hits]
    assert found == {
        "gate": ["gate step 1"],
        "shop": ["shop Shop/Buy"],
        "mysql:stock": ["step 4"],
        "kafka:mail": ["step 5"],
        "api.example.com": ["step 6"],
    }
    for link in with_class(page, "mapbox")[0].iter():
        if link.tag.endswith("}a") or link.tag == "a":
            assert client.get(link.get("href", "")).status_code == 200


def test_a_party_without_a_match_is_dim(opened: Opened) -> None:
    page = parse(get(opened(*CALLS), view="map", find="service=shop kind=client"))
    dim = {
        node.get("data-kind") for node in with_class(page, "node") if "is-dim" in (node.get("class") or "")
    }
    assert dim == {"user", "service", "messaging", "external"}
    assert len([node for node in with_class(page, "node") if "is-dim" not in (node.get("class") or "")]) == 2


def test_a_trace_of_one_service_has_a_map_of_one_party(opened: Opened) -> None:
    page = parse(get(opened(*chain(3)), view="map"))
    assert len(with_class(page, "node")) == 1
    assert "No span of this trace calls another party" in text(page)
