"""Where a span ran, in a few words each: version, cloud, cluster, function. What tells its processes apart."""

from webapp.model.spans import Attributes
from webapp.views.trace.values import plain

_PLACES = (  # key, word before the value
    ("service.version", "version "),
    ("cloud.provider", ""),
    ("cloud.region", ""),
    ("cloud.availability_zone", "zone "),
    ("deployment.environment.name", ""),
    ("deployment.environment", ""),
    ("faas.name", "function "),
    ("faas.invoked_name", "calls function "),
    ("faas.version", "function version "),
    ("faas.trigger", "trigger "),
    ("k8s.cluster.name", "cluster "),
    ("k8s.namespace.name", "namespace "),
    ("k8s.deployment.name", "deployment "),
    ("k8s.pod.name", "pod "),
    ("k8s.node.name", "node "),
    ("k8s.container.name", "container "),
    ("container.name", "container "),
    ("host.name", "host "),
    ("telemetry.sdk.language", ""),
)
_MOST_WORD = 36  # characters
_MOST_PLACES = 12


def places_of(attributes: Attributes, resource: Attributes) -> list[tuple[str, str]]:
    """(key, words), each value once. Of the span itself only what says of a function call."""
    found: dict[str, tuple[str, str]] = {}
    for key, word in _PLACES:
        value = resource.get(key, attributes.get(key) if key.startswith(("faas.", "cloud.")) else None)
        if value is not None and (text := plain(value)):
            found.setdefault(text, (key, f"{word}{text}"))
    if (attributes.get("faas.coldstart") or attributes.get("faas.cold_start")) is True:
        found["cold start"] = ("faas.coldstart", "cold start")
    return [(key, _short(words)) for key, words in list(found.values())[:_MOST_PLACES]]


def _short(words: str) -> str:
    return words if len(words) <= _MOST_WORD else words[: _MOST_WORD - 1] + "…"
