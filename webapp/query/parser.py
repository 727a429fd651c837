"""Query text → `Query`. Raises BadQuery with the token that is wrong. What values may be: `values.py`.

query    = { term group }             AND between what stands side by side
group    = unit { "OR" unit }         OR binds weaker than juxtaposition
unit     = "-" unit | "NOT" unit | "(" query ")" | spans | measure | term
term     = key op value | key "?" | flag | word | "phrase"
spans    = "{" query "}" | spans relation spans | "(" spans ")"     relations from left to right
measure  = function "(" [key] [spans] ")" op value | spans "|" function "(" [key] ")" op value
"""

import re
from functools import lru_cache

from webapp.errors import BadQuery
from webapp.query.keys import FLAGS, MEASURES, TRACE_KEYS
from webapp.query.lexer import Token
from webapp.query.measures import measured
from webapp.query.reader import Reader
from webapp.query.spelling import unquote
from webapp.query.tree import And, Group, Measure, Node, Not, Or, Query, Relation, SpanSet, Term
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
        raise parser.never_opened()
    return Query(text, root, tuple(parser.extents))


class _Parser(Reader):
    """Recursive descent. `extents`: of the outermost units."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._terms = 0
        self._in_braces = False
        self.extents: list[tuple[int, int]] = []

    def never_opened(self) -> BadQuery:
        sign = "brace" if self.token.text == "}" else "parenthesis"
        return self.error(f"This {sign} was never opened.", self.token)

    def alternatives(self, depth: int) -> Node:
        parts = [self._together(depth)]
        while self.token.keyword == "OR":
            self.take()
            parts.append(self._together(depth))
        if len(parts) == 1:
            return parts[0]
        if depth == 0:
            self.extents = [self.extent]
        return Or(tuple(parts))

    def _together(self, depth: int) -> Node:
        parts: list[Node] = []
        while not parts or not self._closes_group():
            start = self.token.start
            if parts and self.token.keyword == "AND":
                self.take()
            parts.append(self._unit(depth))
            if depth == 0:
                self.extents.append((start, self.last.end))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _closes_group(self) -> bool:
        return self.token.kind == "end" or self.token.stands_for(")}") or self.token.keyword == "OR"

    def _unit(self, depth: int) -> Node:
        token = self.token
        if depth > MAX_DEPTH:
            raise self.error(f"Nested more than {MAX_DEPTH} deep.", token)
        if token.kind == "minus" or token.keyword == "NOT":
            self.take()
            return Not(self._unit(depth + 1))
        if token.stands_for("("):
            return self._related(self._parentheses(depth), depth)
        if token.stands_for("{"):
            return self._related(self._braces(depth), depth)
        if token.text in MEASURES and token.kind == "word" and self.calls():
            return self._measure(depth)
        return self._term()

    def _parentheses(self, depth: int) -> Node:
        opening = self.take()
        if self.token.stands_for(")"):
            raise self.error("Nothing stands between these parentheses.", self.token)
        inner = self.alternatives(depth + 1)
        if not self.token.stands_for(")"):
            raise self.error("This parenthesis is never closed.", opening)
        self.take()
        return inner

    def _braces(self, depth: int) -> Group:
        opening = self.take()
        self._count(opening)
        if self._in_braces:
            raise self.error("Braces cannot stand within braces.", opening, "Parentheses can.")
        self._in_braces = True
        inner = None if self.token.stands_for("}") else self.alternatives(depth + 1)
        if not self.token.stands_for("}"):
            raise self.error("This brace is never closed.", opening)
        self._in_braces = False
        self.take()
        return Group(inner)

    def _related(self, node: Node, depth: int) -> Node:
        """The chain of relations, or the measure, that begins with what was just read."""
        while self.token.kind == "relation":
            relation = self.take()
            if not isinstance(node, SpanSet):
                raise self._no_group(relation, "before")
            node = Relation(node, relation.text, self._spans(relation, depth))
        if isinstance(node, SpanSet) and self.token.kind == "pipe":
            self.take()
            return self._piped(node)
        if isinstance(node, SpanSet) and self.token.kind == "op":
            raise self._no_group(self.token, "after")
        return node

    def _spans(self, relation: Token, depth: int) -> SpanSet:
        """What stands on the right of a relation."""
        if self.token.stands_for("{"):
            return self._braces(depth)
        node = self._parentheses(depth) if self.token.stands_for("(") else None
        if not isinstance(node, SpanSet):
            raise self._no_group(relation, "after")
        return node

    def _no_group(self, relation: Token, side: str) -> BadQuery:
        hint = f"For example {{service=api}} {relation.text} {{error}}"
        return self.error(f"{relation.text} needs a group in braces {side} it.", relation, hint)

    def _measure(self, depth: int) -> Measure:
        function = self.take()
        if self._in_braces:
            raise self.error(
                f"{function.text}(…) is about the whole trace.", function, "It stands outside of braces."
            )
        self._count(function)
        self.take()
        key = None if self.token.stands_for("{()") else self.take()
        if key and function.text == "count":
            raise self.error(
                "count counts the spans of a group in braces.", key, f"For example {MEASURES['count']}"
            )
        if not self.token.stands_for("{("):
            return self._compared(function, key, Group(None))
        start = self.token
        spans = self._unit(depth + 1)
        if not isinstance(spans, SpanSet):
            raise self.error(f"{function.text} needs a group in braces here.", start)
        return self._compared(function, key, spans)

    def _piped(self, spans: SpanSet) -> Measure:
        function = self.take()
        if function.text not in MEASURES or not self.token.stands_for("("):
            raise self.error(
                "Here a measure must follow.",
                function,
                f"They are: {', '.join(MEASURES)}, as in | count() > 3",
            )
        self.take()
        key = None if self.token.stands_for(")") else self.take()
        return self._compared(function, key, spans)

    def _compared(self, function: Token, key: Token | None, spans: SpanSet) -> Measure:
        if not self.token.stands_for(")"):
            raise self.error("This parenthesis is never closed.", function)
        self.take()
        op = self.take()
        if op.kind != "op" or op.text in "~?":
            raise self.error(
                f"{function.text}(…) must be compared.", function, f"For example {MEASURES[function.text]}"
            )
        value = self.take()
        if value.kind != "value":
            raise self._missing_value(function, op, value)
        return Measure(function.text, spans, measured(self, function, key, op, value))

    def _count(self, token: Token) -> None:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self.error(f"A query has at most {MAX_TERMS} terms.", token)

    def _term(self) -> Term:
        key = self.take()
        self._count(key)
        if key.kind == "op":
            raise self.error(
                f"{key.text} needs a key before it.", key, "Put text that holds signs in quotes."
            )
        if key.kind not in ("word", "quoted"):
            raise self._misplaced(key)
        if self.token.kind != "op":
            return self._lone(key)
        op = self.take()
        if op.text == "?":
            return make_term(self.text, key, op, None)
        value = self.take()
        if value.kind not in ("value", "quoted"):
            raise self._missing_value(key, op, value)
        return make_term(self.text, key, op, value)

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
        return make_term(self.text, word, Token("op", "=", word.end), Token("value", "true", word.end))

    def _misplaced(self, token: Token) -> BadQuery:
        if token.kind == "open-quote":
            return self.error("This quote is never closed.", token)
        if token.kind == "end":
            return self.error(f"Something must follow {self.last.text}.", self.last)
        if token.kind == "relation":
            return self._no_group(token, "before")
        if token.kind in ("paren", "brace"):
            sign = "parenthesis" if token.kind == "paren" else "brace"
            return self.error(f"This {sign} was never opened.", token)
        return self.error(
            f"{token.text} must stand between two terms.", token, f'To find the word: "{token.text}"'
        )

    def _missing_value(self, key: Token, op: Token, found: Token) -> BadQuery:
        if found.kind == "open-quote":
            return self.error("This quote is never closed.", found)
        return self.error(
            f"{key.text}{op.text} needs a value.", op, f'For an empty one: {key.text}{op.text}""'
        )
