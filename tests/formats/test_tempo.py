"""Tempo's answers in all their forms, and what Grafana makes of them when it is asked for a download."""

import base64
import copy
import io
import json
from typing import Any

import pytest

from webapp import formats
from webapp.errors import NotTraces
from webapp.model.spans import Event, Link, Scope, Span

TRACE, SPAN, CHILD = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "00f067aa0ba902b8"
START = 1_684_778_327_699_392_724

FOR_MODELS: dict[str, Any] = {
    "trace": {
        "traceId": TRACE,
        "services": [
            {
                "serviceName": "shop",
                "resource": {"host.name": "a", "process.pid": 7},
                "scopes": [
                    {
                        "name": "lib",
                        "version": "1.2",
                        "spans": [
                            {
                                "spanId": SPAN,
                                "name": "GET /",
                                "kind": "SPAN_KIND_SERVER",
                                "startTimeUnixNano": str(START),
                                "endTimeUnixNano": str(START + 1_500_000),
                                "durationMs": 1.5,
                                "attributes": {
                                    "http.response.status_code": 500,
                                    "tags": ["a", "b"],
                                    "ok": False,
                                },
                                "events": [
                                    {"name": "boom", "timeUnixNano": str(START + 1), "attributes": {"n": 1}}
                                ],
                                "links": [{"traceId": TRACE, "spanId": CHILD, "attributes": {}}],
                                "status": {"code": "STATUS_CODE_ERROR", "message": "no"},
                            }
                        ],
                    }
                ],
            },
            {
                "serviceName": "stock",
                "scopes": [
                    {
                        "spans": [
                            {
                                "spanId": CHILD,
                                "parentSpanId": SPAN,
                                "name": "reserve",
                                "startTimeUnixNano": str(START),
                                "durationMs": 0.25,
                            }
                        ]
                    }
                ],
            },
        ],
    },
    "metrics": {"inspectedBytes": "1"},
    "status": "",
    "message": "",
}


def opened(value: object) -> tuple[list[Span], formats.Reading]:
    found = formats.read(io.BytesIO(json.dumps(value).encode()), "some.file")
    return [span for batch in found for span in batch], found


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_the_form_for_language_models_gives_all_it_holds() -> None:
    spans, found = opened(FOR_MODELS)
    assert (found.format, found.reason) == ("tempo", "Tempo's form for language models: `trace.services`")
    assert not found.notes.warnings
    first, second = spans
    assert (first.trace_id, first.span_id, first.service, first.kind, first.status) == (
        TRACE,
        SPAN,
        "shop",
        2,
        2,
    )
    assert (first.start_ns, first.end_ns, first.status_message) == (START, START + 1_500_000, "no")
    assert first.attributes == {"http.response.status_code": 500, "tags": ["a", "b"], "ok": False}
    assert first.resource.attributes == {"service.name": "shop", "host.name": "a", "process.pid": 7}
    assert first.scope == Scope("lib", "1.2")
    assert first.events == [Event("boom", START + 1, {"n": 1})]
    assert first.links == [Link(TRACE, CHILD)]
    assert (second.trace_id, second.parent_span_id, second.service) == (TRACE, SPAN, "stock")
    assert second.end_ns - second.start_ns == 250_000


def test_the_form_for_language_models_says_when_it_is_partial() -> None:
    _, found = opened(FOR_MODELS | {"status": "PARTIAL", "message": "too large"})
    assert [(one.code, one.message) for one in found.notes.warnings] == [("partial", "Tempo says: too large")]


@pytest.mark.parametrize("bad", [None, 5, "x", [], {}, {"spanId": None}])
def test_one_bad_span_for_language_models_costs_itself(bad: object) -> None:
    value = copy.deepcopy(FOR_MODELS)
    value["trace"]["services"][0]["scopes"][0]["spans"].append(bad)
    spans, found = opened(value)
    assert [span.span_id for span in spans] == [SPAN, CHILD]
    assert found.notes.rejected == (bad is not None)


def answer(**ids: str) -> dict[str, Any]:
    span = ids | {"name": "get", "kind": "SPAN_KIND_CLIENT", "startTimeUnixNano": str(START), "status": {}}
    return {"resource": {}, "scopeSpans": [{"scope": {}, "spans": [span]}]}


@pytest.mark.parametrize(
    ("trace_id", "span_id"),
    [
        (b64(bytes.fromhex(TRACE)), b64(bytes.fromhex(SPAN))),
        (b64(TRACE.encode()), b64(SPAN.encode())),  # encoded twice by its sender
        (TRACE.upper(), SPAN),
        (b64(bytes.fromhex(TRACE)).rstrip("="), b64(bytes.fromhex(SPAN)).rstrip("=")),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_ids_are_understood_in_every_spelling(trace_id: str, span_id: str, version: int) -> None:
    group = answer(traceId=trace_id, spanId=span_id)
    spans, found = opened({"batches": [group]} if version == 1 else {"trace": {"resourceSpans": [group]}})
    assert [(span.trace_id, span.span_id, span.kind) for span in spans] == [(TRACE, SPAN, 3)]
    assert spans[0].written_trace_id == trace_id
    assert found.format == "otlp"
    assert not found.notes.warnings


def test_a_download_from_grafana_gives_all_it_holds() -> None:
    span = {
        "traceId": TRACE, "spanId": SPAN, "parentSpanId": "", "traceState": "", "name": "get",
        "startTimeUnixNano": 1684778327699392500, "endTimeUnixNano": 1.6847783277e18,
        "attributes": [
            {"key": "n", "value": {"intValue": 200}},
            {"key": "map", "value": {"stringValue": {"a": {"b": 1}}}},
            {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "x"}]}}},
        ],
        "droppedAttributesCount": 0,
        "status": {"code": 2, "message": None},
        "events": [{"timeUnixNano": 1684778327699392500.5, "attributes": [], "name": ""}],
        "links": [{"traceId": TRACE, "spanId": CHILD, "attributes": []}],
    }  # fmt: skip
    service = {"key": "service.name", "value": {"stringValue": "shop"}}
    batch = {"resource": {"attributes": [service]}, "instrumentationLibrarySpans": [{"spans": [span]}]}
    spans, found = opened({"batches": [batch]})
    assert not found.notes.warnings
    [one] = spans
    assert (one.service, one.kind, one.status, one.start_ns) == ("shop", 0, 2, 1_684_778_327_699_392_500)
    assert one.end_ns == 1_684_778_327_700_000_000
    assert one.attributes == {"n": 200, "map": '{"a":{"b":1}}', "list": [1, "x"]}
    assert one.events == [Event("", 1_684_778_327_699_392_500)]
    assert one.links == [Link(TRACE, CHILD)]


def test_a_search_summary_is_refused_by_name() -> None:
    with pytest.raises(NotTraces, match="a Tempo search summary, which holds no spans"):
        opened({"traces": [{"traceID": TRACE, "rootServiceName": "shop", "durationMs": 5}], "metrics": {}})
