"""Gaps, queues, locks, slow calls, lost spans: found, not just below the threshold, and the guard holds."""

from typing import Any

from tests.analysis.detecting import below, codes, only, query, request
from tests.analysis.drawing import MS, span
from webapp.model.spans import Kind, Span


def test_a_gap_is_a_tenth_of_a_second_and_a_fifth_of_the_response() -> None:
    inner = [span("a", "p", 0, 300), span("b", "p", 505, 1000)]
    assert only(below(*inner), "gap").gain_ns == 205 * MS
    assert "gap" not in codes(below(span("a", "p", 0, 300), span("b", "p", 495, 1000)))


def test_a_stretch_that_another_child_fills_is_no_gap() -> None:
    staggered = [span("a", "p", 0, 500), span("b", "p", 400, 1000)]
    assert "gap" not in codes(below(*staggered))


def test_a_gap_says_what_ran_in_the_background() -> None:
    background = span("w", "p", 310, 1400, name="reindex")
    found = only(below(span("a", "p", 0, 300), background, span("b", "p", 900, 1000)), "gap")
    assert "reindex ran 590 ms of it in the background" in found.message


def test_a_message_may_wait_a_second_and_one_that_was_delayed_is_only_noted() -> None:
    def waiting(until: float, **attributes: Any) -> list[Span]:
        sent = span("m", "p", 10, 20, kind=Kind.PRODUCER, attributes=attributes)
        return below(sent, span("k", "m", until, until + 50, kind=Kind.CONSUMER, service="w"), until=100)

    assert only(waiting(1025), "queue_wait").numbers["wait_ns"] == 1005 * MS
    assert "queue_wait" not in codes(waiting(1015))
    assert only(waiting(1025, **{"messaging.message.delay": 1000}), "queue_wait").severity == "info"
    assert (only(waiting(1025), "queue_wait").severity, only(waiting(1025), "queue_wait").gain_ns) == (
        "high",
        1005 * MS,
    )


def test_waiting_for_a_lock_is_known_by_the_name_and_a_checkout_is_not() -> None:
    assert (
        only(below(span("l", "p", 10, 210, name="acquireConnection")), "lock_or_pool_wait").gain_ns
        == 200 * MS
    )
    assert only(below(span("l", "p", 10, 210, name="lock_rows")), "lock_or_pool_wait").gain_ns == 200 * MS
    assert only(below(span("l", "p", 10, 210, name="getConnection")), "lock_or_pool_wait").message.endswith(
        "by its name it waits for a connection"
    )
    for name in ("checkout", "block", "clock tick", "spool", "Sleep ${wait}"):
        assert "lock_or_pool_wait" not in codes(below(span("l", "p", 10, 210, name=name)))
    assert "lock_or_pool_wait" not in codes(below(span("l", "p", 10, 100, name="lock_rows")))


def test_ten_queries_at_once_are_noted() -> None:
    together = [query(f"q{k:02d}", 10 + k, 60 + k, f"SELECT {k} FROM t{k}") for k in range(10)]
    assert only(below(*together), "lock_or_pool_wait").numbers == {"count": 10}
    assert "lock_or_pool_wait" not in codes(below(*together[:9]))


def test_connections_made_anew_count_from_two_calls_on() -> None:
    calls = [request(f"c{k}", 10 + 200 * k, 110 + 200 * k, f"http://api/{'ab'[k]}") for k in range(2)]
    steps = [span(f"t{k}", f"c{k}", 10 + 200 * k, 35 + 200 * k, name="tls.handshake") for k in range(2)]
    assert only(below(*calls, *steps), "connection_overhead").gain_ns == 50 * MS
    assert "connection_overhead" not in codes(below(*calls, steps[0]))


def test_a_query_of_half_a_second_is_slow() -> None:
    assert only(below(query("q", 10, 510, "SELECT a FROM t")), "slow_query").gain_ns == 500 * MS
    assert "slow_query" not in codes(below(query("q", 10, 509, "SELECT a FROM t")))


def test_time_between_client_and_server() -> None:
    call = request("c", 0, 200, "http://api/x")
    assert (
        only(below(call, span("w", "c", 60, 150, kind=Kind.SERVER, service="api")), "large_transport").gain_ns
        == 110 * MS
    )
    assert "large_transport" not in codes(
        below(call, span("w", "c", 50, 155, kind=Kind.SERVER, service="api"))
    )


def test_what_is_missing_and_what_came_twice_is_said() -> None:
    assert only([span("p", "lost", 0, 100)], "missing_spans").numbers == {"count": 1}
    twice = [span("p", "", 0, 100), span("a", "p", 0, 50), span("a", "p", 0, 50)]
    assert "1 copy dropped" in only(twice, "duplicate_span").message
    namesakes = [span("p", "", 0, 100), span("a", "p", 0, 50), span("a", "p", 10, 50, name="b")]
    assert only(namesakes, "duplicate_span").message == "1 span has the id of another span"
