"""What a span asks of another party, in words that can be compared: statement, URL, template. No trees, no times."""

import re
from dataclasses import dataclass

from webapp.model.semconv import PEER_KEYS, REMOTE_URL, peer_of, text_of
from webapp.model.spans import Attributes, Kind

STATEMENT = ("db.query.text", "db.statement")
URL = ("url.full", "http.url", "url.path", "http.target")
_METHOD = ("http.request.method", "http.method", "rpc.method", "db.operation.name", "db.operation")
_RPC = ("rpc.service", "rpc.method")
_ROUTE = ("url.template", "http.route")
RESENT = ("http.request.resend_count", "rpc.grpc.retry_count", "grpc.retry-count", "retry.count")
_SIZE = (
    "http.response.body.size",
    "http.response_content_length",
    "db.response.returned_rows",
    "messaging.message.body.size",
    "rpc.message.uncompressed_size",
)
_FAILURE = ("error.type", "exception.type", "error.message", "exception.message", "rpc.grpc.status_code")
_DELAY = (
    "messaging.message.delay",
    "messaging.rocketmq.message.delay_time_level",
    "messaging.scheduled",
    "delay_ms",
)
_TELLING = frozenset(
    (*STATEMENT, *URL, *_METHOD, *_RPC, *_ROUTE, *RESENT, *_SIZE, *_FAILURE, *_DELAY, *REMOTE_URL)
).union(*(keys for pair in PEER_KEYS.values() for keys in pair))
_LITERAL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\b\d[\w.]*\b|\$\d+|%s|:\w+|\?")
_LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)*\s*\)")
_SPACE = re.compile(r"\s+")
_PLACEHOLDER = re.compile(r"\?|\$\d+|%s|(?<![\w:'\"]):[A-Za-z_]\w*|\{\w+\}")
_REDACTED = re.compile(r"=(?:REDACTED|\*+|%2A+|<\w+>)|/[:{]\w+")
_PATH_ID = re.compile(
    r"(?<=[/=])(?:\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,}|[\w-]*\d[\w-]{7,})(?=[/?&#]|$)"
)
_PAGING = re.compile(r"([?&](?:page|cursor|offset|start|after|skip)=)[^&]*", re.IGNORECASE)
_READS = re.compile(r"\s*(?:GET|HEAD|SELECT|MGET|FIND|HGET)\b", re.IGNORECASE)
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+[\"`\[]?([\w.]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a CLIENT span. `text` is what was asked in full ("" if the span does not say), `template` the same
    without its literals, `type` one of `db`, `http`, `rpc`, `messaging`, `other`; `size` of the answer, 0 if unknown.
    """

    type: str
    system: str
    callee: str
    text: str
    template: str
    resent: bool = False
    size: int = 0
    timed_out: bool = False
    delayed: bool = False

    @property
    def only_reads(self) -> bool:
        return bool(_READS.match(self.text))

    @property
    def hides_parameters(self) -> bool:
        """Placeholders stand where the values were: equal texts do not say that the same was asked."""
        hidden = {"db": _PLACEHOLDER, "http": _REDACTED}.get(self.type)
        return not self.text or bool(hidden and hidden.search(self.text))

    @property
    def is_cut(self) -> bool:
        return self.text.endswith(("…", "..."))

    @property
    def table(self) -> str:
        found = _TABLE.search(self.text)
        return found.group(1).lower() if found else ""


def tells_of_call(key: str) -> bool:
    """Whether `call_of` looks at an attribute: the others need not be read for it."""
    return key in _TELLING or "http" in key


def call_of(kind: int, name: str, attributes: Attributes, status_message: str = "") -> Call:
    peer = peer_of(kind, attributes)
    statement, url = text_of(attributes, STATEMENT), text_of(attributes, URL)
    method, route = text_of(attributes, _METHOD), text_of(attributes, _ROUTE)
    words = " ".join([status_message, *(text_of(attributes, (key,)) for key in _FAILURE)]).lower()
    if peer and peer.type == "db":
        call_type, text = "db", statement
        template = sql_template(statement) if statement else name
    elif peer and peer.type == "messaging":
        call_type, text, template = "messaging", "", name
    elif text_of(attributes, _RPC):
        call_type, text, template = "rpc", "", " ".join(text_of(attributes, (key,)) for key in _RPC).strip()
    elif url or route or "http" in " ".join(attributes):
        call_type, text = "http", f"{method} {url}".strip() if _has_path(url) else ""
        template = f"{method} {route or url_template(url)}".strip() if route or url else name
    else:
        call_type, text, template = "other", "", name
    return Call(
        type=call_type,
        system=peer.name.partition(":")[0] if peer and peer.type == "db" else "",
        callee=peer.name if peer else "",
        text=text,
        template=template,
        resent=bool(text_of(attributes, RESENT).strip("0")),
        size=_whole(text_of(attributes, _SIZE)),
        timed_out=kind == Kind.CLIENT and ("timeout" in words or "deadline" in words or "timed out" in words),
        delayed=bool(text_of(attributes, _DELAY)),
    )


def _has_path(url: str) -> bool:
    """A host alone does not say what it is asked for."""
    return "/" in url.rpartition("://")[2]


def sql_template(statement: str) -> str:
    """Literals and placeholders as `?`, a list of them as one."""
    return _SPACE.sub(" ", _LIST.sub("(?)", _LITERAL.sub("?", statement))).strip()


def url_template(url: str) -> str:
    """Ids in the path and values of the query as `*`."""
    path, question, values = url.partition("?")
    named = "&".join(sorted(part.partition("=")[0] + "=*" for part in values.split("&"))) if values else ""
    return _PATH_ID.sub("*", path) + question + named


def without_paging(text: str) -> str:
    """A URL whose place within a listing is left out: pages of one listing are equal."""
    return _PAGING.sub(r"\1*", text)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0
