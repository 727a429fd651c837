"""From any spelling of an id, as pasted from a log or a header, to the traces it names."""

import base64
import re
from collections.abc import Iterator

import duckdb

from webapp.model.ids import hashed_id
from webapp.store.pending import setting

MOST = 50  # of an ambiguous prefix
_SHORTEST_PREFIX = 8
_HEX = re.compile(r"(?:0x)?([0-9a-f]{1,32})", re.IGNORECASE)
_UUID = re.compile(r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
_KEY = re.compile(  # "traceparent: 00-…"
    r"""^["']?(?:b3|[\w.-]*(?:trace|correlation|request|parent)[\w.-]*)["']?\s*[:=]\s*""", re.IGNORECASE
)
_IN_HEADER = (
    re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.IGNORECASE),  # traceparent
    re.compile(r"([0-9a-f]{32}|[0-9a-f]{16})-[0-9a-f]{16}(?:-[01d](?:-[0-9a-f]{16})?)?", re.IGNORECASE),  # b3
    re.compile(r"projects/[^/]+/traces/([0-9a-f]{1,32})", re.IGNORECASE),  # Google Cloud
    re.compile(r"([0-9a-f]{32})/[0-9]+(?:;.*)?", re.IGNORECASE),  # X-Cloud-Trace-Context
    re.compile(r"([0-9a-f]{1,32})(?::|%3a)[0-9a-f]{1,16}(?::|%3a).*", re.IGNORECASE),  # uber-trace-id
    re.compile(r"(?:.*\broot=)?1-([0-9a-f]{8}-[0-9a-f]{24})(?:;.*)?", re.IGNORECASE),  # X-Ray
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{22}(?:==)?|[A-Za-z0-9+/_-]{11}=?")
_BASE64_OF_DIGITS = re.compile(r"[A-Za-z0-9+/_-]{43}=")  # some exporters encode what is hexadecimal already
_LIKE_AN_ID = re.compile(r"(?=.*\d)[^\s=<>]{4,300}")  # what is worth a look at all spans
_UPPER_HALF = "0" * 16
_DECIMAL = re.compile(r"[0-9]{1,39}")


def trace_ids_in(text: str) -> Iterator[str]:
    """What `text` may mean as a trace id, as 32 hex digits, the most likely first."""
    text = _without_key(text)
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
    if _BASE64_OF_DIGITS.fullmatch(text):
        digits = bytes.fromhex(_from_base64(text)).decode("latin-1")
        if _HEX.fullmatch(digits):
            yield digits.lower().zfill(32)


def span_ids_in(text: str) -> Iterator[int]:
    """What `text` may mean as a span id."""
    text = _without_key(text)
    if (found := _HEX.fullmatch(text)) and len(found[1]) <= 16:
        yield int(found[1], 16)
    if _DECIMAL.fullmatch(text) and int(text) < 2**64:
        yield int(text)
    if _BASE64.fullmatch(text) and len(text) <= 12:
        yield int(_from_base64(text), 16)


def find_traces(cursor: duckdb.DuckDBPyConnection, text: str) -> list[str]:
    """Traces of this id, as we or as their file writes it; else whose id ends or begins so; else with a span of this id."""
    exact = list(trace_ids_in(text))
    for trace_id in (*exact, *(hashed_id(spelling, 32) for spelling in _spellings(text))):
        if found := _known(cursor, "trace_id = ?::UUID", [trace_id]):
            return found
    if found := _as_written(cursor, "written_trace_id", text):
        return found
    for trace_id in exact:  # the lower half, as Zipkin and Datadog log it
        lower_half = f"{trace_id[16:20]}-{trace_id[20:]}"
        if trace_id.startswith(_UPPER_HALF) and (
            found := _known(cursor, "right(trace_id::VARCHAR, 17) = ?", [lower_half])
        ):
            return found
    digits = _HEX.fullmatch(_without_key(text))
    partly = _by_prefix(cursor, digits[1].lower()) if digits else []
    return (
        partly or _with_span(cursor, list(span_ids_in(text))) or _as_written(cursor, "written_span_id", text)
    )


def _without_key(text: str) -> str:
    """What stands behind `traceparent: ` or `"trace_id":`."""
    return _KEY.sub("", text.strip()).strip("\"' ,.;:`()[]{}<>‹›«»“”")


def _spellings(text: str) -> list[str]:
    return [each for each in dict.fromkeys((text.strip(), _without_key(text))) if each]


def _as_written(cursor: duckdb.DuckDBPyConnection, column: str, text: str) -> list[str]:
    """Ids that their readers had to cut, or to number."""
    spellings = [each for each in _spellings(text) if _LIKE_AN_ID.fullmatch(each)]
    if not spellings:
        return []
    found = cursor.execute(
        f"""
        SELECT DISTINCT replace(trace_id::VARCHAR, '-', '')
        FROM spans
        WHERE {column} IN (SELECT unnest(?::VARCHAR[]))
        ORDER BY ALL
        LIMIT {MOST}
        """,
        [spellings],
    ).fetchall()
    return [trace_id for (trace_id,) in found]


def _by_prefix(cursor: duckdb.DuckDBPyConnection, digits: str) -> list[str]:
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
