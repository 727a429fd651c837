"""Downloads in a real Chromium: the HTML file from disk, alone and hostile; the picture as PNG; the summary; redaction."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import serious_faults
from tests.samples import checkout
from tests.views.hostile import TEXTS, hostile_spans, telling_spans
from tests.views.traces import ID, span
from webapp import formats
from webapp.app import create_app
from webapp.formats.digest import digest_of
from webapp.model.spans import Span
from webapp.store import Store

NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Downloads a trace of the given spans and answers with its `file://` address."""
    stores = []

    def write(spans: list[Span], ending: str) -> str:
        store = Store.open(None)
        stores.append(store)
        store.append(spans, store.start_source("test", "otlp", ""))
        store.settle()
        path = tmp_path_factory.mktemp("export") / ("trace." + ending.partition("?")[0])
        path.write_bytes(create_app(store).test_client().get(f"/trace/{ID}.{ending}").data)
        return path.as_uri()

    yield write
    for store in stores:
        store.close()


def opened_from_disk(page: Page, url: str) -> list[str]:
    """The requests that the page makes, to be looked at when all is done."""
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("dialog", lambda dialog: requests.append(f"dialog {dialog.message}"))
    page.goto(url)
    return requests


@pytest.mark.parametrize("script", [True, False])
def test_hostile_text_runs_nothing_and_asks_for_nothing(
    new_page: NewPage, export: Callable[..., str], script: bool
) -> None:
    page = new_page(java_script_enabled=script)
    url = export(hostile_spans(), "html")
    requests = opened_from_disk(page, url)
    expect(page.locator("tr.r")).to_have_count(len(TEXTS))
    expect(page.locator("h1 bdi")).to_have_text(f"s {TEXTS[0]}")
    if script:
        for number in range(len(TEXTS)):
            page.locator("tr.r").nth(number).locator(".num").first.click()
            expect(page.locator("#detail .kv").first).to_contain_text("url.full")
        page.fill("#find input", "<img src=x")
        expect(page.locator("#find .count")).to_have_text("1 found")
        assert page.evaluate("window.pwned") is None
    assert page.locator("img, iframe, object, link, script[src]").count() == 0
    assert requests == [url]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_hostile_picture_runs_nothing_and_asks_for_nothing(
    new_page: NewPage, export: Callable[..., str], theme: str
) -> None:
    page = new_page()
    url = export(hostile_spans(), f"svg?theme={theme}")
    requests = opened_from_disk(page, url)
    assert page.evaluate("document.documentElement.tagName") == "svg"
    assert page.evaluate("window.pwned") is None
    assert requests == [url]


def test_the_file_folds_finds_and_shows_details(new_page: NewPage, export: Callable[..., str]) -> None:
    page = new_page()
    opened_from_disk(page, export(checkout.spans(), "html"))
    rows = page.locator("tr.r")
    expect(rows).to_have_count(5)
    page.locator("tr.r", has_text="payment-service").locator(".caret").click()
    expect(rows).to_have_count(4)
    page.fill("#find input", "fraud")
    expect(page.locator("#find .count")).to_contain_text("found")
    page.press("#find input", "Enter")
    expect(rows).to_have_count(5)  # what was folded away is unfolded
    expect(page.locator("tr.r:focus")).to_contain_text("fraud-service")
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_contain_text("On critical path")
    page.keyboard.press("ArrowUp")
    expect(page.locator("tr.r:focus")).to_contain_text("payment-service")
    page.keyboard.press("ArrowLeft")
    expect(rows).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()


def test_rows_of_a_long_trace_are_drawn_where_one_looks(
    new_page: NewPage, export: Callable[..., str]
) -> None:
    page = new_page()
    spans = [span(1, 0, 0, 5_000), *(span(number, 1, number, number + 1) for number in range(2, 5_000))]
    opened_from_disk(page, export(spans, "html"))
    page.locator("#unfold").click()
    expect(page.locator("#rows tr").first).to_be_visible()
    assert page.locator("#rows tr").count() < 100
    page.keyboard.press("End")
    expect(page.locator("tr.r", has_text="step 4999")).to_be_visible()
    page.locator("tr.r", has_text="step 4999").locator(".num").first.click()
    expect(page.locator("#detail")).to_contain_text(f"span {4999:016x}")
    page.fill("#find input", "step 2500")
    page.press("#find input", "Enter")
    expect(page.locator("tr.r", has_text="step 2500")).to_be_visible()


