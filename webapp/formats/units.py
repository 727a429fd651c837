"""Ids, times, durations and enums in the spellings of all formats, made ours. No records, no files."""

import binascii
import math
import re
from base64 import b64decode, b64encode
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from webapp.model import ids
from webapp.model.spans import UNKNOWN_SERVICE as UNKNOWN_SERVICE

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
NS_PER_UNIT = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}

_HEX = re.compile(r"[0-9a-fA-F]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_ISO = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?"
    r"\s*(Z|UTC|[+-]\d\d:?(?:\d\d)?)?",
    re.IGNORECASE,
)
_SPAN_OF_TIME = re.compile(r"(-?\d+(?:\.\d+)?)(h|ms|us|µs|μs|ns|m|s)")
_NS_PER_SUFFIX = NS_PER_UNIT | {"μs": 1_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
_EPOCH_DAY = date(1970, 1, 1).toordinal()

KINDS = {"UNSPECIFIED": 0, "INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
STATUSES = {"UNSET": 0, "OK": 1, "ERROR": 2}


class Id(NamedTuple):
    """`hex` is 32 or 16 lower-case digits. `unusual`: padded or cut as no format prescribes."""

    hex: str
    unusual: bool = False


def read_id(written: object, digits: int) -> Id | None:
    """An id of 32 (trace) or 16 (span) digits from any spelling; None if absent, all-zero or unreadable.

    Hex in any case, with 0x, as UUID; base64 of the bytes, or of the hex digits (seen from some exporters);
    a number is decimal. Short hex is padded on the left, long hex keeps its right end.
    """
    if isinstance(written, int) and not isinstance(written, bool):
        return _known(Id(f"{written:0{digits}x}"[-digits:])) if written > 0 else None
    if not isinstance(written, str):
        return None
    text = written.strip()
    if _UUID.fullmatch(text):
        text = text.replace("-", "")
    bare = text.removeprefix("0x").removeprefix("0X")  # base64 may begin so too
    text = bare if _HEX.fullmatch(bare) else _hex_of_base64(text, digits)
    return _known(_fit(text.lower(), digits)) if text else None


def _known(found: Id) -> Id | None:
    """All zeros mean none, also when zeros are what is left of a longer number."""
    return found if found.hex.strip("0") else None


def _fit(text: str, digits: int) -> Id:
    if len(text) > digits:
        surplus = text[:-digits]
        return Id(text[-digits:], unusual=bool(surplus.strip("0")))
    # 64-bit trace ids are every format's own; other lengths are somebody's mistake
    return Id(text.zfill(digits), unusual=len(text) not in (digits, 16))


def _hex_of_base64(text: str, digits: int) -> str:
    padded = text.replace("-", "+").replace("_", "/").rstrip("=")
    padded += "=" * (-len(padded) % 4)
    try:
        raw = b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        return ""
    if b64encode(raw).decode() != padded:
        return (
            ""  # no encoder writes these bits: it is some other text, and would collide with its neighbours
        )
    if len(raw) in (16, 32) and _HEX.fullmatch(ascii_text := raw.decode("latin-1")):
        return ascii_text
    return raw.hex() if len(raw) in (8, digits // 2) else ""


hashed_id = (
    ids.hashed_id
)  # an id for text that is none ("order-1" in hand-made files); the same for the same text


def id_place(where: str, digits: int, written: object) -> str:
    """Of an id that a warning is about."""
    return f"{where}, {'trace' if digits == 32 else 'span'} id “{str(written).strip()[:40]}”"


def written_form(written: object, normal: str) -> str:
    """What `Span.written_*_id` holds: "" when the file spells the id as we do."""
    text = "" if written is None else str(written)
    return "" if text == normal else text


def whole_number(value: object) -> int | None:
    """An int64 written as int, float or string; None when it is no number. Not clamped."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    number = _decimal(value)
    return None if number is None else int(number)


def clamp(number: int) -> int:
    return max(INT64_MIN, min(INT64_MAX, number))


def _decimal(value: object) -> Decimal | None:
    """Exact: floats by their shortest spelling, so that 1478293361.449 s keeps its millisecond."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and number.adjusted() < 40 else None


def scaled_ns(value: object, unit: str) -> int | None:
    """A time or duration written as a number of `unit`, in ns; None when it is no number. Not clamped."""
    if type(value) is int:
        return value * NS_PER_UNIT[unit]
    number = _decimal(value)
    return None if number is None else int((number * NS_PER_UNIT[unit]).to_integral_value())


def unit_by_size(value: object) -> str:
    """The unit in which this epoch lies between 1973 and 5138: s, ms, us or ns."""
    number = _decimal(value)
    size = 0 if number is None else abs(number)
    if size < 10**11:
        return "s"
    if size < 10**14:
        return "ms"
    return "us" if size < 10**17 else "ns"


def iso_ns(text: str) -> int | None:
    """RFC 3339 and relatives, every digit down to the nanosecond; without a zone it is UTC. Not clamped."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    hour, minute, second = (int(part or 0) for part in match.group(4, 5, 6))
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - _zone_seconds(match[8] or "Z")
    return seconds * 1_000_000_000 + int((match[7] or "0")[:9].ljust(9, "0"))


def _zone_seconds(zone: str) -> int:
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3_600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def time_ns(value: object, unit: str) -> int | None:
    """A point in time as a number of `unit` (also in a string) or as ISO text. Not clamped."""
    if isinstance(value, str) and "-" in value[1:] and (found := iso_ns(value)) is not None:
        return found
    return scaled_ns(value, unit)


def is_clock_time(ns: int) -> bool:
    """Whether something can have happened then: from 1970 to 2262 (int64). Go's year 0001 is no time."""
    return 0 <= ns <= INT64_MAX


def duration_ns(value: object, unit: str) -> int | None:
    """A length of time as a number of `unit`, or in words such as `12.5ms` and `1h2m3s`. Not clamped."""
    if isinstance(value, str) and (parts := _SPAN_OF_TIME.findall(value.strip())):
        if "".join(number + suffix for number, suffix in parts) != value.strip():
            return None
        return int(sum(Decimal(number) * _NS_PER_SUFFIX[suffix] for number, suffix in parts))
    return scaled_ns(value, unit)


def kind_number(value: object) -> int:
    """`Kind` from 2, "2", "Server", "SPAN_KIND_SERVER", "SpanKind.SERVER" or "KIND_SERVER"; 0 when unknown."""
    return _enum_number(value, KINDS, ("SPAN_KIND_", "SPANKIND.", "KIND_"))


def status_number(value: object) -> int:
    """`Status` from 2, "2", "ERROR", "Error", "STATUS_CODE_ERROR" or "StatusCode.ERROR"; 0 when unknown."""
    return _enum_number(value, STATUSES, ("STATUS_CODE_", "STATUSCODE."))


def _enum_number(value: object, names: dict[str, int], prefixes: tuple[str, ...]) -> int:
    if isinstance(value, str):
        text = value.strip().upper()
        for prefix in prefixes:
            text = text.removeprefix(prefix)
        if text in names:
            return names[text]
    number = whole_number(value)
    return number if number is not None and number in names.values() else 0
