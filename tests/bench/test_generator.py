import json
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np

from tests.bench import vocabulary
from tests.bench.blocks import BIG_TRACES, big_trace_id, blocks
from tests.bench.written import LOST_PARENT, cached_file, generated_spans, lines, spans_of
from webapp import formats
from webapp.model.spans import Span, Status

SMALL = (100, 1_000)


def all_spans(count: int, seed: int = 1) -> list[Span]:
    return [span for batch in generated_spans(count, seed, SMALL) for span in batch]


def test_the_wanted_number_of_spans_is_made_whatever_it_is() -> None:
    for count in (1_101, 2_500, 7_777):
        assert sum(len(block) for block in blocks(count, big=SMALL)) == count


def test_one_trace_of_each_big_size_is_there_under_a_known_id() -> None:
    sizes = Counter(span.trace_id for span in all_spans(6_000))
    assert [sizes[big_trace_id(size)] for size in SMALL] == list(SMALL)
    assert BIG_TRACES == (1_000, 10_000, 100_000)


def test_the_same_seed_gives_the_same_spans_and_another_seed_others() -> None:
    assert all_spans(2_000, seed=5) == all_spans(2_000, seed=5)
    assert all_spans(2_000, seed=5) != all_spans(2_000, seed=6)


def test_most_traces_are_small_and_few_are_large() -> None:
    sizes = np.concatenate([np.bincount(block.trace) for block in blocks(99_000, big=())])
    assert 9 <= np.median(sizes) <= 13
    assert 300 <= np.percentile(sizes, 99) <= 700


def test_shares_of_errors_events_orphans_and_failed_payments_are_as_promised() -> None:
    spans = all_spans(60_000)
    count = len(spans)
    assert 0.008 < sum(span.status == Status.ERROR for span in spans) / count < 0.012
    assert 0.09 < sum(bool(span.events) for span in spans) / count < 0.11
    assert 0.008 < sum(span.parent_span_id == LOST_PARENT for span in spans) / count < 0.012
    failed = sum(span.attributes.get("payment.status") == "failed" for span in spans)
    assert 0.0005 < failed / count < 0.0012
    assert 14 < sum(len(span.attributes) for span in spans) / count < 16


def test_services_operations_and_keys_are_as_many_as_promised() -> None:
    keys = set(vocabulary.COMMON).union(*vocabulary.PROFILES.values())
    assert len(vocabulary.SERVICES) == 30
    assert len(vocabulary.OPERATIONS) == 390
    assert len(keys | {"order.id", "payment.status", "payment.amount"}) == 43


def test_children_lie_inside_their_parents() -> None:
    block = next(blocks(20_000, big=()))
    children = np.flatnonzero(block.parent >= 0)
    parents = block.parent[children]
    assert (block.trace[children] == block.trace[parents]).all()
    assert (block.start_ns[children] >= block.start_ns[parents]).all()
    assert (block.end_ns[children] <= block.end_ns[parents]).all()
    assert (block.end_ns >= block.start_ns).all()


def test_each_line_is_one_request_and_holds_the_same_spans() -> None:
    block = next(blocks(1_500, big=()))
    requests = [json.loads(line) for line in lines(block)]
    written = {
        (span["traceId"], span["spanId"]): (span, group["resource"])
        for request in requests
        for group in request["resourceSpans"]
        for span in group["scopeSpans"][0]["spans"]
    }
    spans = spans_of(block)
    assert len(written) == len(spans)
    for span in spans:
        text, resource = written[span.trace_id, span.span_id]
        assert (text["name"], text["kind"], text["parentSpanId"]) == (
            span.name,
            span.kind,
            span.parent_span_id,
        )
        assert (int(text["startTimeUnixNano"]), int(text["endTimeUnixNano"])) == (span.start_ns, span.end_ns)
        assert plain(text["attributes"]) == span.attributes
        assert plain(resource["attributes"]) == span.resource.attributes
        assert text["status"].get("message", "") == span.status_message
        events = [(event["name"], int(event["timeUnixNano"])) for event in text.get("events", [])]
        assert events == [(event.name, event.time_ns) for event in span.events]


def test_the_app_reads_from_the_lines_exactly_the_generated_spans() -> None:
    block = next(blocks(1_500, big=()))
    reading = formats.read(BytesIO(b"".join(lines(block))), "bench.jsonl")
    read = [span for batch in reading for span in batch]
    assert by_id(read) == by_id(spans_of(block))
    assert reading.notes.warnings == []


def by_id(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: (span.trace_id, span.span_id))


def test_the_file_is_written_once(tmp_path: Path) -> None:
    path = cached_file(tmp_path, 112_000)
    stamp = path.stat().st_mtime_ns
    assert cached_file(tmp_path, 112_000) == path
    assert path.stat().st_mtime_ns == stamp
    assert not list(tmp_path.glob("*.part"))


def plain(attributes: list[dict[str, object]]) -> dict[str, object]:
    """OTLP's key and value objects as a plain dict."""
    read = {"stringValue": str, "boolValue": bool, "intValue": int, "doubleValue": float}
    made = {}
    for attribute in attributes:
        value = attribute["value"]
        assert isinstance(value, dict)
        ((kind, written),) = value.items()
        made[str(attribute["key"])] = read[kind](written)
    return made
