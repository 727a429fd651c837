"""Trace and span ids as log lines spell them: any common header or logger's form, else hashed. No lines here."""

import re
from functools import lru_cache
from typing import NamedTuple

from webapp.formats.units import hashed_id, read_id

_LONGEST = 300  # characters; what is longer is no id
_NOTHING = frozenset(
    {"null", "none", "nil", "<nil>", "undefined", "unknown", "n/a", "na", "-", "true", "false", "(null)"}
)
_HEX = re.compile(r"(?:0[xX])?[0-9a-fA-F]+")
_UUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
_PADDED_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{22}==|[A-Za-z0-9+/_-]{11}=")
_DIGITS = re.compile(r"[0-9]{1,39}")
# what headers hold: the trace id, and the span id that stands behind it
_HEADERS = (
    re.compile(
        r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?", re.IGNORECASE
    ),  # traceparent
    re.compile(
        r"(?:.*\broot=)?1-([0-9a-f]{8}-[0-9a-f]{24})(?:@.*|;(?:.*\bparent=([0-9a-f]{16})\b)?.*)?",
        re.IGNORECASE,
    ),  # X-Ray
    re.compile(r"projects/[^/]+/traces/([0-9a-f]{1,32})()", re.IGNORECASE),  # Google Cloud
    re.compile(r"([0-9a-f]{32})/[0-9]+()(?:;.*)?", re.IGNORECASE),  # X-Cloud-Trace-Context
    re.compile(
        r"([0-9a-f]{32}|[0-9a-f]{16})-([0-9a-f]{16})(?:-[01d](?:-[0-9a-f]{16})?)?", re.IGNORECASE
    ),  # b3
    re.compile(r"([0-9a-f]{1,32})(?::|%3a)([0-9a-f]{1,16})(?::|%3a).*", re.IGNORECASE),  # uber-trace-id
)


class Found(NamedTuple):
    """`code`: the warning that goes with it, "" for an id in its usual form. `span_id`: what a header held beside it."""

    hex: str
    code: str = ""
    span_id: str = ""


@lru_cache(maxsize=20_000, typed=True)
def trace_id_in(written: str | int, *, decimal: bool = False) -> Found | None:
    """None for what is empty, zero or no id at all. `decimal`: a text of digits is a number (Datadog)."""
    text = _text_of(written)
    if text is None:
        return None
    for header in _HEADERS:
        if match := header.fullmatch(text):
            return _usual(match[1].replace("-", ""), 32, (match[2] or "").zfill(16) if match[2] else "")
    return _plain(written, text, 32, decimal=decimal)


@lru_cache(maxsize=20_000, typed=True)
def span_id_in(written: str | int, *, decimal: bool = False) -> Found | None:
    text = _text_of(written)
    return None if text is None else _plain(written, text, 16, decimal=decimal)


def _text_of(written: str | int) -> str | None:
    if isinstance(written, bool):
        return None
    text = str(written).strip().strip("\"'")
    if not text.strip("0-:x") or len(text) > _LONGEST or text.lower() in _NOTHING:
        return None
    return text


def _plain(written: str | int, text: str, digits: int, *, decimal: bool) -> Found | None:
    if isinstance(written, int) or (decimal and _DIGITS.fullmatch(text) and len(text) != 32):
        return _usual(f"{int(text):x}", digits) if int(text) > 0 else None
    if match := _UUID.fullmatch(text):
        return _usual(match[1].replace("-", ""), digits)
    if _HEX.fullmatch(text) or _PADDED_BASE64.fullmatch(text):
        found = read_id(text, digits)
        if found is not None:
            return Found(found.hex, "id_padded" if found.unusual else "")
    return Found(hashed_id(text, digits), "id_hashed")


def _usual(hex_digits: str, digits: int, span_id: str = "") -> Found | None:
    fitted = hex_digits.lower().zfill(digits)[-digits:]
    return Found(fitted, "", span_id) if fitted.strip("0") else None
