"""Query text → `Query`. Raises BadQuery with the token that is wrong. What values may be: `values.py`.

query   = { term group }          AND between what stands side by side
group   = unit { "OR" unit }      OR binds weaker than juxtaposition
unit    = "-" unit | "NOT" unit | "(" query ")" | term
term    = key op value | key "?" | flag | word | "phrase"
"""

import re
from functools import lru_cache

from webapp.errors import BadQuery
from webapp.query.keys import FLAGS, TRACE_KEYS
from webapp.query.lexer import Token, lex
from webapp.query.spelling import unquote
from webapp.query.tree import And, Node, Not, Or, Query, Term
from webapp.query.values import make_term

MAX_LENGTH = 8_000
MAX_DEPTH = 50
MAX_TERMS = 100
_SURROGATE = re.compile("[\ud800-\udfff]")  # a byte of the command line that is not UTF-8


@lru_cache(maxsize=4_096)  # a page asks of each of its facet links what it means
def parse(text: str) -> Query:
    """The query that `text` means; white space alone is the empty query."""
    if len(text) > MAX_LENGTH:
        raise BadQuery(
            f"A query has at most {MAX_LENGTH:,} characters.", text=text, position=MAX_LENGTH, length=1
        )
    broken = _SURROGATE.search(text)
    if broken:
        raise BadQuery("This is not a character.", text=text, position=broken.start())
    parser = _Parser(text)
    root = parser.alternatives(0) if parser.token.kind != "end" else None
    if parser.token.kind != "end":
        raise parser.error("This parenthesis was never opened.", parser.token)
    return Query(text, root, tuple(parser.extents))


class _Parser:
    """Recursive descent over the tokens that mean something; `token` is the one to read next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [token for token in lex(text) if token.kind != "space"]
        self._tokens.append(Token("end", "", len(text)))
        self._position = 0
        self._terms = 0
        self.extents: list[tuple[int, int]] = []  # of the outermost units

    @property
    def token(self) -> Token:
        return self._tokens[self._position]

    def error(self, message: str, token: Token, hint: str = "") -> BadQuery:
        return BadQuery(message, text=self._text, position=token.start, length=len(token.text), hint=hint)

    def alternatives(self, depth: int) -> Node:
        parts = [self._together(depth)]
        while self.token.text == "OR" and self.token.kind == "keyword":
            self._take()
            parts.append(self._together(depth))
        if len(parts) == 1:
            return parts[0]
        if depth == 0:
            self.extents = [(self._tokens[0].start, self._tokens[-2].end)]
        return Or(tuple(parts))

    def _together(self, depth: int) -> Node:
        parts: list[Node] = []
        while not parts or not self._closes_group():
            start = self.token.start
            if parts and self.token.kind == "keyword" and self.token.text == "AND":
                self._take()
            parts.append(self._unit(depth))
            if depth == 0:
                self.extents.append((start, self._tokens[self._position - 1].end))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _closes_group(self) -> bool:
        token = self.token
        return token.kind == "end" or (token.kind, token.text) in (("paren", ")"), ("keyword", "OR"))

    def _unit(self, depth: int) -> Node:
        token = self.token
        if depth > MAX_DEPTH:
            raise self.error(f"Nested more than {MAX_DEPTH} deep.", token)
        if token.kind == "minus" or (token.kind == "keyword" and token.text == "NOT"):
            self._take()
            return Not(self._unit(depth + 1))
        if token.kind == "paren" and token.text == "(":
            return self._group(depth)
        return self._term()

    def _group(self, depth: int) -> Node:
        opening = self._take()
        if self.token.text == ")" and self.token.kind == "paren":
            raise self.error("Nothing stands between these parentheses.", self.token)
        inner = self.alternatives(depth + 1)
        if self.token.kind == "end":
            raise self.error("This parenthesis is never closed.", opening)
        self._take()
        return inner

    def _term(self) -> Term:
        key = self._take()
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self.error(f"A query has at most {MAX_TERMS} terms.", key)
        if key.kind == "op":
            raise self.error(
                f"{key.text} needs a key before it.", key, "Put text that holds signs in quotes."
            )
        if key.kind not in ("word", "quoted"):
            raise self._misplaced(key)
        if self.token.kind != "op":
            return self._lone(key)
        op = self._take()
        if op.text == "?":
            return make_term(self._text, key, op, None)
        value = self._take()
        if value.kind not in ("value", "quoted"):
            raise self._missing_value(key, op, value)
        return make_term(self._text, key, op, value)

    def _lone(self, word: Token) -> Term:
        if word.kind == "word" and word.text in FLAGS:
            return Term("own", word.text, "=", "true", start=word.start, end=word.end)
        if word.kind == "word" and word.text.startswith("trace."):
            return self._trace_flag(word)
        if word.kind == "quoted" and not word.text.startswith('"'):
            raise self.error("A key alone says nothing.", word, f"{word.text}? finds spans that have it.")
        value, quoted = (unquote(word.text), True) if word.kind == "quoted" else (word.text, False)
        if not value.strip("" if quoted else "*-"):
            raise self.error("There is nothing to look for in this.", word)
        wild = not quoted and "*" in value
        return Term("text", "", "=", value, wild=wild, start=word.start, end=word.end)

    def _trace_flag(self, word: Token) -> Term:
        key = TRACE_KEYS.get(word.text.removeprefix("trace."))
        if key and key.type != "flag":
            raise self.error("A key alone says nothing.", word, f"It knows {' '.join(key.ops)}")
        return make_term(self._text, word, Token("op", "=", word.end), Token("value", "true", word.end))

    def _misplaced(self, token: Token) -> BadQuery:
        if token.kind == "open-quote":
            return self.error("This quote is never closed.", token)
        if token.kind == "end":
            last = self._tokens[-2]
            return self.error(f"Something must follow {last.text}.", last)
        if token.text == ")":
            return self.error("This parenthesis was never opened.", token)
        return self.error(
            f"{token.text} must stand between two terms.", token, f'To find the word: "{token.text}"'
        )

    def _missing_value(self, key: Token, op: Token, found: Token) -> BadQuery:
        if found.kind == "open-quote":
            return self.error("This quote is never closed.", found)
        return self.error(
            f"{key.text}{op.text} needs a value.", op, f'For an empty one: {key.text}{op.text}""'
        )

    def _take(self) -> Token:
        token = self.token
        if token.kind != "end":
            self._position += 1
        return token
