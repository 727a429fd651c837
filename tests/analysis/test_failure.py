"""Where it began to fail, in one sentence."""

from tests.analysis.drawing import columns_of, draw, span
from webapp.analysis.failure import failures
from webapp.analysis.tree import repair
from webapp.model.facts import Failure
from webapp.model.spans import Kind, Span, Status


def failure_of(*spans: Span) -> Failure | None:
    return failures(repair(columns_of(spans)))[0]


def failed(ident: str, parent: str, start_ms: float, end_ms: float, **fields: object) -> Span:
    return span(ident, parent, start_ms, end_ms, status=Status.ERROR, **fields)


def test_the_deepest_failed_span_is_named_with_its_words_and_its_caller() -> None:
    found = failure_of(
        failed("r", "", 1, 2000, service="gateway", name="POST /orders"),
        failed("o", "r", 5, 1500, service="order-service", name="create"),
        failed(
            "p",
            "o",
            10,
            1210,
            service="payment-service",
            name="charge",
            kind=Kind.SERVER,
            status_message="Stripe API timeout",
            attributes={"code.filepath": "pay.py", "code.lineno": 12},
        ),
    )
    assert found is not None
    assert found.sentence == (
        "Failed in payment-service · charge: Stripe API timeout (1.20 s), called by order-service · create"
    )
    assert (found.message, found.source, found.caller) == (
        "Stripe API timeout",
        "pay.py:12",
        "order-service · create",
    )
    assert found.duration_ns == 1_200_000_000


def test_a_failure_that_its_parent_survived_is_not_the_cause() -> None:
    found = failure_of(
        failed("r", "", 1, 100),
        failed("a", "r", 2, 50, name="near"),
        span("b", "r", 51, 90),
        failed("c", "b", 52, 60, name="handled"),
    )
    assert found is not None
    assert found.name == "near"


def test_an_exception_behind_an_answer_500_is_named_though_middleware_did_not_say_that_it_failed() -> None:
    found = failure_of(
        failed(
            "r", "", 1, 100, kind=Kind.SERVER, name="GET /", attributes={"http.response.status_code": 500}
        ),
        span("m", "r", 2, 98, name="middleware"),
        failed("d", "m", 3, 9, service="db", name="query", status_message="gone"),
        failed("e", "m", 10, 20, name="cache", status_message="miss"),
        failed("v", "m", 30, 90, name="view", status_message="Error 500"),
    )
    assert found is not None
    assert found.sentence == "Failed in s · view: Error 500 (60.0 ms), called by s · middleware"
    by_another = failure_of(
        failed("r", "", 1, 100, kind=Kind.SERVER, attributes={"http.response.status_code": 500}),
        span("b", "r", 2, 98, service="other"),
        failed("c", "b", 3, 90, service="other", status_message="gone"),
    )
    assert by_another is not None
    assert by_another.sentence == "Failed in s · r: HTTP 500 (99.0 ms)"
    says_why = failure_of(
        failed("r", "", 1, 100, status_message="no stock"), span("m", "r", 2, 98), failed("v", "m", 3, 90)
    )
    assert says_why is not None
    assert says_why.message == "no stock"


def test_of_equal_chains_the_one_that_ended_first_began_it() -> None:
    found = failure_of(
        failed("r", "", 1, 100), failed("a", "r", 2, 50, name="later"), failed("b", "r", 3, 40, name="first")
    )
    assert found is not None
    assert found.name == "first"


def test_a_caller_of_the_same_service_is_named_when_there_is_no_other() -> None:
    found = failure_of(failed("r", "", 1, 100, name="top"), failed("a", "r", 2, 50))
    assert found is not None
    assert found.caller == "s · top"
    assert found.sentence == "Failed in s · a (48.0 ms), called by s · top"


def test_a_long_message_is_quoted_by_its_first_line() -> None:
    found = failure_of(failed("r", "", 1, 101, status_message="x" * 300 + "\nat line 2"))
    assert found is not None
    assert found.sentence == "Failed in s · r: " + "x" * 199 + "… (100 ms)"
    assert found.message.endswith("line 2")


def test_a_trace_whose_root_did_not_fail_has_no_failure() -> None:
    assert failures(repair(draw("a  s/a  S  |----|\nb<a s/b C! | -- |"))) == [None]
