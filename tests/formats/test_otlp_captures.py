"""What OpenTelemetry's exporters really sent, by every protocol: the same story each time."""

import json
from collections import Counter
from pathlib import Path

import pytest

from webapp import formats
from webapp.model.spans import Span

FOLDER = Path(__file__).parents[3] / "shared" / "captures"
PYTHON = ["otlp-json-http", "otlp-proto-http", "otlp-proto-http-gzip", "otlp-grpc"]
JAVASCRIPT = ["js-otel-otlp-json", "js-otel-otlp-json-gzip", "js-otel-otlp-grpc"]
INSTRUMENTED = ["py-autoinstr-semconv-none", "py-autoinstr-semconv-http", "py-autoinstr-semconv-http-dup"]


def spans_of(capture: str) -> list[Span]:
    """Of all the bodies of a capture, each of which must be read without a word."""
    bodies = sorted((FOLDER / capture).glob("*.body"))
    if not bodies:
        pytest.skip("the captures are not on this machine")
    found: list[Span] = []
    for body in bodies:
        with body.open("rb") as file:
            reading = formats.read(file, body.name)
            found += [span for batch in reading for span in batch]
        assert reading.format == "otlp"
        assert not reading.notes.warnings
    return found


@pytest.mark.parametrize("capture", PYTHON)
def test_the_python_story_is_complete(capture: str) -> None:
    spans = spans_of(capture)
    assert len(spans) == 39
    assert len({span.trace_id for span in spans}) == 9
    services = {"frontend": 6, "checkout": 15, "payment": 6, "inventory-β": 6, "mailer": 6}
    assert Counter(span.service for span in spans) == services
    links = [link for span in spans for link in span.links]
    known = {span.span_id for span in spans}
    assert (len(links), sum(link.span_id in known for link in links)) == (6, 3)
    assert sum("rojo=" in span.trace_state for span in spans if span.parent_span_id not in known) == 3
    failed = [event for span in spans for event in span.events if event.name == "exception"]
    assert any("<script>" in str(event.attributes["exception.message"]) for event in failed)
    limited = [span for span in spans if span.attributes.get("otel.dropped_attributes_count")]
    assert {len(span.attributes) for span in limited} == {60 + 2}
    assert {span.attributes["otel.dropped_attributes_count"] for span in limited} == {10}
    assert {span.attributes["otel.dropped_events_count"] for span in limited} == {4}
    assert {len(span.events) for span in limited} == {8}
    assert sum(span.start_ns == span.end_ns for span in spans) == 3


@pytest.mark.parametrize("capture", PYTHON[1:])
def test_protobuf_says_what_json_says(capture: str) -> None:
    assert outlines(capture) == outlines(PYTHON[0])


@pytest.mark.parametrize("capture", JAVASCRIPT)
def test_the_javascript_story_is_complete(capture: str) -> None:
    spans = spans_of(capture)
    assert sorted(Counter(span.service for span in spans).values()) == [6, 6, 9]
    assert outlines(capture) == outlines(JAVASCRIPT[0])


@pytest.mark.parametrize("capture", INSTRUMENTED)
def test_what_instrumentation_sends_by_itself_is_complete(capture: str) -> None:
    spans = spans_of(capture)
    assert len(spans) == 21
    ids = {span.span_id for span in spans}
    assert all(not span.parent_span_id or span.parent_span_id in ids for span in spans)


def outlines(capture: str) -> Counter[str]:
    """The spans without what differs from one run to the next."""
    return Counter(
        json.dumps(
            [
                *(span.service, span.name, span.kind, span.status, span.status_message, span.flags),
                [span.scope.name, span.scope.version, _steady(span.scope.attributes)],
                _steady(span.attributes),
                _steady(span.resource.attributes),
                [[event.name, _steady(event.attributes), event.dropped_attributes] for event in span.events],
                [[_steady(link.attributes), link.trace_state.split("=")[0]] for link in span.links],
            ],
            default=repr,
        )
        for span in spans_of(capture)
    )


def _steady(attributes: dict[str, object]) -> dict[str, str]:
    changing = ("process.", "exception.stacktrace", "telemetry.sdk", "service.instance", "host.")
    return {
        key: f"{type(value).__name__} {value!r}"
        for key, value in sorted(attributes.items())
        if not key.startswith(changing)
    }
