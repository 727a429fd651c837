"""The views of a trace in Chromium: switched without a new page, by keyboard, without script, narrow and printed."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.views.traces import span
from webapp.model.spans import Event, Kind, Span, Status
from webapp.store import Store

ID = "e" * 32
VIEWS = ("flame", "spans", "map", "events")


def _spans() -> list[Span]:
    web, shop = {"service": "web", "trace_id": ID}, {"service": "shop", "trace_id": ID}
    return [
        span(1, 0, 0, 1000, name="GET /", kind=Kind.SERVER, **web),
        span(2, 1, 10, 900, name="POST /order", kind=Kind.CLIENT, **web),
        span(3, 2, 20, 890, name="order", kind=Kind.SERVER, status=Status.ERROR, **shop,
             events=[Event("exception", 1_000_500_000_000, {"exception.message": "card declined"})]),
        *(span(n, 3, 20 + n, 30 + n, name=f"SELECT {n}", kind=Kind.CLIENT, attributes={"db.system": "mysql"}, **shop)
          for n in range(4, 300)),
    ]  # fmt: skip


@pytest.fixture(scope="session")
def address(serve: Callable[[Store], str]) -> Iterator[str]:
    with Store.open(None) as store:
        store.append(_spans(), store.start_source("test", "otlp", ""))
        store.settle()
        yield f"{serve(store)}/trace/{ID}"


def tab(page: Page, words: str) -> Locator:
    return page.locator(".tabs a", has_text=words)


def test_views_are_switched_within_the_page_and_back_again(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("window.stays = true")
    for words, part in (("Flame", ".flame"), ("Spans", ".spans"), ("Map", ".canvas"), ("Events", ".moments")):
        tab(page, words).click()
        expect(page.locator(f"#view {part}")).to_be_visible()
        expect(page.locator(".tabs [aria-current]")).to_be_focused()
    assert page.url.endswith("view=events")
    for part in (".canvas", ".spans", ".flame", ".waterfall"):
        page.go_back()
        expect(page.locator(f"#view {part}")).to_be_visible()
    expect(page.locator("tr.r").first).to_be_visible()
    assert page.evaluate("window.stays") is True


def test_what_is_found_stays_and_the_place_in_the_waterfall_too(page: Page, address: str) -> None:
    page.goto(f"{address}?alike=0")
    page.evaluate("scrollTo(0, 3000)")
    expect(page).to_have_url(re.compile(r"row=\d\d"))
    tab(page, "Flame").click()
    expect(page.locator(".flame")).to_be_in_viewport()
    row = _row(page)
    page.locator("[data-find-field]").fill("declined")
    page.keyboard.press("Enter")
    expect(page.locator(".fr.hit")).to_have_count(1)
    tab(page, "Events").click()
    expect(page.locator(".moments tbody tr")).to_have_count(1)
    tab(page, "Waterfall").click()
    expect(page.locator("tr.r").first).to_be_attached()
    assert "find=declined" in page.url
    expect(page).to_have_url(re.compile(r"row=\d\d"))
    assert abs(_row(page) - row) < 3


def _row(page: Page) -> int:
    return int(page.evaluate("new URL(location.href).searchParams.get('row')"))


def test_a_frame_is_seen_alone_and_the_path_leads_back(page: Page, address: str) -> None:
    page.goto(f"{address}?view=flame&of=busy")
    page.locator(".fr", has_text="order").last.click()
    expect(page.locator(".flamehead .crumbs")).to_contain_text("web GET /")
    expect(page.locator(".fr").first).to_have_attribute("title", re.compile("^shop · order"))
    page.locator(".flamehead .crumbs a", has_text="All").click()
    expect(page.locator(".fr").first).to_have_attribute("title", re.compile("^web · GET /"))


def test_the_map_finds_a_party_in_the_waterfall_and_goes_there(page: Page, address: str) -> None:
    page.goto(f"{address}?view=map")
    page.locator(".node[data-kind=db]").click()
    expect(page.locator("[data-found]")).to_contain_text("1 of 296")
    assert "view=" not in page.url
    expect(page.locator("tr.r:focus")).to_be_visible()


@pytest.mark.parametrize(
    "key", ["a", "d", "w", "s", "z", "3", "n", "e", "p", "j", "ArrowLeft", "Enter", "Escape"]
)
def test_keys_of_the_waterfall_do_no_harm_elsewhere(page: Page, address: str, key: str) -> None:
    page.goto(f"{address}?view=spans")
    page.locator("body").press(key)
    expect(page.locator(".spans")).to_be_visible()
    assert page.url == f"{address}?view=spans"


def test_all_views_work_without_script(new_page: Callable[..., Page], address: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(address)
    for words, part in (("Flame", ".flame"), ("Spans", ".spans"), ("Map", ".canvas"), ("Events", ".moments")):
        tab(page, words).click()
        expect(page.locator(f"#view {part}")).to_be_visible()
    tab(page, "Spans").click()
    page.locator("#view").get_by_role("link", name="Single spans").click()
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".spans tbody tr")).to_have_count(99)
    page.locator(".spans thead a", has_text="Duration").click()
    expect(page.locator(".spans tbody tr").first).to_contain_text("GET /")
    page.locator(".spans tbody th a").first.click()
    expect(page.locator(".detail")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_is_wider_than_the_window(
    new_page: Callable[..., Page], address: str, view: str, width: int
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    page.goto(f"{address}?view={view}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.emulate_media(media="print")
    expect(page.locator(".toolbar")).to_be_hidden()
