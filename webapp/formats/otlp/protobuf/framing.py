"""How OTLP protobuf messages lie in a file, and of which signal they are: told by their structure, not by one byte.

Metrics and logs have the same outer messages as traces; Zipkin's and Jaeger's protobuf begin with the same byte.
"""

import io
import re
from collections.abc import Callable, Iterator
from enum import Enum
from itertools import islice

from webapp.formats.otlp.protobuf.wire import (
    EIGHT_BYTES,
    LENGTH,
    NO_END,
    VARINT,
    Damage,
    Field,
    Source,
    fields,
)

_SPAN_TIMES = (7, 8)
_METRIC_DATA = (5, 7, 9, 10, 11)
_LOG_TIMES = (1, 11)
_ID_LENGTHS = {1: 16, 2: 8}  # of a span without times; a metric has its name and description there
_is_text = re.compile(rb"[ -~]*").fullmatch
_GROUPS_SEEN = 500  # of a head


class Signal(Enum):
    """What a message carries, in the words of a refusal."""

    SPANS = "spans"
    METRICS = "metrics"
    LOGS = "logs"


class Framing(Enum):
    """In the words of the reason."""

    BARE = "one message"
    ANSWER = "Tempo's answer with one trace"
    PREFIXED = "messages, each with its length in 4 bytes before it"
    GRPC = "gRPC messages"
    DELIMITED = "messages, each with its length as a varint before it"


_BEGINS = {
    Framing.BARE: re.compile(rb"\x0a", re.DOTALL),
    Framing.ANSWER: re.compile(rb"\x0a", re.DOTALL),
    Framing.PREFIXED: re.compile(rb".{4}\x0a", re.DOTALL),
    Framing.GRPC: re.compile(rb"\x00.{4}\x0a", re.DOTALL),
    Framing.DELIMITED: re.compile(rb"[\x80-\xff]{0,4}[\x00-\x7f]\x0a"),
}


def recognise(start: bytes) -> tuple[Framing, Signal] | None:
    """By the first bytes of a file. Spans anywhere in them count more than metrics and logs."""
    for framing in Framing:
        if _BEGINS[framing].match(start):
            found = _signals(start, framing)
            if found:
                return framing, Signal.SPANS if Signal.SPANS in found else found[0]
    return None


def _signals(start: bytes, framing: Framing) -> list[Signal]:
    source = Source(io.BytesIO(start))
    groups = (
        group
        for message in without_damage(frames(source, framing))
        for group in without_damage(inner(source, message.stop, 1))
    )
    signals = (signal_of_group(source, group.stop) for group in islice(groups, _GROUPS_SEEN))
    return [signal for signal in signals if signal]


def frames(source: Source, framing: Framing) -> Iterator[Field]:
    """Each message in turn, the source being at its beginning. What of it is not taken is passed over.

    Raises:
        Damage: a length cannot be read, or reaches beyond the end.
    """
    if framing is Framing.BARE:
        yield Field(0, LENGTH, source.at, NO_END)
    elif framing is Framing.ANSWER:
        yield from inner(source, NO_END, 1)
    else:
        while not source.is_at_end():
            at = source.at
            length = _LENGTHS[framing](source)
            message = Field(0, LENGTH, at, source.at + length)
            yield message
            source.skip_to(message.stop)
            if source.at < message.stop:
                raise Damage(at, cut=True)


def _prefix(source: Source) -> int:
    at, prefix = source.at, source.take(4)
    if len(prefix) < 4:
        raise Damage(at, cut=True)
    return int.from_bytes(prefix, "big")


def _grpc_prefix(source: Source) -> int:
    at = source.at
    if source.take(1) != b"\x00":  # compressed, or none at all
        raise Damage(at, cut=False)
    return _prefix(source)


_LENGTHS: dict[Framing, Callable[[Source], int]] = {
    Framing.PREFIXED: _prefix,
    Framing.GRPC: _grpc_prefix,
    Framing.DELIMITED: Source.varint,
}


def inner(source: Source, stop: int, number: int) -> Iterator[Field]:
    """The messages that a message up to `stop` holds as this field."""
    for field in fields(source, stop):
        if (field.number, field.wire) == (number, LENGTH):
            yield field


def without_damage(found: Iterator[Field]) -> Iterator[Field]:
    """Up to the first damage."""
    try:
        yield from found
    except Damage:
        return


def signal_of_group(source: Source, stop: int) -> Signal | None:
    """Of ResourceSpans, ResourceMetrics or ResourceLogs, by their first record; it may be cut off."""
    for scoped in without_damage(inner(source, stop, 2)):
        for record in without_damage(inner(source, scoped.stop, 2)):
            return signal_of_record(source, record.stop)
    return None


def signal_of_record(source: Source, stop: int) -> Signal | None:
    """Of a Span, Metric or LogRecord."""
    wires: dict[int, int] = {}
    ids: dict[int, bytes] = {}
    for field in without_damage(fields(source, stop)):
        wires.setdefault(field.number, field.wire)
        if field.number in _ID_LENGTHS and field.stop - source.at == _ID_LENGTHS[field.number]:
            ids.setdefault(field.number, source.take(_ID_LENGTHS[field.number]))
    if any(wires.get(number) == EIGHT_BYTES for number in _LOG_TIMES) or wires.get(2) == VARINT:
        return Signal.LOGS
    if wires.get(1) != LENGTH:
        return None
    if any(wires.get(number) == EIGHT_BYTES for number in _SPAN_TIMES):
        return Signal.SPANS
    if ids.keys() == _ID_LENGTHS.keys() and not all(map(_is_text, ids.values())):
        return Signal.SPANS
    return Signal.METRICS if any(wires.get(number) == LENGTH for number in _METRIC_DATA) else None
