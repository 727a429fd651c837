"""Blocks of Grafana Tempo: the spans nested in the traces, in the columns of each version."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from webapp.formats import parquet
from webapp.formats.notes import Notes
from webapp.model.spans import Event, Link, Resource, Scope, Span

TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
START_NS = 1_714_979_289_123_456_789
CHARGE = Span(
    trace_id=TRACE,
    span_id=SPAN,
    parent_span_id=PARENT,
    name="charge",
    service="payment",
    start_ns=START_NS,
    end_ns=START_NS + 5,
    kind=2,
    status=2,
    status_message="no money",
    attributes={"http.method": "POST", "n": 3, "cached": False, "share": 0.5, "note": "x"},
    events=[Event("exception", START_NS + 2, {"type": "Broke"})],
    links=[Link(TRACE, PARENT, {"why": "retry"}, "")],
    resource=Resource({"service.name": "payment", "k8s.pod.name": "p-1", "host.name": "h1"}),
    scope=Scope("lib", "1.2"),
    trace_state="a=b",
)


def attribute(key: str, *, listed: bool, **value: Any) -> dict[str, Any]:
    """As the versions before the fourth, or from the fourth on, where each value is a list."""
    columns = ("Value", "ValueInt", "ValueDouble", "ValueBool")
    if listed:
        return {"Key": key, "IsArray": False} | {
            name: [value[name]] if name in value else [] for name in columns
        }
    return {"Key": key} | {name: value.get(name) for name in columns}


def block(version: int, **changes: Any) -> bytes:
    listed = version == 4
    text = "Value"
    span: dict[str, Any] = {
        "ParentSpanID": bytes.fromhex(PARENT),
        "Name": "charge",
        "Kind": 2,
        "StatusCode": 2,
        "StatusMessage": "no money",
        "TraceState": "a=b",
        "HttpMethod": "POST",
        "HttpUrl": None,
        "HttpStatusCode": None,
        "Attrs": [
            attribute("n", listed=listed, ValueInt=3),
            attribute("cached", listed=listed, ValueBool=False),
            attribute("share", listed=listed, ValueDouble=0.5),
            attribute("note", listed=listed, **{text: "x"}),
        ],
    }
    link = ProtoSpan.Link(trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(PARENT))
    link.attributes.append(KeyValue(key="why", value=AnyValue(string_value="retry")))
    packed = link.SerializeToString()
    event: dict[str, Any] = {"Name": "exception", "DroppedAttributesCount": 0}
    if version == 1:
        span |= {"ID": bytes.fromhex(SPAN), "StartUnixNanos": START_NS, "EndUnixNanos": START_NS + 5}
    else:
        span |= {"SpanID": bytes.fromhex(SPAN), "StartTimeUnixNano": START_NS, "DurationNano": 5}
    if listed:
        event |= {"TimeSinceStartNano": 2, "Attrs": [attribute("type", listed=True, Value="Broke")]}
        about = [attribute("why", listed=True, Value="retry")]
        span["Links"] = [{"TraceID": bytes.fromhex(TRACE), "SpanID": bytes.fromhex(PARENT), "Attrs": about}]
    else:
        value = AnyValue(string_value="Broke").SerializeToString()
        event |= {"TimeUnixNano": START_NS + 2, "Attrs": [{"Key": "type", "Value": value}]}
        span["Links"] = b"\x0a" + bytes([len(packed)]) + packed
    span |= {"Events": [event], **changes}
    scoped = {"il" if version == 1 else "Scope": {"Name": "lib", "Version": "1.2"}, "Spans": [span]}
    resource = {
        "ServiceName": "payment",
        "K8sPodName": "p-1",
        "Attrs": [attribute("host.name", listed=listed, Value="h1")],
    }
    row = {
        "TraceID": bytes.fromhex(TRACE),
        "RootSpanName": "x",
        "rs": [{"Resource": resource, "ils" if version == 1 else "ss": [scoped]}],
    }
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row]), target)
    return target.getvalue()


def read(content: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(parquet.read(io.BytesIO(content), notes)), notes


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_block_of_each_version_gives_its_spans(version: int) -> None:
    found, notes = read(block(version))
    assert found == [CHARGE]
    assert not notes.warnings


def test_links_that_cannot_be_read_cost_themselves() -> None:
    found, notes = read(block(3, Links=b"\x0a\x7f broken"))
    assert [(span.name, span.links) for span in found] == [("charge", [])]
    assert [warning.code for warning in notes.warnings] == ["bad_attribute"]


def test_a_span_without_an_id_is_counted() -> None:
    found, notes = read(block(4, SpanID=b""))
    assert (found, notes.rejected) == ([], 1)
