"""The checkout as Honeycomb, Elastic and Sentry keep it."""

from typing import Any

import orjson

from tests.samples.clickhouse import as_texts
from tests.samples.consoles import rfc3339
from webapp.model.spans import Span

Json = dict[str, Any]


def honeycomb(spans: list[Span]) -> bytes:
    """A batch of events; the events of spans are rows of their own."""
    rows = [row for span in spans for row in _rows(span)]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2)


def _rows(span: Span) -> list[Json]:
    ids = {"trace.trace_id": span.trace_id, "trace.parent_id": span.parent_span_id}
    data = {
        **{key: value for key, value in ids.items() if value},
        "trace.span_id": span.span_id,
        "name": span.name,
        "span.kind": "server",
        "duration_ms": (span.end_ns - span.start_ns) / 1e6,
        "library.name": span.scope.name,
        "library.version": span.scope.version,
        **span.resource.attributes,
        **span.attributes,
    }
    events = [
        {
            "time": rfc3339(one.time_ns),
            "data": {
                "trace.trace_id": span.trace_id,
                "trace.parent_id": span.span_id,
                "meta.annotation_type": "span_event",
                "name": one.name,
                **one.attributes,
            },
        }
        for one in span.events
    ]
    return [{"time": rfc3339(span.start_ns), "samplerate": 1, "data": data}, *events]


def elastic_intake(spans: list[Span]) -> bytes:
    """What agents send: the process of a service, then its transaction, line by line."""
    return b"".join(
        orjson.dumps(line) + b"\n" for span in spans for line in (_metadata(span), _transaction(span))
    )


def elastic_documents(spans: list[Span]) -> bytes:
    """The answer of a search in Elasticsearch: attributes are labels, whose keys have no dots there."""
    hits = [
        {"_index": "traces-apm-default", "_id": span.span_id, "_source": _document(span)} for span in spans
    ]
    answer = {"took": 2, "hits": {"total": {"value": len(hits), "relation": "eq"}, "hits": hits}}
    return orjson.dumps(answer, option=orjson.OPT_INDENT_2)


def _metadata(span: Span) -> Json:
    return {"metadata": {
        "service": _service(span) | {"agent": {"name": "opentelemetry"}},
        "system": {
            "hostname": span.resource.attributes["host.name"],
            "kubernetes": {"pod": {"name": span.resource.attributes["k8s.pod.name"]}},
        },
        "cloud": {"region": span.resource.attributes["cloud.region"]},
    }}  # fmt: skip


def _service(span: Span) -> Json:
    told = span.resource.attributes
    return {
        "name": span.service,
        "version": told["service.version"],
        "environment": told["deployment.environment.name"],
        "language": {"name": told["telemetry.sdk.language"]},
        "runtime": {"name": told["process.runtime.name"], "version": told["process.runtime.version"]},
    }


def _transaction(span: Span) -> Json:
    return {"transaction": {
        "id": span.span_id,
        "trace_id": span.trace_id,
        "parent_id": span.parent_span_id or None,
        "name": span.name,
        "type": "request",
        "timestamp": span.start_ns // 1000,
        "duration": (span.end_ns - span.start_ns) / 1e6,
        "outcome": "success",
        "otel": {"span_kind": "SERVER", "attributes": span.attributes},
    }}  # fmt: skip


def _document(span: Span) -> Json:
    told = span.resource.attributes
    return {
        "@timestamp": rfc3339(span.start_ns),
        "timestamp": {"us": span.start_ns // 1000},
        "processor": {"event": "transaction", "name": "transaction"},
        "trace": {"id": span.trace_id},
        **({"parent": {"id": span.parent_span_id}} if span.parent_span_id else {}),
        "transaction": {
            "id": span.span_id, "name": span.name, "type": "request",
            "duration": {"us": (span.end_ns - span.start_ns) // 1000},
        },
        "span": {"kind": "SERVER"},
        "event": {"outcome": "success"},
        "service": _service(span),
        "agent": {"name": told["telemetry.sdk.name"]},
        "host": {"name": told["host.name"]},
        "kubernetes": {"pod": {"name": told["k8s.pod.name"]}},
        "cloud": {"region": told["cloud.region"]},
        "labels": {key.replace(".", "_"): value for key, value in as_texts(span.attributes).items()},
    }  # fmt: skip


def sentry(spans: list[Span]) -> bytes:
    """An envelope a transaction: its head, the head of the item, the event."""
    return b"".join(orjson.dumps(line) + b"\n" for span in spans for line in _envelope(span))


def _envelope(span: Span) -> list[Json]:
    told = span.resource.attributes
    trace = {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id or None,
        "op": "http.server",
        "data": span.attributes,
    }
    event = {
        "type": "transaction",
        "event_id": span.trace_id[:16] + span.span_id,
        "transaction": span.name,
        "start_timestamp": rfc3339(span.start_ns),
        "timestamp": rfc3339(span.end_ns),
        "contexts": {"trace": trace, "otel": {"resource": told}},
        "release": f"{span.service}@{told['service.version']}",
        "environment": told["deployment.environment.name"],
        "spans": [],
    }
    item = {"type": "transaction", "length": len(orjson.dumps(event))}
    return [{"event_id": event["event_id"], "sent_at": rfc3339(span.end_ns)}, item, event]
