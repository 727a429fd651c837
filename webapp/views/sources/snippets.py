"""What to write so that a program sends its spans here: by language, with the address that this page was opened at."""

_TEXTS = {
    "Any OpenTelemetry SDK": """\
export OTEL_EXPORTER_OTLP_ENDPOINT=$URL
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_SERVICE_NAME=my-service""",
    "Python": """\
pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http
opentelemetry-bootstrap -a install
OTEL_EXPORTER_OTLP_ENDPOINT=$URL OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
  OTEL_SERVICE_NAME=my-service opentelemetry-instrument python app.py""",
    "Node": """\
npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node
OTEL_EXPORTER_OTLP_ENDPOINT=$URL OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
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
curl -H 'Content-Type: application/json' --data-binary @spans.json $URL/v1/traces""",
    "Zipkin": """\
$URL/api/v2/spans""",
    "Jaeger": """\
JAEGER_ENDPOINT=$URL/api/traces""",
    "Datadog": """\
DD_TRACE_AGENT_URL=$URL""",
}


def snippets_for(url: str) -> dict[str, str]:
    """By whom they are for. `url`: of this server, without a slash at the end."""
    return {title: text.replace("$URL", url) for title, text in _TEXTS.items()}
