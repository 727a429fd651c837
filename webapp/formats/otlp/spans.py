"""OTLP messages made into spans, one conversion for all of them. Decoding is in `wire.py`."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from webapp.formats import otel_tags
from webapp.formats.json_stream import Document
from webapp.formats.notes import Notes
from webapp.formats.otlp.log_records import LogRecords
from webapp.formats.otlp.tolerant import Tolerant
from webapp.formats.otlp.values import attributes
from webapp.formats.otlp.wire import (
    WireEvent,
    WireLink,
    WireResource,
    WireScope,
    WireSpan,
    decode_resource,
    decode_scope,
)
from webapp.formats.units import UNKNOWN_SERVICE, kind_number, read_id, status_number, written_form
from webapp.model.spans import NO_RESOURCE, NO_SCOPE, Attributes, Event, Link, Resource, Scope, Span

_REMEMBERED = 20_000  # of what repeats; then all of it is forgotten at once
_is_span_id = re.compile(r"(?!0{16})[0-9a-f]{16}").fullmatch
_is_trace_id = re.compile(r"(?!0{32})[0-9a-f]{32}").fullmatch
_NULL = (b"", b"null")


class Converter:
    """Makes the spans of one source; remembers trace ids, resources and scopes, which repeat from span to span."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.logs = LogRecords(notes)
        self._traces: dict[str, tuple[str, str]] = {}
        self._resources: dict[tuple[bytes, str], tuple[Resource, str]] = {}
        self._scopes: dict[bytes, Scope] = {}

    def resource(self, undecoded: msgspec.Raw, schema_url: str, document: Document) -> tuple[Resource, str]:
        """With the service it names."""
        raw = bytes(undecoded)
        found = self._resources.get((raw, schema_url))
        if found is None:
            wire = self._resource(raw, document)
            read = attributes(wire.attributes, self.notes, document)
            made = Resource(read, schema_url) if read or schema_url else NO_RESOURCE
            found = made, service_in(read) or UNKNOWN_SERVICE
            forget_if_full(self._resources)
            self._resources[raw, schema_url] = found
        return found

    def _resource(self, raw: bytes, document: Document) -> WireResource:
        try:
            return WireResource() if raw in _NULL else decode_resource(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Tolerant(self.notes, document).resource(raw)

    def scope(self, undecoded: msgspec.Raw, document: Document) -> Scope:
        raw = bytes(undecoded)
        found = self._scopes.get(raw)
        if found is None:
            wire = self._scope(raw, document)
            found = Scope(wire.name, wire.version, attributes(wire.attributes, self.notes, document))
            found = NO_SCOPE if found == NO_SCOPE else found
            forget_if_full(self._scopes)
            self._scopes[raw] = found
        return found

    def _scope(self, raw: bytes, document: Document) -> WireScope:
        try:
            return WireScope() if raw in _NULL else decode_scope(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Tolerant(self.notes, document).scope(raw)

    def spans(
        self, wires: Iterable[WireSpan], resource: tuple[Resource, str], scope: Scope, document: Document
    ) -> Iterator[Span]:
        """One of them without usable ids is counted as rejected."""
        process, service = resource
        for wire in wires:
            trace = self._traces.get(wire.trace_id) or self._trace(wire.trace_id, document)
            span_id = wire.span_id if _is_span_id(wire.span_id) else self._id(wire.span_id, 16, document)
            if not trace[0] or not span_id:
                self.notes.reject("bad_id", where=document.where, span_id=span_id)
                continue
            parent = self._parent(wire.parent_span_id or "", document)
            status, kind = wire.status, wire.kind
            found = attributes(wire.attributes, self.notes, document) if wire.attributes else {}
            dropped = wire.dropped_attributes_count, wire.dropped_events_count, wire.dropped_links_count
            if any(dropped):
                otel_tags.put_dropped(found, dropped)
            links = [self._link(one, document) for one in wire.links] if wire.links else []
            yield Span(
                trace_id=trace[0],
                span_id=span_id,
                name=wire.name,
                # some exporters put the true service on the span, and their own name into the resource
                service=service_in(found) or service,
                start_ns=wire.start_time_unix_nano,
                end_ns=wire.end_time_unix_nano,
                parent_span_id=parent,
                kind=kind if type(kind) is int and 0 <= kind <= 5 else kind_number(kind),
                status=0 if status is None or not status.code else status_number(status.code),
                status_message="" if status is None else status.message,
                attributes=found,
                events=[self._event(one, document) for one in wire.events] if wire.events else [],
                links=links,
                resource=process,
                scope=scope,
                trace_state=wire.trace_state,
                flags=wire.flags,
                follows_from=bool(links) and take_loose_parent(links, trace[0], parent),
                shared=otel_tags.SHARED in found and take_shared(found),
                written_trace_id=trace[1],
                written_span_id="" if span_id == wire.span_id else wire.span_id,
            )

    def _trace(self, written: str, document: Document) -> tuple[str, str]:
        """The id and how it was written."""
        forget_if_full(self._traces)
        normal = written if _is_trace_id(written) else self._id(written, 32, document)
        self._traces[written] = found = (normal, written_form(written, normal))
        return found

    def _parent(self, written: str, document: Document) -> str:
        return written if not written or _is_span_id(written) else self._id(written, 16, document)

    def _id(self, written: str, digits: int, document: Document) -> str:
        found = read_id(written, digits)
        if found is None:
            return ""
        if found.unusual:
            self.notes.warn("id_padded", where=document.where, span_id=found.hex if digits == 16 else "")
        return found.hex

    def _event(self, event: WireEvent, document: Document) -> Event:
        return Event(
            event.name,
            event.time_unix_nano,
            attributes(event.attributes, self.notes, document),
            event.dropped_attributes_count,
        )

    def _link(self, link: WireLink, document: Document) -> Link:
        trace = self._traces.get(link.trace_id) or self._trace(link.trace_id, document)
        span_id = link.span_id if _is_span_id(link.span_id) else self._id(link.span_id, 16, document)
        return Link(trace[0], span_id, attributes(link.attributes, self.notes, document), link.trace_state)


def take_shared(found: Attributes) -> bool:
    is_shared = found[otel_tags.SHARED] is True
    if is_shared:
        del found[otel_tags.SHARED]
    return is_shared


def take_loose_parent(links: list[Link], trace: str, parent: str) -> bool:
    """Whether the parent did not wait: then a link names it too (the Collector's form of Jaeger's references)."""
    for link in links:
        names_it = (link.trace_id, link.span_id) == (trace, parent)
        if names_it and link.attributes.get(otel_tags.REFERENCE_TYPE) == otel_tags.FOLLOWS_FROM:
            links.remove(link)
            return True
    return False


def service_in(found: Attributes) -> str:
    service = found.get("service.name")
    return service if isinstance(service, str) else ""


def forget_if_full(remembered: dict[Any, Any]) -> None:
    if len(remembered) >= _REMEMBERED:
        remembered.clear()
