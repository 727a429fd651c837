"""What a term's key and value mean: scopes, units, choices, ids, times. Writing them: `spelling.py`."""

import math
import re
from decimal import Decimal

from webapp.errors import BadQuery
from webapp.model.id_spellings import usual_form
from webapp.query.keys import ALIASES, ORDER, OWN_KEYS, TRACE_KEYS, Key, did_you_mean
from webapp.query.lexer import SCOPES, Token
from webapp.query.spelling import MAX_NS, UNITS_NS, time_ns, unquote
from webapp.query.tree import Number, Term

_NUMBER = re.compile(r"[+-]?(\d{1,30})(\.\d{1,30})?([eE][+-]?\d{1,3})?", re.ASCII)
_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)([a-zµμ]*)", re.ASCII)


def number_in(text: str) -> Number | None:
    """The number that `text` is, else None. Whole numbers stay exact."""
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    if match[2] is None and match[3] is None:
        return int(text)
    value = float(text)
    return value if math.isfinite(value) else None


def make_term(text: str, key: Token, op: Token, value: Token | None) -> Term:
    """The term of `key op value`; value is None for `key?`."""
    return _TermMaker(text, key, op, value).term()


class _TermMaker:
    """Holds the tokens of one term while its value is understood, so that errors can point at them."""

    def __init__(self, text: str, key: Token, op: Token, value: Token | None) -> None:
        self._text = text
        self._key, self._op, self._token = key, op, value
        self._quoted = value is not None and value.kind == "quoted"
        self._value = "" if value is None else unquote(value.text) if self._quoted else value.text
        if value and not self._quoted and self._value[0] in "=~" and op.text == "=":
            raise self._error(
                f"{op.text}{self._value[0]} is not an operator.", op, "Equal is =, regular expression is ~."
            )

    def term(self) -> Term:
        scope, name, key = self._resolve()
        if key is not None:
            return self._typed(scope, key)
        number = number_in(self._value)
        if self._op.text in ORDER and number is None:
            hint = "Times with a unit compare with duration and trace.duration only."
            raise self._error(f"{self._value or 'Nothing'} is not a number.", self._token or self._op, hint)
        return self._term(scope, name, self._value, number)

    def _resolve(self) -> tuple[str, str, Key | None]:
        """Scope, name, and the key's description unless it is an attribute."""
        written = self._key.text
        if self._key.kind == "quoted":
            scope, _, quoted = written.partition('"')
            return scope[:-1] or "any", unquote('"' + quoted), None
        scope, dot, name = written.partition(".")
        if scope == "trace" and dot:
            if name not in TRACE_KEYS:
                raise self._unknown_trace_key(name)
            return "trace", name, TRACE_KEYS[name]
        written = ALIASES.get(written, written)
        if written in OWN_KEYS:
            return "own", written, OWN_KEYS[written]
        return (scope, name, None) if f"{scope}." in SCOPES and name else ("any", written, None)

    def _typed(self, scope: str, key: Key) -> Term:
        if self._op.text not in key.ops:
            hint = f"It knows {' '.join(key.ops)}"
            raise self._error(f"{self._key.text} does not know {self._op.text}", self._op, hint)
        if key.type == "text":
            return self._term(scope, key.name, self._value, None)
        value, number = self._understand(key)
        return self._term(scope, key.name, value, number)

    def _understand(self, key: Key) -> tuple[str, Number | None]:
        if key.choices:
            return self._choice(key.choices)
        reading = {
            "number": self._number, "duration": self._duration, "time": self._time,
            "flag": self._flag, "id": self._id,
        }[key.type]  # fmt: skip
        return reading()

    def _number(self) -> tuple[str, Number | None]:
        number = number_in(self._value)
        if number is None:
            raise self._bad_value("is not a number.", f"For example {self._key.text}>10")
        return str(number), number

    def _duration(self) -> tuple[str, Number | None]:
        match = _DURATION.fullmatch(self._value)
        unit = match[2] if match else ""
        if not match or (unit and unit not in UNITS_NS):
            raise self._bad_value("is not a duration.", "Units: ns us ms s m h, for example 1.5s")
        amount = Decimal(match[1])
        if not unit and amount:
            raise self._bad_value("needs a unit.", f"For example {self._value}ms; units: ns us ms s m h")
        ns = int(amount * UNITS_NS.get(unit, 0))
        if ns > MAX_NS:
            raise self._bad_value("is longer than 292 years.", "")
        return str(ns), ns

    def _time(self) -> tuple[str, Number | None]:
        ns = time_ns(self._value)
        if ns is None:
            raise self._bad_value("is not a time.", "For example 2025-11-20T10:32:07Z, or nanoseconds")
        return str(ns), ns

    def _flag(self) -> tuple[str, Number | None]:
        if self._value not in ("true", "false"):
            raise self._bad_value("is neither true nor false.", "")
        return self._value, None

    def _id(self) -> tuple[str, Number | None]:
        """Any text may be somebody's id."""
        if not self._value.strip():
            raise self._bad_value("is not an id.", "")
        return usual_form(self._value.strip(), 32 if self._key.text == "trace.id" else 16), None

    def _choice(self, choices: tuple[str, ...]) -> tuple[str, Number | None]:
        value = self._value.lower()
        if value not in choices:
            near = did_you_mean(value, choices)
            hint = f"Did you mean {near}?" if near else f"They are: {', '.join(choices)}."
            raise self._bad_value("is not one of them.", hint)
        return value, choices.index(value)

    def _term(self, scope: str, name: str, value: str, number: Number | None) -> Term:
        wild = "*" in value and not self._quoted and self._op.text in ("=", "!=")
        end = (self._token or self._op).end
        return Term(scope, name, self._op.text, value, number, wild, self._key.start, end)

    def _error(self, message: str, token: Token, hint: str = "") -> BadQuery:
        return BadQuery(message, text=self._text, position=token.start, length=len(token.text), hint=hint)

    def _bad_value(self, message: str, hint: str) -> BadQuery:
        return self._error(f"{self._key.text}: “{self._value}” {message}", self._token or self._op, hint)

    def _unknown_trace_key(self, name: str) -> BadQuery:
        near = did_you_mean(name, TRACE_KEYS)
        known = ", ".join(f"trace.{key}" for key in TRACE_KEYS)
        hint = f"Did you mean trace.{near}?" if near else f"There are {known}."
        return self._error(f"There is no trace.{name}.", self._key, hint)
