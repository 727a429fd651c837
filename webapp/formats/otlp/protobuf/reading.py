"""OTLP protobuf messages taken out of a file, with all that is good in a damaged one. Their conversion is in `spans.py`."""

import io
import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from webapp.formats.notes import Notes
from webapp.formats.otlp.protobuf.framing import (
    Framing,
    Signal,
    frames,
    inner,
    signal_of_group,
    signal_of_record,
)
from webapp.formats.otlp.protobuf.mending import mended
from webapp.formats.otlp.protobuf.spans import Converter, scope_of
from webapp.formats.otlp.protobuf.wire import LENGTH, NO_END, Damage, Field, Source, fields
from webapp.model.display import size
from webapp.model.logs import LogLine
from webapp.model.spans import Span

WHOLE_UP_TO = 16_000_000  # bytes of a group that are decoded in one go
LONGEST_MESSAGE = 1_000  # of words for the user
LONGEST_SPAN = 64_000_000

_LENGTH = rb"[\x80-\xff]{0,4}[\x00-\x7f]"
# a span in its list (a trace id of 16 bytes, a span id of 8), or a group: its resource has an attribute has a key
_SPAN = rb"\x12" + _LENGTH + rb"\x0a\x10.{16}\x12\x08"
_GROUP = rb"(?:\x0a" + _LENGTH + rb"){3}\x0a[\x01-\x7f][ -~]"
_SPAN_OR_GROUP = re.compile(_SPAN + rb"|" + _GROUP, re.DOTALL)
_AFTER_DAMAGE = {
    Framing.BARE: re.compile(_GROUP),
    Framing.PREFIXED: re.compile(rb"\x00.{3}" + _GROUP, re.DOTALL),
    Framing.GRPC: re.compile(rb"\x00.{4}" + _GROUP, re.DOTALL),
    Framing.DELIMITED: re.compile(_LENGTH + _GROUP),
}


