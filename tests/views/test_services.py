"""The pages of services: their numbers lead to the traces they count, and whether a service is here is answered."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import analysed
from webapp.model.red import ErrorKind, Moment, Period, Process, Red
from webapp.model.spans import Kind, Span, Status
from webapp.query import parse as parse_query
from webapp.store import Store
from webapp.views.services import queries, words
from webapp.views.state import SearchState

SECOND = 1_000_000_000


def rows(client: FlaskClient, url: str) -> list[list[str]]:
    page = parse(client.get(url))
    return [[text(cell) for cell in row if cell.tag in ("td", "th")] for row in page.iter("tr")][1:]


def found(client: FlaskClient, url: str) -> dict[str, Any]:
    """What a link to /traces finds."""
    parts = urlsplit(url)
    assert parts.path == "/traces"
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    answer = client.get("/traces.json", query_string={**given, "limit": 1})
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()  # type: ignore[no-any-return]


def spans_found(client: FlaskClient, url: str) -> int:
    """How many spans fit the query of a link to /traces, over all traces that it finds."""
    given = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    store: Store = client.application.config["store"]
    window, problem = SearchState.read(given).window(store.bounds()[1] + 1)
    assert not problem
    page = store.search(parse_query(given["q"]), window, "newest", 1, 10_000)
    return sum(row.match.count for row in page.rows if row.match)


def test_every_service_is_listed_with_the_most_critical_time_first(client: FlaskClient) -> None:
    answer = client.get("/services.json").get_json()
    listed = [row[0] for row in rows(client, "/services")]
    assert listed == [each["service"] for each in answer["services"]]
    assert listed[0] == "fraud-service"
    shares = [each["critical_share"] for each in answer["services"]]
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("query", ["", "?from=-30m", "?open=payment-service", "?count=all&from=-20m"])
def test_numbers_lead_to_the_spans_that_they_count(client: FlaskClient, query: str) -> None:
    page = parse(client.get("/services" + query))
    checked = 0
    for row in page.iter("tr"):
        for link in row.iter("a"):
            url, shown = link.get("href", ""), text(link).replace(",", "")
            if shown.isdigit():
                assert spans_found(client, url) == int(shown), url
                checked += 1
    assert checked >= 10


def test_the_errors_of_a_service_lead_to_its_failed_calls(client: FlaskClient) -> None:
    by_name = {each["service"]: each for each in client.get("/services.json").get_json()["services"]}
    page = parse(client.get("/services"))
    links = [
        a.get("href", "") for row in page.iter("tr") for a in row.iter("a") if "bad" in a.get("class", "")
    ]
    assert links
    for link in links:
        service = parse_query(parse_qs(urlsplit(link).query)["q"][0]).conjuncts[0].value  # type: ignore[union-attr]
        assert spans_found(client, link) == by_name[service]["failed_spans"]


@pytest.mark.parametrize(
    "key", ["name", "calls", "errors", "p95", "critical", "slower", "worse", "first", "last"]
)
def test_every_column_sorts_both_ways(client: FlaskClient, key: str) -> None:
    there = [row[0] for row in rows(client, f"/services?sort={key}&from=-30m")]
    back = [row[0] for row in rows(client, f"/services?sort={key}&from=-30m&order=back")]
    assert sorted(there) == sorted(back)
    answer = client.get(f"/services.json?sort={key}&from=-30m").get_json()
    assert [each["service"] for each in answer["services"]] == there
    if key in ("name", "calls", "critical"):
        assert there != back


def test_unfolding_a_service_lists_its_operations_in_the_same_columns(client: FlaskClient) -> None:
    page = parse(client.get("/services?open=payment-service"))
    operations = [
        [text(cell) for cell in row if cell.tag in ("td", "th")] for row in with_class(page, "operation")
    ]
    assert {row[0] for row in operations} == {"charge", "refund", "payment-service"}
    whole = next(row for row in rows(client, "/services") if row[0] == "payment-service")
    assert sum(int(row[2]) for row in operations) == int(whole[2])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("payment-service", "payment-service is here: 2,353 spans, first seen"),
        ("PAYMENT-service", "payment-service is here"),
        ("pay", "No service is called “pay”, but 2 names contain it"),
        ("paymnet-service", "No service is called “paymnet-service”; the nearest: payment-service"),
        ("postgresql:payment", "postgresql:payment sends no spans itself; others call it"),
        ("zzz<b>", "No service is called “zzz<b>”."),
    ],
)
def test_whether_a_service_is_here_is_answered(client: FlaskClient, asked: str, said: str) -> None:
    page = parse(client.get("/services", query_string={"find": asked}))
    assert said in text(with_class(page, "answer")[0])


def test_the_change_is_against_the_time_before(client: FlaskClient) -> None:
    words_of = text(with_class(parse(client.get("/services?from=-30m")), "lead")[0])
    assert "changes are against the 30 m before" in words_of
    assert "p95 of fraud-service changed most" in words_of
    assert "no earlier data" in text(with_class(parse(client.get("/services?from=-9h")), "lead")[0])
    assert "p95 change" not in client.get("/services").text


def test_a_service_says_how_it_does_before_its_numbers(client: FlaskClient) -> None:
    page = parse(client.get("/service?name=payment-service"))
    assert "604 calls (10/min), 5.6% failed, p95 4.31 s, 17% of all the time" in text(
        with_class(page, "lead")[0]
    )


@pytest.mark.parametrize("query", ["", "&from=-30m", "&count=all"])
def test_every_number_of_a_service_finds_traces(client: FlaskClient, query: str) -> None:
    page = parse(client.get(f"/service?name=payment-service{query}"))
    links = {a.get("href", "") for a in page.iter("a") if a.get("href", "").startswith("/traces?")}
    assert len(links) > 30
    for link in links:
        assert found(client, link)["total"] > 0, link


def test_the_cells_of_the_charts_hold_their_calls(client: FlaskClient) -> None:
    page = parse(client.get("/service?name=order-service&from=-30m"))
    table = next(part for part in with_class(page, "astable"))
    links = [a for a in table.iter("a") if text(a).replace(",", "").isdigit()]
    assert len(links) > 5
    for link in links:
        assert spans_found(client, link.get("href", "")) == int(text(link).replace(",", ""))


@pytest.mark.parametrize("kind", ["rate", "errors", "duration", "nonsense"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_lead_to_the_traces_behind_each_point(client: FlaskClient, kind: str, theme: str) -> None:
    figure = client.get(f"/service/chart.json?name=payment-service&chart={kind}&theme={theme}").get_json()
    for trace in figure["data"]:
        assert len(trace["customdata"]) == len(trace["x"]) == len(trace["y"])
        assert found(client, trace["customdata"][-1])["total"] > 0


@pytest.mark.parametrize("kind", ["rate", "errors", "duration"])
def test_new_versions_of_the_service_stand_in_its_charts(client: FlaskClient, kind: str) -> None:
    charts = {
        name: client.get(f"/service/chart.json?name={name}&chart={kind}").get_json()["layout"]
        for name in ("fraud-service", "payment-service")
    }
    assert [note["text"] for note in charts["fraud-service"]["annotations"]] == ["2.14.0"]
    [line] = charts["fraud-service"]["shapes"]
    assert line["x0"] == line["x1"]
    assert line["x0"].startswith("2025-11-20 10:08:18")
    assert not charts["payment-service"].get("shapes")


def test_callers_and_callees_are_those_of_the_graph(client: FlaskClient) -> None:
    answer = client.get("/service.json?name=payment-service").get_json()
    edges = client.get("/graph.json").get_json()["edges"]
    assert answer["callers"] == [edge for edge in edges if edge["callee"] == "payment-service"]
    assert answer["callees"] == [edge for edge in edges if edge["caller"] == "payment-service"]
    assert {"api.stripe.com", "fraud-service"} <= {edge["callee"] for edge in answer["callees"]}


def test_error_kinds_lead_to_all_their_spans(client: FlaskClient) -> None:
    answer = client.get("/service.json?name=payment-service").get_json()["errors"]
    page = parse(client.get("/service?name=payment-service"))
    links = {
        text(a): a.get("href", "")
        for a in with_class(page, "kinds")[0].iter("a")
        if "/traces" in a.get("href", "")
    }
    assert answer["spans"] == sum(kind["spans"] for kind in answer["kinds"])
    for kind in answer["kinds"]:
        assert spans_found(client, links[kind["template"]]) == kind["spans"]


@pytest.mark.parametrize("path", ["/service", "/service.json", "/service/chart.json"])
def test_a_service_that_is_not_here_is_not_found_but_guessed(client: FlaskClient, path: str) -> None:
    answer = client.get(f"{path}?name=fruad-service")
    assert answer.status_code == 404
    assert "fraud-service" in answer.text
    assert client.get(f"{path}?name=").status_code == 404
    assert "sends no spans itself" in client.get(f"{path}?name=api.stripe.com").text


@pytest.mark.parametrize(
    "query",
    ["from=never", "sort=x&order=y", "page=99", "open=nobody", "from=-1s", "count=all&open=fraud-service", "to=2001-01-01"],
)  # fmt: skip
def test_any_state_is_a_page(client: FlaskClient, query: str) -> None:
    assert client.get(f"/services?{query}").status_code == 200
    assert client.get(f"/services.json?{query}").status_code == 200
    assert client.get(f"/service?name=fraud-service&{query}").status_code == 200


def test_an_empty_store_says_what_to_do(opened: Callable[..., FlaskClient]) -> None:
    assert "There are no services here yet." in opened().get("/services").text


def test_hostile_names_stay_names(opened: Callable[..., FlaskClient]) -> None:
    name = 'a"b <script> OR x*y & ü'
    calls = [
        Span(
            trace_id=f"{each:032x}", span_id=f"{each:016x}", service=name, name=name, kind=Kind.SERVER,
            status=Status.ERROR, status_message=f'no "{each}" <b>', start_ns=each * SECOND, end_ns=(each + 1) * SECOND,
        )
        for each in range(1, 9)
    ]  # fmt: skip
    client = analysed(opened, *calls)
    for url in ("/services", "/service"):
        page = client.get(url, query_string={"name": name, "open": name})
        assert page.status_code == 200
        assert "<script> OR" not in page.text
        for link in parse(page).iter("a"):
            if link.get("href", "").startswith("/traces?"):
                total = found(client, link.get("href", ""))["total"]
                assert total == 8 or "duration" in link.get("href", "") or "from=" in link.get("href", ""), (
                    link.get("href")
                )


def test_mixed_sampling_is_said(opened: Callable[..., FlaskClient]) -> None:
    def call(each: int, weight: float) -> Span:
        return Span(
            trace_id=f"{each:032x}", span_id=f"{each:016x}", service="web", name="get", kind=Kind.SERVER,
            start_ns=each * SECOND, end_ns=(each + 1) * SECOND, weight=weight,
        )  # fmt: skip

    client = analysed(opened, call(1, 1.0), call(2, 10.0), call(3, 10.0))
    assert "2 of 3 recorded spans say how many they stand for" in client.get("/services").text
    [service] = client.get("/services.json").get_json()["services"]
    assert (service["calls"], service["spans"], service["weighted_spans"]) == (21, 3, 2)
    assert "Counts are weighted by sampling" in analysed(opened, call(2, 10.0)).get("/services").text
    assert "ampling" not in analysed(opened, call(1, 1.0)).get("/services").text


@pytest.mark.parametrize(
    ("calls", "seconds", "written"),
    [(0, 60, "0/min"), (1, 3600, "0.02/min"), (30, 60, "30/min"), (600, 60, "10/s"), (1, 10**6, "<0.01/min"),
     (1, 1e-9, "–")],
)  # fmt: skip
def test_rates_are_written_by_second_or_minute(calls: float, seconds: float, written: str) -> None:
    assert words.rate(calls, seconds) == written


def test_changes_of_few_calls_say_nothing() -> None:
    many, slower, few = (Red(spans=n, calls=n, p95_ns=ns) for n, ns in ((100, 10), (100, 26), (10, 26)))
    assert words.p95_change(slower, many).words == "2.6×"
    assert words.p95_change(many, slower).words == "−62%"
    assert words.p95_change(few, many).words == "–"
    assert words.p95_change(many, None).words == "new"
    assert words.error_change(Red(spans=100, failed=5, calls=100, errors=5), many).words == "+5.0 pts"


def test_a_trend_without_calls_has_no_picture() -> None:
    assert words.trend([Moment(0, SECOND, Red())]).calls == ""
    assert (
        words.trend([Moment(0, SECOND, Red(spans=2, calls=2))]).words
        == "calls over time, at most 2 in 1.00 s"
    )
    assert words.length(Period(0, 1800 * SECOND, exact=True)) == "30 m"


def test_kinds_without_words_are_found_by_what_they_have() -> None:
    def query(kind: str, template: str) -> str:
        return queries.error_kind("web", ErrorKind(kind, template, 1, 1, 1, ""), {"http.status_code"})

    assert query("", "HTTP 503") == "service=web error http.status_code=503"
    assert query("OSError", "") == 'service=web error "OSError"'
    assert query("", "*") == "service=web error"
    assert query("Refused", "order * timed out after * ms") == 'service=web error "order" "timed out after"'
    assert (
        queries.process("web", Process("host.name", "a b", Red())) == 'service=web resource.host.name="a b"'
    )


def test_few_failures_are_no_evidence() -> None:
    assert words.surely_failing(Red()) == 0
    assert (
        words.surely_failing(Red(spans=96, failed=6)) < 0.02 < words.surely_failing(Red(spans=604, failed=34))
    )
