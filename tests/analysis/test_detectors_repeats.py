"""The same thing asked again and again: it is found, not just below its threshold, and its guard holds."""

import pytest

from tests.analysis.detecting import below, codes, in_turn, only, query, request
from tests.analysis.drawing import MS, span
from webapp.model.spans import Kind


def test_n_plus_one_needs_five_and_a_twentieth_of_the_response() -> None:
    assert only(below(*in_turn(5, 12)), "n_plus_one").numbers == {"count": 5, "total_ns": 60 * MS}
    assert "n_plus_one" not in codes(below(*in_turn(4, 20)))
    assert "n_plus_one" not in codes(below(*in_turn(5, 9)))


def test_n_plus_one_is_not_said_of_caches_orders_and_cut_texts() -> None:
    for text in ("BEGIN", "SELECT 1", "SELECT a FROM b WHERE c = {}…"):
        assert "n_plus_one" not in codes(below(*in_turn(6, 20, text)))
    redis = [
        query(f"q{k}", 10 + 30 * k, 30 + 30 * k, f"GET k{k}", attributes={"db.system": "redis"})
        for k in range(6)
    ]
    assert "n_plus_one" not in codes(below(*redis))


def test_n_plus_one_with_hidden_parameters_says_so() -> None:
    found = only(below(*in_turn(6, 20, "SELECT * FROM d WHERE id = ?")), "n_plus_one")
    assert "parameters hidden" in found.message


def test_calls_of_one_route_are_n_plus_one_calls_and_pages_are_only_noted() -> None:
    calls = [request(f"c{k}", 10 + 30 * k, 30 + 30 * k, f"http://api/items/{k}00") for k in range(6)]
    assert only(below(*calls, until=300), "n_plus_one_calls").severity == "high"
    pages = [request(f"c{k}", 10 + 30 * k, 30 + 30 * k, f"http://api/items?page={k}") for k in range(6)]
    found = only(below(*pages, until=300), "n_plus_one_calls")
    assert (found.severity, "page by page" in found.message) == ("info", True)


def test_the_same_question_three_times_is_repeated_and_twice_is_not() -> None:
    asked = [
        query(f"q{k}", 10 + 40 * k, 40 + 40 * k, "SELECT name FROM users WHERE id = 7") for k in range(3)
    ]
    found = only(below(*asked), "repeated_identical")
    assert found.numbers == {"count": 3, "wasted_ns": 60 * MS}
    assert found.gain_ns == 60 * MS
    assert "repeated_identical" not in codes(below(*asked[:2]))


def test_writes_placeholders_and_polling_are_no_repeated_questions() -> None:
    for text in ("UPDATE users SET n = 1", "SELECT name FROM users WHERE id = ?"):
        asked = [query(f"q{k}", 10 + 40 * k, 40 + 40 * k, text) for k in range(4)]
        assert "repeated_identical" not in codes(below(*asked))
    polled = [request(f"c{k}", 10 + 2000 * k, 300 + 2000 * k, "http://api/job/done") for k in range(4)]
    assert "repeated_identical" not in codes(below(*polled, until=9000))


@pytest.mark.parametrize(
    "url", ["api:8083", "http://api:8083", "http://api/users/{id}", "http://api/users?key=REDACTED"]
)
def test_a_url_that_says_only_half_of_what_is_asked_is_no_repeated_question(url: str) -> None:
    asked = [request(f"c{k}", 10 + 50 * k, 50 + 50 * k, url) for k in range(4)]
    assert "repeated_identical" not in codes(below(*asked))


def test_a_key_with_a_placeholder_is_no_repeated_question_and_a_time_in_a_text_is_no_placeholder() -> None:
    for text, repeated in (("GET price:{sku}", False), ("SELECT a FROM t WHERE at = '10:32'", True)):
        asked = [query(f"q{k}", 10 + 40 * k, 40 + 40 * k, text) for k in range(4)]
        assert ("repeated_identical" in codes(below(*asked))) == repeated


def test_the_same_question_of_one_service_from_many_places_counts_from_five_on() -> None:
    steps = [span(f"s{k}", "p", 100 * k, 100 * k + 90, name=f"step {k}", service="s") for k in range(5)]
    asked = [
        request(f"c{k}", 100 * k + 10, 100 * k + 60, "http://api/settings/all", f"s{k}") for k in range(5)
    ]
    assert only(below(*steps, *asked), "repeated_identical").numbers["count"] == 5
    assert "repeated_identical" not in codes(below(*steps, *asked[:4]))


def test_fifteen_calls_between_two_parties_are_chatty_unless_a_batch_makes_them() -> None:
    calls = [
        request(f"c{k:02d}", 10 + 20 * k, 12 + 20 * k, f"http://api/{'abcdefghijklmnop'[k]}")
        for k in range(15)
    ]
    assert only(below(*calls), "chatty").numbers == {"count": 15}
    assert "chatty" not in codes(below(*calls[:14]))
    job = [span("p", "", 0, 1000, kind=Kind.CONSUMER, service="s"), *calls]
    assert "chatty" not in codes(job)


def test_who_is_chatty_is_the_caller_also_where_only_the_answers_are_recorded() -> None:
    answers = [
        span(f"c{k:02d}", "p", 10 + 20 * k, 12 + 20 * k, name=f"get {k}", service="api", kind=Kind.SERVER)
        for k in range(15)
    ]
    assert only(below(*answers), "chatty").message == "s calls api 15 times for one request"


def test_more_than_twenty_calls_of_one_span_are_a_wide_fan_out() -> None:
    calls = [
        request(f"c{k:02d}", 10, 20 + k, "http://h/x", attributes={"server.address": f"h{k}"})
        for k in range(21)
    ]
    assert only(below(*calls), "wide_fanout").numbers == {"count": 21}
    assert "wide_fanout" not in codes(below(*calls[:20]))
    delivered = [span("p", "", 0, 1000, kind=Kind.CONSUMER, service="s"), *calls]
    assert "wide_fanout" not in codes(delivered)
    lost = [span("r", "", 0, 1000, service="s"), *calls]
    assert "wide_fanout" not in codes(lost)


def test_what_happens_below_a_lost_span_is_said_of_a_lost_span() -> None:
    assert only([span("r", "", 0, 300), *in_turn(6, 20)], "n_plus_one").message.startswith(
        "A span that was not received asks “SELECT"
    )
