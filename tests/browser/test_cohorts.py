"""From the traces to why the slow ones are slow, in a real browser: in three clicks, by keyboard, without JavaScript."""

import random
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import serious_faults
from tests.planted import open_shop, spans_of, stored
from webapp.store import Store

SLOW = "/compare?a=rest&b=trace.duration%3E150ms"


@pytest.fixture(scope="module")
def shop_url(serve: Callable[[Store], str]) -> Iterator[str]:
    shop = open_shop("n+1 after a deploy", 5, 800)
    with stored([span for request in spans_of(shop) for span in request]) as store:
        yield serve(store)


def test_the_story_is_found_in_three_clicks(page: Page, shop_url: str) -> None:
    page.goto(f"{shop_url}/traces")
    page.get_by_role("link", name="What makes these slow?").last.click()  # of all, after what stands out
    expect(page.locator(".say")).to_contain_text("more calls of db · SELECT items")
    expect(page.locator(".tells")).to_contain_text("service.version of orders: v2")
    page.get_by_role("link", name="Slowest 1%").click()
    expect(page.locator(".ways [aria-current]").first).to_have_text("Slowest 1%")
    page.locator(".offers a").first.click()
    expect(page.locator(".verdict")).to_contain_text("SELECT items")


def test_a_box_on_the_chart_becomes_the_selection(page: Page, shop_url: str) -> None:
    page.goto(f"{shop_url}/traces/narrow?low=150000000&high=900000000")
    page.get_by_role("link", name="What makes these slow?").click()
    expect(page.locator("#set-B")).to_have_value("trace.duration>=150ms trace.duration<900ms")
    expect(page.locator(".say")).to_contain_text("slower")


def test_frames_and_what_if_keep_the_page_and_are_undone_by_going_back(page: Page, shop_url: str) -> None:
    page.goto(shop_url + SLOW)
    page.locator(".fr", has_text="orders").first.click()
    expect(page.locator(".block .crumbs")).to_contain_text("gateway POST /checkout")
    page.go_back()
    expect(page.locator(".block .crumbs")).to_have_count(0)
    page.get_by_label("faster by").select_option("100")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator(".would")).to_contain_text("100% faster")


def test_all_of_it_works_without_javascript(new_page: Callable[..., Page], shop_url: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(shop_url + SLOW)
    page.get_by_role("link", name="Baseline", exact=True).click()
    expect(page.get_by_text("The whole width is the mean response time of A")).to_be_visible()
    expect(page.locator(".tellers").first).to_contain_text("service.version")
    page.get_by_label("Selection").fill("service=orders service.version=v2")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".say")).to_contain_text("SELECT items")


def test_attributes_come_when_the_page_is_there_and_waiting_for_them_can_be_ended(
    page: Page, shop_url: str
) -> None:
    page.route("**/compare/attributes?*", lambda _: None)  # no answer
    not_asked_before = f"trace.duration%3E{random.randint(154_000_000, 156_000_000)}ns"
    page.goto(f"{shop_url}/compare?a=rest&b={not_asked_before}")
    expect(page.locator(".working")).to_contain_text("Reading attributes…")
    expect(page.locator(".flame")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator("#attributes")).to_contain_text("Attributes are not compared.")
    page.unroute("**/compare/attributes?*")
    page.get_by_role("link", name="Compare them").click()
    expect(page.locator(".tellers").first).to_contain_text("service.version")
    expect(page.locator("#tells")).to_contain_text("service.version of orders: v2")
    expect(page.locator(".working")).to_have_count(0)


def test_a_row_leads_by_keyboard_to_what_if(page: Page, shop_url: str) -> None:
    page.goto(shop_url + SLOW)
    page.locator(".splits tbody a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("select[name=faster]")).to_have_value("operation:db · SELECT items")
    expect(page).to_have_url(re.compile(r"faster=.*#whatif$"))


@pytest.mark.parametrize("width", [1440, 520, 320])
def test_nothing_is_wider_than_the_window(new_page: Callable[..., Page], shop_url: str, width: int) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    page.goto(shop_url + SLOW)
    expect(page.locator(".flame")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    "path",
    [
        SLOW,
        f"{SLOW}&flame=after&faster=service:db",
        "/compare?a=rest&b=service%3Dnobody",
        "/compare?a=rest&b=&band=top",
    ],
)
def test_axe_finds_no_serious_violation(page: Page, shop_url: str, path: str) -> None:
    page.goto(shop_url + path)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".working")).to_have_count(0)
    for summary in page.locator(".astable summary").all():
        summary.click()
    assert serious_faults(page) == []
