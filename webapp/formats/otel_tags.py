"""The tags in which OpenTelemetry's own fields travel through formats that have no place for them. No values, no kinds."""

from webapp.formats.value_text import as_text
from webapp.model.spans import NO_SCOPE, Attributes, Scope, Span

ERROR, KIND = "error", "span.kind"
STATUS, MESSAGE = "otel.status_code", "otel.status_description"
REFERENCE_TYPE = (
    "opentracing.ref_type"  # of a link: how it is meant; the Collector writes it for Jaeger's references
)
FOLLOWS_FROM = "follows_from"
SHARED = "zipkin.shared"
# how many of each a span had beyond its limits
DROPPED = ("otel.dropped_attributes_count", "otel.dropped_events_count", "otel.dropped_links_count")
_STATE = "w3c.tracestate"
_SCOPES = (("otel.scope.name", "otel.scope.version"), ("otel.library.name", "otel.library.version"))


def take_text(tags: Attributes, key: str) -> str:
    """Takes it out of `tags`; "" if it is not there."""
    if key not in tags or not isinstance(tags[key], (str, int, float)):
        return ""
    return as_text(tags.pop(key))


def take_scope(tags: Attributes) -> Scope:
    """By the new names or the old ones; takes both out."""
    found = [Scope(take_text(tags, name), take_text(tags, version)) for name, version in _SCOPES]
    return next((scope for scope in found if scope != NO_SCOPE), NO_SCOPE)


def put_dropped(tags: Attributes, counts: tuple[int, int, int]) -> None:
    tags.update((key, count) for key, count in zip(DROPPED, counts, strict=True) if count)


def take_state(tags: Attributes) -> str:
    return take_text(tags, _STATE)


def scope_and_state(span: Span) -> dict[str, str]:
    """The opposite of `take_scope` and `take_state`."""
    name, version = _SCOPES[0]
    texts = {name: span.scope.name, version: span.scope.version, _STATE: span.trace_state}
    return {key: text for key, text in texts.items() if text}
