"""What failed, was tried again or given up: found, not just below its threshold, and its guard holds."""

from typing import Any

from tests.analysis.detecting import below, codes, findings_of, only, request
from tests.analysis.drawing import MS, span
from webapp.model.spans import Kind, Span, Status


def attempt(ident: str, start: float, end: float, *, failed: bool, **fields: Any) -> Span:
    return request(
        ident, start, end, "http://api/stock", status=Status.ERROR if failed else Status.UNSET, **fields
    )


def test_two_attempts_are_a_retry_and_two_failures_at_once_are_not() -> None:
    found = only(below(attempt("a", 0, 200, failed=True), attempt("b", 300, 500, failed=False)), "retry")
    assert found.numbers == {"count": 2, "wasted_ns": 300 * MS}
    assert found.severity == "high"
    assert "retry" not in codes(
        below(attempt("a", 0, 200, failed=True), attempt("b", 100, 300, failed=False))
    )
    assert "retry" not in codes(
        below(attempt("a", 0, 200, failed=False), attempt("b", 300, 500, failed=False))
    )


def test_calls_that_do_not_say_what_they_asked_for_are_not_said_to_be_tried_again() -> None:
    loop = [
        span("a", "p", 0, 200, kind=Kind.CLIENT, name="GetDriver", status=Status.ERROR),
        span("b", "p", 300, 500, kind=Kind.CLIENT, name="GetDriver"),
    ]
    assert "was called 2 times in a row, the last succeeded" in only(below(*loop), "retry").message


def test_other_arguments_and_health_checks_are_no_retry() -> None:
    other = request("b", 300, 500, "http://api/prices")
    assert "retry" not in codes(below(attempt("a", 0, 200, failed=True), other))


def test_a_caller_that_gave_up_while_the_server_worked_on() -> None:
    call = request("c", 0, 500, "http://api/x", status=Status.ERROR)
    late = span("w", "c", 10, 900, kind=Kind.SERVER, service="api")
    found = only(below(call, late), "timeout")
    assert (found.numbers["limit_ns"], found.severity) == (500 * MS, "medium")
    assert "worked on it for 890 ms" in found.message
    in_time = span("w", "c", 10, 490, kind=Kind.SERVER, service="api")
    assert "timeout" not in codes(below(call, in_time))
    crooked = request("c", 0, 537, "http://api/x", status=Status.ERROR)
    assert "timeout" not in codes(below(crooked))
    said = request("c", 0, 537, "http://api/x", status=Status.ERROR, attributes={"error.type": "timeout"})
    assert "timeout" in codes(below(said))


def test_an_error_that_stops_below_the_root_is_handled() -> None:
    found = only(below(attempt("a", 0, 200, failed=True)), "error_root")
    assert (found.severity, found.numbers["handled"]) == ("info", 1)
    assert found.message.endswith("; handled by s · GET /, which did not fail")


def test_an_error_is_handled_only_by_one_that_waited_for_it_and_was_received() -> None:
    failed = {"status": Status.ERROR, "service": "w"}
    message = span("k", "p", 900, 2000, kind=Kind.CONSUMER, **failed)
    assert only(below(message), "error_root").message.endswith("; s · GET / did not wait for it")
    lost = span("x", "lost", 10, 20, **failed)
    assert only(below(lost), "error_root").message.endswith("; what called it was not received")
    apart = span("r", "", 10, 20, **failed)
    found = only(below(apart), "error_root")
    assert found.message.endswith("; the response does not depend on it")
    assert found.numbers["handled"] == 0


def test_a_failure_that_says_why_is_no_timeout_for_being_round() -> None:
    silent = request("c", 0, 700, "http://api/x", status=Status.ERROR)
    assert "timeout" in codes(below(silent))
    told = request("c", 0, 700, "http://api/x", status=Status.ERROR, status_message="boom")
    assert "timeout" not in codes(below(told))


def test_of_two_errors_neither_is_called_the_error() -> None:
    one, two = (
        attempt("a", 0, 200, failed=True),
        request("b", 300, 500, "http://api/x", status=Status.ERROR, service="mail"),
    )
    found = [found for found in findings_of(below(one, two))[1] if found.code == "error_root"]
    assert [finding.message[:14] for finding in found] == ["An error began"] * 2
