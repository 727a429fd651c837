"""The answer key of the shared captures: what is in the store when all that an exporter sent was received."""

from typing import NamedTuple

from tests.views.sending import until
from webapp.model.spans import Status
from webapp.query import Window, parse
from webapp.store import Store


class Key(NamedTuple):
    """`errors`: spans that failed."""

    traces: int
    spans: int
    links: int
    events: int
    errors: int


STORY = Key(9, 39, 6, 28, 5)  # what one program sent through several exporters
JS = Key(6, 21, 6, 4, 3)
WEB = Key(5, 21, 0, 6, 8)

# by folder and the beginning of the paths that spans are sent to; Zipkin has no links
OVER_HTTP = {
    ("otlp-proto-http", "/v1/traces"): STORY,
    ("otlp-proto-http-gzip", "/v1/traces"): STORY,
    ("otlp-json-http", "/v1/traces"): STORY,
    ("js-otel-otlp-json", "/v1/traces"): JS,
    ("js-otel-otlp-json-gzip", "/v1/traces"): JS,
    ("py-autoinstr-semconv-none", "/v1/traces"): WEB,
    ("py-autoinstr-semconv-http", "/v1/traces"): WEB,
    ("py-autoinstr-semconv-http-dup", "/v1/traces"): WEB,
    ("zipkin-json-v2", "/api/v2/spans"): STORY._replace(links=0),
    ("zipkin-json-v1", "/api/v1/spans"): STORY._replace(links=0),
    ("js-zipkin-v2", "/api/v2/spans"): Key(3, 6, 0, 3, 1),
    ("py-zipkin-v2-proto3", "/api/v2/spans"): Key(3, 18, 0, 3, 2),
    ("py-zipkin-v1-json", "/api/v1/spans"): Key(3, 18, 0, 3, 2),
    ("jaeger-thrift-http", "/api/traces"): STORY,
    ("js-otel-jaeger", "/api/traces"): JS,
    ("ddtrace-py-default", "/v0.5/traces"): Key(3, 19, 3, 3, 3),
    ("ddtrace-py-v04", "/v0.4/traces"): Key(3, 19, 3, 3, 3),
    ("js-dd-trace-v04", "/v0.4/traces"): Key(3, 9, 3, 3, 1),
    ("py-honeycomb", "/1/batch/"): Key(1, 2, 0, 1, 1),
    ("py-sentry", "/api/42/envelope/"): Key(3, 9, 0, 0, 2),
}
OVER_GRPC = {"otlp-grpc": STORY, "js-otel-otlp-grpc": JS}
JAEGER_OVER_UDP = {"jaeger-thrift-udp": STORY, "jaeger-client-udp": Key(3, 9, 0, 7, 1)}
XRAY_OVER_UDP = {"xray-udp": Key(4, 52, 0, 1, 2)}


def found(store: Store, spans: int) -> Key:
    """When that many are there and their traces are analysed."""
    until(lambda: store.span_total() >= spans and not list(store.pending()))
    listed = store.search(parse(""), Window(None, None), "newest", 1, per_page=100).rows
    stored = [span for row in listed for span in store.spans(row.summary.trace_id)]
    return Key(
        traces=len(listed),
        spans=len(stored),
        links=sum(len(span.links) for span in stored),
        events=sum(len(span.events) for span in stored),
        errors=sum(span.status == Status.ERROR for span in stored),
    )
