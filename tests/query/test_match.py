"""Which spans a query finds."""

import pytest

from webapp.model.facts import ServiceShare, TraceSummary, Verdict
from webapp.model.spans import Event, Resource, Span
from webapp.query import matches, parse

SPAN = Span(
    trace_id="ab" * 16,
    span_id="00000000000000aa",
    name="POST /charge",
    service="payment-service",
    start_ns=1_000_000_000,
    end_ns=4_500_000_000,
    kind=2,
    status=2,
    status_message="Stripe API timeout",
    attributes={
        "payment.status": "failed",
        "http.status_code": 504,
        "retry": True,
        "amount": 12.5,
        "weight": "7.5",
        "tags": ["red", "blue"],
        "both": "span",
    },
    events=[Event("exception", 2, {"exception.type": "TimeoutError"})],
    resource=Resource({"service.name": "payment-service", "host.name": "web-1", "both": "resource"}),
)
TRACE = TraceSummary(
    trace_id="ab" * 16,
    start_ns=1_000_000_000,
    duration_ns=4_000_000_000,
    response_ns=4_000_000_000,
    root_span_id="01",
    root_service="order-service",
    root_name="checkout",
    spans=5,
    errors=2,
    failed=True,
    services=[ServiceShare("order-service", 1, 0, 1), ServiceShare("payment-service", 4, 2, 3)],
    verdict=Verdict("dominant", "fraud-service", "check", 3, 0.8, "…"),
    failure_sentence="…",
    warnings=0,
    incomplete=False,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "error",
        "root",
        "-root=false",
        "service=payment-service",
        "service=pay*",
        "name~charge$",
        "kind=server",
        "status=error",
        "duration>3s duration<=3.5s",
        "status_message?",
        "id=aa",
        "parent=0",
        "start<1970-01-02",
        "payment.status=failed",
        "span.payment.status=failed",
        "payment.status!=ok",
        "-missing?",
        "-missing=1",
        "http.status_code=504",
        "http.status_code=504.0",
        "http.status_code>=500",
        "http.status_code=5*",
        "http.status_code~^50",
        "retry=true",
        "retry!=false",
        "amount>12",
        "weight>7",
        "weight<8",
        "tags?",
        "both=span",
        "both=resource",
        "resource.both=resource",
        "host.name=web-*",
        "stripe",
        "STRIPE*timeout",
        '"api timeout"',
        "504",
        "12.5",
        "blue",
        "exception",
        "timeouterror",
        "error AND (service=x OR retry=true)",
        "trace.duration>3s",
        "trace.failed",
        "trace.service=order-service",
        "trace.root=checkout",
        'trace.bottleneck="fraud-service · check"',
        "trace.bottleneck=fraud-service",
        "trace.services=2",
    ],
)
def test_the_span_fits(text: str) -> None:
    assert matches(parse(text), SPAN, TRACE)


@pytest.mark.parametrize(
    "text",
    [
        "-error",
        "service=payment",
        "name=charge",
        "duration<1s",
        "payment.status!=failed",
        "missing!=1",
        "missing?",
        "resource.payment.status=failed",
        "http.status_code>504",
        "http.status_code=abc",
        "retry>0",
        "tags=red",
        "both!=span",
        "parent=1",
        "501",
        "nothing",
        "exception.type",
        "trace.failed=false",
        "trace.root!=checkout",
        "trace.spans>5",
        "trace.service=fraud-service",
        "payment.status=fail",
        "error service=other",
    ],
)
def test_the_span_does_not_fit(text: str) -> None:
    assert not matches(parse(text), SPAN, TRACE)


def test_a_span_without_end_has_no_duration() -> None:
    span = Span(trace_id="1" * 32, span_id="1" * 16, name="", service="", start_ns=5, end_ns=0)
    assert not matches(parse("duration>=0"), span)
    assert not matches(parse("duration!=5s"), span)
    assert matches(parse("-duration>1s"), span)


@pytest.mark.parametrize(("end_ns", "is_known"), [(100_000, True), (1_763_634_727_000_000_000, False)])
def test_a_start_of_0_is_one_where_time_is_counted_from_0(end_ns: int, is_known: bool) -> None:
    span = Span(trace_id="1" * 32, span_id="1" * 16, name="", service="", start_ns=0, end_ns=end_ns)
    assert matches(parse("duration>=100us"), span) == is_known


def test_trace_terms_do_not_hold_without_a_trace() -> None:
    assert not matches(parse("trace.failed"), SPAN)
