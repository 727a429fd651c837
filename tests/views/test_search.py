"""The search page: results, facets, rewriting, errors that keep the page."""

import csv
import io
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from webapp.app import create_app
from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store
from webapp.views.search import page as search
from webapp.views.search import syntax

CHECKOUT = "service=payment-service duration>3s"


def test_the_page_lists_traces_with_their_verdict(client: FlaskClient) -> None:
    page = parse(client.get("/traces", query_string={"q": CHECKOUT, "sort": "slowest"}))
    rows = [row for row in page.iter("tr") if row.find(".//a[@class='title']") is not None]
    assert rows
    words = " | ".join(text(row) for row in rows)
    assert "order-service checkout" in words
    assert "80% fraud-service · check" in words
    assert "matched charge 3.50 s" in words


def test_a_trace_without_its_root_is_listed_under_the_service_that_took_the_time(tmp_path: Path) -> None:
    path = tmp_path / "orphan.json"
    path.write_text(
        '[{"traceId": "1", "id": "2", "parentId": "1", "name": "get", "timestamp": 1700000000000000, "duration": 9,'
        ' "localEndpoint": {"serviceName": "web"}}]'
    )
    with Store.open(None) as store:
        load([str(path)], store, Progress())
        [title] = with_class(parse(create_app(store).test_client().get("/traces")), "title")
    assert text(title).startswith("web root not received")


def test_every_listed_trace_can_be_opened(client: FlaskClient) -> None:
    page = parse(client.get("/traces", query_string={"q": "payment.status=failed"}))
    links = [a.get("href", "") for a in with_class(page, "title")]
    assert links
    assert all("q=payment.status" in link for link in links)
    assert client.get(links[0]).status_code == 200


def test_a_facet_link_adds_its_term_and_then_removes_it(client: FlaskClient) -> None:
    page = parse(client.get("/traces"))
    facet = next(
        a
        for a in page.iter("a")
        if "payment-service" in text(a) and "service%3Dpayment-service" in a.get("href", "")
    )
    added = facet.get("href", "")
    again = parse(client.get(added))
    chosen = [
        a
        for a in again.iter("a")
        if a.get("aria-current") == "true" and text(a).startswith("payment-service")
    ]
    assert chosen
    assert "q" not in parse_qs(urlsplit(chosen[0].get("href", "")).query)


def test_a_query_that_cannot_be_read_keeps_the_page_and_points_at_the_token(client: FlaskClient) -> None:
    response = client.get("/traces", query_string={"q": "duration>fast"})
    assert response.status_code == 200
    page = parse(response)
    assert [text(mark) for mark in with_class(page, "q-wrong")] == ["fast"]
    assert "is not a duration" in text(with_class(page, "problem")[0])
    assert with_class(page, "results")


def test_no_result_says_which_term_removed_everything(client: FlaskClient) -> None:
    page = parse(client.get("/traces", query_string={"q": "service=payment-service duration>10h"}))
    without = [text(li) for ul in with_class(page, "without") for li in ul]
    assert any(line.startswith("without duration>10h") and "0 traces" not in line for line in without)


@pytest.mark.parametrize("spelling", ["{id}", "00-{id}-00f067aa0ba902b7-01", "{upper}"])
def test_a_pasted_id_opens_its_trace(client: FlaskClient, spelling: str) -> None:
    trace_id = client.get("/traces.json?limit=1").get_json()["traces"][0]["trace_id"]
    response = client.get("/traces", query_string={"q": spelling.format(id=trace_id, upper=trace_id.upper())})
    assert response.status_code == 302
    assert response.headers["Location"].startswith(f"/trace/{trace_id}")


def test_pages_follow_each_other_without_gap_or_repeat(client: FlaskClient) -> None:
    first = client.get("/traces.json").get_json()["traces"]
    second = client.get("/traces.json?page=2").get_json()["traces"]
    both = client.get("/traces.json?limit=100").get_json()["traces"]
    assert [t["trace_id"] for t in first + second] == [t["trace_id"] for t in both]


@pytest.mark.parametrize(
    ("sort", "key"), [("slowest", "duration_ns"), ("newest", "start_ns"), ("spans", "spans")]
)
def test_sorts_are_in_order(client: FlaskClient, sort: str, key: str) -> None:
    traces = client.get(f"/traces.json?limit=200&sort={sort}").get_json()["traces"]
    values = [trace[key] for trace in traces]
    assert values == sorted(values, reverse=True)


