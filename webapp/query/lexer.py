"""Cuts query text into tokens, for parser and highlighting. Never fails: what is wrong, the parser says."""

from dataclasses import dataclass
from itertools import pairwise

OPERATORS = ("!=", ">=", "<=", "=", ">", "<", "~", "?")  # longest first
KEYWORDS = ("AND", "OR", "NOT")
SCOPES = ("span.", "resource.")  # before a quoted key: span."odd key"


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: space, paren, minus, keyword, op, word, quoted, open-quote (never closed), value, end."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def lex(text: str) -> list[Token]:
    """Tokens that together are exactly `text`."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        token = _next_token(text, position, tokens)
        tokens.append(token)
        position = token.end
    return tokens


def tokens(text: str) -> list[tuple[str, int, int]]:
    """(kind, start, end) of each token, for highlighting: the kinds of `Token`, and `key`.

    >>> tokens("a=1 -error")
    [('key', 0, 1), ('op', 1, 2), ('value', 2, 3), ('space', 3, 4), ('minus', 4, 5), ('word', 5, 10)]
    """
    found = lex(text)
    meaning = [token for token in found if token.kind != "space"]
    keys = {
        token.start
        for token, follower in pairwise(meaning)
        if token.kind in ("word", "quoted") and follower.kind == "op"
    }
    return [("key" if token.start in keys else token.kind, token.start, token.end) for token in found]


def _next_token(text: str, start: int, before: list[Token]) -> Token:
    char = text[start]
    if char.isspace():
        return Token("space", _spaces(text, start), start)
    previous = next((token for token in reversed(before) if token.kind != "space"), None)
    prefix = next((scope for scope in SCOPES if text.startswith(f'{scope}"', start)), "")
    if char == '"' or prefix:
        return _quoted(text, start, len(prefix))
    if previous and previous.kind == "op" and previous.text != "?":
        value = _value(text, start)
        if value:
            return Token("value", value, start)
    if char in "()":
        return Token("paren", char, start)
    operator = _operator(text, start)
    if operator:
        return Token("op", operator, start)
    opens_term = not before or before[-1].kind in ("space", "paren", "minus")
    if char == "-" and opens_term and start + 1 < len(text) and not text[start + 1].isspace():
        return Token("minus", char, start)
    word = _word(text, start)
    return Token("keyword" if word in KEYWORDS else "word", word, start)


def _operator(text: str, start: int) -> str:
    return next((operator for operator in OPERATORS if text.startswith(operator, start)), "")


def _quoted(text: str, start: int, prefix: int) -> Token:
    position = start + prefix + 1
    while position < len(text) and text[position] != '"':
        position += 2 if text[position] == "\\" else 1
    if position >= len(text):
        return Token("open-quote", text[start:], start)
    return Token("quoted", text[start : position + 1], start)


def _value(text: str, start: int) -> str:
    """Up to a space or a parenthesis that is not opened in the value itself: `name~(a|b)` is one value."""
    depth = 0
    for position in range(start, len(text)):
        char = text[position]
        depth += (char == "(") - (char == ")")
        if char.isspace() or depth < 0:
            return text[start:position]
    return text[start:]


def _word(text: str, start: int) -> str:
    for position in range(start + 1, len(text)):
        if text[position].isspace() or text[position] in '()"' or _operator(text, position):
            return text[start:position]
    return text[start:]


def _spaces(text: str, start: int) -> str:
    end = start
    while end < len(text) and text[end].isspace():
        end += 1
    return text[start:end]
