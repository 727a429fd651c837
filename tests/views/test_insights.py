"""`/insights`: what stands out over all traces, told truly, each with the query that shows its traces."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.store.test_findings import asks, load
from tests.views.parsing import parse, text, with_class
from webapp.app import create_app
from webapp.loading.findings import look_at_all
from webapp.model.insights import Exemplar, FindingKind, Insight
from webapp.model.thresholds import DEFAULTS, parse_thresholds
from webapp.settings import Settings
from webapp.store import Store
from webapp.views.insights.sentences import LABELS, sentence_of


@pytest.fixture
def shop(sample_store: Store) -> FlaskClient:
    look_at_all(sample_store)
    return create_app(sample_store).test_client()


@pytest.fixture
def small() -> Iterator[tuple[Store, FlaskClient]]:
    with Store.open(None) as store:
        yield store, create_app(store).test_client()


def answer(client: FlaskClient, url: str = "/insights.json?wait=60") -> dict[str, Any]:
    found: dict[str, Any] = client.get(url).get_json()
    return found


STORIES = [
    ("queue_wait", "email-worker", "", 39),
    ("n_plus_one", "order-service", "SELECT * FROM order_items WHERE order_id = ?", 75),
    ("straggler", "catalogue-service", "", 28),
    ("error_root", "payment-service", "Stripe API timeout", 21),
    ("error_root", "auth-service", "no database connection within 500 ms", 3),
    ("lock_or_pool_wait", "auth-service", "", 3),
]


@pytest.mark.parametrize(("code", "service", "subject", "traces"), STORIES)
def test_the_stories_of_the_sample_data_are_told(
    shop: FlaskClient, code: str, service: str, subject: str, traces: int
) -> None:
    told = [
        each["traces"]
        for each in answer(shop)["findings"]
        if (each["code"], each["service"]) == (code, service) and subject in ("", each["subject"])
    ]
    assert traces in told


def test_retries_of_the_card_api_and_the_new_version_are_told(shop: FlaskClient) -> None:
    found = answer(shop)
    assert sum(each["traces"] for each in found["findings"] if each["code"] == "retry") == 50
    changes = found["changes"]
    assert changes["version"] == {"service": "fraud-service", "version": "2.14.0"}
    first = changes["slower_operations"][0]
    assert (first["service"], first["name"]) == ("fraud-service", "check")
    assert first["p95_after_ns"] > 10 * first["p95_before_ns"]


def test_each_query_finds_the_traces_that_its_finding_counts(shop: FlaskClient) -> None:
    for each in answer(shop)["findings"]:
        found = answer(shop, f"/traces.json?limit=1500&q={each['query']}")
        assert found["total"] == each["traces"], each["query"]
        ids = {trace["trace_id"] for trace in found["traces"]}
        assert {each["largest"]["trace_id"], each["middle"]["trace_id"]} <= ids
        assert each["query"].split("=")[1].startswith(each["code"])


def test_codes_can_be_searched_negated_and_are_found_missing(shop: FlaskClient) -> None:
    def total(query: str) -> int:
        return int(answer(shop, f"/traces.json?q={query}")["total"])

    assert total("trace.finding=retry") == total("trace.finding=retry-*") == 50
    assert total("-trace.finding=retry") == total("") - 50
    assert total("trace.finding?") == total("trace.finding!=retry") + total("trace.finding=retry") > 200
    assert total("trace.finding=nonsense") == 0


def test_a_trace_shows_the_finding_that_led_to_it(shop: FlaskClient) -> None:
    [told] = [each for each in answer(shop)["findings"] if each["code"] == "n_plus_one"]
    trace = answer(shop, f"/trace/{told['largest']['trace_id']}.json")
    assert "n_plus_one" in [finding["code"] for finding in trace["findings"]]


def test_the_page_leads_to_traces_and_says_how_it_knows(shop: FlaskClient) -> None:
    page = parse(shop.get("/insights"))
    rows = with_class(page, "find-row")
    assert len(rows) == len(answer(shop)["findings"])
    first = rows[0]
    links = {text(link): link.get("href", "") for link in first.iter("a")}
    assert links["39 traces"].startswith("/traces?q=trace.finding")
    assert "Messages for email-worker" in text(first)
    assert "1.00 s or more after it was sent" in text(first)
    assert re.search(r"All [\d,]+ traces looked at", text(page))
    assert re.search(r"\d+ patterns in [\d,]+ traces\. Most time", text(page))


def test_the_page_leads_to_how_good_the_traces_are(client: FlaskClient) -> None:
    [link] = [a for a in parse(client.get("/insights")).iter("a") if text(a) == "how good these traces are"]
    assert client.get(link.get("href", "")).status_code == 200


def test_a_chosen_time_is_not_said_to_be_all_traces(shop: FlaskClient) -> None:
    newest = text(parse(shop.get("/insights?from=-15m")))
    assert re.search(r"\d+ patterns in the traces of this time\.", newest)
    empty = shop.get("/insights?from=2020-01-01&to=2020-01-02").get_data(as_text=True)
    assert "Nothing stands out in the traces of this time" in empty


def test_filters_narrow_and_not_useful_hides_a_kind(shop: FlaskClient) -> None:
    whole = answer(shop)["findings"]
    hidden = answer(shop, "/insights.json?hide=missing_spans,nonsense")
    assert len(hidden["findings"]) == sum(each["code"] != "missing_spans" for each in whole)
    page = shop.get("/insights?hide=missing_spans").get_data(as_text=True)
    assert "Show Missing spans again" in page
    of_service = answer(shop, "/insights.json?service=auth-service")
    assert all("auth-service" in (each["service"], each["subject"]) for each in of_service["findings"])
    assert of_service["by_service"]["auth-service"] == len(of_service["findings"])
    early = answer(shop, "/insights.json?to=2025-11-20T09:50:00Z")
    assert 0 < len(early["findings"]) < len(whole)
    assert {each["code"] for each in answer(shop, "/insights.json?kind=retry")["findings"]} == {"retry"}


def test_thresholds_of_the_address_leave_out_less(shop: FlaskClient) -> None:
    def n_plus_one(address: str) -> list[int]:
        return [each["traces"] for each in answer(shop, address)["findings"] if each["code"] == "n_plus_one"]

    [many] = n_plus_one("/insights.json")
    [few] = n_plus_one("/insights.json?n_plus_one.count=25")
    assert 0 < few < many
    assert not n_plus_one("/insights.json?n_plus_one.time=2s")
    wrong = answer(shop, "/insights.json?n_plus_one.count=many")
    assert wrong["problems"] == ["“many” is no threshold for n_plus_one.count."]
    page = parse(shop.get("/insights?n_plus_one.count=25&kind=n_plus_one"))
    fields = {field.get("name"): field.get("value") for field in page.iter("input")}
    assert (fields["n_plus_one.count"], fields["kind"]) == ("25", "n_plus_one")


def test_settings_say_what_is_looked_for(small: tuple[Store, FlaskClient]) -> None:
    store, _ = small
    load(store, asks(6), asks(9))
    client = create_app(store, Settings(thresholds=("n_plus_one.count=9", "gap=off"))).test_client()
    [one] = [each for each in answer(client)["findings"] if each["code"] == "n_plus_one"]
    assert (one["traces"], one["count"]) == (1, 9)
    assert "Unexplained gaps" not in text(parse(client.get("/insights")))


def test_nothing_stands_out_says_what_was_looked_for(small: tuple[Store, FlaskClient]) -> None:
    store, client = small
    assert "No traces yet" in client.get("/insights").get_data(as_text=True)
    load(store, asks(1), asks(1))
    answer(client)
    page = client.get("/insights").get_data(as_text=True)
    assert "Nothing stands out in 2 traces" in page
    assert "All 2 traces looked at" in page
    assert all(label in page for label in LABELS.values())


def test_a_search_that_was_stopped_says_how_far_it_is(small: tuple[Store, FlaskClient]) -> None:
    store, client = small
    load(store, asks(6))
    client.post("/insights/stop")
    page = client.get("/insights").get_data(as_text=True)
    assert "Looked at 0 of 1 trace" in page
    assert "Stopped." in page
    assert "Not all traces were looked at" in client.get("/traces?q=trace.finding%3Dgap").get_data(
        as_text=True
    )
    assert client.post("/insights/start?kind=gap").headers["Location"] == "/insights?kind=gap"
    assert answer(client)["looked"] == 1
    assert "Not all traces" not in client.get("/traces?q=trace.finding%3Dgap").get_data(as_text=True)


@pytest.mark.parametrize(
    "address",
    [
        "from=soon",
        "since=later",
        "kind=<b>",
        "service=%00",
        "hide=,,,",
        "gap.time=-1",
        "wait=999999999",
        "since=-5m",
    ],
)
def test_an_address_typed_by_hand_still_opens_the_page(shop: FlaskClient, address: str) -> None:
    assert shop.get(f"/insights?{address}").status_code == 200
    assert shop.get(f"/insights.json?{address}").status_code == 200


def test_words_of_traces_are_text_on_the_page(small: tuple[Store, FlaskClient]) -> None:
    store, client = small
    spans = asks(6)
    fields = {name: getattr(spans[0], name) for name in spans[0].__struct_fields__}
    load(store, [type(spans[0])(**{**fields, "name": "<script>alert(1)</script>"}), *spans[1:]])
    answer(client)
    page = client.get("/insights").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_each_code_has_a_label_and_a_sentence() -> None:
    assert set(LABELS) == set(DEFAULTS) == set(parse_thresholds([]))
    assert all(re.fullmatch(r"[\w+ -]+", label) for label in LABELS.values())


@pytest.mark.parametrize(
    ("times", "gain_ns", "said"),
    [
        (4, 5, "web · GET waits 8 ns for “SELECT 1”"),
        (13, 5, "web · GET waits 8 ns for “SELECT 1”, 3 times a trace"),
        (13, 0, "web · GET waits 8 ns for “SELECT 1”"),
    ],
)
def test_what_is_lost_in_several_places_of_a_trace_says_so(times: int, gain_ns: int, said: str) -> None:
    exemplar = Exemplar("1" * 32, 9, gain_ns, 8)
    insight = Insight(
        FindingKind("slow_query", "web", "GET", "SELECT 1"), "high", 4, 4.0, times, 4 * gain_ns, 1, 1, 8, gain_ns, 1, 2,
        [], exemplar, exemplar,
    )  # fmt: skip
    assert sentence_of(insight).text == said
