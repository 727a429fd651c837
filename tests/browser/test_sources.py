"""Files dropped on the page, chosen, stopped and removed; and programs that send to a page that waits for them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from playwright.sync_api import Page, expect

from tests.browser.accessible import serious_faults
from tests.conftest import ROOT
from webapp.store import Store

CHECKOUT = ROOT / "sample_data" / "checkout"


@pytest.fixture
def store(page: Page) -> Iterator[Store]:
    """Closed when the page asks for nothing any more."""
    with Store.open(None) as opened:
        yield opened
        page.goto("about:blank")
        page.wait_for_load_state("networkidle")


def drop(page: Page, **files: str) -> None:
    """On the page, as from a file manager."""
    carried = page.evaluate_handle(
        "files => { const carried = new DataTransfer();"
        " for (const [name, text] of Object.entries(files)) carried.items.add(new File([text], name));"
        " return carried; }",
        files,
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": carried})
    page.dispatch_event("main", "drop", {"dataTransfer": carried})


def test_the_first_page_takes_what_is_dropped_on_it_and_says_what_it_is(
    page: Page, serve: Callable[[Store], str], store: Store
) -> None:
    server = serve(store)
    page.goto(server)
    expect(page.get_by_role("heading", name="See an example")).to_be_visible()
    assert serious_faults(page) == []
    drop(page, mine=(CHECKOUT / "otlp.json").read_text(), other="nothing")
    load = page.locator(".load")
    expect(load).to_contain_text("2 files: 5 spans read")
    expect(load).to_contain_text("mine: otlp: OTLP JSON")
    expect(load).to_contain_text("other: not read")
    expect(page.locator(".sourcelist tbody tr")).to_have_count(2)
    assert serious_faults(page, "main") == []
    load.get_by_role("link", name="1 trace").click()
    expect(page.locator("table.results tbody tr")).to_have_count(1)
    page.wait_for_load_state("networkidle")


def test_loading_shows_how_far_it_is_and_can_be_stopped(
    page: Page, serve: Callable[[Store], str], store: Store
) -> None:
    server = serve(store)
    page.goto(f"{server}/sources")
    with store.analysing:
        page.locator("[name=files]").set_input_files(CHECKOUT / "otlp.json")
        expect(page.locator(".load")).to_contain_text("where the time went")
        page.locator("[name=files]").set_input_files(CHECKOUT / "zipkin.json")
        waiting = page.locator(".load", has_text="Waiting for what was asked before")
        waiting.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("heading", name="Stopping")).to_be_visible()
        page.locator(".nav").get_by_role("link", name="Traces").click()
        expect(page.locator("main")).to_be_visible()
        page.go_back()
    expect(page.locator("#load-2")).to_contain_text("Stopped")
    expect(page.locator(".sourcelist tbody tr")).to_have_count(1)


def test_a_program_that_sends_opens_its_first_trace_and_is_seen_among_the_receivers(
    page: Page, serve: Callable[[Store], str], store: Store
) -> None:
    server = serve(store)
    page.goto(server)
    expect(page.get_by_text(f"export OTEL_EXPORTER_OTLP_ENDPOINT={server}")).to_be_visible()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{server}/v1/traces")))
    with provider.get_tracer("test").start_as_current_span("work") as span:
        trace_id = f"{span.get_span_context().trace_id:032x}"
    provider.shutdown()
    page.wait_for_url(f"{server}/trace/{trace_id}")
    page.get_by_role("link", name="Sources").click()
    received = page.locator(".receivers tbody tr", has_text="OTLP over HTTP")
    expect(received).to_contain_text("ago")
    expect(received.locator("td").nth(1)).to_have_text("1")


def test_a_source_is_read_as_something_else_and_removed(
    page: Page, serve: Callable[[Store], str], store: Store, tmp_path: Path
) -> None:
    server = serve(store)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "unknown.csv").write_bytes((ROOT / "tests/data/tables/unknown.csv").read_bytes())
    page.goto(f"{server}/sources")
    page.locator("[name=folder]").set_input_files(tmp_path)
    page.get_by_role("link", name="Not right? Choose").click()
    expect(page.get_by_role("heading")).to_contain_text(["deep/unknown.csv"])
    expect(page.get_by_label("TID")).to_have_value("trace_id")
    page.get_by_role("button", name="Read it again").click()
    expect(page.locator(".load")).to_contain_text("csv: A table")
    page.locator(".sourcelist .name").click()
    page.get_by_text("Remove …").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator(".load")).to_contain_text("Removed")
    expect(page.locator("#span-total")).to_have_text("0 spans")


def test_files_are_sent_and_listed_without_a_script(
    new_page: Callable[..., Page], serve: Callable[[Store], str], store: Store
) -> None:
    server = serve(store)
    page = new_page(java_script_enabled=False, viewport={"width": 520, "height": 900})
    page.goto(f"{server}/sources")
    page.locator("[name=files]").set_input_files([CHECKOUT / "otlp.json", CHECKOUT / "zipkin.json"])
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator(".load")).to_contain_text("2 files: 10 spans read")
    assert page.evaluate("document.documentElement.scrollWidth") == 520
