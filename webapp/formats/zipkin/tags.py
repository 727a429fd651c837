"""Which tags and endpoints of Zipkin mean what in OpenTelemetry's words, for reading and writing alike. No spans."""

import ipaddress
from typing import Any

import msgspec

from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes, Value

JsonObject = dict[str, Any]

PEER_NAME, PEER_ADDRESS, PEER_PORT = "service.peer.name", "network.peer.address", "network.peer.port"
LOCAL_PORT, HOST_IP, SERVICE = "network.local.port", "host.ip", "service.name"

# exporters flatten the resource into the tags; these names can only have come from there
_OF_RESOURCE = (
    "service.",
    "telemetry.",
    "deployment.",
    "host.",
    "os.",
    "process.",
    "container.",
    "k8s.",
    "cloud.",
)


def is_of_resource(key: str) -> bool:
    return key.startswith(_OF_RESOURCE) and key != PEER_NAME


def endpoint(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def address(of: JsonObject) -> str:
    """The IPv4 address, else the IPv6 one, "" for none."""
    return next((of[key] for key in ("ipv4", "ipv6") if isinstance(of.get(key), str) and of[key]), "")


def port(of: JsonObject) -> int:
    value = of.get("port")
    return value if isinstance(value, int) and 0 < value < 65_536 else 0


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def named_attributes(annotation: str) -> tuple[str, Attributes]:
    """OpenTelemetry's exporters write an event with attributes as `{"name": {"key": …}}`; any other text is a name."""
    if not annotation.startswith("{"):
        return annotation, {}
    try:
        written = msgspec.json.decode(annotation, type=dict[str, dict[str, Any]])
    except (msgspec.DecodeError, RecursionError):
        return annotation, {}
    if len(written) != 1 or any(is_deep(attributes) for attributes in written.values()):
        return annotation, {}
    return next(iter(written.items()))


def written_endpoint(name: Value, ip: Value, number: Value) -> JsonObject:
    """What can be said of an endpoint; {} if nothing can."""
    found: JsonObject = {}
    if isinstance(name, str) and name:
        found["serviceName"] = name
    version = _ip_version(ip)
    if version:
        found[f"ipv{version}"] = ip
    if isinstance(number, int) and 0 < number < 65_536:
        found["port"] = number
    return found


def _ip_version(ip: Value) -> int:
    try:
        return ipaddress.ip_address(ip).version if isinstance(ip, str) else 0
    except ValueError:
        return 0


def peer_attributes(remote: JsonObject, tags: Attributes) -> Attributes:
    """What `remoteEndpoint` says and `tags` do not."""
    name = text(remote.get("serviceName"))
    known = (tags.get("peer.service"), tags.get(PEER_NAME))
    found: Attributes = {PEER_NAME: name} if name and name not in known else {}
    if address(remote) and PEER_ADDRESS not in tags:
        found[PEER_ADDRESS] = address(remote)
    if port(remote) and PEER_PORT not in tags:
        found[PEER_PORT] = port(remote)
    return found
