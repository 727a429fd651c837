"""Tempo's form for language models, read as the OTLP that it leaves things out of. Its other answers are OTLP itself."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from webapp.formats.head import Head
from webapp.formats.json_stream import Document, documents, loads
from webapp.formats.notes import Notes
from webapp.formats.otlp.pieces import note_partial, spans_one_by_one
from webapp.formats.otlp.spans import Converter
from webapp.formats.otlp.wire import decode_loose_message
from webapp.formats.units import scaled_ns, time_ns
from webapp.model.logs import LogLine
from webapp.model.spans import Span

NAME = "tempo"
EXAMPLE = '{"trace": {"traceId": "5b8e…", "services": [{"serviceName": "shop", "scopes": [{"spans": […]}]}]}}'

Json = dict[str, Any]


def looks_like(head: Head) -> str | None:
    for found in head.objects:
        trace = found.get("trace")
        if isinstance(trace, dict) and isinstance(trace.get("services"), list):
            return "Tempo's form for language models: `trace.services`"
    return None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span | LogLine]:
    converter = Converter(notes)
    for document in documents(stream, notes, records=("trace", "services", "scopes", "spans")):
        answer = loads(document, notes)
        trace = answer.get("trace") if isinstance(answer, dict) else None
        if not isinstance(trace, dict):
            notes.reject("bad_record", where=document.where)
            continue
        note_partial(_beside_trace(answer), document, notes)
        groups = [_group(service, trace.get("traceId")) for service in _objects(trace.get("services"))]
        raw = msgspec.json.encode({"resourceSpans": groups})
        yield from spans_one_by_one(Document(raw, document.line, document.byte), converter)


def _beside_trace(answer: Json) -> Any:  # noqa: ANN401  a LooseMessage
    words = {key: answer[key] for key in ("status", "message") if isinstance(answer.get(key), str)}
    return decode_loose_message(msgspec.json.encode(words))


def _group(service: Json, trace_id: object) -> Json:
    """ResourceSpans, with plain maps where OTLP has lists of keys and values."""
    resource = service.get("resource")
    attributes = resource.get("attributes", resource) if isinstance(resource, dict) else None
    named = {"service.name": service["serviceName"]} if "serviceName" in service else {}
    scopes = [
        {
            "scope": {key: scope[key] for key in ("name", "version", "attributes") if key in scope},
            "spans": [_span(span, trace_id) for span in _list(scope.get("spans"))],
        }
        for scope in _objects(service.get("scopes"))
    ]
    held = attributes if isinstance(attributes, dict) else {}
    return {"resource": {"attributes": named | held}, "scopeSpans": scopes}


def _span(span: object, trace_id: object) -> object:
    """It names neither its trace nor, now and then, its end."""
    if not isinstance(span, dict):
        return span
    whole = {"traceId": trace_id} | span
    start_ns, length_ns = (
        time_ns(span.get("startTimeUnixNano"), "ns"),
        scaled_ns(span.get("durationMs"), "ms"),
    )
    if not span.get("endTimeUnixNano") and start_ns is not None and length_ns is not None:
        whole["endTimeUnixNano"] = str(start_ns + length_ns)
    return whole


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: object) -> list[Json]:
    return [one for one in _list(value) if isinstance(one, dict)]
