"""Sends one small trace with a real exporter: `python -m tests.exporting KIND ADDRESS`. A process of its own for each,
since exporters keep threads, patch modules and read the environment."""

import os
import sys
from collections.abc import Callable


def story_of_opentelemetry(exporter: object) -> None:
    """A request that calls, and a call that fails; then all is flushed."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import Link, SpanKind, Status, StatusCode

    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))  # type: ignore[arg-type]
    tracer = provider.get_tracer("story", "1.0")
    with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER, attributes={"user": "ü"}) as root:
        with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT) as failing:
            failing.add_event("retry", {"attempt": 2})
            failing.set_status(Status(StatusCode.ERROR, "gone"))
        with tracer.start_as_current_span("render", links=[Link(root.get_span_context())]):
            pass
    provider.shutdown()


def otlp_http(address: str) -> None:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    story_of_opentelemetry(OTLPSpanExporter(endpoint=f"{address}/v1/traces", compression=Compression.Gzip))


def otlp_grpc(address: str) -> None:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    story_of_opentelemetry(OTLPSpanExporter(endpoint=address, insecure=True))


def zipkin(address: str) -> None:
    from opentelemetry.exporter.zipkin.json import ZipkinExporter

    story_of_opentelemetry(ZipkinExporter(endpoint=f"{address}/api/v2/spans"))


def datadog(address: str) -> None:
    os.environ |= {
        "DD_TRACE_AGENT_URL": address,
        "DD_SERVICE": "shop",
        "DD_REMOTE_CONFIGURATION_ENABLED": "0",
    }
    from ddtrace.trace import tracer

    with tracer.trace("web.request", resource="GET /cart", span_type="web"):
        with tracer.trace("db.query", resource="SELECT") as failing:
            failing.error = 1
        with tracer.trace("render"):
            pass
    tracer.shutdown()


def xray(address: str) -> None:
    from aws_xray_sdk.core import xray_recorder

    xray_recorder.configure(
        service="shop", daemon_address=address, sampling=False, streaming_threshold=1, plugins=()
    )
    with xray_recorder.in_segment("shop"):
        with xray_recorder.in_subsegment("SELECT", namespace="remote") as failing:
            failing.add_fault_flag()
        with xray_recorder.in_subsegment("render"):
            pass


KINDS: dict[str, Callable[[str], None]] = {
    "otlp-http": otlp_http,
    "otlp-grpc": otlp_grpc,
    "zipkin": zipkin,
    "datadog": datadog,
    "xray": xray,
}

if __name__ == "__main__":
    KINDS[sys.argv[1]](sys.argv[2])
