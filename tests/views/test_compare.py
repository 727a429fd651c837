"""The comparison of two traces: what it says and shows, how it is reached, and what it does when one is missing."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.views.parsing import parse, text, with_class
from tests.views.traces import Opened, span, words
from webapp.model.spans import Resource, Span, Status

A, B = "a" * 31 + "1", "b" * 31 + "2"
AUTH = "0000000000000002"
Get = Callable[..., TestResponse]


def before() -> list[Span]:
    return [
        span(1, 0, 0, 400, trace_id=A, name="GET /cart", service="web"),
        span(2, 1, 5, 25, trace_id=A, name="verify", service="auth"),
        span(20, 2, 6, 8, trace_id=A, name="decode", service="auth"),
        span(3, 1, 30, 330, trace_id=A, name="load", service="cart",
             attributes={"rows": 3, "same": "x", "alpha": 1}, resource=Resource({"service.version": "1.4"})),
        span(4, 3, 40, 60, trace_id=A, name="SELECT", service="cart"),
        span(5, 3, 70, 90, trace_id=A, name="SELECT", service="cart"),
        span(8, 1, 335, 390, trace_id=A, name="legacy <log>", service="web"),
    ]  # fmt: skip


def after() -> list[Span]:
    return [
        span(1, 0, 0, 900, trace_id=B, name="GET /cart", service="web", status=Status.ERROR),
        span(2, 1, 5, 25, trace_id=B, name="verify", service="auth"),
        span(20, 2, 6, 8, trace_id=B, name="decode", service="auth"),
        span(3, 1, 30, 850, trace_id=B, name="load", service="cart", status=Status.ERROR,
             status_message="timeout", attributes={"rows": 300, "same": "x", "beta": 1},
             resource=Resource({"service.version": "1.5"})),
        span(4, 3, 40, 60, trace_id=B, name="SELECT", service="cart"),
        span(5, 3, 70, 95, trace_id=B, name="SELECT", service="cart"),
        span(9, 3, 100, 130, trace_id=B, name="SELECT", service="cart"),
        span(11, 1, 855, 890, trace_id=B, name="flush", service="web"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def get(opened_once: Opened) -> Get:
    client = opened_once(*before(), *after())

    def fetch(path: str = "/compare", /, **state: str) -> TestResponse:
        return client.get(path, query_string={"a": A, "b": B} | state)

    return fetch


def letters(number: int) -> str:
    """A name without digits, which would make all the calls one operation."""
    return chr(97 + number // 26) + chr(97 + number % 26)


def rows(page: Element) -> list[Element]:
    return [*with_class(page, "pairrow")]


def names(page: Element) -> list[str]:
    return [text(with_class(row, "op")[0]) for row in rows(page)]


def row_of(page: Element, name: str) -> Element:
    return rows(page)[names(page).index(name)]


def differences(page: Element) -> list[str]:
    return [text(cell) for cell in with_class(page, "diffcell")]


def link(page: Element, label: str) -> str:
    return next(a.get("href", "") for a in page.iter("a") if text(a) == label or a.get("aria-label") == label)


def test_the_headline_says_by_how_much_and_where(get: Get) -> None:
    verdict = with_class(parse(get()), "verdict")[0]
    assert "B is 500 ms slower: 485 ms of it in cart · load" in text(verdict)
    assert "B failed, A did not. Failed in cart · load: timeout" in text(verdict)
    assert "6 spans in both, 2 added, 1 removed" in text(verdict)


def test_causes_stand_by_weight_and_are_all_of_the_difference(get: Get) -> None:
    causes = [words(line) for line in with_class(parse(get()), "causes")[0] if line.tag == "li"]
    assert [line.split()[0] for line in causes] == ["+485", "−55.0", "+35.0", "+35.0"]
    assert "cart SELECT ×2 → ×3" in causes[2] + causes[3]
    found = get("/compare.json").get_json()
    assert sum(cause["delta_ns"] for cause in found["causes"]) == found["difference_ns"] == 500_000_000


def test_rows_are_aligned_and_marked_in_words(get: Get) -> None:
    page = parse(get())
    assert names(page) == ["GET /cart", "load", "SELECT", "legacy <log>", "flush"]
    marks = {
        name: [text(tag) for tag in with_class(row, "tag")]
        for name, row in zip(names(page), rows(page), strict=True)
    }
    assert marks == {
        "GET /cart": ["error in B only"],
        "load": ["error in B only"],
        "SELECT": ["×2 → ×3"],
        "legacy <log>": ["− removed"],
        "flush": ["+ added"],
    }  # fmt: skip
    assert text(row_of(page, "load")).startswith("Level 2: cart load")
    assert differences(page) == ["0", "0", "+485 ms", "+35.0 ms", "−55.0 ms", "+35.0 ms"]


def test_each_row_has_two_bars_on_one_scale(get: Get) -> None:
    lane = with_class(row_of(parse(get()), "load"), "lane")[0]
    bars = with_class(lane, "b")
    assert [bar.get("x") for bar in bars] == ["3.333%", "3.333%"]
    assert [bar.get("width") for bar in bars] == ["33.333%", "91.111%"]
    assert "A 300 ms B 820 ms" in words(lane)


def test_unchanged_spans_are_a_line_that_opens(get: Get) -> None:
    page = parse(get())
    assert "2 unchanged spans hidden" in words(with_class(page, "toolbar")[0])
    line = with_class(page, "alike")[0]
    opened = parse(
        get(
            **{
                key: value[0]
                for key, value in parse_qs(urlsplit(link(line, "2 unchanged spans")).query).items()
            }
        )
    )
    assert names(opened)[1:3] == ["verify", "decode"]
    assert names(parse(get(rows="all")))[1:3] == ["verify", "decode"]


def test_a_row_is_folded_and_unfolded_by_links(get: Get) -> None:
    unfolded = parse(get(fold="g0000000000000004"))
    assert names(unfolded).count("SELECT") == 2
    assert [text(line)[:17] for line in with_class(unfolded, "alike")] == ["2 unchanged spans"] * 2
    folded = parse(get(fold="0000000000000001"))
    assert names(folded) == ["GET /cart"]
    assert differences(folded) == ["+500 ms"]
    caret = with_class(folded, "caret")[0]
    assert caret.get("aria-expanded") == "false"
    assert "fold" not in caret.get("href", "")


def test_an_opened_row_tells_what_differs_the_likely_reasons_first(get: Get) -> None:
    page = parse(get(open="0000000000000003"))
    detail = with_class(page, "sides")[0]
    keys = [text(th) for th in with_class(detail, "both")[0].iter("th") if th.get("scope") == "row"]
    assert keys == ["service.version", "rows", "alpha", "beta"]
    assert "service.version 1.4 1.5" in words(detail)
    assert "alpha 1 not there" in words(detail)
    assert "Duration 300 ms 820 ms +520 ms" in words(detail)
    assert "1 attribute is the same same" in words(detail)
    assert "timeout" in words(detail)
    assert link(detail, "In trace A") == f"/trace/{A}/show/0000000000000003"
    assert link(detail, "In trace B") == f"/trace/{B}/show/0000000000000003"


def test_a_span_of_one_trace_opens_with_what_it_has(get: Get) -> None:
    detail = with_class(parse(get(open="x0000000000000008")), "sides")[0]
    assert "Duration 55.0 ms –" in words(detail)
    assert "In trace A" in words(detail)
    assert "In trace B" not in words(detail)


def test_a_cause_leads_to_its_row_unfolded_and_open(get: Get) -> None:
    shown = get(at="0000000000000009")
    assert shown.status_code == 302
    query = parse_qs(urlsplit(shown.headers["Location"]).query)
    assert (query["fold"], query["open"]) == (["g0000000000000004"], ["0000000000000009"])
    assert shown.headers["Location"].endswith("#r0000000000000009")


def test_swapped_it_says_the_opposite(get: Get) -> None:
    page = parse(get(rows="all"))
    swapped = link(page, "Swap A and B")
    query = {key: value[0] for key, value in parse_qs(urlsplit(swapped).query).items()}
    assert query == {"a": B, "b": A, "rows": "all"}
    assert "B is 500 ms faster: 485 ms of it in cart · load" in text(
        with_class(parse(get(**query)), "verdict")[0]
    )


def test_a_trace_with_itself_differs_in_nothing(get: Get) -> None:
    page = parse(get(b=A))
    assert "A and B are the same trace." in text(with_class(page, "verdict")[0])
    assert names(page) == ["GET /cart"]
    assert "6 unchanged spans" in words(with_class(page, "alike")[0])


def test_ids_in_any_form_lead_to_the_one_address(get: Get) -> None:
    written = f"00-{A}-{AUTH}-01"
    answer = get(a=written, b=B.upper(), rows="all")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/compare?a={A}&b={B}&rows=all"


def test_without_traces_it_asks_for_them(get: Get) -> None:
    page = parse(get(a="", b=""))
    form = next(page.iter("form"))
    fields = [field.get("name") for field in page.iter("input")]
    assert form is not None
    assert fields[-2:] == ["a", "b"]
    assert "Compare two traces" in text(page)


def test_a_trace_that_is_not_here_is_named_and_can_be_corrected(get: Get) -> None:
    answer = get(b="c" * 32)
    assert answer.status_code == 404
    page = parse(answer)
    assert f"The trace {'c' * 32} is not here (yet)." in text(page)
    assert [field.get("value") for field in page.iter("input")][-2:] == [A, "c" * 32]
    assert get("/compare.json", b="c" * 32).status_code == 404
    assert get("/compare.json", b="").status_code == 400


def test_where_one_is_missing_others_of_the_same_root_are_offered(client: FlaskClient) -> None:
    slowest = client.get("/traces.json?sort=slowest&limit=2&q=trace.root=checkout").get_json()["traces"]
    page = parse(client.get("/compare", query_string={"a": slowest[1]["trace_id"]}))
    offers = [a.get("href", "") for a in with_class(page, "offers")[0].iter("a")]
    assert ["p50" in words(with_class(page, "offers")[0]), len(offers)] == [True, 2]
    assert offers[1] == f"/compare?a={slowest[1]['trace_id']}&b={slowest[0]['trace_id']}"
    for offer in offers:
        assert client.get(offer).status_code == 200


def test_a_p50_trace_of_the_same_root_is_what_a_trace_is_measured_by(client: FlaskClient) -> None:
    asked = "/traces.json?sort=slowest&limit=500&q=trace.root%3D%22order-service · checkout%22"
    traces = client.get(asked).get_json()["traces"]
    answer = client.get("/compare", query_string={"b": traces[0]["trace_id"], "with": "p50"})
    found = parse_qs(urlsplit(answer.headers["Location"]).query)
    durations = {trace["trace_id"]: trace["duration_ns"] for trace in traces}
    assert found["b"] == [traces[0]["trace_id"]]
    half = sorted(durations.values())[(len(durations) - 1) // 2]
    assert durations[found["a"][0]] == half


def test_the_only_one_of_its_kind_has_no_p50(opened: Opened) -> None:
    page = parse(opened(*before()).get(f"/compare?b={A}&with=p50"))
    assert "No other trace begins with web · GET /cart" in text(page)


def test_two_that_are_ticked_are_compared_the_shorter_one_as_a(get: Get) -> None:
    ticked = get("/compare", a="", b="", trace=[B, A])  # type: ignore[arg-type]
    assert ticked.headers["Location"] == f"/compare?a={A}&b={B}"
    assert get("/compare", a="", b="", trace=[A]).headers["Location"] == f"/compare?a={A}"  # type: ignore[arg-type]
    assert get("/compare", a="", b="", trace=[A, B, A]).status_code == 400  # type: ignore[arg-type]


def test_results_and_traces_lead_here(client: FlaskClient) -> None:
    results = parse(client.get("/traces"))
    ticks = [field for field in results.iter("input") if field.get("form") == "compare"]
    assert len(ticks) == 50
    trace = with_class(results, "title")[0].get("href", "")
    page = parse(client.get(trace))
    ways = [a.get("href", "") for a in page.iter("a") if text(a).startswith("Compare with")]
    assert [client.get(way).status_code for way in ways] == [302, 200]


def test_rows_come_in_pages_of_two_hundred_and_say_how_many(opened: Opened) -> None:
    def long(trace_id: str, longer: int) -> list[Span]:
        calls = [
            span(
                k,
                1,
                10 * k,
                10 * k + 1 + longer,
                trace_id=trace_id,
                name=f"call {letters(k)}",
            )
            for k in range(2, 502)
        ]
        return [span(1, 0, 0, 9_000, trace_id=trace_id), *calls]

    client = opened(*long(A, 0), *long(B, 8))
    page = parse(client.get(f"/compare?a={A}&b={B}&rows=all"))
    assert len(rows(page)) == 200
    assert "Rows 1–200 of 501" in text(with_class(page, "pages")[0])
    last = parse(client.get(f"/compare?a={A}&b={B}&rows=all&row=400"))
    assert [len(rows(last)), rows(last)[0].get("aria-rowindex")] == [101, "402"]
    beyond = parse(client.get(f"/compare?a={A}&b={B}&rows=all&row=99999"))
    assert names(beyond) == names(last)


def test_every_cause_is_within_reach(opened: Opened) -> None:
    def many(trace_id: str, longer: int) -> list[Span]:
        calls = [
            span(k, 1, 10 * k, 10 * k + 1 + longer, trace_id=trace_id, name=f"call {letters(k)}")
            for k in range(2, 252)
        ]
        return [span(1, 0, 0, 9_000, trace_id=trace_id), *calls]

    client = opened(*many(A, 0), *many(B, 5))
    few = parse(client.get(f"/compare?a={A}&b={B}"))
    assert "250 more causes below 1%" in text(few)
    every = parse(client.get(link(few, "Show all")))
    assert len([line for line in with_class(every, "causes")[0] if line.tag == "li"]) == 200
    assert "51 more causes, together" in text(every)
    assert len(client.get(f"/compare.json?a={A}&b={B}").get_json()["causes"]) == 251


def test_the_twin_has_every_row_and_both_spans(get: Get) -> None:
    found = get("/compare.json").get_json()
    assert found["headline"].startswith("B is 500 ms slower")
    assert found["counts"] == {"same": 6, "added": 2, "removed": 1, "inserted": 0, "unwrapped": 0, "moved": 0}
    assert [found["rows_total"], found["next_row"]] == [10, None]
    load = next(row for row in found["rows"] if row["operation"] == "load")
    assert load == {
        "depth": 1, "service": "cart", "operation": "load", "change": "same", "moved": False,
        "count_a": 1, "count_b": 1, "delta_ns": 485_000_000,
        "a": {"span_id": "0000000000000003", "name": "load", "duration_ns": 300_000_000,
              "critical_ns": 260_000_000, "failed": False},
        "b": {"span_id": "0000000000000003", "name": "load", "duration_ns": 820_000_000,
              "critical_ns": 745_000_000, "failed": True},
    }  # fmt: skip
    assert get("/compare.json", row="8").get_json()["row"] == 8


@pytest.mark.parametrize(
    "state",
    [
        {"fold": "nonsense"}, {"fold": "u0000000000000001"}, {"fold": "gx0000000000000001"}, {"open": "0000000000000abc"},
        {"open": "g0000000000000004"}, {"row": "-1"}, {"row": "9" * 30}, {"rows": "some"}, {"at": "x"},
        {"at": "0000000000000abc"},
        {"at": "g0000000000000001"}, {"fold": "0000000000000003_7"},
    ],
)  # fmt: skip
def test_any_state_is_a_page(get: Get, state: dict[str, str]) -> None:
    assert get(**state).status_code in (200, 302)
