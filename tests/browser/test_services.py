"""The main walk over services: is mine here, how does it do, which traces are behind a point of its charts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect


def drawn(page: Page, number: int) -> None:
    """Waits for a chart of the page."""
    expect(page.locator(".plots .plot").nth(number)).to_have_attribute("aria-busy", "false")
    expect(page.locator(".plots .plot").nth(number).locator(".main-svg").first).to_be_visible()


def test_from_a_name_to_the_traces_behind_a_point(page: Page, server: str) -> None:
    page.goto(f"{server}/services")
    page.get_by_label("Is my service here?").fill("payment-service")
    page.get_by_label("Is my service here?").press("Enter")
    expect(page.locator(".answer")).to_contain_text("payment-service is here: 2,353 spans")
    page.get_by_role("link", name="Open payment-service").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("payment-service")
    drawn(page, 1)
    box = page.locator(".plots .plot").nth(1).locator(".nsewdrag").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 100)
    page.wait_for_url("**/traces?*")
    expect(page.get_by_label("Query", exact=True)).to_have_value(
        "service=payment-service (kind=server OR kind=consumer OR root) error"
    )
    expect(page.locator("table.results")).to_be_visible()


def test_sorting_and_unfolding_change_the_page_in_place_and_its_address(page: Page, server: str) -> None:
    page.goto(f"{server}/services")
    page.get_by_role("link", name="p95", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("p95")
    assert "sort=p95" in page.url
    fold = page.get_by_role("link", name="Operations of order-service")
    fold.focus()
    fold.press("Enter")
    expect(page.locator(".operation").first).to_be_visible()
    expect(page.get_by_role("link", name="Operations of order-service")).to_be_focused()
    assert "open=order-service" in page.url
    page.go_back()
    expect(page.locator(".operation")).to_have_count(0)


def test_a_drag_over_a_chart_looks_closer(page: Page, server: str) -> None:
    page.goto(f"{server}/service?name=payment-service")
    drawn(page, 0)
    box = page.locator(".plots .plot").first.locator(".nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 70, steps=6)
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 80, steps=6)
    page.mouse.up()
    page.wait_for_url("**/service?*from=*to=*")
    expect(page.locator(".lead")).to_contain_text("Changes are against the")


def test_without_scripts_everything_is_there(new_page: Callable[..., Page], server: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{server}/services?from=-30m")
    page.get_by_role("link", name="Operations of payment-service").click()
    expect(page.locator(".operation").first).to_contain_text("charge")
    page.get_by_role("link", name="payment-service", exact=True).click()
    expect(page.locator(".plots")).to_be_hidden()
    page.get_by_text("As a table").click()
    page.get_by_role("link", name="slowest").first.click()
    expect(page.locator("table.results")).to_be_visible()


@pytest.mark.parametrize("path", ["/services?open=payment-service", "/service?name=payment-service"])
def test_a_narrow_window_scrolls_tables_and_not_the_page(
    new_page: Callable[..., Page], server: str, path: str
) -> None:
    page = new_page(viewport={"width": 520, "height": 800})
    page.goto(server + path)
    expect(page.locator("main")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 520
