"""OTLP protobuf: export requests, the Collector's files, length-delimited messages, Tempo's answers. Read only.

A message is taken group by group (`ResourceSpans`), each decoded in one go; one that cannot be, and one that is too
long for that, span by span.
"""

from collections.abc import Iterator
from typing import BinaryIO

from webapp.formats.head import HEAD_BYTES, Head
from webapp.formats.notes import Notes
from webapp.formats.otlp.protobuf.framing import Framing, Signal, recognise
from webapp.formats.otlp.protobuf.reading import Reader
from webapp.formats.otlp.protobuf.wire import Source
from webapp.model.logs import LogLine
from webapp.model.spans import Span

NAME = "otlp"
EXAMPLE = "0A B4 01 0A 1D 0A 1B 0A 0C s e r v i c e . n a m e … (ExportTraceServiceRequest)"


def looks_like(head: Head) -> str | None:
    found = recognise(head.start)
    if found is None:
        return None
    framing, signal = found
    return f"OTLP protobuf: {framing.value}" + ("" if signal is Signal.SPANS else f" of {signal.value}")


def other_signal(head: Head) -> str:
    """`metrics` or `logs` if the head holds nothing else, "" if not."""
    found = recognise(head.start)
    return "" if found is None or found[1] is Signal.SPANS else found[1].value


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span | LogLine]:
    """From a file, or the body of a request."""
    source = Source(stream)
    found = recognise(source.peek(HEAD_BYTES))
    yield from Reader(source, notes).read(found[0] if found else Framing.BARE)