def test_all_rows_are_printed_up_to_a_number_that_is_said(
    new_page: NewPage, export: Callable[..., str]
) -> None:
    page = new_page()
    spans = [span(1, 0, 0, 5_000), *(span(number, 1, number, number + 1) for number in range(2, 2_500))]
    opened_from_disk(page, export(spans, "html"))
    page.locator("#unfold").click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#rows tr")).to_have_count(2_000)
    expect(page.locator("#printed")).to_have_text("The first 2,000 of 2,499 rows.")
    page.emulate_media(media="print")
    boxes = [page.locator("#rows tr").nth(number).bounding_box() for number in (0, 1, 1_999)]
    assert [round(box["y"] - boxes[0]["y"]) for box in boxes if box and boxes[0]] == [0, 30, 1_999 * 30]


def test_axe_finds_no_serious_violation_in_the_file(page: Page, export: Callable[..., str]) -> None:
    opened_from_disk(page, export(checkout.spans(), "html"))
    page.locator("tr.r").first.locator(".num").first.click()
    assert serious_faults(page) == []


@pytest.fixture(scope="module")
def site(serve: Callable[[Store], str]) -> Iterator[str]:
    with Store.open(None) as store:
        store.append(telling_spans(), store.start_source("test", "otlp", ""))
        store.settle()
        yield f"{serve(store)}/trace/{ID}"


def test_the_picture_is_saved_as_png_in_the_state_of_the_page(
    new_page: NewPage, site: str, tmp_path: Path
) -> None:
    page = new_page(color_scheme="dark")
    page.goto(site)
    page.locator(".takeaway > summary").click()
    with page.expect_download() as download:
        page.locator("[data-take-png]").click()
    path = tmp_path / "picture.png"
    download.value.save_as(path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert int.from_bytes(content[16:20], "big") == 2_800
    assert download.value.suggested_filename == f"trace-{ID}.png"
    page.locator("tr.r .caret").first.click()
    page.wait_for_url(re.compile("fold="))
    with page.expect_download() as download:
        page.locator("[data-take=svg]").click()
    picture = Path(download.value.path()).read_text()
    assert "#12151a" in picture  # the dark surface
    assert picture.count("<title>") < 4


def test_the_summary_is_copied(new_page: NewPage, site: str) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(site)
    page.locator(".takeaway > summary").click()
    page.locator("[data-copy-from]").click()
    expect(page.locator("[data-copy-from] span")).to_have_text("Copied")
    assert "[Open the trace](http://127.0.0.1" in page.evaluate("navigator.clipboard.readText()")


def test_a_redacted_file_is_downloaded_without_javascript(new_page: NewPage, site: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(site)
    page.locator(".takeaway > summary").click()
    page.get_by_text("Redact before downloading").click()
    page.get_by_label("E-mail addresses").check()
    page.get_by_label("attribute keys").fill("db.*")
    page.get_by_role("button", name="Show what is removed").click()
    expect(page.locator("td", has_text="span name")).to_be_visible()
    expect(page.locator("td", has_text="db.system")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    content = Path(download.value.path()).read_bytes()
    assert b"secret" not in content
    assert b"mysql" not in content


def test_axe_finds_no_serious_violation_on_the_redaction_page(page: Page, site: str) -> None:
    page.goto(f"{site}/redact?redact=preset:email")
    assert serious_faults(page) == []


def test_a_file_saved_by_the_browser_after_its_script_ran_still_holds_the_trace(
    new_page: NewPage, export: Callable[..., str], tmp_path: Path
) -> None:
    page = new_page()
    opened_from_disk(page, export(checkout.spans(), "html"))
    expect(page.locator("tr.r")).to_have_count(5)
    saved = tmp_path / "saved.html"
    saved.write_text(page.content())
    with saved.open("rb") as stream:
        reading = formats.read(stream, "saved.html")
        assert digest_of([one for batch in reading for one in batch]) == digest_of(checkout.spans())
    assert reading.format == "tailrace-html"
