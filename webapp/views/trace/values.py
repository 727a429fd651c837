"""Attribute values as a page shows them: as text, laid out where they are JSON, SQL or a stack trace, cut where long."""

import base64
import json
import math
from dataclasses import dataclass

import orjson

from webapp.model import display
from webapp.model.spans import Value
from webapp.views.text.sql import is_sql, laid_out

FOLD_LINES = 4  # what a long value shows before it is unfolded
_LINE = 110  # characters that a line of the attribute table holds, about
_ONE_LINE = 44  # characters that surely stay in one line there
_MOST = 20_000  # characters of a value that a page carries; all of it is in the JSON
_SQL_KEYS = ("db.statement", "db.query.text", "sql.query")


@dataclass(frozen=True, slots=True)
class ShownValue:
    """`laid_out`: keeps its lines. `head`: the first lines of a long value, "" for a short one."""

    text: str
    laid_out: bool
    head: str
    more: str  # "48 lines", "21 kB": how much there is when folded
    cut: bool  # the page does not carry all of it


def shown(key: str, value: Value, most_lines: int | None = None) -> ShownValue:
    """Folded from `most_lines` up, FOLD_LINES if not given."""
    text, laid_out = _laid_out(key, value)
    cut, most = len(text) > _MOST, most_lines or FOLD_LINES
    lines = text[:_MOST].split("\n")
    needed = sum(1 + len(line) // _LINE for line in lines[: most + 1])
    if needed <= most:
        return ShownValue(text, laid_out, "", "", False)
    head = "\n".join(lines[:most])[: most * _LINE] if most > 1 else _in_one_line(text)
    count = text.count("\n") + 1
    more = (
        display.plural(count, "line") if count > most else display.size(len(text.encode("utf-8", "replace")))
    )
    return ShownValue(text[:_MOST], laid_out, head, more, cut)


def _in_one_line(text: str) -> str:
    return " ".join(text[: 2 * _ONE_LINE].split())[:_ONE_LINE] + "…"


def plain(value: Value) -> str:
    """The value on its own, as it is copied and sought."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return to_json(value).decode()


def _laid_out(key: str, value: Value) -> tuple[str, bool]:
    if isinstance(value, list | dict):
        text = to_json(value).decode()
        return (to_json(value, indent=True).decode(), True) if len(text) > _LINE // 2 else (text, False)
    text = plain(value)
    if not isinstance(value, str) or len(text) > _MOST:
        return text, "\n" in text
    if text[:1] in "{[" and len(text) > 2:
        try:
            return to_json(orjson.loads(text), indent=True).decode(), True
        except orjson.JSONDecodeError:
            return text, "\n" in text
    if "\n" not in text and len(text) > _LINE // 2 and (key in _SQL_KEYS or is_sql(text)):
        return "".join(run.text for run in laid_out(text)), True
    return text, "\n" in text


def to_json(value: object, indent: bool = False) -> bytes:
    """Also of numbers beyond 64 bits and of broken text, which the fast writer refuses; what is no number is null."""
    try:
        return orjson.dumps(value, default=plain, option=orjson.OPT_INDENT_2 if indent else 0)
    except TypeError:
        return json.dumps(_finite(value), default=plain, indent=2 if indent else None).encode()


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
