"""The query language of the search box: parse, match, rewrite. As SQL: `store/conditions/sql.py`."""

from webapp.query.keys import OWN_KEYS, TRACE_KEYS, Key, did_you_mean
from webapp.query.lexer import tokens
from webapp.query.match import matches
from webapp.query.parser import parse
from webapp.query.rewrite import (
    Part,
    add_term,
    free_word,
    has_term,
    remove_term,
    rephrased,
    set_range,
    terms,
    toggle_term,
    without_traces,
)
from webapp.query.spelling import time_ns, write_duration, write_key, write_term, write_value
from webapp.query.tree import Query, Term, Window

__all__ = [
    "OWN_KEYS",
    "TRACE_KEYS",
    "Key",
    "Part",
    "Query",
    "Term",
    "Window",
    "add_term",
    "did_you_mean",
    "free_word",
    "has_term",
    "matches",
    "parse",
    "remove_term",
    "rephrased",
    "set_range",
    "terms",
    "time_ns",
    "toggle_term",
    "tokens",
    "without_traces",
    "write_duration",
    "write_key",
    "write_term",
    "write_value",
]
