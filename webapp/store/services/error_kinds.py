"""Failed spans by kind: type of exception and message, with numbers and ids in messages taken for what differs."""

import re

import duckdb
import orjson

from webapp.model.red import ErrorKind, ErrorKinds
from webapp.store.conditions.where import Where

_MOST = 50_000  # failed spans, the newest
_LONGEST = 240  # characters of a template
_TYPE = r'"exception\.type":\{"stringValue":"((?:[^"\\]|\\.)*)"'
_STATUS = re.compile(r"HTTP \d{3}")
# ids, numbers with their unit, and what is left between such
_DIFFERS = re.compile(
    r"""
    [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}
    | (?<![A-Za-z0-9])(?:0[xX])?(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{6,}(?![A-Za-z0-9])
    | \d+(?:[.,:]\d+)*
    | \*+
    """,
    re.VERBOSE,
)


def read_error_kinds(cursor: duckdb.DuckDBPyConnection, of: Where) -> ErrorKinds:
    """`of`: FROM and WHERE of spans as s and their traces as t; those of status ERROR are looked at."""
    found = cursor.execute(
        f"""
        WITH failed AS (
          SELECT s.span_row, s.trace_id, s.start_ns, s.error_message, s.events {of.text} AND s.status = 2
          ORDER BY s.span_row DESC
          LIMIT {_MOST + 1}
        )
        SELECT
          coalesce(regexp_extract_all(events, '{_TYPE}', 1)[-1], '') AS type, coalesce(error_message, '') AS message,
          count(*), min(start_ns), max(start_ns), replace(arg_max(trace_id, start_ns)::VARCHAR, '-', '')
        FROM failed
        GROUP BY type, message
        """,
        list(of.values),
    ).fetchall()
    kinds: dict[tuple[str, str], ErrorKind] = {}
    for written_type, message, *counted in found:
        fresh = ErrorKind(_text(written_type), template_of(message), *counted)
        key = fresh.type, fresh.template
        kinds[key] = _together(kinds[key], fresh) if key in kinds else fresh
    total = sum(kind.spans for kind in kinds.values())
    ranked = sorted(_typed(kinds), key=lambda kind: (-kind.spans, kind.type, kind.template))
    return ErrorKinds(ranked, min(total, _MOST), total > _MOST)


def _typed(kinds: dict[tuple[str, str], ErrorKind]) -> list[ErrorKind]:
    """A failure that is only passed on says the same, but no longer of what type it is: it is counted with the typed."""
    typed: dict[str, ErrorKind] = {}
    for kind in kinds.values():
        if kind.type and kind.spans > (typed[kind.template].spans if kind.template in typed else 0):
            typed[kind.template] = kind
    passed_on = {kind.template: kind for kind in kinds.values() if not kind.type and kind.template in typed}
    return [
        _together(kind, passed_on[kind.template])
        if kind.template in passed_on and kind is typed[kind.template]
        else kind
        for kind in kinds.values()
        if kind.type or kind.template not in passed_on
    ]


def template_of(message: str) -> str:
    """The message with `*` for what differs from one time to the next.

    >>> template_of("order 4711 of 9f86d081-884c-4d65-9a2f-eaa0c55ad015 timed out after 1500 ms")
    'order * of * timed out after * ms'
    """
    if _STATUS.fullmatch(message):
        return message
    return _DIFFERS.sub("*", message.strip())[:_LONGEST]


def _text(written: str) -> str:
    """A JSON string without its quotes, read."""
    try:
        return str(orjson.loads(f'"{written}"'))
    except orjson.JSONDecodeError:
        return written


def _together(one: ErrorKind, other: ErrorKind) -> ErrorKind:
    last = max(one, other, key=lambda kind: kind.last_ns)
    return ErrorKind(
        one.type,
        one.template,
        one.spans + other.spans,
        min(one.first_ns, other.first_ns),
        last.last_ns,
        last.example,
    )
