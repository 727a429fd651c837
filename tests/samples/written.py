"""The files of `sample_data/`: which spans go into which file, in which format. Names are relative to the folder."""

import gzip
import io
import zipfile
from collections.abc import Callable

import orjson
import zstandard

from tests.samples import (
    agents,
    checkout,
    clickhouse,
    consoles,
    jaegers,
    logbooks,
    otlps,
    rows,
    services,
    shop,
    zipkins,
)
from tests.samples.cast import HOUR_START_NS, MINUTE_NS
from webapp.formats import chrome, jaeger, otlp, parquet, zipkin
from webapp.model.spans import Span

Write = Callable[[list[Span]], bytes]


def gz(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def zst(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(content)


def indented(content: bytes) -> bytes:
    """JSON for people to look into."""
    return orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2)


def page(spans: list[Span]) -> bytes:
    """The frame of a trace page that was saved as one file; the spans lie in it."""
    head = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="Tailrace">'
    script = f'<script type="application/json" id="tailrace-spans">{otlp.write(spans).decode()}</script>'
    return f"{head}<title>checkout</title></head>\n<body>{script}</body></html>\n".encode()


def archive(spans: list[Span]) -> bytes:
    """One trace, told by files of three formats."""
    parts = {
        "orders/otlp.json": otlp.write(spans[:1]),
        "payments/jaeger.json": jaeger.write(spans[1:3]),
        "fraud/zipkin.json": zipkin.write(spans[3:]),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def own_parquet(spans: list[Span]) -> bytes:
    file = io.BytesIO()
    parquet.write_parquet([spans], file)
    return file.getvalue()


LOG = "x-trace-id.log"  # names traces, but no spans
# per file the first digits of its trace id; the story's own begins with a 4
STORIES: tuple[tuple[str, str, Write], ...] = (
    ("4", "otlp.json", lambda spans: indented(otlp.write(spans))),
    ("5", "otlp-lines.jsonl.gz", lambda spans: gz(otlps.lines(spans))),
    ("6", "otlp-snake-case.json", otlps.snake_case),
    ("c", "otlp.json.zst", lambda spans: zst(otlp.write(spans))),
    ("d0", "otlp.pb", otlps.protobuf),
    ("d1", "otlp-delimited.pb", otlps.delimited),
    ("d2", "otlp-collector.pb", otlps.collector_framed),
    ("d3", "otlp-collector.pb.zst", otlps.collector_compressed),
    ("d4", "tempo-v1.json", otlps.tempo_v1),
    ("d5", "tempo-v2.json", otlps.tempo_v2),
    ("d6", "tempo-llm.json", otlps.tempo_llm),
    ("d7", "grafana.json", otlps.grafana),
    ("7", "jaeger.json", lambda spans: indented(jaeger.write(spans))),
    ("d8", "jaeger-protobuf.json", jaegers.protobuf_json),
    ("d9", "jaeger-elasticsearch.json", jaegers.elasticsearch),
    ("da", "jaeger-cassandra.csv", jaegers.cassandra),
    ("db", "jaeger.thrift", jaegers.thrift),
    ("8", "zipkin.json", lambda spans: indented(zipkin.write(spans))),
    ("dc", "zipkin-v1.json", zipkins.version1),
    ("dd", "zipkin.pb", zipkins.protobuf),
    ("de", "xray-segments.jsonl", agents.xray_segments),
    ("df", "xray-batch-get-traces.json", agents.xray_batch_get_traces),
    ("e0", "datadog-v04.json", agents.datadog_json),
    ("e1", "datadog-v04.msgpack", agents.datadog_msgpack),
    ("e2", "datadog-v05.msgpack", agents.datadog_v05),
    ("e3", "datadog-search.json", agents.datadog_search),
    ("e4", "skywalking.json", agents.skywalking),
    ("e5", "go-stdouttrace.txt", consoles.go),
    ("e6", "python-console.txt", consoles.python),
    ("e7", "javascript-console.txt", consoles.javascript),
    ("e8", "honeycomb.json", services.honeycomb),
    ("e9", "elastic-intake.ndjson", services.elastic_intake),
    ("ea", "elastic-documents.json", services.elastic_documents),
    ("9", "spans.json", rows.generic),
    ("a", "tailrace.parquet", own_parquet),
    ("b", "clickhouse-otel-traces.parquet", clickhouse.write),
    ("eb", "clickhouse-otel-traces.csv", rows.clickhouse_csv),
    ("ec", "clickhouse-otel-traces.arrow", rows.arrow),
    ("ed", "pods.csv", rows.pods_csv),
    ("ee", "phoenix.jsonl", rows.phoenix),
    ("ef", "logfire.jsonl", rows.logfire),
    ("f0", "zap-spans.log", logbooks.zap_pairs),
    ("f1", LOG, logbooks.request_log),
    ("f2", "chrome.json", chrome.write),
    ("f3", "page.html", page),
    ("f4", "dotnet-console.txt", consoles.dotnet),
    ("f5", "sentry.envelope", services.sentry),
    ("f6", "several.zip", archive),
)
FIRST_DIGITS = {f"checkout/{name}": digits for digits, name, _ in STORIES}
CHECKOUT: dict[str, Write] = {f"checkout/{name}": write for _, name, write in STORIES}

SHOP: dict[str, Write] = {
    "shop/0934-1004.jsonl.gz": lambda spans: gz(otlps.lines(spans)),
    "shop/1004-1034.jsonl.zst": lambda spans: zst(otlps.lines(spans)),
    "shop/search.parquet": own_parquet,
    "shop/refunds.jaeger.json.gz": lambda spans: gz(jaeger.write(spans)),
    "shop/logins.zipkin.json.gz": lambda spans: gz(zipkin.write(spans)),
}


def files() -> dict[str, tuple[list[Span], Write]]:
    """Per file: its spans and how they are written."""
    stories = {
        name: (checkout.with_first_digits(FIRST_DIGITS[name]), write) for name, write in CHECKOUT.items()
    }
    parts: dict[str, list[Span]] = {name: [] for name in SHOP}
    for trace in shop.traces():
        parts[_shop_file(trace)].extend(trace)
    return stories | {name: (parts[name], write) for name, write in SHOP.items()}


def _shop_file(trace: list[Span]) -> str:
    routes = {span.name for span in trace}
    if "GET /api/search" in routes:
        return "shop/search.parquet"
    if "POST /refund" in routes:
        return "shop/refunds.jaeger.json.gz"
    if "POST /login" in routes:
        return "shop/logins.zipkin.json.gz"
    early = min(span.start_ns for span in trace) < HOUR_START_NS + 30 * MINUTE_NS
    return "shop/0934-1004.jsonl.gz" if early else "shop/1004-1034.jsonl.zst"
