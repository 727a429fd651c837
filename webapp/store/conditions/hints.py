"""What columns tell of calls before any is read: which say that they are tried again, which traces ask the same twice.

Both are weaker than the rules of the detectors: what they leave out can be no finding.
"""

from collections.abc import Iterable, Sequence

import duckdb
import numpy as np

from webapp.model.calls import RESENT, STATEMENT, URL
from webapp.model.columns import I64
from webapp.model.spans import Kind

_KNOWN = """
  SELECT key, "column", type, in_rest
  FROM key_catalog
  WHERE scope = 'span' AND list_contains(?, key)
"""
Known = list[tuple[str, str | None, str, bool]]


def resent_rows(cursor: duckdb.DuckDBPyConnection, first: int, last: int) -> I64:
    """Rows from … to whose spans have an attribute that tells of another attempt, whatever it says."""
    known: Known = cursor.execute(_KNOWN, [list(RESENT)]).fetchall()
    if not known:
        return np.empty(0, np.int64)
    said = [f"{column} IS NOT NULL" for _, column, *_ in known if column] + [_in_rest(known)]
    found = cursor.execute(
        f"SELECT span_row FROM spans WHERE span_row BETWEEN ? AND ? AND ({' OR '.join(said)})", [first, last]
    ).fetchnumpy()
    return np.asarray(found["span_row"], np.int64)


def repeating_traces(cursor: duckdb.DuckDBPyConnection, first: int, last: int, least: int) -> I64:
    """Numbers of the traces of `unlooked_traces` in which a service asks at least so often in the same words."""
    found = [
        cursor.execute(
            f"""
            SELECT DISTINCT number
            FROM (
              SELECT number
              FROM (
                SELECT trace_id, service_id, {words} AS words
                FROM spans
                WHERE span_row BETWEEN ? AND ? AND kind = {Kind.CLIENT.value} AND words IS NOT NULL
              ) JOIN unlooked_traces USING (trace_id)
              GROUP BY number, service_id, words
              HAVING count(*) >= ?
            )
            """,
            [first, last, least],
        ).fetchnumpy()["number"]
        for words in (_words(cursor, keys) for keys in (STATEMENT, URL))
        if words
    ]
    return np.unique(np.concatenate([np.empty(0, np.int64), *found])).astype(np.int64)


def _words(cursor: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> str:
    """The first of the keys that says something; "" if no span has any. What lies in the rest counts as equal."""
    known: Known = cursor.execute(_KNOWN, [list(keys)]).fetchall()
    columns = [
        f"nullif({column}::VARCHAR, '')"
        for key in keys
        for name, column, *_ in known
        if name == key and column
    ]
    rest = [f"CASE WHEN {_in_rest(known)} THEN '' END"] if any(in_rest for *_, in_rest in known) else []
    return f"coalesce({', '.join([*columns, *rest, 'NULL'])})" if columns or rest else ""


def _in_rest(known: Iterable[tuple[str, str | None, str, bool]]) -> str:
    keys = sorted({key for key, *_, in_rest in known if in_rest})
    return " OR ".join(f"contains(attributes_rest, '\"{key}\"')" for key in keys) or "false"
