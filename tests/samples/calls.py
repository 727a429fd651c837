"""How the e-shop's parts talk: HTTP, gRPC, SQL, Redis, Kafka, each in old or new semantic conventions."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.samples.cast import Cast
from tests.samples.recording import CallFailed, Process, Trace, Work
from webapp.model.spans import Attributes, Kind, Link


def served_http(process: Process, method: str, route: str, path: str) -> Attributes:
    """Attributes of a SERVER span, before the answer is known."""
    if process.old_words:
        return {
            "http.method": method,
            "http.route": route,
            "http.target": path,
            "http.scheme": "http",
            "net.host.name": process.service,
        }
    return {
        "http.request.method": method,
        "http.route": route,
        "url.path": path,
        "url.scheme": "http",
        "server.address": process.service,
    }


def called_http(process: Process, method: str, host: str, path: str) -> Attributes:
    """Attributes of a CLIENT span."""
    if process.old_words:
        return {"http.method": method, "http.url": f"http://{host}{path}", "net.peer.name": host}
    return {"http.request.method": method, "url.full": f"http://{host}{path}", "server.address": host}


@contextmanager
def answered(work: Work, *, failed: int = 500) -> Iterator[Work]:
    """Write the HTTP status at the end: 200, or `failed` when the work in between did."""
    key = "http.status_code" if work.process.old_words else "http.response.status_code"
    work.attributes[key] = 200
    try:
        yield work
    except CallFailed:
        work.attributes[key] = failed
        raise


@contextmanager
def entry(
    trace: Trace,
    process: Process,
    method: str,
    route: str,
    *,
    name: str = "",
    path: str = "",
    failed: int = 500,
) -> Iterator[Work]:
    """A request from outside: the root span."""
    attributes = served_http(process, method, route, path or route)
    root = trace.root(process, name or f"{method} {route}", attributes=attributes)
    with root as work, answered(work, failed=failed):
        yield work


@contextmanager
def http(
    work: Work, cast: Cast, service: str, route: str, *, path: str = "", name: str = ""
) -> Iterator[Work]:
    """A request to another service, `route` as "GET /items": CLIENT span here, SERVER span there."""
    method, pattern = route.split(" ")
    path = path or pattern
    process = cast.pick(service, work.random)
    asked = called_http(work.process, method, service, path)
    offered = served_http(process, method, pattern, path)
    with work.span(route, Kind.CLIENT, attributes=asked) as client, answered(client):
        client.spend(0.6)
        handling = client.span(name or route, Kind.SERVER, process=process, attributes=offered)
        with handling as server, answered(server):
            yield server
        client.spend(0.5)


@contextmanager
def grpc(work: Work, process: Process, api: str, name: str) -> Iterator[Work]:
    """A call whose client is not instrumented: only the SERVER span is there. `api`: shop.Payments."""
    attributes: Attributes = {"rpc.system": "grpc", "rpc.service": api, "rpc.method": name.capitalize()}
    attributes["net.host.name" if process.old_words else "server.address"] = process.service
    work.spend(1.5)
    with work.span(name, Kind.SERVER, process=process, attributes=attributes) as server:
        server.attributes["rpc.grpc.status_code"] = 0
        try:
            yield server
        except CallFailed:
            server.attributes["rpc.grpc.status_code"] = 13
            raise
    work.spend(0.7)


def sql(work: Work, statement: str, median_ms: float, *, spread: float = 0.35) -> None:
    """One query to the service's PostgreSQL. Old conventions write `db.system`, new ones `db.system.name`."""
    operation = statement.split(" ", 1)[0]
    table = _table(statement)
    database = work.process.service.removesuffix("-service")
    if work.process.old_words:
        attributes: Attributes = {
            "db.system": "postgresql",
            "db.name": database,
            "db.statement": statement,
            "db.operation": operation,
            "db.sql.table": table,
            "net.peer.name": "pg-main.shop.internal",
            "net.peer.port": 5432,
        }
    else:
        attributes = {
            "db.system.name": "postgresql",
            "db.namespace": database,
            "db.query.text": statement,
            "db.operation.name": operation,
            "db.collection.name": table,
            "server.address": "pg-main.shop.internal",
            "server.port": 5432,
        }
    with work.span(f"{operation} {table}", Kind.CLIENT, attributes=attributes) as query:
        query.spend(median_ms, spread)


def _table(statement: str) -> str:
    words = statement.split()
    for marker in ("FROM", "INTO", "UPDATE"):
        if marker in words[:-1]:
            return words[words.index(marker) + 1]
    return words[-1]


def redis(work: Work, command: str, key: str, *, hit: bool = True, median_ms: float = 0.9) -> bool:
    """One cache command; gives `hit` back."""
    attributes: Attributes = {"cache.hit": hit}
    if work.process.old_words:
        attributes |= {
            "db.system": "redis",
            "db.statement": f"{command} {key}",
            "net.peer.name": "redis-cache",
        }
    else:
        attributes |= {
            "db.system.name": "redis",
            "db.query.text": f"{command} {key}",
            "db.operation.name": command,
            "server.address": "redis-cache",
        }
    with work.span(command, Kind.CLIENT, attributes=attributes) as cached:
        cached.spend(median_ms)
    return hit


@contextmanager
def published(work: Work, topic: str, key: str) -> Iterator[Work]:
    """A message sent to Kafka: the PRODUCER span. What happens with it is played inside, see `consumed`."""
    attributes = _message(work.process, topic, "send", key)
    with work.span(f"send {topic}", Kind.PRODUCER, attributes=attributes) as producer:
        producer.spend(1.8)
        yield producer


@contextmanager
def consumed(
    producer: Work, process: Process, topic: str, wait_ms: float, *, by_link: bool = False
) -> Iterator[Work]:
    """A message taken from Kafka after `wait_ms`. `by_link`: the consumer only links to the producer."""
    attributes = _message(process, topic, "process", "")
    attributes["messaging.destination.partition.id"] = str(producer.random.randrange(6))
    with producer.span(
        f"process {topic}",
        Kind.CONSUMER,
        process=process,
        attributes=attributes,
        aside=True,
        delay_ms=wait_ms,
    ) as consumer:
        if by_link:
            consumer.links.append(Link(trace_id=producer.trace.trace_id, span_id=producer.span_id))
            consumer.parent_span_id = ""
        yield consumer


def _message(process: Process, topic: str, operation: str, key: str) -> Attributes:
    attributes: Attributes = {"messaging.system": "kafka"}
    if process.old_words:
        attributes |= {"messaging.destination": topic, "messaging.operation": operation}
    else:
        attributes |= {"messaging.destination.name": topic, "messaging.operation.name": operation}
    return attributes | ({"messaging.kafka.message.key": key} if key else {})
