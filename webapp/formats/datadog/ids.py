"""Datadog's ids: 64 bits in decimal, the upper half of a trace id in a tag of some span of it. No other fields."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from webapp.formats import units
from webapp.formats.by_trace import ByTrace
from webapp.formats.datadog.records import Chunk, Record, mapping
from webapp.formats.notes import Notes

UPPER = "_dd.p.tid"
_WHOLE = "otel.trace_id"  # 32 digits, on spans that came by OTLP

_LOW = 2**64 - 1
_DECIMAL_DIGITS = 20
_MOST_UPPERS = 100_000


class Placed(NamedTuple):
    record: Record
    trace_id: str  # 32 hexadecimal digits


@dataclass(slots=True)
class _Known:
    record: Record
    low: int
    high: int


def number(written: object) -> int | None:
    """An id as a number; 0 for none; None when it is no id. Text of at most 20 digits is decimal, other text hexadecimal."""
    if written in (None, ""):
        return 0
    if isinstance(written, (int, float)) and not isinstance(written, bool):
        found = units.whole_number(written)
        return None if found is None or not 0 <= found < 2**128 else found
    text = written.strip() if isinstance(written, str) else "?"
    is_decimal = text.isascii() and text.isdigit() and len(text) <= _DECIMAL_DIGITS
    if is_decimal and (text == "0" or not text.startswith("0")):
        return int(text)
    hexadecimal = units.read_id(text, 32)
    if hexadecimal is None:
        return None if text.strip("0x-") else 0
    return int(hexadecimal.hex, 16)


class Traces:
    """Gives spans the whole id of their trace, wherever in the file its upper half is told.

    Spans of traces whose upper half is not known yet are held, in bounded memory; untold at last, it is zero.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._uppers: dict[int, int] = {}
        self._waiting = ByTrace[_Known]()

    def add(self, chunk: Chunk) -> Iterator[Placed]:
        known = [found for record in chunk if (found := self._known(record))]
        uppers = {one.low: one.high for one in reversed(known) if one.high}
        for low, high in uppers.items():
            self._learn(low, high)
            yield from map(self._placed, self._waiting.take(f"{low:016x}"))
        for one in known:
            one.high = one.high or uppers.get(one.low) or self._uppers.get(one.low, 0)
            if one.high:
                yield self._placed(one)
                continue
            for trace in self._waiting.add(f"{one.low:016x}", one, one.record.size):
                yield from map(self._placed, trace)

    def rest(self) -> Iterator[Placed]:
        for trace in self._waiting.rest():
            yield from map(self._placed, trace)

    def _known(self, record: Record) -> _Known | None:
        found = number(record.fields.get("trace_id")) if "trace_id" in record.fields else None
        if found is None:
            self._notes.reject("bad_id", where=record.where)
            return None
        return _Known(record, found & _LOW, found >> 64 or _told(mapping(record.fields.get("meta"))))

    def _learn(self, low: int, high: int) -> None:
        if len(self._uppers) >= _MOST_UPPERS:
            del self._uppers[next(iter(self._uppers))]
        self._uppers[low] = high

    def _placed(self, one: _Known) -> Placed:
        high = one.high or self._uppers.get(one.low, 0)
        if high or one.low:
            return Placed(one.record, f"{high:016x}{one.low:016x}")
        self._notes.warn("id_hashed", "A trace whose id is zero was given another.", where=one.record.where)
        return Placed(one.record, units.hashed_id("0", 32))


def _told(meta: dict[str, object]) -> int:
    upper, whole = meta.get(UPPER), meta.get(_WHOLE)
    for text in (upper, whole[:16] if isinstance(whole, str) and len(whole) == 32 else None):
        found = units.read_id(text, 16) if isinstance(text, str) else None
        if found:
            return int(found.hex, 16)
    return 0
