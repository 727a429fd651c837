"""Our own Parquet: one row a span, every field of `Span`, in plain columns that any tool can query.

Attributes are JSON text (`values.py`); kind and status are OTLP numbers; times are nanoseconds since 1970.
Spans to columns here; columns to spans in `spans.py`, files in `parquet.py`.
"""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from webapp.formats.parquet import values as parquet_values
from webapp.model.spans import Event, Link, Resource, Scope, Span

_EVENT: pa.DataType = pa.struct(
    [
        ("name", pa.string()),
        ("time_ns", pa.int64()),
        ("attributes", pa.string()),
        ("dropped_attributes", pa.int64()),
    ]
)
_LINK: pa.DataType = pa.struct(
    [
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("attributes", pa.string()),
        ("trace_state", pa.string()),
    ]
)
_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("trace_id", pa.string()),
    ("span_id", pa.string()),
    ("parent_span_id", pa.string()),
    ("name", pa.string()),
    ("service", pa.string()),
    ("kind", pa.int32()),
    ("start_ns", pa.int64()),
    ("end_ns", pa.int64()),
    ("status", pa.int32()),
    ("status_message", pa.string()),
    ("attributes", pa.string()),
    ("events", pa.list_(_EVENT)),
    ("links", pa.list_(_LINK)),
    ("resource_attributes", pa.string()),
    ("resource_schema_url", pa.string()),
    ("scope_name", pa.string()),
    ("scope_version", pa.string()),
    ("scope_attributes", pa.string()),
    ("trace_state", pa.string()),
    ("flags", pa.int64()),
    ("follows_from", pa.bool_()),
    ("shared", pa.bool_()),
    ("written_trace_id", pa.string()),
    ("written_span_id", pa.string()),
    ("weight", pa.float64()),
]
SCHEMA = pa.schema(_COLUMNS, metadata={"tailrace.spans": "1"})
_REQUIRED = frozenset({"trace_id", "span_id", "name", "service", "start_ns", "end_ns"})


def is_ours(names: Iterable[str]) -> bool:
    """By names alone, so that a file which another tool filtered and wrote again is still ours."""
    present = set(names)
    return present >= _REQUIRED and present <= set(SCHEMA.names)


def to_batch(spans: list[Span]) -> pa.RecordBatch:
    attribute_texts: dict[int, str] = {}  # resources and scopes are shared between spans

    def text(owner: Resource | Scope) -> str:
        found = attribute_texts.get(id(owner))
        if found is None:
            found = attribute_texts[id(owner)] = parquet_values.to_text(owner.attributes)
        return found

    plain = [name for name in SCHEMA.names if name in Span.__struct_fields__]
    columns: dict[str, list[Any]] = {name: [getattr(span, name) for span in spans] for name in plain}
    columns |= {
        "attributes": [parquet_values.to_text(span.attributes) for span in spans],
        "events": [[_event_row(event) for event in span.events] for span in spans],
        "links": [[_link_row(link) for link in span.links] for span in spans],
        "resource_attributes": [text(span.resource) for span in spans],
        "resource_schema_url": [span.resource.schema_url for span in spans],
        "scope_name": [span.scope.name for span in spans],
        "scope_version": [span.scope.version for span in spans],
        "scope_attributes": [text(span.scope) for span in spans],
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


def _event_row(event: Event) -> dict[str, object]:
    return {
        "name": event.name,
        "time_ns": event.time_ns,
        "attributes": parquet_values.to_text(event.attributes),
        "dropped_attributes": event.dropped_attributes,
    }


def _link_row(link: Link) -> dict[str, object]:
    return {
        "trace_id": link.trace_id,
        "span_id": link.span_id,
        "attributes": parquet_values.to_text(link.attributes),
        "trace_state": link.trace_state,
    }
