"""What to write so that a program sends its spans here: by language, with the address that this page was opened at."""

from collections.abc import Mapping
from urllib.parse import urlsplit

_TEXTS = {
    "Any OpenTelemetry SDK": """\
export OTEL_EXPORTER_OTLP_ENDPOINT=$URL
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none  # spans alone are kept here
export OTEL_SERVICE_NAME=my-service""",
    "Python": """\
pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http
opentelemetry-bootstrap -a install
OTEL_EXPORTER_OTLP_ENDPOINT=$URL OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
  OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \\
  OTEL_SERVICE_NAME=my-service opentelemetry-instrument python app.py""",
    "Node": """\
npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node
OTEL_EXPORTER_OTLP_ENDPOINT=$URL OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
  OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \\
  OTEL_SERVICE_NAME=my-service \\
  node --require @opentelemetry/auto-instrumentations-node/register app.js""",
    "Go": """\
// go get go.opentelemetry.io/otel/sdk go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp
exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL("$URL/v1/traces"))
if err != nil {
    log.Fatal(err)
}
provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
defer provider.Shutdown(ctx)
otel.SetTracerProvider(provider)""",
    "Java": """\
java -javaagent:opentelemetry-javaagent.jar \\
  -Dotel.exporter.otlp.endpoint=$URL -Dotel.exporter.otlp.protocol=http/protobuf \\
  -Dotel.metrics.exporter=none -Dotel.logs.exporter=none \\
  -Dotel.service.name=my-service -jar app.jar""",
    "Collector": """\
exporters:
  otlphttp/tailrace:
    endpoint: $URL
service:
  pipelines:
    traces:
      exporters: [otlphttp/tailrace]  # beside those that are there""",
    "curl": """\
curl -H 'Content-Type: application/json' $URL/v1/traces --data-binary '{"resourceSpans": [{
  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my-service"}}]},
  "scopeSpans": [{"spans": [{"name": "hello", "kind": 2,
    "traceId": "0af7651916cd43dd8448eb'$(date +%s)'", "spanId": "b7ad6b7169203331",
    "startTimeUnixNano": "'$(date +%s)'000000000", "endTimeUnixNano": "'$(date +%s)'250000000"}]}]}]}'""",
    "Zipkin": """\
# OpenTelemetry's Zipkin exporter
OTEL_TRACES_EXPORTER=zipkin OTEL_EXPORTER_ZIPKIN_ENDPOINT=$URL/api/v2/spans
# Spring Boot 3, in application.properties
management.zipkin.tracing.endpoint=$URL/api/v2/spans
management.tracing.sampling.probability=1.0""",
    "Jaeger": """\
JAEGER_ENDPOINT=$URL/api/traces""",
    "Datadog": """\
DD_TRACE_AGENT_URL=$URL""",
    "X-Ray": """\
# Tailrace is started with --xray-udp
AWS_XRAY_DAEMON_ADDRESS=$HOST:2000""",
    "Honeycomb": """\
# Python; what sends OTLP for Honeycomb is set up as any OpenTelemetry SDK
beeline.init(writekey="any", dataset="my-service", service_name="my-service", api_host="$URL")""",
    "Sentry": """\
# Python; other SDKs take the same DSN: any key, any number
sentry_sdk.init(dsn="$DSN", traces_sample_rate=1.0)""",
}


def snippets_for(url: str) -> dict[str, str]:
    """By whom they are for. `url`: of this server, without a slash at the end."""
    address = urlsplit(url)
    host = address.netloc.removesuffix(f":{address.port}")
    known = {"$URL": url, "$HOST": host, "$DSN": f"{address.scheme}://any@{address.netloc}/1"}
    return {title: _filled(text, known) for title, text in _TEXTS.items()}


def _filled(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(name, value)
    return text
