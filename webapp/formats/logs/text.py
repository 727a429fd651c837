"""Log lines that are text: logfmt, a logger's prefix before JSON, key=value within words. No JSON streams, no ids.

Every line comes out as flat fields under the keys it uses; what a prefix says without a key gets a usual one.
"""

import json
import re
from typing import Any

from webapp.formats.logs.keys import names_an_id
from webapp.formats.logs.layouts import LEVEL, LEVEL_WITHIN, split

Fields = dict[str, Any]

_LOGFMT_LINE = re.compile(r"\s*[A-Za-z_@][\w.@/-]*=")
_PAIR = re.compile(r'(?:^|(?<=[\s\[({,;|]))([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)')
_PAIR_IN_WORDS = re.compile(
    r'(?:^|(?<=[\s\[({,;|]))([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|[^\s"\[\](){},;|]*)'
)
_ID_IN_WORDS = re.compile(
    r"""\b((?:x[-_.]?)?(?:trace|span|parent[-_. ]?span)[-_. ]?id)["']?\s*[:=]\s*["']?([\w.:-]{2,100})""",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"[\[(]?(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s?Z|\s?[+-]\d\d:?\d\d)?)[\])]?(?=[\s,|]|$)[\s,|]*"
)
_COMPOSE = re.compile(r"([A-Za-z0-9][\w.-]*?)(?:-\d+|_\d+)?\s+\|\s(?!\|)")  # docker compose logs
_CONTAINER = re.compile(r"(?:stdout|stderr) [FP] ")  # containerd's files, behind the time
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?")


def text_fields(line: str) -> Fields:
    """What a line of text says; `message` is there unless the line is nothing but key=value."""
    line = _COLOURS.sub("", line).strip()
    found, rest = _prefix(line)
    at = rest.find('{"')
    if at >= 0 and (inner := _object(rest[at:])) is not None:
        return found | _between(rest[:at]) | inner
    if _LOGFMT_LINE.match(rest):
        pairs = _pairs(_PAIR, rest)
        words = _PAIR.sub("", rest).strip()
        return found | ({"message": words} if words else {}) | pairs
    return found | _words(rest)


def ids_in_words(words: str) -> Fields:
    """Ids that a message names: `TraceID: 04c8… SpanID: e400… done`."""
    found: Fields = {}
    for key, value in _ID_IN_WORDS.findall(words):
        found.setdefault(key.replace(" ", "_"), value.rstrip(".:-"))
    return found


def _typed(text: str) -> str | int | float | bool:
    """What logfmt writes without quotes may have been a number or a truth value."""
    if text in ("true", "false"):
        return text == "true"
    if _PLAIN_NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def _prefix(line: str) -> tuple[Fields, str]:
    """What agents and loggers put before a line: service, time, stream; and the rest."""
    found: Fields = {}
    if "=" not in line[:40] and (compose := _COMPOSE.match(line)):
        found["container_name"] = compose[1]
        line = line[compose.end() :]
    if time := _TIME.match(line):
        found["time"] = time[1].replace("/", "-")
        line = line[time.end() :]
    if container := _CONTAINER.match(line):
        line = line[container.end() :]
        inner, rest = _prefix(line) if _TIME.match(line) else ({}, line)
        return found | inner, rest
    return found, line


def _between(words: str) -> Fields:
    """What stands between a time and JSON; zap writes level, caller and message, with tabs between them."""
    found: Fields = {}
    level = LEVEL.search(words[:LEVEL_WITHIN])
    if level:
        found["level"] = level[1]
        words = words[: level.start()] + words[level.end() :]
    parts = [part.strip() for part in words.strip().split("\t") if part.strip()]
    if parts:
        found["message"] = parts[-1].strip(" -:|")
    if len(parts) > 1:
        found["caller"] = parts[-2]
    return {key: value for key, value in found.items() if value}


def _words(line: str) -> Fields:
    prefix, words = split(line)
    return {"message": words} | prefix | ids_in_words(words) | _pairs(_PAIR_IN_WORDS, words)


def _pairs(pattern: re.Pattern[str], line: str) -> Fields:
    return {key: _value(key, value) for key, value in pattern.findall(line)}


def _value(key: str, written: str) -> str | int | float | bool:
    if written[:1] == '"':
        return _unquoted(written)
    return written if names_an_id(key) else _typed(written)


def _unquoted(value: str) -> str:
    try:
        return str(json.loads(value, strict=False))
    except ValueError:  # Go's quotes know escapes that JSON's do not
        return value[1:-1].replace('\\"', '"')


def _object(text: str) -> Fields | None:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
