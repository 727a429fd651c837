"""Spans below one root, and what the detectors find in them."""

from typing import Any

from tests.analysis.drawing import columns_of, span
from webapp.analysis.detectors import find
from webapp.analysis.trace import analyse_trace
from webapp.model.calls import call_of
from webapp.model.facts import Finding, TraceFacts
from webapp.model.spans import Kind, Span
from webapp.model.thresholds import DEFAULTS, Thresholds


def findings_of(spans: list[Span], thresholds: Thresholds = DEFAULTS) -> tuple[TraceFacts, list[Finding]]:
    facts = analyse_trace(columns_of(spans))
    rows = facts.forest.columns.row.tolist()
    by_row = dict(zip(rows, spans, strict=True))
    calls = {}
    for node, source in enumerate(facts.forest.source.tolist()):
        if source >= 0 and facts.forest.kind[node] in (Kind.CLIENT, Kind.PRODUCER, Kind.CONSUMER):
            item = by_row[rows[source]]
            calls[node] = call_of(item.kind, item.name, item.attributes, item.status_message)
    return facts, find(facts, calls, thresholds)


def codes(spans: list[Span]) -> list[str]:
    return [finding.code for finding in findings_of(spans)[1]]


def only(spans: list[Span], code: str) -> Finding:
    [found] = [finding for finding in findings_of(spans)[1] if finding.code == code]
    return found


def query(ident: str, start: float, end: float, text: str, **fields: Any) -> Span:
    attributes = {
        "db.system": "postgresql",
        "db.name": "shop",
        "db.statement": text,
        **fields.pop("attributes", {}),
    }
    return span(
        ident,
        "p",
        start,
        end,
        kind=Kind.CLIENT,
        name=text.split(" ", maxsplit=1)[0],
        attributes=attributes,
        **fields,
    )


def request(ident: str, start: float, end: float, url: str, parent: str = "p", **fields: Any) -> Span:
    attributes = {
        "http.request.method": "GET",
        "url.full": url,
        "server.address": "api",
        **fields.pop("attributes", {}),
    }
    return span(ident, parent, start, end, kind=Kind.CLIENT, name="GET", attributes=attributes, **fields)


def below(*children: Span, until: float = 1000) -> list[Span]:
    return [span("p", "", 0, until, kind=Kind.SERVER, name="GET /", service="s"), *children]


def in_turn(count: int, each: float, text: str = "SELECT * FROM d WHERE id = {}") -> list[Span]:
    return [
        query(f"q{k:02d}", 10 + k * (each + 1), 10 + k * (each + 1) + each, text.format(k))
        for k in range(count)
    ]
