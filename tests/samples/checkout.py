"""The checkout of the story: five spans, 4.00 s, 80% of it in the fraud check. Equal in every format."""

from dataclasses import dataclass, field

from webapp.model.spans import Attributes, Event, Kind, Resource, Scope, Span

START_NS = 1_763_634_727_123_000_000  # 2025-11-20T10:32:07.123Z
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Hop:
    """One row of the story; times in ms into the trace, `runtime` as (language, version)."""

    span_id: str
    parent_span_id: str
    service: str
    name: str
    start_ms: int
    end_ms: int
    version: str
    pod: str
    runtime: tuple[str, str]
    attributes: Attributes
    events: list[tuple[int, str, Attributes]] = field(default_factory=list)


HOPS = (
    Hop(
        "00f067aa0ba902b7",
        "",
        "order-service",
        "checkout",
        0,
        4000,
        "5.2.1",
        "order-6c5d8",
        ("java", "21"),
        {
            "http.request.method": "POST",
            "http.route": "/checkout",
            "url.path": "/checkout",
            "http.response.status_code": 200,
            "server.address": "order-6c5d8",
            "order.id": "ord_51207",
            "order.items": 3,
            "order.total_eur": 118.4,
        },
    ),
    Hop(
        "3c191d03fa8be065",
        "00f067aa0ba902b7",
        "inventory-service",
        "reserve",
        10,
        60,
        "1.18.0",
        "inventory-75bd9",
        ("go", "1.25"),
        {
            "rpc.system": "grpc",
            "rpc.service": "shop.Inventory",
            "rpc.method": "Reserve",
            "server.address": "inventory-75bd9",
            "order.id": "ord_51207",
            "inventory.items": 3,
            "cache.hit": True,
        },
    ),
    Hop(
        "53ce929d0e0e4736",
        "00f067aa0ba902b7",
        "payment-service",
        "charge",
        70,
        3570,
        "3.9.0",
        "payment-84f7c",
        ("java", "21"),
        {
            "rpc.system": "grpc",
            "rpc.service": "shop.Payments",
            "rpc.method": "Charge",
            "server.address": "payment-84f7c",
            "payment.id": "pay_8842",
            "payment.status": "settled",
            "payment.provider": "stripe",
            "payment.amount": 118.4,
        },
    ),
    Hop(
        "b7ad6b7169203331",
        "53ce929d0e0e4736",
        "fraud-service",
        "check",
        80,
        3280,
        "2.14.0",
        "fraud-7d9c6b",
        ("python", "3.12"),
        {
            "rpc.system": "grpc",
            "rpc.method": "Check",
            "server.address": "fraud-7d9c6b",
            "payment.id": "pay_8842",
            "fraud.model": "gbm-2025-11",
            "fraud.rules_evaluated": 412,
            "fraud.score": 0.12,
            "cache.hit": False,
        },
        [
            (2, "cache.miss", {"key": "card:4242"}),
            (10, "model.load started", {"model": "gbm-2025-11"}),
            (3030, "model.load finished", {"size": "218 MB"}),
            (3190, "decision", {"outcome": "approve"}),
        ],
    ),
    Hop(
        "e457b5a2e4d86bd1",
        "00f067aa0ba902b7",
        "notification-service",
        "send",
        3600,
        3700,
        "0.31.2",
        "notification-59c4f",
        ("nodejs", "22"),
        {
            "rpc.system": "grpc",
            "rpc.service": "shop.Notifications",
            "rpc.method": "Send",
            "server.address": "notification-59c4f",
            "notification.channel": "email",
            "notification.template": "order_confirmed",
        },
    ),
)


def spans(trace_id: str = TRACE_ID, later_ns: int = 0) -> list[Span]:
    """The five spans, parents first."""
    return [_span(hop, trace_id, START_NS + later_ns) for hop in HOPS]


def with_first_digits(digits: str) -> list[Span]:
    """The same checkout under a trace id of its own."""
    return spans(digits + TRACE_ID[len(digits) :])


def _span(hop: Hop, trace_id: str, begun_ns: int) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=hop.span_id,
        parent_span_id=hop.parent_span_id,
        name=hop.name,
        service=hop.service,
        kind=int(Kind.SERVER),
        start_ns=begun_ns + hop.start_ms * MS,
        end_ns=begun_ns + hop.end_ms * MS,
        attributes=hop.attributes,
        events=[
            Event(name=name, time_ns=begun_ns + (hop.start_ms + at_ms) * MS, attributes=details)
            for at_ms, name, details in hop.events
        ],
        resource=Resource(attributes=resource_of(hop.service, hop.version, hop.pod, hop.runtime)),
        scope=Scope(name="shop.instrumentation", version="1.4.0"),
    )


def resource_of(service: str, version: str, pod: str, runtime: tuple[str, str]) -> Attributes:
    """The process, as an SDK in Kubernetes describes it."""
    language, runtime_version = runtime
    return {
        "service.name": service,
        "service.version": version,
        "service.namespace": "shop",
        "deployment.environment.name": "production",
        "cloud.region": "eu-west-1",
        "k8s.pod.name": pod,
        "host.name": pod,
        "process.runtime.name": language,
        "process.runtime.version": runtime_version,
        "telemetry.sdk.language": language,
        "telemetry.sdk.name": "opentelemetry",
    }
