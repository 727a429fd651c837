"""Resources of one source, one object for all spans of a process. No parsing."""

from webapp.formats.units import UNKNOWN_SERVICE
from webapp.model.spans import NO_RESOURCE, Attributes, Resource

_REMEMBERED = 10_000


class Resources:
    def __init__(self) -> None:
        self._known: dict[str, Resource] = {}

    def named(self, attributes: Attributes, schema_url: str = "") -> tuple[Resource, str]:
        """The resource and the service it names."""
        service = attributes.get("service.name")
        name = service if isinstance(service, str) and service else UNKNOWN_SERVICE
        if not attributes and not schema_url:
            return NO_RESOURCE, name
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        return self._known.setdefault(f"{schema_url} {attributes!r}", Resource(attributes, schema_url)), name
