"""The trace page: what its head says of the trace, its path, its repairs and the way back."""

from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import CHECK, ID, Opened, get, names, span, words
from webapp.model.spans import Kind, Span, Status


def test_the_head_says_what_took_the_time(checkout_client: FlaskClient) -> None:
    page = parse(get(checkout_client))
    verdict = with_class(page, "verdict")[0]
    assert "fraud-service · check is 80% of the 4.00 s" in text(verdict)
    assert "All of it is the span’s own work" in text(verdict)
    assert "fraud-service 80% 3.20 s" in words(verdict)
    assert "4.00 s 5 spans 5 services 3 levels 0 errors" in words(with_class(page, "facts")[0])


def test_a_clock_that_began_at_zero_tells_no_date(opened: Opened) -> None:
    facts = words(with_class(parse(get(opened(span(1, 0, 0, 100)))), "facts")[0])
    assert "no date 00:16:40.000" in facts
    assert "1970" not in facts
    assert "UTC" not in facts


def test_no_id_stands_on_a_page_twice(client: FlaskClient) -> None:
    """A script that asks for the dialog of keys must not be given a list of attributes."""
    for query in (
        {},
        {"span": CHECK},
        {"view": "flame"},
        {"view": "map"},
        {"view": "events"},
        {"view": "spans"},
    ):
        page = parse(client.get(f"/trace/{ID}", query_string=query))
        found = [element.get("id") for element in page.iter() if element.get("id")]
        assert sorted(found) == sorted(set(found)), query


def test_a_failure_is_told_first_with_message_and_caller(opened: Opened) -> None:
    client = opened(
        span(1, 0, 0, 100, kind=Kind.SERVER, status=Status.ERROR),
        span(
            2, 1, 10, 90, service="pay", name="charge", status=Status.ERROR, status_message="card <declined>"
        ),
    )
    said = [text(line) for line in with_class(parse(get(client)), "say") if line.tag == "p"]
    assert said[0].startswith(
        "FailedFailed in pay · charge: card <declined> (80.0 ms), called by web · step 1"
    )
    assert "pay · charge is 80%" in said[1]


def test_the_way_back_keeps_the_search(client: FlaskClient) -> None:
    found = client.get("/traces", query_string={"q": "payment.status=failed", "sort": "slowest"})
    links = [link.get("href", "") for link in with_class(parse(found), "title")]
    page = parse(client.get(links[1]))
    crumbs = with_class(page, "crumbs")[0]
    back = next(link.get("href", "") for link in crumbs.iter("a") if text(link) == "Results")
    assert parse_qs(urlsplit(back).query) == {"q": ["payment.status=failed"], "sort": ["slowest"]}
    assert "2 of 34, slowest first" in text(crumbs)
    around = {link.get("rel"): link.get("href") for link in crumbs.iter("a") if link.get("rel")}
    assert around == {"prev": links[0], "next": links[2]}


def test_a_trace_that_goes_on_long_after_the_response_opens_on_the_completion_path(opened: Opened) -> None:
    client = opened(
        span(1, 0, 0, 100, kind=Kind.PRODUCER),
        span(2, 1, 500, 900, kind=Kind.CONSUMER, service="worker", name="mail"),
    )
    response = with_class(parse(get(client, path="response")), "verdict")[0]
    assert "The last span ends 800 ms after the response" in text(response)
    completion = with_class(parse(get(client)), "verdict")[0]
    assert "until the last span ended" in text(completion)
    assert "waiting" in text(with_class(completion, "shares")[0])


def test_the_word_before_the_sentence_is_true_where_nobody_is_to_blame(opened: Opened) -> None:
    def word(*spans: Span) -> str:
        return text(with_class(with_class(parse(get(opened(*spans))), "verdict")[0], "tag")[0])

    assert word(span(1, 0, 0, 0)) == "No time"
    assert word(span(2, 1, 0, 1), span(3, 1, 999, 1000)) == "Not received"


def test_the_time_of_all_spans_is_that_of_the_picture_after_clocks_were_shifted(opened: Opened) -> None:
    client = opened(
        span(1, 0, 0, 100, kind=Kind.CLIENT),
        span(2, 1, -300, -240, kind=Kind.SERVER, service="worker", name="mail"),
    )
    facts = words(with_class(parse(get(client)), "facts")[0])
    assert facts.startswith("100 ms recorded as 400 ms 2 spans")
    assert "all spans" not in facts


def test_a_trace_whose_response_covers_half_opens_on_the_response(opened: Opened) -> None:
    client = opened(
        span(1, 0, 0, 500, kind=Kind.PRODUCER),
        span(2, 1, 500, 900, kind=Kind.CONSUMER, service="worker", name="mail"),
    )
    links = with_class(parse(get(client)), "segmented")[0]
    assert [(text(link), link.get("aria-current")) for link in links.iter("a")] == [
        ("Response", "true"), ("Completion", None),
    ]  # fmt: skip
    completion = next(link.get("href", "") for link in links.iter("a") if text(link) == "Completion")
    assert parse_qs(urlsplit(completion).query) == {"path": ["completion"]}


def test_the_path_as_jaeger_draws_it_is_a_state_and_says_so(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 100), span(2, 1, 20, 500, service="worker", name="reindex"))
    ours, theirs = (parse(get(client, **state)) for state in ({"path": "response"}, {"overflow": "truncate"}))
    assert "web · step 1 is 100%" in text(with_class(ours, "say")[0])
    assert "worker · reindex is 80%" in text(with_class(theirs, "say")[0])
    assert "As Jaeger draws it" in text(with_class(theirs, "pathline")[0])
    assert "As Jaeger" not in text(with_class(ours, "pathline")[0])
    menu = with_class(ours, "paths")[0]
    assert any("overflow=truncate" in link.get("href", "") for link in menu.iter("a"))
    carets = [link.get("href", "") for link in with_class(theirs, "caret")]
    assert all("overflow=truncate" in href for href in carets)


def test_repairs_are_listed_and_lead_to_their_span(opened: Opened) -> None:
    client = opened(span(1), span(2, 9, 2, 5))
    page = parse(get(client))
    warnings = with_class(page, "warnings")[0]
    assert "1 warning about this trace" in text(warnings)
    shown = client.get(next(warnings.iter("a")).get("href", ""))
    assert shown.headers["Location"] == f"/trace/{ID}?span={'2'.rjust(16, '0')}#s{'2'.rjust(16, '0')}"
    assert "span not received" in names(page)


def test_the_bottleneck_leads_to_its_longest_span(opened: Opened) -> None:
    client = opened(span(1), span(2, 1, 0, 2, name="read"), span(3, 1, 2, 9, name="read"))
    page = parse(get(client))
    link = next(link for link in with_class(page, "verdict")[0].iter("a") if text(link) == "web · read")
    assert f"/show/{'3'.rjust(16, '0')}" in link.get("href", "")


def test_the_same_warning_is_given_once_with_its_first_spans(opened: Opened) -> None:
    page = parse(get(opened(span(1), *(span(n, 1, 9, 5, name=f"late {n}") for n in range(2, 7)))))
    lines = list(with_class(page, "warnings")[0].iter("li"))
    assert len(lines) == 1
    assert "× 5" in text(lines[0])
    assert [text(link) for link in lines[0].iter("a")] == ["web · late 2", "web · late 3", "web · late 4"]
    assert "and 2 more" in text(lines[0])
