"""Cuts query text into tokens, for parser and highlighting. Never fails: what is wrong, the parser says."""

import re
from dataclasses import dataclass
from itertools import pairwise

OPERATORS = ("!=", ">=", "<=", "=", ">", "<", "~", "?")  # longest first
KEYWORDS = ("AND", "OR", "NOT")
SPELLED = {"&&": "AND", "||": "OR"}
SCOPES = ("span.", "resource.", "event.", "link.", "scope.")  # also before a quoted key: span."odd key"
# Between groups. Of one sign alone only where a group follows: `count({a}) > 3` compares.
_RELATION = re.compile(r"!?(?:>>|<<)|!(?:>|<|~)|(?:>|<|~)(?=\s*[({])")
_OPENING = ("space", "paren", "brace", "minus", "keyword", "relation", "pipe")  # after these a term may begin


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: space, paren, brace, minus, keyword, op, relation, pipe, word, quoted, open-quote, value, end."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def keyword(self) -> str:
        """AND, OR or NOT, however it is spelled; "" for other tokens."""
        return SPELLED.get(self.text, self.text) if self.kind == "keyword" else ""

    def stands_for(self, signs: str) -> bool:
        """Whether it is one of these parentheses or braces."""
        return self.kind in ("paren", "brace") and self.text in signs


def lex(text: str) -> list[Token]:
    """Tokens that together are exactly `text`."""
    lexer = _Lexer(text)
    while lexer.position < len(text):
        lexer.step()
    return lexer.tokens


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


class _Lexer:
    """`before`: the last token that is no space. `braces`: how many are open."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.tokens: list[Token] = []
        self.position = 0
        self._before: Token | None = None
        self._braces = 0

    def step(self) -> None:
        token = self._next()
        self.tokens.append(token)
        self.position = token.end
        if token.kind != "space":
            self._before = token
        if token.kind == "brace":
            self._braces = max(0, self._braces + (1 if token.text == "{" else -1))

    def _next(self) -> Token:
        text, start, before = self._text, self.position, self._before
        char = text[start]
        if char.isspace():
            return Token("space", _spaces(text, start), start)
        prefix = next((scope for scope in SCOPES if text.startswith(f'{scope}"', start)), "")
        if char == '"' or prefix:
            return _quoted(text, start, len(prefix))
        if before and before.kind == "op" and before.text != "?":
            value = self._value()
            if value:
                return Token("value", value, start)
        return self._sign(char) or self._word()

    def _sign(self, char: str) -> Token | None:
        text, start, before = self._text, self.position, self._before
        opens_term = not self.tokens or self.tokens[-1].kind in _OPENING
        if char in "()":
            return Token("paren", char, start)
        if char == "}" or (char == "{" and opens_term):
            return Token("brace", char, start)
        closed = before is not None and before.stands_for(")}")
        relation = _RELATION.match(text, start) if closed else None
        if relation:
            return Token("relation", relation[0], start)
        if text[start : start + 2] in (">>", "<<"):  # never an operator, so that it can be said what is amiss
            return Token("relation", text[start : start + 2], start)
        if closed and char == "|" and not text.startswith("||", start):
            return Token("pipe", char, start)
        if text[start : start + 2] in SPELLED and (opens_term or closed):
            return Token("keyword", text[start : start + 2], start)
        operator = _operator(text, start)
        if operator:
            return Token("op", operator, start)
        if char == "-" and opens_term and start + 1 < len(text) and not text[start + 1].isspace():
            return Token("minus", char, start)
        return None

    def _value(self) -> str:
        """Up to a space, or to a parenthesis or brace that is not opened in the value itself: `name~(a|b)` is one."""
        text, start = self._text, self.position
        parens = braces = 0
        for position in range(start, len(text)):
            char = text[position]
            parens += (char == "(") - (char == ")")
            braces += (char == "{") - (char == "}")
            if char.isspace() or parens < 0 or (self._braces and braces < 0):
                return text[start:position]
        return text[start:]

    def _word(self) -> Token:
        text, start = self._text, self.position
        end, braces = start + 1, int(text[start] == "{")
        while end < len(text):
            char = text[end]
            braces += (char == "{") - (char == "}")
            closed = self._braces and braces < 0
            if char.isspace() or char in '()"' or closed or _operator(text, end):
                break
            end += 1
        word = text[start:end]
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


def _spaces(text: str, start: int) -> str:
    end = start
    while end < len(text) and text[end].isspace():
        end += 1
    return text[start:end]
