"""The keys of the query language that are not attributes, and what may be asked of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

EQUALITY = ("=", "!=")
ORDER = (">", ">=", "<", "<=")
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")  # by OTLP number
STATUSES = ("unset", "ok", "error")


@dataclass(frozen=True, slots=True)
class Key:
    """`type`: text, number, duration, time, flag, id or choice (one of `choices`, by number)."""

    name: str
    type: str
    meaning: str
    choices: tuple[str, ...] = ()

    @property
    def ops(self) -> tuple[str, ...]:
        if self.type == "text":
            return (*EQUALITY, "~", "?")
        if self.type in ("number", "duration", "time"):
            return (*EQUALITY, *ORDER)
        return EQUALITY


def _by_name(*keys: Key) -> dict[str, Key]:
    return {key.name: key for key in keys}


OWN_KEYS = _by_name(
    Key("service", "text", "the service that made the span"),
    Key("name", "text", "the operation"),
    Key("duration", "duration", "from start to end of the span"),
    Key("error", "flag", "the span has status error"),
    Key("root", "flag", "the span has no parent"),
    Key("kind", "choice", "server, client, producer, consumer, internal or unspecified", KINDS),
    Key("status", "choice", "ok, error or unset", STATUSES),
    Key("status_message", "text", "what the span says of its status"),
    Key(
        "error_message",
        "text",
        "what a failed span says of why: its status message, an exception, an attribute",
    ),
    Key("peer", "text", "whom the span calls, as it names it; databases and queues as system:name"),
    Key(
        "source", "text", "the file or receiver that the span came from: its path, or its number on /sources"
    ),
    Key("start", "time", "when the span starts"),
    Key("id", "id", "the span's id"),
    Key("parent", "id", "the id of the span's parent"),
    Key("event.name", "text", "the name of an event of the span"),
    Key("link.trace_id", "text", "the id of a trace that the span links to, 32 hexadecimal digits"),
    Key("link.span_id", "text", "the id of a span that it links to, 16 hexadecimal digits"),
    Key("scope.name", "text", "the library that recorded the span"),
    Key("scope.version", "text", "the version of that library"),
)
ALIASES = {"operation": "name"}

TRACE_KEYS = _by_name(
    Key("duration", "duration", "from the first start to the last end"),
    Key("response", "duration", "how long the root span took"),
    Key("spans", "number", "how many spans"),
    Key("errors", "number", "how many spans have status error"),
    Key("failed", "flag", "the root span has status error"),
    Key("bottleneck", "text", "where the time went: service, or service · operation"),
    Key("root", "text", "root service, operation, or service · operation"),
    Key("root.service", "text", "the service of the root span"),
    Key("root.name", "text", "the operation of the root span"),
    Key("depth", "number", "how many levels of spans"),
    Key("service", "text", "a service that takes part"),
    Key("services", "number", "how many services take part"),
    Key("incomplete", "flag", "spans are missing"),
    Key("finding", "text", "a pattern that /insights tells of, by its code or fingerprint"),
    Key("warnings", "number", "how many repairs and other remarks"),
    Key("warning", "text", "a repair: its code, or code · service, such as orphan or skew_adjusted"),
    Key("skew", "text", "whose clocks disagree: caller → callee, by host or service"),
    Key("call", "text", "who calls whom, as on /graph: caller → callee, with (messaging) or (link) after it"),
    Key("caller", "text", "somebody who calls another, as on /graph"),
    Key("callee", "text", "somebody who is called by another, as on /graph"),
    Key("start", "time", "when the trace starts"),
    Key("id", "id", "the trace's id"),
)

# what spans of a trace come to, each with an example
MEASURES = {
    "count": "count({error})>3",
    "max": "max(duration {kind=client})>1s",
    "min": "min(duration {kind=client})>10ms",
    "avg": "avg(duration {kind=client})>100ms",
    "sum": "sum(duration {kind=client})>2s",
}

FLAGS = tuple(name for name, key in OWN_KEYS.items() if key.type == "flag")


def did_you_mean(key: str, known: Iterable[str]) -> str:
    """The known key nearest to a misspelled one, "" if none is near."""
    spelled = {name.lower(): name for name in known}
    close = get_close_matches(key.lower(), spelled, n=1, cutoff=0.7)
    return spelled[close[0]] if close else ""
