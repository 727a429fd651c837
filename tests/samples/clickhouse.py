"""The table `otel_traces` that the OpenTelemetry Collector keeps in ClickHouse, as it comes out in Parquet."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from webapp.model.spans import Attributes, Kind, Span, Status

_MAP = pa.map_(pa.string(), pa.string())
_TIME = pa.timestamp("ns")
SCHEMA = pa.schema(
    {
        "Timestamp": _TIME,
        "TraceId": pa.string(),
        "SpanId": pa.string(),
        "ParentSpanId": pa.string(),
        "TraceState": pa.string(),
        "SpanName": pa.string(),
        "SpanKind": pa.string(),
        "ServiceName": pa.string(),
        "ResourceAttributes": _MAP,
        "ScopeName": pa.string(),
        "ScopeVersion": pa.string(),
        "SpanAttributes": _MAP,
        "Duration": pa.uint64(),
        "StatusCode": pa.string(),
        "StatusMessage": pa.string(),
        "Events.Timestamp": pa.list_(_TIME),
        "Events.Name": pa.list_(pa.string()),
        "Events.Attributes": pa.list_(_MAP),
        "Links.TraceId": pa.list_(pa.string()),
        "Links.SpanId": pa.list_(pa.string()),
        "Links.TraceState": pa.list_(pa.string()),
        "Links.Attributes": pa.list_(_MAP),
    }
)


def write(spans: list[Span]) -> bytes:
    file = io.BytesIO()
    pq.write_table(table(spans), file, compression="zstd")
    return file.getvalue()


def table(spans: list[Span]) -> pa.Table:
    return pa.Table.from_pylist([row(span) for span in spans], SCHEMA)


def row(span: Span) -> dict[str, object]:
    return {
        "Timestamp": span.start_ns,
        "TraceId": span.trace_id,
        "SpanId": span.span_id,
        "ParentSpanId": span.parent_span_id,
        "TraceState": span.trace_state,
        "SpanName": span.name,
        "SpanKind": Kind(span.kind).name.capitalize(),
        "ServiceName": span.service,
        "ResourceAttributes": as_texts(span.resource.attributes),
        "ScopeName": span.scope.name,
        "ScopeVersion": span.scope.version,
        "SpanAttributes": as_texts(span.attributes),
        "Duration": span.end_ns - span.start_ns,
        "StatusCode": Status(span.status).name.capitalize(),
        "StatusMessage": span.status_message,
        "Events.Timestamp": [event.time_ns for event in span.events],
        "Events.Name": [event.name for event in span.events],
        "Events.Attributes": [as_texts(event.attributes) for event in span.events],
        "Links.TraceId": [link.trace_id for link in span.links],
        "Links.SpanId": [link.span_id for link in span.links],
        "Links.TraceState": [link.trace_state for link in span.links],
        "Links.Attributes": [as_texts(link.attributes) for link in span.links],
    }


def as_texts(attributes: Attributes) -> dict[str, str]:
    """All that the table keeps of a value: its text, true and false in small letters."""
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in attributes.items()
    }
