"""Which name of Elastic is which of OpenTelemetry's. No spans."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from webapp.model.spans import Attributes, Value

# of a span: what its context says, as dotted names
SPAN_NAMES = {
    "http.method": "http.request.method",
    "http.status_code": "http.response.status_code",
    "http.url": "url.full",
    "http.url.original": "url.full",
    "request.method": "http.request.method",
    "request.url.full": "url.full",
    "request.url.raw": "url.original",
    "request.url.pathname": "url.path",
    "request.url.search": "url.query",
    "request.url.hostname": "url.domain",
    "request.socket.remote_address": "client.address",
    "request.http_version": "network.protocol.version",
    "response.status_code": "http.response.status_code",
    "page.url": "url.full",
    "db.statement": "db.query.text",
    "db.instance": "db.namespace",
    "destination.address": "server.address",
    "destination.port": "server.port",
    "message.queue.name": "messaging.destination.name",
    "message.routing_key": "messaging.rabbitmq.destination.routing_key",
    "user.username": "user.name",
    "faas.id": "faas.instance",
    "faas.execution": "faas.invocation_id",
}
_SPAN_PREFIXES = {
    "request.headers.": "http.request.header.",
    "response.headers.": "http.response.header.",
    "tags.": "",
    "labels.": "",
    "span.": "",
    "transaction.custom.": "custom.",
}
PROCESS_NAMES = {
    "service.environment": "deployment.environment.name",
    "service.node.configured_name": "service.instance.id",
    "service.node.name": "service.instance.id",
    "service.language.name": "telemetry.sdk.language",
    "service.agent.name": "telemetry.sdk.name",
    "service.agent.version": "telemetry.sdk.version",
    "agent.name": "telemetry.sdk.name",
    "agent.version": "telemetry.sdk.version",
    "service.runtime.name": "process.runtime.name",
    "service.runtime.version": "process.runtime.version",
    "process.ppid": "process.parent_pid",
    "process.argv": "process.command_args",
    "system.hostname": "host.name",
    "system.configured_hostname": "host.name",
    "system.detected_hostname": "host.name",
    "system.architecture": "host.arch",
    "system.platform": "os.type",
    "system.container.id": "container.id",
    "host.hostname": "host.name",
    "host.architecture": "host.arch",
}
_PROCESS_PREFIXES = {"system.kubernetes.": "k8s.", "kubernetes.": "k8s.", "labels.": ""}
_KUBERNETES = {"k8s.namespace": "k8s.namespace.name"}


def dotted(told: object) -> Attributes:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`. Lists stay; null and empty objects are nothing."""
    found: Attributes = {}
    _add_dotted(found, "", told)
    return found


def _add_dotted(found: Attributes, prefix: str, told: Any) -> None:  # noqa: ANN401  JSON can be anything
    if isinstance(told, dict):
        for key, value in told.items():
            _add_dotted(found, f"{prefix}.{key}" if prefix else str(key), value)
    elif told is not None and prefix:
        found[prefix] = told


def span_attributes(told: Attributes) -> Attributes:
    """The first of several that mean the same wins."""
    return _renamed(told, _span_name)


def process_attributes(told: Attributes) -> Attributes:
    return _renamed(told, _process_name)


def _renamed(told: Attributes, name: Callable[[str], str]) -> Attributes:
    found: Attributes = {}
    for key, value in told.items():
        found.setdefault(name(key), value)
    return found


@lru_cache(maxsize=10_000)
def _span_name(key: str) -> str:
    return _new_name(key, SPAN_NAMES, _SPAN_PREFIXES)


@lru_cache(maxsize=10_000)
def _process_name(key: str) -> str:
    name = _new_name(key, PROCESS_NAMES, _PROCESS_PREFIXES)
    return _KUBERNETES.get(name, name)


def _new_name(key: str, names: Mapping[str, str], prefixes: Mapping[str, str]) -> str:
    if key in names:
        return names[key]
    for prefix, other in prefixes.items():
        if key.startswith(prefix) and len(key) > len(prefix):
            rest = other + key.removeprefix(prefix)
            return names.get(rest, rest)
    return key


def taken(told: Attributes, *keys: str) -> Value:
    """The first of them; all of them are taken out."""
    found = [told.pop(key) for key in keys if key in told]
    return found[0] if found else None


def taken_text(told: Attributes, *keys: str) -> str:
    """Like `taken`; "" for what is no text."""
    value = taken(told, *keys)
    return value if isinstance(value, str) else ""


def below(told: Attributes, prefix: str) -> Attributes:
    """What lies under `prefix`, without it, taken out."""
    keys = [key for key in told if key.startswith(prefix)]
    return {key.removeprefix(prefix): told.pop(key) for key in keys}
