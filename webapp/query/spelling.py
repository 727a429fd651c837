"""How values, keys and terms are written as query text that means exactly them, and are read back."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from webapp.query.keys import ALIASES, OWN_KEYS
from webapp.query.lexer import KEYWORDS, SCOPES

UNITS_NS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000,
    "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
}  # fmt: skip
MAX_NS = 2**63 - 1
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_BARE_VALUE = re.compile(r"[A-Za-z0-9_./:@%+,$#&;\[\]-]+")
_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./:-]*")
_SCOPED = ("trace.", *SCOPES)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)


def unquote(text: str) -> str:
    r"""The value of a quoted token. Only \n \r \t \" and \\ are escapes; any other backslash is itself."""
    return re.sub(r'\\([nrt"\\])', lambda match: _ESCAPES[match[1]], text[1:-1])


def quote(value: str) -> str:
    r"""The value in quotes, on one line.

    >>> quote('say "hi"')
    '"say \\"hi\\""'
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def write_value(value: str) -> str:
    """The value, in quotes only where it needs them."""
    return value if _BARE_VALUE.fullmatch(value) else quote(value)


def write_key(attribute: str) -> str:
    """An attribute's key, in quotes where it would read as something else."""
    name = attribute.lower()
    reads_as_itself = _BARE_KEY.fullmatch(attribute) and not name.startswith(_SCOPED)
    taken = attribute in OWN_KEYS or attribute in ALIASES or attribute in KEYWORDS
    return attribute if reads_as_itself and not taken else quote(attribute)


def write_term(key: str, op: str, value: str) -> str:
    """`key` as the language writes it: `service`, `trace.root`, or an attribute by `write_key`.

    >>> write_term("trace.bottleneck", "=", "fraud-service · check")
    'trace.bottleneck="fraud-service · check"'
    """
    return f"{key}{op}{write_value(value)}"


def write_duration(ns: int) -> str:
    """The shortest exact spelling with a unit.

    >>> write_duration(1_500_000_000), write_duration(1_234_567), write_duration(0)
    ('1.5s', '1.234567ms', '0ns')
    """
    for unit in ("s", "ms", "us"):
        if ns >= UNITS_NS[unit]:
            return f"{Decimal(ns) / UNITS_NS[unit]:f}{unit}"
    return f"{ns}ns"


def time_ns(text: str) -> int | None:
    """Nanoseconds since 1970 of an ISO time (UTC unless it says otherwise) or a number of ns; else None."""
    if re.fullmatch(r"\d{1,19}", text, re.ASCII):
        return min(int(text), MAX_NS)
    match = _TIME.fullmatch(text)
    if not match:
        return None
    try:
        written = match[1] if len(match[1]) > 10 else f"{match[1]} 00:00"
        moment = datetime.fromisoformat(written + (match[3] or "Z")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    ns = seconds * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))
    return ns if 0 <= ns <= MAX_NS else None
