"""Spans as Chrome trace events for Perfetto and chrome://tracing, with all that is needed to read them back.

Spans overlap freely, so they are async pairs (`b`, `e`), which viewers never force to nest; a service is a process.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from webapp.formats.value_text import json_ready
from webapp.model.spans import NO_SCOPE, Kind, Link, Span, Status

_EXACT_NS = 2**52  # how far a double counts in nanoseconds
_PLAIN = Span(trace_id="", span_id="", name="", service="", start_ns=0, end_ns=0)
_RARE = ("follows_from", "shared", "weight", "trace_state", "flags", "written_trace_id", "written_span_id")


def write(spans: Iterable[Span]) -> bytes:
    """Times are µs after `otherData.start_unix_ns`: a double cannot hold µs since 1970 with their nanoseconds."""
    every = list(spans)
    start_ns = min((span.start_ns for span in every if span.start_ns > 0), default=0)
    processes = {service: number for number, service in enumerate(_in_order(every), start=1)}
    events = [_process(service, number, start_ns) for service, number in processes.items()]
    ids = _unique_ids(every)
    for span, own_id in zip(every, ids, strict=True):
        events += _slices(span, own_id, processes[span.service], start_ns)
    events += _flows(every, processes, start_ns)
    document = {
        "displayTimeUnit": "ms",
        "otherData": {"start_unix_ns": str(start_ns)},
        "traceEvents": events,
    }
    return orjson.dumps(document)


def _in_order(spans: list[Span]) -> Iterator[str]:
    yield from dict.fromkeys(span.service for span in spans)


def _process(service: str, number: int, start_ns: int) -> dict[str, Any]:
    """With the start of all, for readers that meet the file event by event."""
    return {
        "ph": "M",
        "name": "process_name",
        "pid": number,
        "tid": 0,
        "args": {"name": service or "(unknown)", "start_unix_ns": str(start_ns)},
    }


def _unique_ids(spans: list[Span]) -> list[str]:
    """Span ids, with a number behind those that were there before (shared ids, copies, several traces)."""
    seen: dict[str, int] = {}
    ids = []
    for span in spans:
        count = seen[span.span_id] = seen.get(span.span_id, 0) + 1
        ids.append(span.span_id if count == 1 else f"{span.span_id}_{count}")
    return ids


def _slices(span: Span, own_id: str, process: int, zero_ns: int) -> Iterator[dict[str, Any]]:
    common = {"cat": "span", "id": own_id, "name": span.name, "pid": process, "tid": 0}
    start_ns = max(span.start_ns, zero_ns)
    end_ns = max(span.end_ns, start_ns)  # unfinished: a mark without length
    arguments = _arguments(span)
    for name, shown_ns in (("start_ns", start_ns), ("end_ns", end_ns)):
        if getattr(span, name) != shown_ns or shown_ns - zero_ns > _EXACT_NS:
            arguments[name] = getattr(span, name)
    yield common | {"ph": "b", "ts": _after(zero_ns, start_ns), "args": arguments}
    for event in span.events:
        time_ns = max(event.time_ns, zero_ns)
        yield common | {
            "ph": "n",
            "name": event.name,
            "ts": _after(zero_ns, time_ns),
            "args": json_ready(event.attributes),
            **(
                {"time_ns": event.time_ns}
                if event.time_ns != time_ns or time_ns - zero_ns > _EXACT_NS
                else {}
            ),
            **({"dropped_attributes": event.dropped_attributes} if event.dropped_attributes else {}),
        }
    yield common | {"ph": "e", "ts": _after(zero_ns, end_ns)}


def _arguments(span: Span) -> dict[str, Any]:
    words: dict[str, Any] = {"trace_id": span.trace_id, "span_id": span.span_id}
    if span.parent_span_id:
        words["parent_span_id"] = span.parent_span_id
    if span.kind:
        words["kind"] = Kind(span.kind).name
    if span.status:
        words["status"] = Status(span.status).name
    if span.status_message:
        words["status_message"] = span.status_message
    words |= {name: getattr(span, name) for name in _RARE if getattr(span, name) != getattr(_PLAIN, name)}
    if span.scope != NO_SCOPE:
        words["scope"] = [span.scope.name, span.scope.version, json_ready(span.scope.attributes)]
    if span.resource.schema_url:
        words["schema_url"] = span.resource.schema_url
    if span.links:
        words["links"] = [_link(link) for link in span.links]
    return words | {
        "attributes": json_ready(span.attributes),
        "resource": json_ready(span.resource.attributes),
    }


def _link(link: Link) -> list[Any]:
    return [link.trace_id, link.span_id, json_ready(link.attributes), link.trace_state]


def _flows(spans: list[Span], processes: dict[str, int], zero_ns: int) -> Iterator[dict[str, Any]]:
    """An arrow from caller to callee wherever a call changes its service."""
    callers = {(span.trace_id, span.span_id): span for span in reversed(spans) if not span.shared}
    for number, span in enumerate(spans, start=1):
        caller_id = span.span_id if span.shared else span.parent_span_id
        caller = callers.get((span.trace_id, caller_id))
        if caller is None or caller.service == span.service:
            continue
        start_ns = max(span.start_ns, zero_ns)
        left_ns = max(caller.start_ns, min(start_ns, caller.end_ns), zero_ns)
        flow = {"cat": "call", "name": "call", "id": number, "tid": 0}
        yield flow | {"ph": "s", "pid": processes[caller.service], "ts": _after(zero_ns, left_ns)}
        yield flow | {"ph": "f", "bp": "e", "pid": processes[span.service], "ts": _after(zero_ns, start_ns)}


def _after(zero_ns: int, time_ns: int) -> float:
    return (time_ns - zero_ns) / 1_000
