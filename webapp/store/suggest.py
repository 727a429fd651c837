"""Completions for the term that is being typed: keys, then values, most frequent first. Counted in the newest spans."""

from collections.abc import Iterable

import duckdb

from webapp.query import OWN_KEYS, TRACE_KEYS, write_key, write_term
from webapp.query.keys import ALIASES
from webapp.query.lexer import Token, lex
from webapp.query.spelling import unquote
from webapp.store.catalogue import Catalogue

_LISTED = 12
_LONGEST = 300  # characters; nobody completes more
_NEWEST = 300_000  # spans that values are counted in
Suggestions = list[tuple[str, int]]
# with the number of spans (or resources) that carry them, most frequent first
ATTRIBUTE_KEYS = "SELECT key, sum(count)::BIGINT FROM key_catalog GROUP BY key ORDER BY 2 DESC, 1"


def suggest(cursor: duckdb.DuckDBPyConnection, text: str) -> Suggestions:
    """Texts that may take the place of the last term of `text`, each with how often it was seen."""
    tokens = [token for token in lex(text) if token.kind != "space"]
    if len(tokens) > 1 and tokens[-1].kind == "op":
        return _values(cursor, tokens[-2], tokens[-1].text, "")
    if len(tokens) > 2 and tokens[-2].kind == "op":
        return _values(cursor, tokens[-3], tokens[-2].text, _plain(tokens[-1]))
    typed = "" if not tokens or text[-1:].isspace() else _plain(tokens[-1])
    return _keys(cursor, typed)


def _plain(token: Token) -> str:
    if token.kind == "quoted":
        return unquote(token.text)
    return token.text.removeprefix('"')


def _keys(cursor: duckdb.DuckDBPyConnection, typed: str) -> Suggestions:
    spans = int(cursor.execute("SELECT count(*) FROM spans").fetchall()[0][0])
    found: Suggestions = [(write_key(key), count) for key, count in cursor.execute(ATTRIBUTE_KEYS).fetchall()]
    found += [(key, spans) for key in OWN_KEYS]
    if typed:
        found += [(f"trace.{key}", spans) for key in TRACE_KEYS]
        found += [
            (write_term("service", "=", value), count) for value, count in _summed(cursor, "service", typed)
        ]
    return _best(found, typed)


def _values(cursor: duckdb.DuckDBPyConnection, key: Token, op: str, typed: str) -> Suggestions:
    if op == "?":
        return []
    name = ALIASES.get(key.text, key.text)
    own = OWN_KEYS.get(name) or TRACE_KEYS.get(name.removeprefix("trace."))
    if own and own.type in ("flag", "choice"):
        found: Suggestions = [(value, 0) for value in own.choices or ("true", "false")]
    elif name in ("service", "trace.service", "trace.root", "trace.bottleneck"):
        found = _summed(cursor, name.removeprefix("trace."), typed)
    elif name == "name":
        found = _newest(cursor, "o.name", "JOIN operations o USING (operation_id)", [], typed)
    elif own and (name in OWN_KEYS or name.startswith("trace.")):
        found = []
    else:
        found = _attribute_values(cursor, key, typed)
    return [(write_term(key.text, op, value), count) for value, count in _best(found, typed)]


def _attribute_values(cursor: duckdb.DuckDBPyConnection, key: Token, typed: str) -> Suggestions:
    name = unquote('"' + key.text.partition('"')[2]) if key.kind == "quoted" else key.text
    name = name if key.kind == "quoted" else name.removeprefix("span.").removeprefix("resource.")
    found: Suggestions = []
    for column in Catalogue(cursor).columns(name):
        if column.column:
            found += _newest(cursor, f"s.{column.column}::VARCHAR", "", [], typed)
    join = "JOIN resource_attributes r ON r.resource_id = s.resource_id AND r.key = ?"
    return found + _newest(cursor, "r.text", join, [name], typed)


def _newest(
    cursor: duckdb.DuckDBPyConnection, value: str, join: str, joined: list[str], typed: str
) -> Suggestions:
    return cursor.execute(
        f"""
        SELECT {value} AS value, count(*)
        FROM spans s {join}
        WHERE s.span_row > (SELECT max(span_row) FROM spans) - {_NEWEST}
        AND value IS NOT NULL AND contains(lower(value), lower(?))
        GROUP BY value
        ORDER BY 2 DESC, 1
        LIMIT {_LISTED}
        """,
        [*joined, typed],
    ).fetchall()


def _summed(cursor: duckdb.DuckDBPyConnection, facet: str, typed: str) -> Suggestions:
    return cursor.execute(
        f"""
        SELECT CASE facet WHEN 'service' THEN service ELSE service || ' · ' || name END AS value,
          sum(traces)::BIGINT AS counted
        FROM facet_sums
        WHERE facet = ? AND service != '' AND contains(lower(value), lower(?))
        GROUP BY value
        HAVING counted > 0
        ORDER BY 2 DESC, 1
        LIMIT {_LISTED}
        """,
        [facet, typed],
    ).fetchall()


def _best(found: Iterable[tuple[str, int]], typed: str) -> Suggestions:
    """What begins with the typed text before what contains it."""
    sought = typed.lower()
    fitting = [pair for pair in found if len(pair[0]) <= _LONGEST and sought in pair[0].lower()]
    return sorted(fitting, key=lambda pair: (not pair[0].lower().startswith(sought), -pair[1], pair[0]))[
        :_LISTED
    ]
