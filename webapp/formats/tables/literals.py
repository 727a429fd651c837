"""Maps and lists as text: JSON, ClickHouse's `{'k':'v'}` and `['a',1]`, and what Python prints. Values come out plain."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from webapp.formats.value_text import DEEPEST, is_deep

_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_TOKEN = re.compile(rf"\s*({_STRING}|[{{}}\[\](),:]|[^\s{{}}\[\](),:'\"]+)\s*", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "a": "\a", "v": "\v"}
_WORDS: dict[str, Any] = {"null": None, "none": None, "true": True, "false": False}
_CLOSING = {"{": "}", "[": "]", "(": ")"}


def parsed(text: str) -> Any:  # noqa: ANN401  any value
    """Raises ValueError for what is none of these, or nests deeper than anyone reads."""
    if text.startswith("{'") and (quick := _plain_map(text)):
        return quick
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _Literal(text).value()
    if text.count("[") + text.count("{") >= DEEPEST and is_deep(value):
        raise ValueError("nested deeper than anyone reads")
    return value


def _plain_map(text: str) -> dict[str, str] | None:
    """The fast way, for a map of text to text in which nothing is escaped."""
    pairs = text[2:-2].split("','")
    if not text.endswith("'}") or "\\" in text or text.count("'") != 4 * len(pairs):
        return None
    halves = [pair.split("':'") for pair in pairs]
    return dict(halves) if all(len(one) == 2 for one in halves) else None


class _Literal:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def value(self) -> Any:  # noqa: ANN401
        found = self._one(DEEPEST)
        if self._at != len(self._tokens):
            raise ValueError("something follows the value")
        return found

    def _next(self) -> str:
        if self._at == len(self._tokens):
            raise ValueError("the value is cut off")
        token: str = self._tokens[self._at]
        self._at += 1
        return token

    def _one(self, room: int) -> Any:  # noqa: ANN401
        mark = self._next()
        if mark in _CLOSING:
            if not room:
                raise ValueError("nested deeper than anyone reads")
            return self._map(room - 1) if mark == "{" else self._list(_CLOSING[mark], room - 1)
        return _scalar(mark)

    def _list(self, closing: str, room: int) -> list[Any]:
        found: list[Any] = []
        while self._tokens[self._at : self._at + 1] != [closing]:
            found.append(self._one(room))
            if self._tokens[self._at : self._at + 1] == [","]:
                self._at += 1
            elif self._tokens[self._at : self._at + 1] != [closing]:
                raise ValueError("a list without its end")
        self._at += 1
        return found

    def _map(self, room: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (mark := self._next()) != "}":
            if mark == ",":
                continue
            if self._next() != ":":
                raise ValueError("a key without its value")
            found[str(_scalar(mark))] = self._one(room)
        return found


def _scalar(token: str) -> Any:  # noqa: ANN401
    if token[0] in "'\"":
        return _ESCAPE.sub(_unescaped, token[1:-1]) if "\\" in token else token[1:-1]
    if token.lower() in _WORDS:
        return _WORDS[token.lower()]
    try:
        return int(token)
    except ValueError:
        return float(token)


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError("not a map or a list")
        at = found.end()
        yield found[1]
