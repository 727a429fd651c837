import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import pytest

from tests.samples import checkout, shop
from tests.samples.cast import SKEW_NS, SKEWED_POD, SLOW_FROM_NS
from tests.samples.clickhouse import as_texts
from tests.samples.logbooks import uuid_of
from tests.samples.written import CHECKOUT, FIRST_DIGITS, LOG, SHOP, files
from webapp import formats
from webapp.formats.archives import contents
from webapp.model.spans import Event, Kind, Span, Status
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
    spans = []
    with path.open("rb") as stream:
        for content in contents(stream, path.name):
            reading = formats.read_unpacked(content)
            spans += [span for batch in reading for span in batch]
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

SPANS = [name for name in CHECKOUT if not name.endswith(LOG)]


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What a format has room for. `lost`: attributes it has not; `adds`: whether its reader knows more than we wrote."""

    ids: bool = True
    names: bool = True
    kinds: bool = True
    events: bool = True
    attributes: bool = True
    lost: tuple[str, ...] = ()
    adds: bool = True
    dots: bool = True  # in keys
    precision_ns: int = 0


WHOLE = Carried(adds=False)
OF_PROCESS = tuple(key for key in checkout.resource_of("", "", "", ("", "")) if key != "service.name")
CARRIED = {
    "zipkin-v1.json": Carried(),
    "xray-segments.jsonl": Carried(names=False, events=False),
    "xray-batch-get-traces.json": Carried(names=False, events=False),
    "datadog-v04.json": Carried(),
    "datadog-v04.msgpack": Carried(),
    "datadog-v05.msgpack": Carried(),
    "datadog-search.json": Carried(),
    "skywalking.json": Carried(ids=False),
    "sentry.envelope": Carried(events=False),
    "elastic-intake.ndjson": Carried(events=False, lost=("service.namespace",)),
    "elastic-documents.json": Carried(events=False, lost=("service_namespace",), dots=False),
    "pods.csv": Carried(kinds=False, events=False, attributes=False),
    "phoenix.jsonl": Carried(kinds=False),
    "logfire.jsonl": Carried(kinds=False),
    "zap-spans.log": Carried(kinds=False, events=False, lost=OF_PROCESS, precision_ns=250),
}


@pytest.mark.parametrize("name", SPANS)
def test_the_checkout_is_the_same_in_every_format(name: str) -> None:
    found = by_start(spans_in(FOLDER / name))
    carried = CARRIED.get(name.removeprefix("checkout/"), WHOLE)
    digits = FIRST_DIGITS[name]
    assert {span.trace_id for span in found} == {digits + checkout.TRACE_ID[len(digits) :]}
    assert tree(found) == tree(checkout.spans())
    assert [told(span, carried) for span in found] == [told(span, carried) for span in checkout.spans()]
    for one, original in zip(found, checkout.spans(), strict=True):
        assert one.start_ns == pytest.approx(original.start_ns, abs=carried.precision_ns, rel=0)
        assert one.end_ns == pytest.approx(original.end_ns, abs=carried.precision_ns, rel=0)
        assert carried.adds or texts(one, carried).keys() == texts(original, carried).keys()


def test_each_checkout_has_a_trace_id_of_its_own() -> None:
    ids = {span.trace_id for name in SPANS for span in spans_in(FOLDER / name)}
    assert len(ids) == len(SPANS)
    assert checkout.TRACE_ID in ids


@pytest.mark.parametrize("name", CHECKOUT)
def test_the_verdict_on_the_checkout_is_the_same_in_every_format(name: str, sample_store: Any) -> None:
    """X-Ray's segments have no name but that of their service; a log only shows when services wrote their lines."""
    digits = FIRST_DIGITS[name]
    [row] = sample_store.search(
        parse(f"trace.id={digits + checkout.TRACE_ID[len(digits) :]}"), EVER, "newest", 1
    ).rows
    summary = row.summary
    assert {one.service for one in summary.services} == {span.service for span in checkout.spans()}
    assert summary.verdict.service == "fraud-service"
    if name.endswith(LOG):
        return
    operation = "fraud-service" if "xray" in name else "check"
    assert summary.verdict.sentence == f"fraud-service · {operation} is 80% of the 4.00 s"