class Reader:
    """Reads one source. What is left out is noted with the byte at which it begins."""

    def __init__(self, source: Source, notes: Notes) -> None:
        self.source = source
        self.notes = notes
        self.converter = Converter(notes)
        self._is_cut = False  # which is said once

    def read(self, framing: Framing) -> Iterator[Span | LogLine]:
        while True:
            try:
                yield from self._answer() if framing is Framing.ANSWER else self._messages(framing)
            except Damage as damage:
                self._note(damage)
                after = _AFTER_DAMAGE.get(framing)
                if after and not damage.cut and self.source.skip_to_match(after, NO_END):
                    continue
            return

    def _messages(self, framing: Framing) -> Iterator[Span | LogLine]:
        """Raises Damage."""
        for message in frames(self.source, framing):
            yield from self._message(message.stop)

    def _answer(self) -> Iterator[Span | LogLine]:
        """Raises Damage."""
        for field in fields(self.source, NO_END):
            if (field.number, field.wire) == (1, LENGTH):
                yield from self._message(field.stop)
            elif (field.number, field.wire) == (4, LENGTH):
                text = self.source.take(min(field.stop - self.source.at, LONGEST_MESSAGE))
                self.notes.warn(
                    "partial", f"Tempo says: {text.decode('utf-8', 'replace')}", where=f"byte {field.at}"
                )

    def _message(self, stop: int) -> Iterator[Span | LogLine]:
        """Raises Damage."""
        at, others = self.source.at, False
        for group in inner(self.source, stop, 1):
            start = self.source.at
            if group.stop - start > WHOLE_UP_TO:
                yield from self._by_span(self.source, group.stop)
                continue
            raw = self.source.take(group.stop - start)
            found = None if start + len(raw) < group.stop else _group(raw)
            is_sure = found is not None and _is_surely_of_spans(found)
            signal = None if is_sure else signal_of_group(Source(io.BytesIO(raw)), len(raw))
            if signal is Signal.METRICS:
                others = True
            elif signal is Signal.LOGS:
                yield from self._log_lines(raw, start, group.stop)
            elif found is not None:
                yield from self._spans(found, start)
            else:
                yield from self._by_span(Source(io.BytesIO(raw), start), group.stop)
        if others:
            self.notes.warn("other_signal", where=f"byte {at}")

    def _spans(self, group: Any, at: int) -> Iterator[Span | LogLine]:  # noqa: ANN401  of upb
        where = f"byte {at}"
        resource = self.converter.resource(group.resource, group.schema_url)
        for scoped in group.scope_spans:
            yield from self.converter.spans(scoped.spans, resource, scope_of(scoped.scope), where)

    def _log_lines(self, raw: bytes, at: int, stop: int) -> Iterator[Span | LogLine]:
        try:
            group = logs_pb2.ResourceLogs.FromString(raw)
        except DecodeError:
            yield from self._by_span(Source(io.BytesIO(raw), at), stop)
            return
        resource = self.converter.resource(group.resource, group.schema_url)
        for scoped in group.scope_logs:
            yield from self.converter.lines(
                scoped.log_records, resource, scope_of(scoped.scope), f"byte {at}"
            )

    # what is damaged, or too long to be decoded in one go

    def _by_span(self, source: Source, stop: int) -> Iterator[Span | LogLine]:
        """Of a ResourceSpans up to `stop`. Its resource is known before its spans: writers keep the order of fields."""
        resource = resource_pb2.Resource()
        try:
            for field in fields(source, stop):
                if field.wire != LENGTH:
                    continue
                if field.number == 1:
                    resource = self._part(source, field.stop, resource_pb2.Resource)
                elif field.number == 2:
                    yield from self._scope_spans(source, field.stop, resource)
        except Damage as damage:
            self._note(damage)
            source.skip_to(stop)

    def _scope_spans(self, source: Source, stop: int, resource: Any) -> Iterator[Span | LogLine]:  # noqa: ANN401  of upb
        made = self.converter.resource(resource, "")
        scope = scope_of(InstrumentationScope())
        while source.at < stop:
            try:
                for field in fields(source, stop):
                    if (field.number, field.wire) == (1, LENGTH):
                        scope = scope_of(self._part(source, field.stop, InstrumentationScope))
                    elif (field.number, field.wire) == (2, LENGTH):
                        found = self._record(source, field)
                        if isinstance(found, trace_pb2.Span):
                            yield from self.converter.spans([found], made, scope, f"byte {field.at}")
                        elif found is not None:
                            yield from self.converter.lines([found], made, scope, f"byte {field.at}")
            except Damage as damage:
                self._note(damage)
                if damage.cut:
                    return
                if not source.skip_to_match(_SPAN_OR_GROUP, stop) or source.peek(1) != b"\x12":
                    source.skip_to(stop)

    def _record(self, source: Source, field: Field) -> Any:  # noqa: ANN401  of upb
        """A span, a log record, or None."""
        at, stop = source.at, field.stop
        if stop - at > LONGEST_SPAN:
            self.notes.reject(
                "too_large", f"A span of over {size(LONGEST_SPAN)} was left out.", where=f"byte {at}"
            )
            return None
        raw = source.take(stop - at)
        if at + len(raw) < stop:
            self._is_cut = True
            self.notes.reject("truncated", where=f"byte {field.at}")
            return None
        found = self._decoded(raw, at, trace_pb2.Span)
        if found is None or not found.start_time_unix_nano:  # it may be a metric or a log record
            signal = signal_of_record(Source(io.BytesIO(raw)), len(raw))
            if signal is Signal.METRICS:
                self.notes.warn("other_signal", where=f"byte {at}")
                return None
            if signal is Signal.LOGS:
                found = self._decoded(raw, at, logs_pb2.LogRecord)
        if found is None:
            self.notes.reject("bad_record", where=f"byte {at}")
        return found

    def _part(self, source: Source, stop: int, kind: type[Any]) -> Any:  # noqa: ANN401  of `kind`
        """A resource or scope; an empty one if it cannot be read."""
        at = source.at
        raw = source.take(min(stop - at, WHOLE_UP_TO))
        found = kind() if source.is_at_end() else self._decoded(raw, at, kind)
        if found is None:
            self.notes.warn("bad_attribute", where=f"byte {at}")
        return kind() if found is None else found

    def _decoded(self, raw: bytes, at: int, kind: type[Any]) -> Any:  # noqa: ANN401  of `kind`, or None
        try:
            return kind.FromString(raw)
        except DecodeError:
            found = mended(raw, kind)
        if found is not None:
            self.notes.warn("not_utf8", where=f"byte {at}")
        return found

    def _note(self, damage: Damage) -> None:
        """What ends too early has lost no record, unless one that had begun: `_record` counts it."""
        if not damage.cut:
            self.notes.reject("bad_record", where=f"byte {damage.at}")
        elif not self._is_cut:
            self._is_cut = True
            self.notes.warn("truncated", where=f"byte {damage.at}")


def _group(raw: bytes) -> Any:  # noqa: ANN401  of upb
    """The fast way: the whole of it, None if that cannot be."""
    try:
        return trace_pb2.ResourceSpans.FromString(raw)
    except DecodeError:
        return None


def _is_surely_of_spans(group: Any) -> bool:  # noqa: ANN401  of upb
    """Metrics and logs can be decoded as spans too, but these have no times."""
    first = next((span for scoped in group.scope_spans for span in scoped.spans), None)
    return first is not None and bool(first.start_time_unix_nano)
