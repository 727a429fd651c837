"""The checkout as rows of tables and flat objects: ClickHouse, Arrow, Phoenix, Logfire, a research data set, tutorials."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa

from tests.samples import clickhouse
from tests.samples.consoles import rfc3339
from webapp.model.spans import Kind, Span

Json = dict[str, Any]


def generic(spans: list[Span]) -> bytes:
    """The flat JSON of tutorials, times in µs."""
    return orjson.dumps([_flat(span) for span in spans], option=orjson.OPT_INDENT_2)


def clickhouse_csv(spans: list[Span]) -> bytes:
    """`SELECT * FROM otel_traces FORMAT CSVWithNames`: maps and lists in ClickHouse's words."""
    rows = [clickhouse.row(span) for span in spans]
    return _csv(list(rows[0]), [[_cell(key, value) for key, value in row.items()] for row in rows])


def pods_csv(spans: list[Span]) -> bytes:
    """One row a span with the name of its pod, as data sets for research have it. No attributes, no kinds."""
    names = [
        "TraceID",
        "SpanID",
        "ParentID",
        "PodName",
        "OperationName",
        "StartTimeUnixNano",
        "EndTimeUnixNano",
        "Duration",
    ]
    rows = [
        [
            span.trace_id, span.span_id, span.parent_span_id or "root", f"{span.service}-579b9bff58-t2dbm", span.name,
            span.start_ns, span.end_ns, (span.end_ns - span.start_ns) // 1000,
        ]
        for span in spans
    ]  # fmt: skip
    return _csv(names, rows)


def arrow(spans: list[Span]) -> bytes:
    """The table `otel_traces` as an Arrow file."""
    out = io.BytesIO()
    table = clickhouse.table(spans)
    with pa.ipc.new_file(out, table.schema) as file:
        file.write_table(table)
    return out.getvalue()


def phoenix(spans: list[Span]) -> bytes:
    """Phoenix's spans as lines: attributes flat, times in microseconds."""
    return b"".join(orjson.dumps(_phoenix(span)) + b"\n" for span in spans)


def logfire(spans: list[Span]) -> bytes:
    """Logfire's table `records` as lines."""
    return b"".join(orjson.dumps(_logfire(span)) + b"\n" for span in spans)


def _csv(names: list[str], rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(names)
    table.writerows(rows)
    return out.getvalue().encode()


def _cell(column: str, value: Any) -> Any:
    if column == "Timestamp":
        return _day_time(value)
    if column == "Events.Timestamp":
        return _said([_day_time(one) for one in value])
    return _said(value) if isinstance(value, (list, dict)) else value


def _day_time(time_ns: int) -> str:
    second = datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{second}.{time_ns % 10**9:09}"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(_said(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_said(key)}:{_said(one)}' for key, one in value.items())}}}"
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _phoenix(span: Span) -> Json:
    attributes = span.attributes | span.resource.attributes
    return {
        "name": span.name,
        "span_kind": "CHAIN",
        "parent_id": span.parent_span_id or None,
        "start_time": rfc3339(span.start_ns).replace("Z", "+00:00"),
        "end_time": rfc3339(span.end_ns).replace("Z", "+00:00"),
        "status_code": "UNSET",
        "status_message": "",
        "events": [
            {"name": one.name, "timestamp": rfc3339(one.time_ns), "attributes": one.attributes}
            for one in span.events
        ],
        "context.span_id": span.span_id,
        "context.trace_id": span.trace_id,
        **{f"attributes.{key}": value for key, value in attributes.items()},
    }


def _logfire(span: Span) -> Json:
    return {
        "start_timestamp": rfc3339(span.start_ns),
        "end_timestamp": rfc3339(span.end_ns),
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id or None,
        "kind": "span",
        "level": 9,
        "span_name": span.name,
        "message": span.name,
        "is_exception": False,
        "service_name": span.service,
        "otel_scope_name": span.scope.name,
        "otel_scope_version": span.scope.version,
        "otel_status_code": None,
        "otel_status_message": None,
        "attributes": span.attributes,
        "otel_resource_attributes": span.resource.attributes,
        "otel_events": [
            {"event_name": one.name, "event_timestamp": rfc3339(one.time_ns), "attributes": one.attributes}
            for one in span.events
        ],
        "otel_links": [],
    }


def _flat(span: Span) -> dict[str, object]:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_span_id or None,
        "name": span.name,
        "serviceName": span.service,
        "timestamp": span.start_ns // 1000,
        "duration": (span.end_ns - span.start_ns) // 1000,
        "kind": Kind(span.kind).name,
        "status": {"code": "UNSET"},
        "attributes": span.attributes,
        "resource": {"attributes": span.resource.attributes},
        "events": [
            {"name": event.name, "timestamp": event.time_ns // 1000, "attributes": event.attributes}
            for event in span.events
        ],
    }
