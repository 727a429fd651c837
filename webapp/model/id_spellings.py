"""What a text may mean as an id: hex, decimal, base64, UUID, X-Ray, or what propagation headers hold. No looking up."""

import base64
import re
from collections.abc import Iterator

from webapp.model.ids import hashed_id

LOWER_HALF = "0" * 16  # before the 64 bits by which some tracers know a trace
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
_DECIMAL = re.compile(r"[0-9]{1,39}")


def trace_ids_in(text: str) -> Iterator[str]:
    """What `text` may mean as a trace id, as 32 hex digits, the most likely first."""
    text = without_key(text)
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
    text = without_key(text)
    if (found := _HEX.fullmatch(text)) and len(found[1]) <= 16:
        yield int(found[1], 16)
    if _DECIMAL.fullmatch(text) and int(text) < 2**64:
        yield int(text)
    if _BASE64.fullmatch(text) and len(text) <= 12:
        yield int(_from_base64(text), 16)


def any_trace_id(text: str) -> list[str]:
    """The same, and the id that readers give to a text that is none, such as `abc-123`."""
    hashed = (hashed_id(each, 32) for each in spellings(text))
    return list(dict.fromkeys([*trace_ids_in(text), *hashed]))


def any_span_id(text: str) -> list[int]:
    hashed = (int(hashed_id(each, 16), 16) for each in spellings(text))
    return list(dict.fromkeys([*span_ids_in(text), *hashed]))


def hex_digits(text: str) -> str:
    """Those of an id written as nothing else, in lower case; "" for other texts."""
    found = _HEX.fullmatch(without_key(text))
    return found[1].lower() if found else ""


def usual_form(text: str, digits: int) -> str:
    """As we write ids if the text can mean nothing else, else the text itself."""
    if _UUID.fullmatch(text):
        text = text.strip("{}").replace("-", "")
    bare = text.lower().removeprefix("0x")
    is_hex = len(bare) <= digits and _HEX.fullmatch(bare) is not None
    return bare.zfill(digits) if is_hex and (len(bare) == digits or not bare.isdigit()) else text


def without_key(text: str) -> str:
    """What stands behind `traceparent: ` or `"trace_id":`."""
    return _KEY.sub("", text.strip()).strip("\"' ,.;:`()[]{}<>‹›«»“”")


def spellings(text: str) -> list[str]:
    return [each for each in dict.fromkeys((text.strip(), without_key(text))) if each]


def _from_base64(text: str) -> str:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    return base64.b64decode(padded, altchars=b"-_" if set(text) & set("-_") else None).hex()
