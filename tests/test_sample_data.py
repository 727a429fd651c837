import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import pytest

from tests.samples import checkout, shop
from tests.samples.cast import SKEW_NS, SKEWED_POD, SLOW_FROM_NS
from tests.samples.clickhouse import as_texts
from tests.samples.written import CHECKOUT, SHOP, files
from webapp import formats
from webapp.model.spans import Event, Kind, Resource, Scope, Span, Status
from webapp.query import Window, parse

FOLDER = Path(__file__).parent.parent / "sample_data"
EVER = Window(None, None)
CLAIM = re.compile(r"^\| `([^`]+)` \| ([\d,]+) \|", re.MULTILINE)


@cache
def written_files() -> dict[str, tuple[list[Span], Callable[[list[Span]], bytes]]]:
    return files()


@cache
def hour() -> list[list[Span]]:
    return shop.traces()


def spans_in(path: Path) -> list[Span]:
    with path.open("rb") as stream:
        reading = formats.read(stream, path.name)
        spans = [span for batch in reading for span in batch]
    assert (reading.notes.rejected, reading.notes.warnings) == (0, [])
    return spans


# The files


@pytest.mark.parametrize("name", [*CHECKOUT, *SHOP])
def test_each_file_holds_what_its_generator_makes(name: str, tmp_path: Path) -> None:
    spans, write = written_files()[name]
    anew = tmp_path / Path(name).name
    anew.write_bytes(write(spans))
    assert spans_in(FOLDER / name) == spans_in(anew)


def test_nothing_else_lies_in_the_folders() -> None:
    found = {
        str(path.relative_to(FOLDER))
        for folder in ("checkout", "shop")
        for path in (FOLDER / folder).iterdir()
    }
    assert found == {*CHECKOUT, *SHOP}


def test_all_files_together_stay_small() -> None:
    assert sum((FOLDER / name).stat().st_size for name in (*CHECKOUT, *SHOP)) < 4_000_000


def test_lines_in_otlp_lose_nothing() -> None:
    for name in SHOP:
        if ".jsonl" in name:
            assert by_id(spans_in(FOLDER / name)) == by_id(written_files()[name][0])


# The checkout in every format


@pytest.mark.parametrize("name", CHECKOUT)
def test_the_checkout_is_the_same_in_every_format(name: str) -> None:
    found = spans_in(FOLDER / name)
    assert {span.trace_id[1:] for span in found} == {checkout.TRACE_ID[1:]}
    assert [comparable(span) for span in by_start(found)] == [comparable(span) for span in checkout.spans()]


def test_each_checkout_has_a_trace_id_of_its_own() -> None:
    ids = {span.trace_id for name in CHECKOUT for span in spans_in(FOLDER / name)}
    assert len(ids) == len(CHECKOUT)
    assert checkout.TRACE_ID in ids


@pytest.mark.parametrize(
    "name", ["otlp.json", "otlp-lines.jsonl.gz", "otlp-snake-case.json", "tailrace.parquet"]
)
def test_formats_that_carry_everything_carry_everything(name: str) -> None:
    anonymous = [
        msgspec.structs.replace(span, **WITHOUT_IDS)
        for span in by_start(spans_in(FOLDER / "checkout" / name))
    ]
    assert anonymous == [msgspec.structs.replace(span, **WITHOUT_IDS) for span in checkout.spans()]


WITHOUT_IDS: dict[str, Any] = {"trace_id": "", "written_trace_id": "", "written_span_id": ""}


def by_id(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: (span.trace_id, span.span_id))


def by_start(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: span.start_ns)


def comparable(span: Span) -> Span:
    """What every format can carry: attributes as text, those of span and process in one, no scope."""
    return Span(
        trace_id="",
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        name=span.name,
        service=span.service,
        kind=span.kind,
        status=span.status,
        status_message=span.status_message,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        attributes=dict(sorted(as_texts(span.resource.attributes | span.attributes).items())),
        events=[Event(event.name, event.time_ns, event.attributes) for event in span.events],
        resource=Resource(),
        scope=Scope(),
    )


# The hour of the shop


def test_the_shop_is_as_lively_as_promised() -> None:
    sizes = [len(trace) for trace in hour()]
    assert 1_200 <= len(sizes) <= 1_500
    assert 15_000 <= sum(sizes) <= 25_000
    assert max(sizes) == 3_000
    assert len({span.service for trace in hour() for span in trace}) == 10


