"""Findings, the what-if and the standing of a span, as the page and its parts show them."""

from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient

from tests.samples import checkout
from tests.views.parsing import parse, text, with_class
from tests.views.traces import CHECK, ID, PART, Opened, get, rows, span, words
from webapp.analysis.detectors import part
from webapp.analysis.detectors.rules import rule_of
from webapp.model.spans import Kind, Span, Status
from webapp.views.trace import page as trace
from webapp.views.trace import why as trace_why


def queries(count: int, each_ms: int = 10) -> list[Span]:
    asked = [
        span(
            10 + k, 1, 5 + (each_ms + 1) * k, 5 + (each_ms + 1) * k + each_ms,
            name="SELECT", kind=Kind.CLIENT,
            attributes={"db.system": "postgresql", "db.statement": f"SELECT * FROM d WHERE id = {k}"},
        )
        for k in range(count)
    ]  # fmt: skip
    return [span(1, 0, 0, 5 + (each_ms + 1) * count, kind=Kind.SERVER), *asked]


def lines(page: Element) -> list[Element]:
    return with_class(page, "finding")


def test_a_finding_is_a_sentence_with_its_gain_its_spans_and_how_it_is_known(opened: Opened) -> None:
    client = opened(*queries(10))
    [line] = lines(parse(get(client)))
    assert words(line).startswith(
        "High web · step 1 asks “SELECT * FROM d WHERE id = ?” 10 times in a row: 100 ms; could save 90.0 ms"
    )
    assert rule_of("n_plus_one") in text(line)
    links = {text(link): link.get("href", "") for link in line.iter("a")}
    assert links["first"].endswith(f"/show/{10:016x}")
    assert client.get(links["last"]).headers["Location"].endswith(f"#s{19:016x}")


def test_findings_stand_in_the_json(opened: Opened) -> None:
    [finding] = get(opened(*queries(10)), ".json").get_json()["findings"]
    assert (finding["code"], finding["severity"], finding["gain_ns"]) == ("n_plus_one", "high", 90_000_000)
    assert finding["span_ids"] == [f"{10 + k:016x}" for k in range(10)]
    assert finding["parent_span_id"] == f"{1:016x}"


def failing(count: int) -> list[Span]:
    return [
        span(1, 0, 0, 50),
        *(span(2 + k, 1, k, k + 1, name=f"job {k}", status=Status.ERROR) for k in range(count)),
    ]


def test_more_than_three_findings_are_folded_under_their_number(opened: Opened) -> None:
    page = parse(get(opened(*failing(8))))
    further = with_class(page, "further")[0]
    assert text(next(further.iter("summary"))) == "5 more"
    assert (len(lines(page)), len(lines(further))) == (8, 5)


def test_an_error_that_was_handled_is_said_to_be_in_the_list_and_in_its_row(opened: Opened) -> None:
    page = parse(get(opened(*failing(1))))
    assert "handled by web · step 1, which did not fail" in text(lines(page)[0])
    assert "handled" in text(rows(page)[1])
    assert "handled" not in text(rows(page)[0])
    assert "handled" in rows(page)[1].get("aria-label", "")


def test_an_error_below_a_root_that_failed_by_itself_is_not_said_to_be_handled(opened: Opened) -> None:
    failed = {"status": Status.ERROR}
    below = span(2, 1, 10, 90, service="db"), span(3, 2, 20, 30, service="db", **failed)
    page = parse(get(opened(span(1, 0, 0, 100, **failed), *below)))
    assert "The error began in db · step 3; db · step 2 above it did not fail, but the trace did." in text(
        lines(page)[0]
    )
    assert "Medium" in text(lines(page)[0])


def test_what_failed_behind_an_answer_is_not_told_again_nor_that_the_answer_failed(opened: Opened) -> None:
    failed = {"status": Status.ERROR}
    page = parse(get(opened(span(1, 0, 0, 100, **failed), span(2, 1, 10, 90), span(3, 2, 20, 30, **failed))))
    assert "Failed in web · step 3" in text(with_class(page, "verdict")[0])
    assert lines(page) == []


