"""The name of a span that is inferred from log lines: operation, request, or what a line says in all traces alike."""

import re
from collections.abc import Sequence

from webapp.model.logs import LogLine
from webapp.model.spans import Attributes

_LONGEST = 100
_NAMELESS = "log lines"
_OPERATION_KEYS = ("operation", "operation_name", "operationName", "span_name", "spanName", "span.name")
_METHOD_KEYS = (
    "method", "http.method", "http.request.method", "http_method", "http.req.method", "req.method",
)  # fmt: skip
_PATH_KEYS = (
    "route", "http.route", "path", "url.path", "http.path", "http.target", "uri", "url", "http.req.path", "req.url",
)  # fmt: skip
_TEMPLATE_KEYS = ("@mt", "MessageTemplate", "messageTemplate", "message_template", "msg_template", "template")
_FIELD = re.compile(
    r"""(?<![\w.@-])[A-Za-z_@][\w.@/-]*=(?:"(?:[^"\\]|\\.)*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|[^\s\[\](){},;|]*)[,;]?"""
)
_NAMED_ID = re.compile(
    r"""\b(?:x[-_.]?)?(?:trace|span|parent[-_. ]?span|correlation|request)[-_. ]?id["']?\s*[:=]\s*["']?[\w.:-]+["']?[,;]?""",
    re.IGNORECASE,
)
_LEVEL = re.compile(
    r"^[\s\[(<]*(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL|PANIC)\b[\s\])>|:,-]*"
)
_TIME = re.compile(r"\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_VARIABLE = re.compile(  # UUIDs, hexadecimal ids, addresses, numbers; not the 1 of `v1`
    r"(?<![\w.])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[0-9a-f]*\d)[0-9a-f]{12,}|\d+(?:[.,:]\d+)*(?=(?:[a-zµ]{1,2}|%)?\b))(?![\w]*[_-])",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"\[[\s,-]*\]|\([\s,-]*\)|\{[\s,-]*\}")


def name_of(lines: Sequence[LogLine]) -> str:
    """The operation if a line names it, the request if one does, else what the first line says."""
    for line in lines:
        if operation := first_text(line.attributes, _OPERATION_KEYS):
            return operation
    for line in lines:
        method, path = first_text(line.attributes, _METHOD_KEYS), first_text(line.attributes, _PATH_KEYS)
        if method and path:
            return f"{method} {path.partition('?')[0]}"[:_LONGEST]
    first = next((line for line in lines if line.message), None)
    words = "" if first is None else first_text(first.attributes, _TEMPLATE_KEYS) or _template(first)
    words = " ".join(words.split()) or _NAMELESS
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def first_text(attributes: Attributes, keys: Sequence[str]) -> str:
    return next((value for key in keys if isinstance(value := attributes.get(key), str) and value), "")


def _template(line: LogLine) -> str:
    """The message without what differs from request to request: fields and ids are left out, numbers are `*`."""
    words = line.message[: 20 * _LONGEST]
    words = _FIELD.sub("", _NAMED_ID.sub("", words))
    for own in (line.written_trace_id, line.trace_id, line.written_span_id, line.span_id):
        words = re.sub(rf"(?<!\w){re.escape(own)}(?!\w)", "", words, flags=re.IGNORECASE) if own else words
    words = _EMPTY.sub("", _LEVEL.sub("", _TIME.sub("", words).strip()))
    if line.service:
        words = re.sub(rf"^\s*[\[(<]{re.escape(line.service)}[\])>]", "", words)
    return _VARIABLE.sub("*", words).strip(" -:|,;\t") or _VARIABLE.sub("*", " ".join(line.message.split()))