def test_json_has_the_fixed_shape(client: FlaskClient) -> None:
    answer = client.get("/traces.json", query_string={"q": CHECKOUT, "limit": 1}).get_json()
    assert set(answer) == {"total", "total_exact", "traces"}
    trace = answer["traces"][0]
    assert {"trace_id", "root", "start_ns", "duration_ns", "spans", "services", "errors", "verdict"} <= set(
        trace
    )
    assert set(trace["root"]) == {"service", "name"}
    assert {"service", "spans", "errors", "critical_ns"} == set(trace["services"][0])
    assert {"level", "service", "name", "critical_ns", "share", "sentence"} <= set(trace["verdict"])
    assert sum(service["critical_ns"] for service in trace["services"]) <= trace["response_ns"]


@pytest.mark.parametrize("limit", ["0", "1501", "many", "-1", "1e3"])
def test_a_limit_out_of_range_is_named(client: FlaskClient, limit: str) -> None:
    response = client.get("/traces.json", query_string={"limit": limit})
    assert response.status_code == 400
    assert response.get_json()["error"]["where"] == "limit"


def test_json_of_a_broken_query_is_an_error_with_its_position(client: FlaskClient) -> None:
    response = client.get("/traces.json", query_string={"q": "error (service=web"})
    assert response.status_code == 400
    assert response.get_json()["error"]["where"].startswith("position")


def test_csv_has_a_row_a_trace(client: FlaskClient) -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(client.get("/traces.csv", query_string={"q": CHECKOUT}).get_data(as_text=True))
        )
    )
    total = client.get("/traces.json", query_string={"q": CHECKOUT}).get_json()["total"]
    assert len(rows) == min(total, 1500)
    assert all(row["trace_id"] and row["duration_ns"].isdigit() for row in rows)


def test_dragging_over_the_chart_becomes_window_and_terms(client: FlaskClient) -> None:
    response = client.get(
        "/traces/narrow",
        query_string={
            "q": "error",
            "t0": "2025-11-20T10:00:00.000Z",
            "t1": "2025-11-20T10:10:00.000Z",
            "low": "1s",
            "high": "4s",
        },
    )
    asked = {key: value[0] for key, value in parse_qs(urlsplit(response.headers["Location"]).query).items()}
    assert asked["q"] == "error trace.duration>=1s trace.duration<4s"
    assert asked["from"] == "2025-11-20T10:00:00.000Z"
    narrowed = client.get(response.headers["Location"])
    assert narrowed.status_code == 200


@pytest.mark.parametrize("kind", ["heat", "scatter"])
def test_the_chart_counts_the_traces_of_the_page(client: FlaskClient, kind: str) -> None:
    figure = client.get("/traces/chart.json", query_string={"q": CHECKOUT, "chart": kind}).get_json()
    total = client.get("/traces.json", query_string={"q": CHECKOUT}).get_json()["total"]
    if kind == "heat":
        counted = sum(round(value**2) for row in figure["data"][1]["z"] for value in row if value)
    else:
        counted = sum(len(trace["x"]) for trace in figure["data"][1:])
    assert counted == total


def test_the_table_says_the_same_as_the_chart(client: FlaskClient) -> None:
    page = parse(client.get("/traces/table", query_string={"q": CHECKOUT}))
    total = client.get("/traces.json", query_string={"q": CHECKOUT}).get_json()["total"]
    counts = [int(text(row[2]).replace(",", "")) for row in page.iter("tr") if row.find("td") is not None]
    assert sum(counts) == total


@pytest.mark.parametrize("bad", ["yesterday", "-5", "2025-13-40", "9" * 30])
def test_a_time_that_is_none_is_said_and_left_open(client: FlaskClient, bad: str) -> None:
    response = client.get("/traces", query_string={"from": bad})
    assert response.status_code == 200
    assert "is no time" in response.get_data(as_text=True)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' OR 1=1 --",
        "\x00",
        "😀" * 500,
        "(" * 2000,
        "a=b " * 800,
    ],
)
def test_hostile_queries_are_text(client: FlaskClient, hostile: str) -> None:
    response = client.get("/traces", query_string={"q": hostile})
    assert response.status_code == 200
    body = response.get_data(as_text=True)
    assert "<script>alert" not in body
    assert "<img src=x" not in body
    assert client.get("/suggest", query_string={"q": hostile}).status_code == 200


def test_suggestions_complete_keys_and_values(client: FlaskClient) -> None:
    keys = client.get("/suggest", query_string={"q": "error payment.st"}).get_json()["completions"]
    assert "error payment.status=" in [entry["text"] for entry in keys]
    values = client.get("/suggest", query_string={"q": "payment.status=fa"}).get_json()["completions"]
    assert [entry["words"] for entry in values] == ["payment.status=failed"]


