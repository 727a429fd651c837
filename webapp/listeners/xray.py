"""X-Ray's documents kept together by trace until they explain each other. No sockets, and no clock of its own.

An SDK sends the subsegments of a long segment before the segment, and only that knows the service of them all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

QUIET_SECONDS = 1.0
LONGEST_SECONDS = 60.0  # for a segment whose subsegments came; then they are read without it
MOST_BYTES = 32_000_000

_SUBSEGMENT = "subsegment"


class _Document(msgspec.Struct):
    """As far as it says to what it belongs."""

    id: str
    trace_id: str = ""
    parent_id: str = ""
    type: str = ""
    end_time: float | None = None
    subsegments: list["_Document"] = []  # of which msgspec makes one each


@dataclass(slots=True)
class _Trace:
    last: float
    datagrams: list[bytes] = field(default_factory=list)
    documents: list[_Document] = field(default_factory=list)
    size: int = 0

    def is_whole(self) -> bool:
        """Whether each subsegment is in a segment that is here and has ended."""
        segments = [one for one in self.documents if one.type != _SUBSEGMENT]
        if any(one.end_time is None for one in segments):
            return False
        alone: dict[str, list[_Document]] = {}
        for one in self.documents:
            if one.type == _SUBSEGMENT:
                alone.setdefault(one.parent_id, []).append(one)
        reached = segments
        while reached:
            one = reached.pop()
            reached += [*one.subsegments, *alone.pop(one.id, ())]
        return not alone


class Gathering:
    """Times are seconds of any one clock."""

    def __init__(self) -> None:
        self._traces: dict[str, _Trace] = {}  # the one that is quiet for longest first
        self._size = 0

    def add(self, datagram: bytes, now: float) -> Iterator[bytes]:
        """What is to be read at once: a datagram that names no trace, and what there is no more room for."""
        document = _document(datagram)
        if document is None or not document.trace_id:
            yield datagram
            return
        trace = self._traces.pop(document.trace_id, None) or _Trace(now)
        self._traces[document.trace_id] = trace
        trace.last = now
        trace.datagrams.append(datagram)
        trace.documents.append(document)
        trace.size += len(datagram)
        self._size += len(datagram)
        while self._size > MOST_BYTES:
            yield self._take(next(iter(self._traces)))

    def ready(self, now: float) -> Iterator[bytes]:
        """Traces of which no more is expected, one after the other."""
        for trace_id, trace in list(self._traces.items()):
            quiet = now - trace.last
            if quiet < QUIET_SECONDS:
                return
            if quiet >= LONGEST_SECONDS or trace.is_whole():
                yield self._take(trace_id)

    def rest(self) -> Iterator[bytes]:
        while self._traces:
            yield self._take(next(iter(self._traces)))

    def _take(self, trace_id: str) -> bytes:
        trace = self._traces.pop(trace_id)
        self._size -= trace.size
        return b"\n".join(trace.datagrams)


def _document(datagram: bytes) -> _Document | None:
    """What follows the header line, which may be missing; None for anything else."""
    _, found, rest = datagram.partition(b"\n")
    for text in (rest, datagram) if found else (datagram,):
        try:
            return msgspec.json.decode(text, type=_Document)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    return None
