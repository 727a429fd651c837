"""What measures compare: `count({…})>3` a number, `max(duration {…})>1s` values of one key."""

from webapp.query.keys import ALIASES, MEASURES, OWN_KEYS, did_you_mean
from webapp.query.lexer import SCOPES, Token
from webapp.query.reader import Reader
from webapp.query.tree import Term
from webapp.query.values import make_term, number_in


def measured(reader: Reader, function: Token, key: Token | None, op: Token, value: Token) -> Term:
    """The comparison, with the key whose values are measured; count has none, and counts spans."""
    if function.text == "count":
        number = number_in(value.text)
        if number is None:
            raise reader.error(f"{value.text} is not a number.", value, f"For example {MEASURES['count']}")
        return Term("count", "", op.text, value.text, number, start=function.start, end=value.end)
    if key is None or key.kind not in ("word", "quoted"):
        message = f"{function.text} needs a key to measure."
        raise reader.error(message, function, f"For example {MEASURES[function.text]}")
    if not _can_be_measured(key):
        near = did_you_mean(key.text.rpartition(".")[2], ["duration"])
        message = f"{key.text} cannot be measured: only duration and attributes of the span can."
        raise reader.error(message, key, f"Did you mean {near}?" if near else "")
    term = make_term(reader.text, key, op, value)
    if term.number is None:
        raise reader.error(f"{value.text} is not a number.", value)
    scope = "own" if term.scope == "own" else "span"
    return Term(scope, term.key, op.text, term.value, term.number, start=function.start, end=value.end)


def _can_be_measured(key: Token) -> bool:
    scope, dot, _ = key.text.partition(".")
    if dot and f"{scope}." in (*SCOPES, "trace."):
        return scope == "span"
    own = key.kind == "word" and (key.text in OWN_KEYS or key.text in ALIASES)
    return key.text == "duration" or not own