def test_every_example_of_the_syntax_page_finds_what_it_says(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syntax, "PATIENCE_S", -1)
    assert "Not all are counted yet. Count more" in text(parse(client.get("/syntax")))
    monkeypatch.setattr(syntax, "PATIENCE_S", 100)
    page = parse(client.get("/syntax"))
    rows = [
        row
        for row in page.iter("tr")
        if any(a.get("href", "").startswith("/traces?q=") for a in row.iter("a"))
    ]
    assert len(rows) > 25
    for row in rows:
        (link,) = (a.get("href") for a in row.iter("a"))
        found = client.get(link.replace("/traces?", "/traces.json?")).get_json()
        assert "".join(list(row.iter("td"))[-1].itertext()) == f"{found['total']:,}", link
    assert sum("".join(list(row.iter("td"))[-1].itertext()) != "0" for row in rows) > 15


def test_a_completion_takes_the_place_of_the_term_at_the_caret(client: FlaskClient) -> None:
    answer = client.get("/suggest", query_string={"q": "{payment.sta error} x", "at": 12}).get_json()
    (offer,) = [each for each in answer["completions"] if each["words"] == "payment.status"]
    assert (offer["text"], offer["at"]) == ("{payment.status= error} x", 16)
    assert answer["said"] == ""


def test_a_word_leads_to_the_keys_in_which_it_occurs(client: FlaskClient) -> None:
    page = client.get("/traces?q=error+postgresql").get_data(as_text=True)
    assert "/occurs?q=error+postgresql" in page
    part = parse(client.get("/occurs?q=error+postgresql"))
    links = {a.get("href") for a in part.iter("a")}
    assert "/traces?q=error+db.system%3Dpostgresql" in links
    nowhere = client.get("/occurs?q=nowhere-at-all").get_data(as_text=True)
    assert "occurs in no value" in nowhere
    assert "/occurs" not in client.get("/traces?q=error").get_data(as_text=True)


def test_a_relation_is_searched_and_found_within_the_trace(client: FlaskClient) -> None:
    query = quote("{service=order-service} >> {service=fraud-service}")
    page = client.get(f"/traces.json?q={query}").get_json()
    assert page["total"] >= 1
    opened = client.get(f"/trace/{page['traces'][0]['trace_id']}?find={query}").get_data(as_text=True)
    assert "1 found" in opened
    rows = client.get(f"/traces?q={query}").get_data(as_text=True)
    assert "matched check" in rows


def test_a_part_is_the_same_as_in_the_page(client: FlaskClient) -> None:
    url = "/traces?q=" + quote(CHECKOUT)
    part = client.get(url, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in part
    assert part.strip() in client.get(url).get_data(as_text=True)
    assert "HX-Request" in client.get(url).headers["Vary"]


def test_htmx_goes_to_a_pasted_trace_as_a_whole(client: FlaskClient) -> None:
    trace_id = client.get("/traces.json?limit=1").get_json()["traces"][0]["trace_id"]
    response = client.get("/traces", query_string={"q": trace_id}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert response.headers["HX-Redirect"].startswith(f"/trace/{trace_id}")


@pytest.mark.parametrize(
    "spelling", ["trace_id={id}", 'traceID: "{id}"', "https://jaeger.example/trace/{id}?x=1"]
)
def test_an_id_in_a_log_field_or_address_opens_its_trace(client: FlaskClient, spelling: str) -> None:
    trace_id = client.get("/traces.json?limit=1").get_json()["traces"][0]["trace_id"]
    response = client.get("/traces", query_string={"q": spelling.format(id=trace_id)})
    assert response.headers["Location"].startswith(f"/trace/{trace_id}")


def test_a_regular_expression_that_is_none_keeps_the_page(client: FlaskClient) -> None:
    response = client.get("/traces", query_string={"q": 'service~"["'}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    page = parse(client.get("/traces", query_string={"q": 'service~"["'}))
    assert "regular expression" in text(with_class(page, "problem")[0])
    assert with_class(page, "results")


def test_a_clock_time_is_of_the_newest_day(client: FlaskClient) -> None:
    traces = client.get(
        "/traces.json", query_string={"from": "10:00", "to": "10:10", "limit": 1500}
    ).get_json()["traces"]
    first_ns, end_ns = 1_763_632_800 * 10**9, 1_763_633_400 * 10**9
    assert traces
    assert all(first_ns <= trace["start_ns"] < end_ns for trace in traces)


def test_a_drag_writes_round_durations(client: FlaskClient) -> None:
    response = client.get("/traces/narrow", query_string={"low": "2713485000", "high": "18711606000"})
    asked = parse_qs(urlsplit(response.headers["Location"]).query)
    assert asked["q"] == ["trace.duration>=2.71s trace.duration<18.8s"]


def test_facets_that_are_counted_in_a_part_say_in_which(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "counted in the newest" not in client.get("/traces?q=error").get_data(as_text=True)
    monkeypatch.setattr(search, "EXACT", 10)
    assert "counted in the newest traces: up to 10," in client.get("/traces?q=error").get_data(as_text=True)
