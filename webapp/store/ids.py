"""From any spelling of an id, as pasted from a log or a header, to the traces it names."""

import base64
import re
from collections.abc import Iterator

import duckdb

from webapp.store.pending import setting

MOST = 50  # of an ambiguous prefix
_SHORTEST_PREFIX = 8
_HEX = re.compile(r"(?:0x)?([0-9a-f]{1,32})", re.IGNORECASE)
_UUID = re.compile(r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
_HEADER_NAME = re.compile(r"^[\w-]+:\s+")  # "traceparent: 00-…"
_IN_HEADER = (
    re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.IGNORECASE),  # traceparent
    re.compile(r"([0-9a-f]{32}|[0-9a-f]{16})-[0-9a-f]{16}(?:-[01d](?:-[0-9a-f]{16})?)?", re.IGNORECASE),  # b3
    re.compile(r"([0-9a-f]{1,32})(?::|%3a)[0-9a-f]{1,16}(?::|%3a).*", re.IGNORECASE),  # uber-trace-id
    re.compile(r"(?:.*\broot=)?1-([0-9a-f]{8}-[0-9a-f]{24})(?:;.*)?", re.IGNORECASE),  # X-Ray
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{22}(?:==)?|[A-Za-z0-9+/_-]{11}=?")
_DECIMAL = re.compile(r"[0-9]{1,39}")


def trace_ids_in(text: str) -> Iterator[str]:
    """What `text` may mean as a trace id, as 32 hex digits, the most likely first."""
    text = _HEADER_NAME.sub("", text.strip()).strip("\"'")
    for pattern in _IN_HEADER:
        if found := pattern.fullmatch(text):
            yield found[1].replace("-", "").lower().zfill(32)
    if _UUID.fullmatch(text):
        yield text.strip("{}").replace("-", "").lower()
    if found := _HEX.fullmatch(text):
        yield found[1].lower().zfill(32)
    if _DECIMAL.fullmatch(text) and int(text) < 2**128:
        yield f"{int(text):032x}"
    if _BASE64.fullmatch(text):
        yield _from_base64(text).zfill(32)


def span_ids_in(text: str) -> Iterator[int]:
    """What `text` may mean as a span id."""
    text = text.strip().strip("\"'")
    if (found := _HEX.fullmatch(text)) and len(found[1]) <= 16:
        yield int(found[1], 16)
    if _DECIMAL.fullmatch(text) and int(text) < 2**64:
        yield int(text)
    if _BASE64.fullmatch(text) and len(text) <= 12:
        yield int(_from_base64(text), 16)


def find_traces(cursor: duckdb.DuckDBPyConnection, text: str) -> list[str]:
    """Traces of this id, else those whose id ends or begins so, else those with a span of this id."""
    exact = list(trace_ids_in(text))
    for trace_id in exact:
        if found := _known(cursor, "trace_id = ?::UUID", [trace_id]):
            return found
    digits = _HEX.fullmatch(text.strip())
    partly = _by_part(cursor, digits[1].lower()) if digits else []
    return partly or _with_span(cursor, list(span_ids_in(text)))


def _by_part(cursor: duckdb.DuckDBPyConnection, digits: str) -> list[str]:
    if len(digits) == 16:  # the lower half, as Zipkin and Datadog log it
        lower_half = f"{digits[:4]}-{digits[4:]}"
        if found := _known(cursor, "right(trace_id::VARCHAR, 17) = ?", [lower_half]):
            return found
    if len(digits) < _SHORTEST_PREFIX:
        return []
    return _known(
        cursor, "trace_id BETWEEN ?::UUID AND ?::UUID", [digits.ljust(32, "0"), digits.ljust(32, "f")]
    )


def _known(cursor: duckdb.DuckDBPyConnection, condition: str, parameters: list[object]) -> list[str]:
    """Ids of analysed traces and of those that are still pending."""
    found = cursor.execute(
        f"""
        SELECT DISTINCT replace(trace_id::VARCHAR, '-', '')
        FROM (
          SELECT trace_id FROM traces WHERE {condition}
          UNION ALL
          SELECT trace_id FROM spans WHERE {condition} AND span_row >= ?
        )
        ORDER BY ALL
        LIMIT {MOST}
        """,
        [*parameters, *parameters, setting(cursor, "settled_row")],
    ).fetchall()
    return [trace_id for (trace_id,) in found]


def _with_span(cursor: duckdb.DuckDBPyConnection, span_ids: list[int]) -> list[str]:
    found = cursor.execute(
        f"""
        SELECT DISTINCT replace(trace_id::VARCHAR, '-', '')
        FROM spans
        WHERE span_id <> 0 AND span_id IN (SELECT unnest(?::UBIGINT[]))
        ORDER BY ALL
        LIMIT {MOST}
        """,
        [span_ids],
    ).fetchall()
    return [trace_id for (trace_id,) in found]


def _from_base64(text: str) -> str:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    return base64.b64decode(padded, altchars=b"-_" if set(text) & set("-_") else None).hex()
