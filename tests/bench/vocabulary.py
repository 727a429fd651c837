"""What the spans of the big generated store speak of: 30 services, 390 operations, 43 attribute keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.model.spans import Kind, Value

SERVICES = tuple(
    f"{area}-{role}"
    for area in (
        "web",
        "order",
        "payment",
        "fraud",
        "stock",
        "catalogue",
        "search",
        "mail",
        "auth",
        "report",
    )
    for role in ("api", "service", "worker")
)
PAYMENT = SERVICES.index("payment-service")
VERBS = ("get", "list", "create", "update", "remove", "find")


@dataclass(frozen=True, slots=True)
class Numbered:
    """Values without end: a text with a number in it, or the number itself."""

    before: str = ""
    size: int = 1_000_000

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, number: int) -> Value:
        return f"{self.before}{number}" if self.before else number


Values = Sequence[Value] | Numbered
COMMON: dict[str, Values] = {
    "thread.name": [f"worker-{n}" for n in range(32)],
    "thread.id": list(range(1, 200)),
    "tenant.id": [f"tenant-{n}" for n in range(500)],
    "feature.flag": [f"flag-{n}" for n in range(12)],
    "user.id": Numbered("u", 200_000),
    "build.number": list(range(4000, 4040)),
}
_HTTP: dict[str, Values] = {
    "http.request.method": ["GET", "GET", "GET", "POST", "PUT", "DELETE"],
    "http.url": Numbered("https://shop.example/api/v1/things/"),
    "http.response.status_code": [200, 200, 200, 201, 204, 304, 404],
    "network.protocol.version": ["1.1", "2"],
    "server.address": [f"{service}.shop.internal" for service in SERVICES],
}
PROFILES: dict[str, dict[str, Values]] = {
    "server": _HTTP
    | {
        "http.route": [f"/api/v1/{verb}/{{id}}" for verb in VERBS],
        "user_agent.original": [f"Browser/{n}.0" for n in range(20)],
        "client.address": Numbered("10.0.", 65_000),
        "http.request.body.size": Numbered(size=5_000),
    },
    "client": _HTTP
    | {
        "server.port": [80, 443, 8080],
        "peer.service": list(SERVICES),
        "http.request.resend_count": [0, 0, 0, 1],
    },
    "database": {
        "db.system": ["postgresql", "mysql", "redis"],
        "db.name": ["orders", "users", "stock", "ledger"],
        "db.statement": Numbered("SELECT * FROM things WHERE owner = 7 AND id = "),
        "db.operation": ["SELECT", "INSERT", "UPDATE"],
        "db.sql.table": [f"table_{n}" for n in range(40)],
        "server.address": ["pg-1.shop.internal", "pg-2.shop.internal", "redis-1.shop.internal"],
        "server.port": [5432, 3306, 6379],
        "db.rows": Numbered(size=1_000),
        "db.pool.name": ["main", "reports"],
    },
    "message": {
        "messaging.system": ["kafka"],
        "messaging.destination.name": [f"topic-{n}" for n in range(12)],
        "messaging.operation.name": ["send"],
        "messaging.kafka.partition": list(range(12)),
        "messaging.message.id": Numbered("m-", 1 << 30),
        "messaging.message.body.size": Numbered(size=9_000),
        "messaging.consumer.group": ["mail", "reports"],
        "messaging.batch.message_count": [1, 1, 1, 10],
        "server.address": ["kafka-1.shop.internal"],
    },
    "internal": {
        "code.function": [f"step_{n}" for n in range(60)],
        "code.namespace": ["shop.core", "shop.edge"],
        "code.lineno": list(range(10, 900)),
        "cache.hit": [True, True, False],
        "cache.key": Numbered("k:", 50_000),
        "queue.depth": Numbered(size=100),
        "shard": list(range(16)),
    },
}
PROFILE_NAMES = tuple(PROFILES)
KEYS = tuple(tuple(COMMON | PROFILES[name]) for name in PROFILE_NAMES)
VALUES = tuple(tuple((COMMON | PROFILES[name]).values()) for name in PROFILE_NAMES)
WIDTH = max(map(len, KEYS))
KINDS = (Kind.SERVER, Kind.CLIENT, Kind.CLIENT, Kind.PRODUCER, Kind.INTERNAL)
ORDER_ID = Numbered("ord-", 1 << 40)


@dataclass(frozen=True, slots=True)
class Operation:
    service: int
    name: str
    profile: int


# per service: four that have children, then nine that have none
INNER, LEAVES = 4, 9


def _operations() -> list[Operation]:
    made = []
    for service in range(len(SERVICES)):
        made += [Operation(service, f"{VERBS[n]} {service}", 0) for n in range(INNER)]
        made += [Operation(service, f"GET /things/{n}", 1) for n in range(2)]
        made += [Operation(service, f"SELECT table_{(service + n) % 40}", 2) for n in range(4)]
        made += [Operation(service, f"send topic-{service % 12}", 3)]
        made += [Operation(service, f"step_{(service + n) % 60}", 4) for n in range(2)]
    return made


OPERATIONS = _operations()
