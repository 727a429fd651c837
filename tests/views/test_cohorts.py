"""The page of two sets of traces: what it says, how it is reached, and what it does when there is little to say."""

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.planted import open_shop, spans_of, stored
from tests.views.hostile import hostile_spans
from tests.views.parsing import parse, text, with_class
from tests.views.traces import span
from webapp.app import create_app
from webapp.errors import TooSlow
from webapp.model.spans import Resource, Status
from webapp.store.cohorts.cohorts import Cohorts

SLOW = "trace.duration>170ms"
Get = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def shop_client() -> Iterator[FlaskClient]:
    shop = open_shop("retry storm", 5, 600)
    with stored([span for request in spans_of(shop) for span in request]) as store:
        yield create_app(store).test_client()


@pytest.fixture
def get(shop_client: FlaskClient) -> Get:
    def fetch(path: str = "/compare", /, **state: str) -> TestResponse:
        return shop_client.get(path, query_string={"a": "rest", "b": SLOW} | state)

    return fetch


def page_text(response: TestResponse) -> str:
    return text(parse(response))


def test_the_first_sentence_names_the_cause(get: Get) -> None:
    response = get()
    assert response.status_code == 200
    [said] = with_class(parse(response), "say")
    assert "slower" in text(said)
    assert "more calls of payment · charge" in text(said)
    assert "95% interval" in text(said)


def test_the_planted_attribute_comes_first_with_shares_and_a_link_to_its_traces(get: Get) -> None:
    tree = parse(get(attributes="now"))
    [first, *_] = with_class(tree, "values")
    [link] = [a for a in first.iter("a") if text(a) == "acme"]
    asked = parse_qs(urlsplit(link.get("href", "")).query)
    assert asked["q"] == ["service=payment payment.provider=acme"]
    assert "payment.provider of payment" in page_text(get(attributes="now"))
    assert "user.id" in page_text(get(attributes="now"))  # not comparable


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"b": "service=payment error"},
        {"b": "service=payment duration>60ms trace.spans>5"},
        {"b": "count({service=payment})>1"},
        {"b": "{service=payment} > {}", "a": "all"},
        {"b": "payment.provider=acme OR error"},
        {"b": "", "band": "high"},
        {"b": "service=payment", "band": "mid"},
        {"a": "service=payment", "b": "service=payment payment.provider=acme"},
        {"a": "service=cart OR error", "b": "trace.errors>0 service=payment"},
    ],
)
def test_each_set_is_listed_as_it_was_counted(get: Get, state: dict[str, str]) -> None:
    sides = with_class(parse(response := get(**state)), "set")
    assert response.status_code == 200
    for side in sides:
        [link] = [a for a in side.iter("a") if text(a).startswith("show")]
        assert text(link) == "show them"
        counted = int(text(with_class(side, "facts")[0]).split()[0].replace(",", ""))
        asked = {name: values[0] for name, values in parse_qs(urlsplit(link.get("href", "")).query).items()}
        found = get("/traces.json", **{"a": "", "b": "", **asked, "limit": "1"}).get_json()
        assert found["total"] == counted, asked


def test_what_cannot_be_asked_is_listed_with_the_selected_and_says_so(get: Get) -> None:
    page = page_text(get(b="{service=payment error} OR duration>170ms"))
    assert "show them and the selected" in page