def test_the_fraud_check_slows_down_at_eight_past_ten() -> None:
    checks = [
        span for trace in hour() for span in trace if (span.service, span.name) == ("fraud-service", "check")
    ]
    before = [length_ms(span) for span in checks if span.start_ns < SLOW_FROM_NS]
    after = [length_ms(span) for span in checks if span.start_ns >= SLOW_FROM_NS]
    assert median(before) == pytest.approx(180, rel=0.1)
    assert median(after) == pytest.approx(2_500, rel=0.1)
    versions = {span.resource.attributes["service.version"] for span in checks if length_ms(span) > 1_000}
    assert versions == {"2.14.0"}


def test_a_failed_payment_began_at_the_card_api_and_failed_the_request() -> None:
    failed = [
        trace for trace in hour() if any(span.attributes.get("payment.status") == "failed" for span in trace)
    ]
    assert len(failed) > 30
    for trace in failed:
        (charge,) = (span for span in trace if span.attributes.get("payment.status") == "failed")
        (call,) = (
            span for span in trace if span.parent_span_id == charge.span_id and span.status == Status.ERROR
        )
        assert call.name == "POST /v1/charges"
        assert call.status_message == "Stripe API timeout" or call.status_message.startswith("card declined")
        assert call.events[0].attributes["exception.message"] == call.status_message
        assert all(span.status == Status.ERROR for span in roots(trace) if span.kind == Kind.SERVER)


def test_traces_arrive_with_the_flaws_of_real_ones() -> None:
    traces = hour()
    orphaned = [trace for trace in traces if missing_parents(trace)]
    assert 5 <= len(orphaned) <= 25
    assert any(link.trace_id != span.trace_id for trace in traces for span in trace for link in span.links)
    assert any(len(roots(trace)) > 1 for trace in traces)
    served = [
        span for trace in traces for span in trace if span.resource.attributes["host.name"] == SKEWED_POD
    ]
    clients = {span.span_id: span for trace in traces for span in trace if span.kind == Kind.CLIENT}
    ahead_ns = [
        span.start_ns - clients[span.parent_span_id].start_ns
        for span in served
        if span.parent_span_id in clients
    ]
    assert len(ahead_ns) > 100
    assert all(abs(ahead - SKEW_NS) < 5_000_000 for ahead in ahead_ns)


def test_old_and_new_conventions_are_spoken() -> None:
    keys = {key for trace in hour() for span in trace for key in span.attributes}
    assert keys >= {"http.method", "http.request.method", "db.system", "db.system.name", "net.peer.name"}


def test_the_hour_is_always_the_same() -> None:
    assert shop.traces()[::100] == hour()[::100]


def length_ms(span: Span) -> float:
    return (span.end_ns - span.start_ns) / 1e6


def roots(trace: list[Span]) -> list[Span]:
    return [span for span in trace if not span.parent_span_id]


def missing_parents(trace: list[Span]) -> set[str]:
    return {span.parent_span_id for span in trace if span.parent_span_id} - {span.span_id for span in trace}


# What the README promises, found in a loaded store


def test_every_query_in_the_readme_finds_as_many_traces_as_it_says(sample_store: Any) -> None:
    claims = CLAIM.findall((FOLDER / "README.md").read_text())
    assert len(claims) > 10
    found = {query: f"{sample_store.totals(parse(query), EVER).traces:,}" for query, _ in claims}
    assert found == dict(claims)


def test_the_slow_checkout_is_the_slowest_payment(sample_store: Any) -> None:
    page = sample_store.search(parse("service=payment-service duration>3s"), EVER, "slowest", 1)
    first = page.rows[: len(CHECKOUT)]
    assert {row.summary.trace_id[1:] for row in first} == {checkout.TRACE_ID[1:]}
    assert {row.match.duration_ns for row in first} == {3_500_000_000}
    assert {row.summary.verdict.sentence for row in first} == {"fraud-service · check is 80% of the 4.00 s"}


def test_a_failed_payment_says_where_it_failed(sample_store: Any) -> None:
    page = sample_store.search(parse('payment.status=failed "Stripe API timeout"'), EVER, "newest", 1)
    assert page.rows
    for row in page.rows:
        assert row.summary.failure_sentence.startswith(
            "Failed in payment-service · POST /v1/charges: Stripe API timeout"
        )
