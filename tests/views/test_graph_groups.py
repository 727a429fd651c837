"""Namespaces and addresses on the page of the graph, and what the pages say of sampling."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import Opened, analysed
from webapp.model.spans import Kind, Resource, Span
from webapp.views.graph.labels import Free, fitted
from webapp.views.present import TAIL_SAMPLED

SECOND = 1_000_000_000


def trace(
    number: int, *services: str, weight: float = 1.0, attribute: str = "", peer: str = ""
) -> list[Span]:
    """Each service calls the next; the last one a peer."""
    spans = [
        Span(
            trace_id=f"{number:032x}", span_id=f"{at + 1:016x}", parent_span_id=f"{at:016x}" if at else "",
            service=service, name="get", kind=Kind.SERVER, start_ns=number * SECOND + at, weight=weight,
            end_ns=(number + 1) * SECOND - at, resource=Resource(attributes={"service.namespace": service[:2]}),
            attributes={attribute: "slow"} if attribute else {},
        )
        for at, service in enumerate(services)
    ]  # fmt: skip
    if peer:
        spans.append(
            Span(
                trace_id=f"{number:032x}", span_id=f"{99:016x}", parent_span_id=f"{len(services):016x}",
                service=services[-1], name="ask", kind=Kind.CLIENT, start_ns=number * SECOND + 9,
                end_ns=number * SECOND + 99, attributes={"server.address": peer},
            )
        )  # fmt: skip
    return spans


@pytest.fixture(scope="module")
def grouped(opened_once: Opened) -> FlaskClient:
    return analysed(
        opened_once,
        *(
            span
            for number in range(1, 14)
            for span in trace(number, "aa-1", "aa-2", "bb-1", "bb-2", peer=f"10.0.0.{number}")
        ),
    )


def names(client: FlaskClient, query: str) -> set[str]:
    return {node["name"] for node in client.get(f"/graph.json?{query}").get_json()["nodes"]}


def test_a_namespace_opens_its_services(grouped: FlaskClient) -> None:
    outside = {"user", "external (13 addresses)"}
    assert names(grouped, "") == {"aa-1", "aa-2", "bb-1", "bb-2"} | outside
    assert names(grouped, "group=namespace") == {"aa (2 services)", "bb (2 services)"} | outside
    page = parse(grouped.get("/graph?group=namespace"))
    assert "namespace" in {group.get("data-kind") for group in with_class(page, "node")}
    links = {a.get("href", "") for a in page.iter("a")}
    assert "/graph?group=namespace&open=aa" in links
    assert names(grouped, "group=namespace&open=aa") == {"aa-1", "aa-2", "bb (2 services)"} | outside
    opened = grouped.get("/graph?group=namespace&open=aa")
    assert "Close aa" in opened.text
    assert "external" not in {group.get("data-kind") for group in with_class(parse(opened), "node")}


def test_every_link_of_grouped_connections_finds_its_traces(grouped: FlaskClient) -> None:
    page = parse(grouped.get("/graph?group=namespace"))
    links = [a.get("href", "") for a in with_class(page, "calls")[0].iter("a") if text(a) == "traces"]
    assert len(links) == 3
    for link in links:
        query = parse_qs(urlsplit(link).query)["q"][0]
        answer = grouped.get("/traces.json", query_string={"q": query, "limit": 1}).get_json()
        assert answer["total"] == 13, query


def test_the_inspector_lists_what_a_node_stands_for(grouped: FlaskClient) -> None:
    inspector = with_class(parse(grouped.get("/graph?focus=external+(13+addresses)")), "inspector")[0]
    assert "10.0.0.13" in text(inspector)
    inspector = with_class(parse(grouped.get("/graph?group=namespace&focus=aa+(2+services)")), "inspector")[0]
    assert "aa-2" in text(inspector)


@pytest.mark.parametrize(
    "query", ["group=namespace", "group=namespace&open=nothing", "group=what", "open=aa"]
)
@pytest.mark.parametrize("form", ["graph", "matrix", "table"])
def test_any_state_of_groups_is_a_page(grouped: FlaskClient, query: str, form: str) -> None:
    assert grouped.get(f"/graph?{query}&form={form}").status_code == 200


def test_services_without_namespaces_cannot_be_grouped(opened: Opened) -> None:
    client = analysed(opened, *trace(1, "a", "b"))
    assert "name no namespace" in client.get("/graph?group=namespace").text
    assert "One node for each" not in client.get("/graph").text


def test_weighted_numbers_of_the_graph_say_so(opened: Opened) -> None:
    client = analysed(opened, *trace(1, "web", "api", weight=10.0), *trace(2, "web", "api"))
    page = client.get("/graph").text
    assert "2 of 4 recorded spans say how many they stand for, together ≈20; the other 2 say nothing" in page
    assert 'title="n = 2 recorded calls">≈11</td>' in page
    assert "≈11" in text(with_class(parse(client.get("/graph?focus=api")), "inspector")[0])
    assert "ampling" not in analysed(opened, *trace(1, "web", "api")).get("/graph").text


def test_traces_chosen_by_their_tail_get_no_rate(opened: Opened) -> None:
    spans = [span for number in range(1, 4) for span in trace(number, "web", "api")]
    plain = analysed(opened, *spans)
    chosen = analysed(opened, *spans, *trace(9, "web", "api", attribute="tailsampling.policy"))
    for path in ("/services", "/service?name=api", "/graph", "/traces"):
        assert TAIL_SAMPLED not in plain.get(path).text, path
        assert TAIL_SAMPLED in chosen.get(path).text, path
    assert "/min" in plain.get("/graph").text
    for path in ("/services", "/service?name=api", "/graph"):
        assert "/min" not in chosen.get(path).text, path
        assert "/s</td>" not in chosen.get(path).text, path
    assert chosen.get("/graph.json").get_json()["tail_sampled"] is True


def test_machines_get_no_rate_of_traces_chosen_by_their_tail_either(opened: Opened) -> None:
    spans = [span for number in range(1, 4) for span in trace(number, "web", "api")]
    plain = analysed(opened, *spans)
    chosen = analysed(opened, *spans, *trace(9, "web", "api", attribute="tailsampling.policy"))
    for path in ("/services.json", "/service.json?name=api"):
        body = chosen.get(path).get_json()
        rows = body.get("services") or [body["service"], *body["operations"], *body["over_time"]]
        assert [row["calls_per_second"] for row in rows] == [None] * len(rows), path
        assert body["note"] == TAIL_SAMPLED
    assert plain.get("/services.json").get_json()["services"][0]["calls_per_second"] is not None
    drawn = {each: each.get("/service/chart.json?name=api&chart=rate").get_json() for each in (plain, chosen)}
    assert [each["layout"]["yaxis"].get("ticksuffix") for each in drawn.values()] == ["/s", None]
    assert max(drawn[chosen]["data"][0]["y"]) == 1


@pytest.mark.parametrize(("calls", "said"), [(29, "–"), (30, "≈")])
def test_few_calls_have_no_p95(opened: Opened, calls: int, said: str) -> None:
    spans = [span for number in range(1, calls + 1) for span in trace(number, "web", "api")]
    page = parse(analysed(opened, *spans).get("/graph"))
    rows = [[text(cell) for cell in row.iter("td")] for row in with_class(page, "calls")[0].iter("tr")]
    assert {row[6][0] for row in rows if row} == {said}


def test_labels_keep_off_each_other_and_off_cards() -> None:
    free = Free([(0.0, 0.0, 172.0, 58.0)])
    assert free.place([(100.0, 50.0), (200.0, 80.0)], 36.0) == (200.0, 80.0)
    assert free.place([(200.0, 80.0), (260.0, 80.0)], 36.0) == (260.0, 80.0)
    assert free.place([(200.0, 80.0)], 36.0) == (200.0, 80.0)  # nowhere else to go


def test_long_names_end_where_their_card_does() -> None:
    assert fitted("checkout", 140.0) == "checkout"
    assert fitted("recommendationservice", 140.0) == "recommendationserv…"
    assert len(fitted("个人信息服务" * 5, 140.0)) < 12
    assert len(fitted("i" * 33, 140.0)) == 33
