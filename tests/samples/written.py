"""The files of `sample_data/`: which spans go into which file, in which format. Names are relative to the folder."""

import gzip
import io
import re
from base64 import b64encode
from collections.abc import Callable

import orjson
import zstandard

from tests.samples import checkout, clickhouse, shop
from tests.samples.cast import HOUR_START_NS, MINUTE_NS
from webapp.formats import jaeger, otlp, parquet, zipkin
from webapp.model.spans import Kind, Span

Write = Callable[[list[Span]], bytes]


def gz(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def zst(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(content)


def indented(content: bytes) -> bytes:
    """JSON for people to look into."""
    return orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2)


def otlp_lines(spans: list[Span]) -> bytes:
    """One request a trace and line."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    return b"".join(otlp.write(trace).rstrip() + b"\n" for trace in traces.values())


def otlp_snake_case(spans: list[Span]) -> bytes:
    """As some protobuf libraries print OTLP: snake_case keys, ids in base64."""
    return indented(orjson.dumps(_snake(orjson.loads(otlp.write(spans)))))


def generic(spans: list[Span]) -> bytes:
    """The flat JSON of tutorials, times in µs."""
    return indented(orjson.dumps([_flat(span) for span in spans]))


def own_parquet(spans: list[Span]) -> bytes:
    file = io.BytesIO()
    parquet.write_parquet([spans], file)
    return file.getvalue()


CHECKOUT: dict[str, Write] = {
    "checkout/otlp.json": lambda spans: indented(otlp.write(spans)),
    "checkout/otlp-lines.jsonl.gz": lambda spans: gz(otlp_lines(spans)),
    "checkout/otlp-snake-case.json": otlp_snake_case,
    "checkout/jaeger.json": lambda spans: indented(jaeger.write(spans)),
    "checkout/zipkin.json": lambda spans: indented(zipkin.write(spans)),
    "checkout/spans.json": generic,
    "checkout/tailrace.parquet": own_parquet,
    "checkout/clickhouse-otel-traces.parquet": clickhouse.write,
    "checkout/otlp.json.zst": lambda spans: zst(otlp.write(spans)),
}
# the first is the id of the story; the others differ from it in the first digit
FIRST_DIGITS = "456789abc"

SHOP: dict[str, Write] = {
    "shop/0934-1004.jsonl.gz": lambda spans: gz(otlp_lines(spans)),
    "shop/1004-1034.jsonl.zst": lambda spans: zst(otlp_lines(spans)),
    "shop/search.parquet": own_parquet,
    "shop/refunds.jaeger.json.gz": lambda spans: gz(jaeger.write(spans)),
    "shop/logins.zipkin.json.gz": lambda spans: gz(zipkin.write(spans)),
}


def files() -> dict[str, tuple[list[Span], Write]]:
    """Per file: its spans and how they are written."""
    digits = dict(zip(CHECKOUT, FIRST_DIGITS, strict=True))
    stories = {name: (checkout.with_first_digit(digits[name]), write) for name, write in CHECKOUT.items()}
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


def _snake(value: object) -> object:
    if isinstance(value, list):
        return [_snake(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), key): _base64(inner)
        if key in ("traceId", "spanId", "parentSpanId")
        else _snake(inner)
        for key, inner in value.items()
    }


def _base64(hex_id: str) -> str:
    return b64encode(bytes.fromhex(hex_id)).decode()


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
