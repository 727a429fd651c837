"""One after another, and the last of many: found, not just below its threshold, and its guard holds."""

from typing import Any

from tests.analysis.detecting import below, codes, only, query
from tests.analysis.drawing import MS, span
from webapp.model.spans import Kind, Span


def served(ident: str, start: float, end: float, service: str, **fields: Any) -> Span:
    return span(ident, "p", start, end, kind=Kind.SERVER, service=service, name="get", **fields)


def shards(last_end: float, **last: Any) -> list[Span]:
    usual = [
        span(
            f"s{k}",
            "p",
            10,
            60,
            name="scan",
            service="d",
            kind=Kind.CLIENT,
            attributes={"http.response.body.size": 10},
        )
        for k in range(4)
    ]
    return [
        *usual,
        span("s9", "p", 10, last_end, name="scan", service="d", kind=Kind.CLIENT, attributes=last),
    ]


def test_serial_calls_need_three_and_a_tenth_of_the_response() -> None:
    calls = [served("a", 0, 200, "a"), served("b", 210, 420, "b"), served("c", 430, 640, "c")]
    found = only(below(*calls), "serial_calls")
    assert (found.severity, found.numbers["saving_ns"]) == ("medium", 410 * MS)
    assert "if independent" in found.message
    assert "serial_calls" not in codes(below(*calls[:2]))
    assert "serial_calls" not in codes(below(*calls, until=5000))


def test_serial_calls_leave_the_sign_in_out() -> None:
    calls = [served("a", 0, 200, "auth"), served("b", 210, 420, "b"), served("c", 430, 640, "c")]
    calls[0] = span("a", "p", 0, 200, kind=Kind.SERVER, service="auth", name="login")
    assert "serial_calls" not in codes(below(*calls))


def test_a_straggler_ends_a_tenth_later_and_twice_as_long() -> None:
    assert only(below(*shards(165)), "straggler").numbers["late_ns"] == 105 * MS
    assert "straggler" not in codes(below(*shards(155)))
    assert only(below(*shards(165, **{"http.response.body.size": 90})), "straggler").severity == "info"


def test_queries_that_fill_half_the_response_in_turn() -> None:
    texts = ("SELECT a FROM t", "SELECT b FROM u", "SELECT c FROM v")
    asked = [query(f"q{k}", 10 + 200 * k, 190 + 200 * k, text) for k, text in enumerate(texts)]
    assert only(below(*asked), "serial_db").numbers == {"count": 3, "total_ns": 540 * MS}
    assert "serial_db" not in codes(below(*asked, until=1100))
    reads_own = [
        query("q0", 10, 190, "INSERT INTO t VALUES (1)"),
        *asked[1:],
        query("q4", 700, 800, "SELECT x FROM t"),
    ]
    assert "serial_db" not in codes(below(*reads_own))
