"""What is kept and what goes: limits of size and age, the policy for what is received. Parsed here, applied in loading."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from webapp.errors import BadSetting

_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*(MB|GB|TB)", re.ASCII | re.IGNORECASE)
_SIZES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_TIME = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(us|ms|s|m|h|d|w)", re.ASCII)
_NS = {
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3_600 * 10**9,
    "d": 86_400 * 10**9,
    "w": 604_800 * 10**9,
}
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%", re.ASCII)
LEAST_BYTES = 50_000_000  # what an empty store with its caches may take is far below


@dataclass(frozen=True, slots=True)
class Limits:
    """0: there is none. Age counts from the start of a trace, and only for what was received."""

    most_bytes: int = 0
    most_age_ns: int = 0

    def __bool__(self) -> bool:
        return bool(self.most_bytes or self.most_age_ns)


@dataclass(frozen=True, slots=True)
class Policy:
    """Of what is received: traces with an error, and those that take `slow_ns` or more (0: none), stay; of the
    `others` that part stays, chosen by their ids, and each of them stands for as many as it was chosen from.
    """

    errors: bool = False
    slow_ns: int = 0
    others: float = 1.0

    @property
    def factor(self) -> float:
        return 1 / self.others

    def stays(self, errors: int, duration_ns: int) -> bool:
        """Whatever its id is."""
        return (self.errors and errors > 0) or (self.slow_ns > 0 and duration_ns >= self.slow_ns)

    def chooses(self, trace_id: str) -> bool:
        """Of the others; the same for ever, whoever asks, also for ids that are not random."""
        digest = blake2b(bytes.fromhex(trace_id), digest_size=8).digest()
        return int.from_bytes(digest) < self.others * 2**64


@dataclass(frozen=True, slots=True)
class Gone:
    """What a rule (size, age or keep) took away: from when to when, and when the newest of these traces began."""

    rule: str
    traces: int
    spans: int
    since_ns: int
    last_ns: int
    newest_ns: int


def parse_size(text: str) -> int:
    """Bytes; 0 for "". Raises BadSetting."""
    if not text:
        return 0
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise BadSetting(f"{text!r} is no size.", where="max_size", hint="Write it as 500MB or 2GB.")
    size = round(float(found[1]) * _SIZES[found[2].upper()])
    if size < LEAST_BYTES:
        raise BadSetting(f"{text} is too little: {LEAST_BYTES // 1_000_000}MB or more.", where="max_size")
    return size


def parse_age(text: str) -> int:
    """Nanoseconds; 0 for "". Raises BadSetting."""
    age = _time_ns(text) if text else 0
    if text and not age:
        raise BadSetting(f"{text!r} is no age.", where="max_age", hint="Write it as 12h, 7d or 4w.")
    return age


def parse_keep(texts: Iterable[str]) -> Policy | None:
    """None when nothing is said. Raises BadSetting for what is none of `errors`, `slow=1s` and `others=10%`."""
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if not parts:
        return None
    errors, slow_ns, others = False, 0, -1.0
    for part in parts:
        name, _, value = (each.strip() for each in part.partition("="))
        percent = _PERCENT.fullmatch(value)
        if part == "errors":
            errors = True
        elif name == "slow" and _time_ns(value):
            slow_ns = _time_ns(value)
        elif name == "others" and percent and float(percent[1]) <= 100:
            others = float(percent[1]) / 100
        else:
            raise _bad_keep(f"{part!r} is nothing to keep traces by.")
    if others < 0:
        raise _bad_keep("It must be said how many of the others to keep.")
    return Policy(errors, slow_ns, others)


def _time_ns(text: str) -> int:
    found = _TIME.fullmatch(text.strip())
    return round(float(found[1]) * _NS[found[2]]) if found else 0


def _bad_keep(message: str) -> BadSetting:
    return BadSetting(
        message, where="keep", hint="Write it as errors,slow=1s,others=10%; others=0% keeps none of them."
    )
