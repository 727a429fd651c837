"""The term that is being written at the caret, and what the query asks beside it: for completions."""

from dataclasses import dataclass

from webapp.query.lexer import Token, lex
from webapp.query.spelling import unquote

_APART = ("space", "paren", "brace", "keyword", "minus", "relation", "pipe")


@dataclass(frozen=True, slots=True)
class Caret:
    """`key`, `op`, `typed`: of the term as far as it is written; `typed` is its word, or its value once it has `op`.

    It stands from `start` to `end`. `rest` is what must hold beside it on the same span; `after_group`: it follows on
    a closing brace.
    """

    key: Token | None
    op: str
    typed: str
    start: int
    end: int
    rest: str
    after_group: bool


def caret_in(text: str, at: int) -> Caret:
    before = [token for token in lex(text[:at]) if token.kind != "space"]
    written = _term(before, text[:at])
    start = written[0].start if written else at
    following = (token.start for token in lex(text) if token.start >= at and token.kind in _APART)
    end = next(following, len(text))
    earlier = before[: len(before) - len(written)]
    is_value = len(written) > 1
    return Caret(
        key=written[0] if is_value else None,
        op=written[1].text if is_value else "",
        typed=_plain(written[-1]) if written and written[-1].kind != "op" else "",
        start=start,
        end=max(at, end),
        rest=_rest(text, earlier, start, max(at, end)),
        after_group=bool(earlier) and not written and earlier[-1].stands_for("}"),
    )


def _term(before: list[Token], text: str) -> list[Token]:
    """The last tokens, as far as they are one term that may go on."""
    if len(before) > 1 and before[-1].kind == "op":
        return before[-2:]
    if len(before) > 2 and before[-2].kind == "op" and before[-2].text != "?":
        return [] if text[-1:].isspace() and before[-1].kind != "open-quote" else before[-3:]
    if not before or before[-1].kind in _APART or (text[-1:].isspace() and before[-1].kind != "open-quote"):
        return []
    return before[-1:]


def _plain(token: Token) -> str:
    return unquote(token.text) if token.kind == "quoted" else token.text.removeprefix('"')


def _rest(text: str, earlier: list[Token], start: int, end: int) -> str:
    """Of the braces that the term stands in, else of the whole query; no query behind an OR, which nothing limits."""
    for token in reversed(earlier):
        if token.kind != "minus" and token.keyword not in ("AND", "NOT"):
            break
        start = token.start
    first, last = 0, len(text)
    for token in earlier:
        if token.kind == "brace":
            first = token.end if token.text == "{" else 0
    if first:
        closing = (token.start for token in lex(text) if token.start >= end and token.stands_for("}"))
        last = next(closing, last)
    return f"{text[first:start].strip()} {text[end:last].strip()}".strip()
