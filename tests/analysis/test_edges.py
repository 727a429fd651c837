"""Each rule of analysis.md 9.2 that the hand-worked cases leave open."""

from tests.analysis.drawing import MS, columns_of, span
from webapp.analysis import edges
from webapp.analysis.tree import repair
from webapp.model.facts import EDGE_TYPES, EdgeCalls
from webapp.model.spans import Kind, Span, Status

KAFKA = {"messaging.system": "kafka", "messaging.destination": "mail"}


def calls_of(*spans: Span) -> EdgeCalls:
    return edges.calls(repair(columns_of(spans)))


def edges_of(*spans: Span) -> list[tuple[str, str, str, int, int]]:
    return [(e.caller, e.callee, e.type, e.calls, e.errors) for e in edges.edges(calls_of(*spans))]


def top(service: str = "web") -> Span:
    return span("r", "", 1, 100, service=service, kind=Kind.SERVER)


def test_a_call_lasts_as_long_as_its_client_waited_and_fails_if_either_side_did() -> None:
    calls = calls_of(
        top(),
        span("c", "r", 10, 60, service="web", kind=Kind.CLIENT, status=Status.ERROR, host="h"),
        span("s", "c", 20, 50, service="api", kind=Kind.SERVER, host="h"),
    )
    rpc = calls.type == EDGE_TYPES.index("rpc")
    assert calls.duration_ns[rpc].tolist() == [50 * MS]
    assert calls.error[rpc].tolist() == [True]
    assert calls.start_ns[rpc].tolist() == [10 * MS]


def test_a_failed_caller_without_a_span_for_the_call_does_not_make_the_call_fail() -> None:
    failed_root = span("r", "", 1, 100, service="web", kind=Kind.SERVER, status=Status.ERROR)
    assert edges_of(failed_root, span("s", "r", 20, 50, service="api", kind=Kind.SERVER)) == [
        ("user", "web", "entry", 1, 1),
        ("web", "api", "rpc", 1, 0),
    ]


def test_a_batch_of_messages_from_one_service_is_one_delivery() -> None:
    sent = [span(f"p{at}", "r", 10 + at, 12 + at, service="web", kind=Kind.PRODUCER) for at in range(3)]
    other = span("q", "r", 5, 6, service="shop", kind=Kind.PRODUCER)
    receiver = span("w", "", 40, 50, service="mail", kind=Kind.CONSUMER, links=["p0", "p1", "p2", "q"])
    assert edges_of(top(), *sent, other, receiver) == [
        ("user", "web", "entry", 1, 0),
        ("web", "shop", "rpc", 1, 0),
        ("shop", "mail", "messaging", 1, 0),
        ("web", "mail", "messaging", 1, 0),
    ]


def test_an_unanswered_message_goes_to_its_queue_and_an_unsent_one_comes_from_it() -> None:
    sent = span("p", "r", 10, 12, service="web", kind=Kind.PRODUCER, attributes=KAFKA)
    assert edges_of(top(), sent)[1:] == [("web", "kafka:mail", "messaging", 1, 0)]
    received = span("w", "", 40, 50, service="mail", kind=Kind.CONSUMER, attributes=KAFKA)
    assert edges_of(received) == [("kafka:mail", "mail", "messaging", 1, 0)]


def test_a_link_to_another_service_is_a_link_and_no_call() -> None:
    linked = span("j", "", 40, 50, service="batch", links=["r"])
    assert edges_of(top(), linked)[1:] == [("web", "batch", "link", 1, 0)]


def test_a_linked_consumer_of_no_producer_is_a_link() -> None:
    linked = span("j", "", 40, 50, service="batch", kind=Kind.CONSUMER, links=["r"])
    assert edges_of(top(), linked)[1:] == [("web", "batch", "link", 1, 0)]


def test_calls_that_name_nobody_are_counted_and_not_drawn() -> None:
    calls = calls_of(
        top(), *(span(f"c{at}", "r", 10, 20, service="web", kind=Kind.CLIENT) for at in range(2))
    )
    assert calls.unresolved == {"web": 2}
    assert len(calls.caller) == 1


def test_calls_of_many_traces_keep_their_trace() -> None:
    first = span("r", "", 1, 9, service="web", kind=Kind.SERVER, trace_id="1" * 32)
    second = span("r", "", 1, 9, service="api", kind=Kind.SERVER, trace_id="2" * 32)
    calls = calls_of(first, second)
    assert calls.trace.tolist() == [0, 1]
    assert [calls.nodes[callee] for callee in calls.callee] == [("service", "web"), ("service", "api")]