def test_attributes_come_after_the_page_and_stay_with_it(shop_client: FlaskClient) -> None:
    sets = {"a": "rest", "b": "trace.duration>175ms"}
    [waiting] = with_class(parse(first := shop_client.get("/compare", query_string=sets)), "working")
    assert text(waiting).startswith("Reading attributes…")
    assert "payment.provider" not in first.text
    assert '<noscript><meta http-equiv="refresh"' in first.text
    [asks] = [e for e in parse(first).iter("section") if e.get("hx-get")]
    part = shop_client.get(asks.get("hx-get", ""), headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith("<section")
    assert 'id="tells" hx-swap-oob="true"' in part.text
    assert re.search(r"Read of [\d,]+ spans in 600 traces", part.text)
    again = shop_client.get("/compare", query_string=sets)
    assert "payment.provider of payment" in page_text(again)
    assert "noscript><meta" not in again.text


def test_without_htmx_the_attributes_are_a_page(shop_client: FlaskClient) -> None:
    response = shop_client.get("/compare/attributes", query_string={"a": "rest", "b": SLOW})
    assert parse_qs(urlsplit(response.location).query)["attributes"] == ["now"]
    assert "payment.provider of payment" in page_text(shop_client.get(response.location))


def test_reading_attributes_can_be_called_off(get: Get) -> None:
    response = get(attributes="off")
    assert "Attributes are not compared." in page_text(response)
    assert not [e for e in parse(response).iter("section") if e.get("hx-get")]
    [again] = [a for a in parse(response).iter("a") if text(a) == "Compare them"]
    assert "attributes" not in parse_qs(urlsplit(again.get("href", "")).query)


def test_attributes_that_take_too_long_leave_the_page_whole(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise TooSlow("This takes longer than 5 seconds and was stopped.", hint="Narrow the time range.")

    monkeypatch.setattr(Cohorts, "attributes", stopped)
    said = page_text(get(attributes="now", b="trace.duration>160ms"))
    assert "Attributes are not compared. This takes longer than 5 seconds and was stopped. Narrow" in said
    assert "Time by call path" in said
    body = json.loads(get("/compare.json", b="trace.duration>160ms").text)
    assert body["attributes"] == []
    assert "was stopped" in body["attributes_stopped"]


def test_only_the_first_keys_are_large() -> None:
    spans = [
        span(1, 0, 0, 900 if number < 100 else 100, trace_id=f"{number + 1:032x}", service="web", name="GET",
             attributes={f"key.{key}": "slow" if number < 100 - 5 * key else "fast" for key in range(9)})
        for number in range(300)
    ]  # fmt: skip
    with stored(spans) as store:
        sets = {"a": "rest", "b": "trace.duration>500ms", "attributes": "now"}
        tree = parse(create_app(store).test_client().get("/compare", query_string=sets))
        first, folded = with_class(tree, "tellers")
        assert len(list(first.iter("h3"))) == 6
        assert len(list(folded.iter("h3"))) == 3
        assert "3 more keys" in text(tree)


def test_the_json_twin_has_the_same_and_its_sums_are_exact(get: Get) -> None:
    body = json.loads(get("/compare.json", faster="operation:payment · charge", percent="50").text)
    assert body["sentence"] in page_text(get())
    difference = body["selection"]["mean_ns"] - body["baseline"]["mean_ns"]
    assert body["difference_ns"] == pytest.approx(difference)
    assert sum(path["difference_ns"] for path in body["paths"]) == pytest.approx(difference)
    for path in body["paths"]:
        assert path["slower_ns"] + path["more_calls_ns"] == pytest.approx(path["difference_ns"], abs=1e-3)
    assert body["attributes"][0]["key"] == "payment.provider"
    assert body["error_origins"][0]["service"] == "payment"
    assert body["what_if"]["faster_mean_ns"] < body["what_if"]["mean_ns"]


@pytest.mark.parametrize("which", ["diff", "after", "before"])
def test_the_flame_graph_is_as_wide_as_the_mean_response(get: Get, which: str) -> None:
    body = json.loads(get("/compare.json").text)
    tree = parse(get(flame=which))
    [root] = [e for e in tree.iter() if e.tag.endswith("foreignObject") and e.get("y") == "0"]
    assert root.get("width") == "100.0%"
    side = body["baseline" if which == "before" else "selection"]
    frames = next(e for e in tree.iter("table") if "frames" in (e.get("class") or ""))
    widest = next(iter(frames.iter("td")))
    [took] = widest.iter("span")
    assert took.get("title") == f"{round(side['mean_ns']):,} ns"


def test_a_frame_fills_the_width_and_leads_back(get: Get) -> None:
    body = json.loads(get("/compare.json").text)
    orders = next(path for path in body["paths"] if path["service"] == "orders")
    tree = parse(get(frame=orders["path_id"]))
    [top] = [e for e in tree.iter() if e.tag.endswith("foreignObject") and e.get("y") == "0"]
    assert "orders" in text(top)
    assert "gateway POST /checkout" in page_text(get(frame=orders["path_id"]))


def test_a_band_is_compared_with_the_rest_of_the_same_query(get: Get) -> None:
    body = json.loads(get("/compare.json", b="service=gateway", band="high").text)
    assert body["selection"]["traces"] == 54
    assert body["baseline"]["traces"] == 546


def test_both_sides_of_a_band_lead_to_just_their_traces(get: Get, shop_client: FlaskClient) -> None:
    for query in ("service=gateway", "error OR trace.failed", "", SLOW):
        body = json.loads(get("/compare.json", b=query, band="high").text)
        page = parse(get(b=query, band="high"))
        links = [a.get("href", "") for a in page.iter("a") if text(a) == "show them"]
        shown = [shop_client.get(link.replace("/traces?", "/traces.json?")).json for link in links]
        assert [one and one["total"] for one in shown] == [
            body["selection"]["traces"],
            body["baseline"]["traces"],
        ]


def test_too_few_traces_are_described_but_nothing_is_claimed(get: Get) -> None:
    response = get(b="trace.duration>280ms")
    assert "Too few traces to compare" in page_text(response)
    assert "What is different about them" not in page_text(response)
    assert not list(parse(response).iter("progress"))
    assert "Time by call path" in page_text(response)


def test_nothing_selected_is_said(get: Get) -> None:
    assert "No trace is selected." in page_text(get(b="service=nobody"))
    assert json.loads(get("/compare.json", b="service=nobody").text)["selection"]["traces"] == 0


def test_a_broken_query_is_the_users_to_mend(get: Get) -> None:
    assert get(b="service=").status_code in (200, 400)
    assert get(b="duration>fast").status_code == 400
    assert get("/compare.json", b="duration>fast").status_code == 400


def test_the_state_is_in_the_address_and_nonsense_falls_back(get: Get) -> None:
    response = get(band="odd", flame="odd", frame="zz", percent="999999", rows="x", faster="span:1")
    assert response.status_code == 200
    assert "have no span of" in page_text(response)


def test_what_if_is_answered_in_words(get: Get) -> None:
    said = page_text(get(faster="service:payment", percent="100"))
    assert "With payment 100% faster, p50 of" in said


def test_a_part_is_rendered_alone_for_htmx(shop_client: FlaskClient) -> None:
    response = shop_client.get(
        "/compare", query_string={"a": "rest", "b": SLOW}, headers={"HX-Request": "true"}
    )
    assert response.text.lstrip().startswith("<main")


def test_a_search_leads_here_with_its_query_and_times(shop_client: FlaskClient) -> None:
    tree = parse(shop_client.get("/traces", query_string={"q": SLOW, "from": "-1h"}))
    [link] = [a for a in tree.iter("a") if text(a) == "What makes these slow?"]
    asked = parse_qs(urlsplit(link.get("href", "")).query)
    assert asked == {"a": ["rest"], "b": [SLOW], "from": ["-1h"]}
    assert shop_client.get(link.get("href", "")).status_code == 200


@pytest.mark.parametrize(
    ("query", "baseline"),
    [
        ("service=orders service.version=v2", "service=orders"),
        ("service=payment error", "service=payment"),
        ("error", "rest"),
        ("trace.root=gateway trace.duration>0.1s trace.duration<2s", "trace.root=gateway"),
        ("service=payment", "rest"),
    ],
)
def test_slow_ones_versions_and_failures_are_measured_by_the_others(
    shop_client: FlaskClient, query: str, baseline: str
) -> None:
    tree = parse(shop_client.get("/traces", query_string={"q": query}))
    [link] = [a for a in tree.iter("a") if text(a) == "What makes these slow?"]
    assert parse_qs(urlsplit(link.get("href", "")).query)["a"] == [baseline]


def test_all_traces_lead_to_the_slow_ones_among_them(shop_client: FlaskClient) -> None:
    tree = parse(shop_client.get("/traces"))
    [link] = [a for a in tree.iter("a") if text(a) == "What makes these slow?"]
    assert parse_qs(urlsplit(link.get("href", "")).query)["band"] == ["high"]
    [failed] = [a for a in tree.iter("a") if "with errors" in text(a)]
    assert parse_qs(urlsplit(failed.get("href", "")).query)["b"] == ["trace.errors>0"]
    assert "payment · charge" in page_text(shop_client.get(failed.get("href", "")))


def test_a_trace_id_still_means_a_trace(shop_client: FlaskClient) -> None:
    ids = {"a": f"{1:032x}", "b": f"{2:032x}"}
    assert "Two traces compared" in page_text(shop_client.get("/compare", query_string=ids))
    missing = shop_client.get("/compare", query_string={"a": f"{1:032x}", "b": "abc-123"})
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("traces", "query", "offered"),
    [
        (40, "", None),
        (41, "", {"a": "rest", "b": "trace.duration>121ms"}),
        (223, "", {"a": "rest", "b": "", "band": "high"}),
        (60, "name=first", {"a": "rest", "b": "name=first"}),
        (50, "name=first", None),
        (70, "name=first", {"a": "name=first", "b": "name=first trace.duration>133ms"}),
    ],
)
def test_only_sets_that_are_large_enough_are_offered(
    traces: int, query: str, offered: dict[str, str] | None
) -> None:
    """Of requests that take longer one by one, the first 40 are called first; of 70 the first 65."""
    first = 65 if traces == 70 else 15 if traces == 50 else 40
    spans = [
        span(1, 0, number, 2 * number + 101, trace_id=f"{number + 1:032x}", name="first" if number < first else "last")
        for number in range(traces)
    ]  # fmt: skip
    with stored(spans) as store:
        client = create_app(store).test_client()
        page = parse(client.get("/traces", query_string={"q": query}))
        links = [a.get("href", "") for a in page.iter("a") if text(a) == "What makes these slow?"]
        found = [
            {k: v[0] for k, v in parse_qs(urlsplit(each).query, keep_blank_values=True).items()}
            for each in links
        ]
        assert found == ([offered] if offered else [])
        if links:
            assert "Too few traces to compare" not in page_text(client.get(links[0]))


def test_few_errors_are_shown_rather_than_compared() -> None:
    spans = [
        span(1, trace_id=f"{number + 1:032x}", status=Status.ERROR if number < 19 else Status.UNSET)
        for number in range(60)
    ]
    with stored(spans) as store:
        page = parse(create_app(store).test_client().get("/traces"))
    [failed] = [a for a in page.iter("a") if "with errors" in text(a)]
    assert (failed.get("href"), failed.get("title")) == ("/traces?q=trace.errors%3E0", "Show them")


def test_one_root_among_others_is_measured_by_the_same_root_unless_all_are_asked_for() -> None:
    spans = [
        span(1, 0, 0, 900 if number < 30 else 100, trace_id=f"{number + 1:032x}", service="web",
             name="GET /slow" if number < 60 else "GET /other")
        for number in range(120)
    ]  # fmt: skip
    with stored(spans) as store:
        client = create_app(store).test_client()
        response = client.get("/compare", query_string={"a": "rest", "b": "trace.duration>500ms"})
        assert "Nearly all selected traces begin with web · GET /slow; they are measured by" in page_text(
            response
        )
        body = json.loads(client.get("/compare.json?a=rest&b=trace.duration%3E500ms").text)
        assert (body["baseline"]["traces"], body["baseline_root"]) == (30, "web · GET /slow")
        [listed] = [
            a for a in parse(response).iter("a") if text(a) == "show them" and "root" in a.get("href", "")
        ]
        assert parse_qs(urlsplit(listed.get("href", "")).query)["q"] == [
            '-(trace.duration>500ms) trace.root="web · GET /slow"'
        ]
        [all_] = [a for a in parse(response).iter("a") if text(a) == "Compare with all others"]
        everything = client.get(f"{all_.get('href', '')}&attributes=now")
        assert "root operation" in page_text(everything)
        [back] = [
            a for a in parse(everything).iter("a") if text(a) == "Compare with traces of that root only"
        ]
        assert parse_qs(urlsplit(back.get("href", "")).query)["a"] == ["rest"]


def test_a_service_that_only_slow_traces_call_is_named_and_searched_for() -> None:
    spans = []
    for number in range(80):
        trace_id = f"{number + 1:032x}"
        spans.append(span(1, 0, 0, 900 if number < 30 else 100, trace_id=trace_id, service="web", name="GET"))
        if number < 29:
            pod = Resource({"k8s.pod.name": "audit-1"})
            spans.append(span(2, 1, 5, 800, trace_id=trace_id, service="audit", name="write", resource=pod))
    with stored(spans) as store:
        client = create_app(store).test_client()
        sets = {"a": "rest", "b": "trace.duration>500ms", "attributes": "now"}
        response = client.get("/compare", query_string=sets)
        [tells] = with_class(parse(response), "tells")
        assert text(tells).startswith("takes part of audit: yes")
        assert "k8s.pod.name" not in page_text(
            response
        )  # which pod, of those that take part, tells nothing more
        asked = [parse_qs(urlsplit(a.get("href", "")).query).get("q") for a in parse(response).iter("a")]
        assert ["trace.service=audit"] in asked
        assert ["-trace.service=audit"] in asked


def test_names_stay_text() -> None:
    with stored(hostile_spans()) as store:
        client = create_app(store).test_client()
        response = client.get("/compare", query_string={"a": "rest", "b": "", "band": "fast"})
        assert response.status_code == 200
        assert "<script>window" not in response.text
        assert "<img src=x" not in response.text
        assert client.get("/compare.json", query_string={"a": "rest", "b": ""}).status_code == 200
