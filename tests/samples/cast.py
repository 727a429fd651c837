"""Who plays in the e-shop: services, their pods and versions, and which semantic conventions each speaks."""

from dataclasses import dataclass
from random import Random

from tests.samples.checkout import resource_of
from tests.samples.recording import MS, Process
from webapp.model.spans import Attributes, Resource, Scope

HOUR_START_NS = 1_763_631_240_000_000_000  # 2025-11-20T09:34:00Z
MINUTE_NS = 60_000 * MS
SLOW_FROM_NS = HOUR_START_NS + 34 * MINUTE_NS  # 10:08, when fraud-service 2.14.0 is rolled out
SKEWED_POD = "inventory-75bd9-x2k"
SKEW_NS = 412 * MS


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    version: str
    runtime: tuple[str, str]
    library: str
    pods: tuple[str, ...]
    old_words: bool = False


SERVICES = (
    Service(
        "web-storefront",
        "8.3.0",
        ("nodejs", "22"),
        "@opentelemetry/instrumentation-http",
        ("web-6f9b4-k8d", "web-6f9b4-p2s"),
    ),
    Service("api-gateway", "2.21.4", ("go", "1.25"), "otelhttp", ("gateway-7b6c-5tz", "gateway-7b6c-9qx")),
    Service(
        "auth-service",
        "1.9.7",
        ("java", "11"),
        "io.opentelemetry.servlet-3.0",
        ("auth-5d4f9-hh2",),
        old_words=True,
    ),
    Service(
        "order-service",
        "5.2.1",
        ("java", "21"),
        "io.opentelemetry.spring-webmvc-6.0",
        ("order-6c5d8-4vw", "order-6c5d8-m7n"),
    ),
    Service(
        "payment-service",
        "3.9.0",
        ("java", "21"),
        "io.opentelemetry.grpc-1.6",
        ("payment-84f7c-b9j", "payment-84f7c-zt6"),
    ),
    Service(
        "inventory-service",
        "1.18.0",
        ("go", "1.19"),
        "otelgrpc",
        ("inventory-75bd9-r4c", SKEWED_POD),
        old_words=True,
    ),
    Service(
        "catalogue-service",
        "4.0.2",
        ("python", "3.9"),
        "opentelemetry.instrumentation.flask",
        ("catalogue-66d7-aa1", "catalogue-66d7-bb2", "catalogue-66d7-cc3"),
        old_words=True,
    ),
    Service(
        "notification-service",
        "0.31.2",
        ("nodejs", "22"),
        "@opentelemetry/instrumentation-grpc",
        ("notification-59c4f-g5h",),
    ),
    Service(
        "email-worker",
        "0.12.0",
        ("python", "3.12"),
        "opentelemetry.instrumentation.kafka",
        ("email-worker-77c-l3m",),
    ),
)
FRAUD_OLD = Service(
    "fraud-service",
    "2.13.4",
    ("python", "3.12"),
    "opentelemetry.instrumentation.grpc",
    ("fraud-5b8f9-c1a", "fraud-5b8f9-c2b", "fraud-5b8f9-c3c"),
)
FRAUD_NEW = Service(
    "fraud-service",
    "2.14.0",
    ("python", "3.12"),
    "opentelemetry.instrumentation.grpc",
    ("fraud-7d9c6b-d1x", "fraud-7d9c6b-d2y", "fraud-7d9c6b-d3z"),
)


class Cast:
    """All processes, made once, so that spans of one process share one resource."""

    def __init__(self) -> None:
        self._processes = {service.name: _processes(service) for service in SERVICES}
        self._fraud_old, self._fraud_new = _processes(FRAUD_OLD), _processes(FRAUD_NEW)

    def pick(self, service: str, random: Random) -> Process:
        return random.choice(self._processes[service])

    def fraud(self, random: Random, now_ns: int) -> Process:
        """Pods are replaced one by one, a minute apart, from 10:08 on."""
        replaced = (now_ns - SLOW_FROM_NS) // MINUTE_NS + 1
        pod = random.randrange(3)
        return (self._fraud_new if pod < replaced else self._fraud_old)[pod]


def _processes(service: Service) -> list[Process]:
    scope = Scope(name=service.library, version="1.4.0")
    return [
        Process(
            service.name,
            Resource(attributes=_resource(service, pod)),
            scope,
            service.old_words,
            SKEW_NS if pod == SKEWED_POD else 0,
        )
        for pod in service.pods
    ]


def _resource(service: Service, pod: str) -> Attributes:
    attributes = resource_of(service.name, service.version, pod, service.runtime)
    if service.old_words:
        attributes["deployment.environment"] = attributes.pop("deployment.environment.name")
    return attributes