def test_time_that_others_ran_beside_is_not_said_to_be_saved(opened: Opened) -> None:
    beside = span(3, 1, 0, 889, service="other")
    page = parse(get(opened(span(1, 0, 0, 900), span(2, 1, 5, 890), span(4, 2, 880, 890), beside)))
    gap = next(line for line in lines(page) if line.get("data-code") == "gap")
    assert "alone it saves at most 1.00 ms: others ran meanwhile" in text(gap)
    assert text(with_class(gap, "sev")[0]) == "Note"


def test_the_failure_of_the_trace_is_not_told_twice(opened: Opened) -> None:
    failed = {"status": Status.ERROR}
    page = parse(get(opened(span(1, 0, 0, 100, **failed), span(2, 1, 10, 90, **failed))))
    assert "Failed in web · step 2" in text(with_class(page, "verdict")[0])
    assert lines(page) == []


def test_a_large_trace_shows_its_findings_after_the_page(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (trace, trace_why):
        monkeypatch.setattr(module, "AT_ONCE", 5)
    client = opened(*queries(10))
    page = parse(get(client))
    assert lines(page) == []
    later = next(element for element in page.iter("div") if element.get("id") == "why")
    assert (later.get("hx-trigger"), later.get("hx-get")) == ("load", f"/trace/{ID}/why")
    link = next(later.iter("a")).get("href", "")
    assert len(lines(parse(client.get(link)))) == 1  # without script, as a page of its own
    part = client.get(link, headers=PART).get_data(as_text=True)
    assert part.lstrip().startswith('<details id="why" class="later">')
    asked = parse(get(client, faster="service:web"))
    assert "the response takes" in answer(asked)  # what was asked for comes with the page


def test_what_was_not_looked_at_is_said(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "MOST_SPANS", 5)
    page = parse(get(opened(*queries(10))))
    assert "6 spans of this trace were not looked at" in text(with_class(page, "verdict")[0])


def answer(page: Element) -> str:
    return text(next(element for element in page.iter("div") if element.get("id") == "answer"))


@pytest.mark.parametrize(
    ("faster", "percent", "said"),
    [
        ("service:fraud-service", "50", "the response takes 2.40 s, 1.60 s less (40%)"),
        ("operation:fraud-service · check", "100", "the response takes 800 ms, 3.20 s less (80%)"),
        (f"span:{CHECK}", "50", "With this fraud-service · check 50% faster the response takes 2.40 s"),
        ("service:notification-service", "100", "the response takes 3.90 s, 100 ms less"),
        ("service:nobody", "50", "This trace has no service:nobody."),
        ("span:zz", "50", "This trace has no span:zz."),
        ("what", "50", "This trace has no what."),
    ],
)
def test_what_if_without_script(checkout_client: FlaskClient, faster: str, percent: str, said: str) -> None:
    page = parse(get(checkout_client, faster=faster, percent=percent))
    assert said in answer(page)
    details = next(element for element in page.iter("details") if element.get("id") == "whatif")
    assert details.get("open") is not None


def test_a_span_with_all_below_it_can_be_faster(checkout_client: FlaskClient) -> None:
    charge = get(checkout_client, ".json").get_json()["spans"][2]["span_id"]
    said = answer(parse(get(checkout_client, faster=f"below:{charge}", percent="100")))
    assert "this payment-service · charge and all below it 100% faster the response takes 500 ms" in said


def test_the_form_asks_for_what_the_page_shows_and_keeps_its_state(checkout_client: FlaskClient) -> None:
    page = parse(get(checkout_client, depth="2", path="0"))
    form = next(form for form in page.iter("form") if form.get("hx-get"))
    fields = {field.get("name"): field.get("value") for field in form.iter("input")}
    assert (fields["depth"], fields["path"]) == ("2", "0")
    options = [option.get("value") for option in form.iter("option")]
    assert "operation:fraud-service · check" in options
    assert "service:fraud-service" in options


def test_the_answer_alone_names_the_address_that_goes_with_it(checkout_client: FlaskClient) -> None:
    here = f"http://localhost/trace/{ID}?depth=2&faster=service:old"
    part = checkout_client.get(
        f"/trace/{ID}/whatif",
        query_string={"faster": "service:fraud-service", "percent": "30", "depth": "9"},
        headers={**PART, "HX-Current-URL": here},
    )
    body = parse_fragment(part.get_data(as_text=True))
    named = next(element for element in body.iter("div") if element.get("id") == "answer")
    query = parse_qs(urlsplit(named.get("data-url", "")).query)
    assert query == {"depth": ["2"], "faster": ["service:fraud-service"], "percent": ["30"]}


def parse_fragment(html: str) -> Element:
    import html5lib

    return html5lib.parse(f"<!doctype html><title>x</title>{html}", namespaceHTMLElements=False)  # type: ignore[no-any-return]


def test_an_opened_span_leads_to_what_if_it_were_faster(opened: Opened) -> None:
    client = opened(*checkout.spans())
    page = parse(get(client, f"/span/{CHECK}"))
    link = next(link.get("href", "") for link in page.iter("a") if text(link) == "What if this were faster?")
    shown = client.get(link).headers["Location"]
    assert shown.endswith("#whatif")
    assert "With this fraud-service · check 50% faster" in answer(parse(client.get(shown)))


def slow_checks(client_of: Opened, others: int) -> FlaskClient:
    """The checkout, and `others` traces of one fast check each."""
    fast = [
        span(1, 0, 0, 10, trace_id=f"{k + 1:032x}", service="fraud-service", name="check")
        for k in range(others)
    ]
    return client_of(*checkout.spans(), *fast)


def test_a_span_says_where_it_stands_among_those_of_its_operation(opened: Opened) -> None:
    page = parse(get(slow_checks(opened, 39), f"/span/{CHECK}"))
    [standing] = with_class(page, "standing")
    assert "Slower than 97.5% of 40 check spans" in text(standing)
    assert "p50 10.0 ms · p95 10.0 ms" in text(standing)
    assert len(with_class(standing, "own")) == 1


def test_below_twenty_nothing_is_said_of_what_is_usual(opened: Opened) -> None:
    assert with_class(parse(get(slow_checks(opened, 18), f"/span/{CHECK}")), "standing") == []
    assert "usual" not in text(with_class(parse(get(slow_checks(opened, 19))), "verdict")[0])


def test_the_verdict_says_how_far_from_usual_the_cause_is(opened: Opened) -> None:
    said = text(with_class(parse(get(slow_checks(opened, 20))), "verdict")[0])
    assert "320× its usual p95 of 10.0 ms." in said
    verdict = get(slow_checks(opened, 20), ".json").get_json()["verdict"]
    assert "320× its usual p95 of 10.0 ms." in verdict["qualifiers"]


def test_a_verdict_that_rests_on_little_says_so(opened: Opened) -> None:
    page = parse(get(opened(span(1, 0, 0, 100), span(2, 9, 10, 90, name="late"))))
    [tag] = [tag for tag in with_class(with_class(page, "verdict")[0], "tag") if "confidence" in text(tag)]
    assert text(tag) == "medium confidence"
    assert "not received" in tag.get("title", "")


def test_of_a_large_trace_what_is_usual_comes_with_the_findings(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_why, "AT_ONCE", 0)
    monkeypatch.setattr(trace, "AT_ONCE", 0)
    client = slow_checks(opened, 20)
    assert "usual" not in text(with_class(parse(get(client)), "verdict")[0])
    assert "320× its usual p95 of 10.0 ms." in client.get(f"/trace/{ID}/why", headers=PART).text
    assert "320× its usual p95 of 10.0 ms." in text(with_class(parse(get(client)), "verdict")[0])