@pytest.mark.parametrize(
    "name",
    [
        "otlp.json",
        "otlp-lines.jsonl.gz",
        "otlp-snake-case.json",
        "otlp.json.zst",
        "otlp.pb",
        "otlp-delimited.pb",
        "otlp-collector.pb",
        "otlp-collector.pb.zst",
        "tempo-v1.json",
        "tempo-v2.json",
        "go-stdouttrace.txt",
        "page.html",
        "tailrace.parquet",
    ],
)
def test_formats_that_carry_everything_carry_everything(name: str) -> None:
    anonymous = [
        msgspec.structs.replace(span, **WITHOUT_IDS)
        for span in by_start(spans_in(FOLDER / "checkout" / name))
    ]
    assert anonymous == [msgspec.structs.replace(span, **WITHOUT_IDS) for span in checkout.spans()]


def test_a_log_that_only_hands_on_a_trace_id_has_its_lines() -> None:
    with (FOLDER / "checkout" / LOG).open("rb") as stream:
        lines = [line for batch in formats.read(stream, LOG).batches() for line in batch.lines]
    assert len(lines) == 2 * len(checkout.HOPS) + 4
    assert {line.service for line in lines} == {span.service for span in checkout.spans()}
    assert {line.written_trace_id for line in lines} == {
        uuid_of(FIRST_DIGITS[f"checkout/{LOG}"] + checkout.TRACE_ID[2:])
    }


WITHOUT_IDS: dict[str, Any] = {"trace_id": "", "written_trace_id": "", "written_span_id": "", "flags": 0}


def by_id(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: (span.trace_id, span.span_id))


def by_start(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: span.start_ns)


def tree(spans: list[Span]) -> list[tuple[str, str]]:
    """Each service with that of its parent, whatever their ids."""
    services = {span.span_id: span.service for span in spans}
    return [(span.service, services.get(span.parent_span_id, "")) for span in spans]


def told(span: Span, carried: Carried) -> Span:
    """What a format can carry: attributes as text, those of span and process in one, no scope."""
    return Span(
        trace_id="",
        span_id=span.span_id if carried.ids else "",
        name=span.name if carried.names else "",
        service=span.service,
        kind=span.kind if carried.kinds else 0,
        status=span.status,
        status_message=span.status_message,
        start_ns=0,
        end_ns=0,
        attributes={
            key: value for key, value in texts(span, carried).items() if key in original_keys(span, carried)
        },
        events=[Event(event.name, event.time_ns, event.attributes) for event in span.events]
        if carried.events
        else [],
    )


def texts(span: Span, carried: Carried) -> dict[str, str]:
    every = as_texts(span.resource.attributes | span.attributes)
    return {key if carried.dots else key.replace(".", "_"): every[key] for key in sorted(every)}


def original_keys(span: Span, carried: Carried) -> set[str]:
    if not carried.attributes:
        return set()
    [original] = [one for one in checkout.spans() if one.service == span.service]
    return set(texts(original, carried)) - set(carried.lost)


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


def test_the_slow_checkouts_are_among_the_slowest_payments(sample_store: Any) -> None:
    page = sample_store.search(parse("service=payment-service duration>3s"), EVER, "slowest", 1)
    stories = [row for row in page.rows if row.summary.trace_id[2:] == checkout.TRACE_ID[2:]]
    assert 10 < len(stories) < len(page.rows)
    for row in stories:
        assert row.match.duration_ns == 3_500_000_000
        assert row.summary.verdict.share == pytest.approx(0.8)


def test_a_failed_payment_says_where_it_failed(sample_store: Any) -> None:
    page = sample_store.search(parse('payment.status=failed "Stripe API timeout"'), EVER, "newest", 1)
    assert page.rows
    for row in page.rows:
        assert row.summary.failure_sentence.startswith(
            "Failed in payment-service · POST /v1/charges: Stripe API timeout"
        )
