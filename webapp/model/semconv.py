"""Which attribute says what: OpenTelemetry's names, old and new, as tables. No conclusions."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from webapp.model.columns import ErrorText, Peer
from webapp.model.spans import Attributes, Event, Kind, Span, Status, Value

# Within each table the first key that is present wins; new names stand before old ones.
_DB_SYSTEM = ("db.system.name", "db.system")
_DB_TARGET = (
    "db.namespace",
    "db.name",
    "service.peer.name",
    "peer.service",
    "server.address",
    "net.peer.name",
    "net.sock.peer.name",
    "network.peer.address",
    "net.peer.ip",
)
_MESSAGING_SYSTEM = ("messaging.system",)
_MESSAGING_TARGET = ("messaging.destination.name", "messaging.destination")
_REMOTE_NAME = (
    "service.peer.name",
    "peer.service",
    "server.address",
    "net.peer.name",
    "net.sock.peer.name",
    "http.host",
)
REMOTE_URL = ("url.full", "http.url")
_REMOTE_ADDRESS = ("network.peer.address", "net.peer.ip")

# type of peer -> keys of its system, keys of its name; what `peer_of` reads, for questions the other way round
PEER_KEYS = {
    "db": (_DB_SYSTEM, _DB_TARGET),
    "messaging": (_MESSAGING_SYSTEM, _MESSAGING_TARGET),
    "external": ((), (*_REMOTE_NAME, *_REMOTE_ADDRESS)),
}

_HOST = ("host.id", "host.ip", "host.name", "ip", "hostname")  # the last two: Jaeger's own clients

_EXCEPTION_WORDS = ("exception.message", "message", "error.object", "exception.type", "error.kind")
_ERROR_WORDS = (
    "exception.message",
    "error.message",
    "error.msg",
    "error.object",
    "error",
    "exception.type",
    "error.type",
    "error.kind",
)
_HTTP_STATUS = ("http.response.status_code", "http.status_code")
_FILE = ("code.file.path", "code.filepath")
_LINE = ("code.line.number", "code.lineno")
FAILED_EVENTS = ("exception", "error")
LEVELS = (
    "level",
    "severity",
    "log.severity",
    "log.level",
    "severity_text",
)  # keys of events that are log lines
FAILED_WORDS = (
    "error",
    "fatal",
    "critical",
    "severe",
    "panic",
    "err",
    "emergency",
    "alert",
)  # among their values
_MERE_FLAGS = frozenset({"true", "false", "1", "0"})  # `error=true` says that, not what
_MAX_MESSAGE = 2_000


def peer_of(kind: int, attributes: Attributes) -> Peer | None:
    """Whom a CLIENT or PRODUCER calls; for a CONSUMER the queue it reads. None: unknown, or no such kind.

    A database or queue is named "system:target", so that old and new conventions give one name.
    """
    if kind not in (Kind.CLIENT, Kind.PRODUCER, Kind.CONSUMER):
        return None
    if kind != Kind.CONSUMER and (system := text_of(attributes, _DB_SYSTEM)):
        return Peer("db", _joined(system, text_of(attributes, _DB_TARGET)))
    if system := text_of(attributes, _MESSAGING_SYSTEM):
        return Peer("messaging", _joined(system, text_of(attributes, _MESSAGING_TARGET)))
    if kind == Kind.CONSUMER:
        return None
    name = (
        text_of(attributes, _REMOTE_NAME)
        or _url_host(text_of(attributes, REMOTE_URL))
        or text_of(attributes, _REMOTE_ADDRESS)
    )
    return Peer("external", name) if name else None


def event_failed(event: Event) -> bool:
    """Whether it tells of an exception or an error."""
    if event.name in FAILED_EVENTS or "exception.type" in event.attributes:
        return True
    return any(text_of(event.attributes, (key,)).lower() in FAILED_WORDS for key in LEVELS)


def host_of(resource: Attributes) -> str:
    """What tells one clock from another; "" when the resource does not say."""
    return text_of(resource, _HOST)


def error_text(span: Span) -> ErrorText | None:
    """What a span of status ERROR says of its failure, and where in the code; None if it says nothing."""
    if span.status != Status.ERROR:
        return None
    message = span.status_message.strip() or _exception_words(span.events) or _error_words(span.attributes)
    source = _source(span.attributes)
    if not message and not source:
        return None
    return ErrorText(message if len(message) <= _MAX_MESSAGE else message[: _MAX_MESSAGE - 1] + "…", source)


def text_of(attributes: Attributes, keys: Iterable[str]) -> str:
    """The first of `keys` that says something, as text; "" if none does."""
    for key in keys:
        if key in attributes and (text := _text(attributes[key])):
            return text
    return ""


def _text(value: Value) -> str:
    """A plain value as text, of a list its first; anything else is no name."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _joined(system: str, target: str) -> str:
    return f"{system}:{target}" if target else system


def _url_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a broken IPv6 address, say
        return ""


def _exception_words(events: list[Event]) -> str:
    """Of the last exception event: the earlier ones were often survived."""
    for event in reversed(events):
        is_failure = event.name in FAILED_EVENTS or "exception.type" in event.attributes
        if is_failure and (words := text_of(event.attributes, _EXCEPTION_WORDS)):
            return words
    return ""


def _error_words(attributes: Attributes) -> str:
    for key in _ERROR_WORDS:
        words = _text(attributes.get(key))
        if words and words.lower() not in _MERE_FLAGS:
            return words
    status = text_of(attributes, _HTTP_STATUS)
    return f"HTTP {status}" if status else ""


def _source(attributes: Attributes) -> str:
    file, line = text_of(attributes, _FILE), text_of(attributes, _LINE)
    return f"{file}:{line}" if file and line else file
