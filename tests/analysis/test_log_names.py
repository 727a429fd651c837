"""Names of spans that are inferred from log lines: the same for the same line of code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.analysis.log_names import name_of
from webapp.model.logs import LogLine

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def named(message: str, **fields: object) -> str:
    given = {"trace_id": TRACE, "span_id": SPAN, "service": "shop", "written_trace_id": "abc-123", **fields}
    return name_of([LogLine(time_ns=1, message=message, **given)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("paid", "paid"),
        (f"paid trace_id={TRACE} service=shop", "paid"),
        (
            f"TraceID: {TRACE} SpanID: {SPAN} List Recommendations product_ids=['9SI', 'L9E']",
            "List Recommendations",
        ),
        ("[abc-123] paid order 42", "paid order *"),
        ("[shop] paid order 42 level=info", "paid order *"),
        ("INFO [shop] trace_id=abc-123 handling order 42", "handling order *"),
        ("INFO: 2026-01-02 03:04:05,678 handling request", "handling request"),
        ("charged 12.50 for 9f1b2c3d-0000-4000-8000-1234567890ab", "charged * for *"),
        ("took 12ms, status=200", "took *ms"),
        ("GET /v1/orders/42 from 10.0.0.1:8080", "GET /v1/orders/* from *"),
        ("order-7 of node-12 in 3 steps", "order-* of node-* in * steps"),
        ("user=bob amount=3", "user=bob amount=*"),
        ("", "log lines"),
    ],
)
def test_a_name_holds_no_ids_level_service_or_numbers(message: str, name: str) -> None:
    assert named(message) == name


def test_the_template_that_a_logger_keeps_is_the_name() -> None:
    assert named("paid order 42", attributes={"@mt": "paid order {Order}"}) == "paid order {Order}"


@given(st.text(max_size=300))
def test_any_message_gives_a_name(message: str) -> None:
    assert 0 < len(named(message)) <= 100
