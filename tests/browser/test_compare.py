"""The comparison in a real browser: folding keeps the place, ticks in the results lead to it, keys and narrow windows."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

CAUSE = ".causes a"


@pytest.fixture
def address(server: str, checkout: str) -> str:
    return f"{server}/compare?b={checkout}&with=p50"


@pytest.fixture
def compared(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator(".aligned")).to_be_visible()
    return page


def test_from_a_trace_the_p50_trace_is_one_click_away(page: Page, server: str) -> None:
    page.goto(f"{server}/traces?q=trace.root%3Dcheckout&sort=slowest")
    page.locator("a.title").first.click()
    page.locator("summary[aria-label=Compare]").click()
    page.get_by_role("link", name="Compare with a p50 trace").click()
    expect(page.locator(".verdict")).to_contain_text("slower")
    expect(page.locator(".pairrow").first).to_contain_text("checkout")


def test_a_fold_keeps_place_and_focus_and_going_back_undoes_it(compared: Page) -> None:
    compared.set_viewport_size({"width": 1200, "height": 420})
    caret = compared.locator(".caret").nth(1)
    name = caret.get_attribute("id")
    rows = compared.locator(".pairrow").count()
    caret.focus()
    compared.keyboard.press("Enter")
    expect(compared.locator(f"#{name}")).to_have_attribute("aria-expanded", "false")
    assert compared.locator(".pairrow").count() < rows
    assert compared.evaluate("document.activeElement.id") == name
    assert compared.locator(f"#{name}").evaluate("e => e.getBoundingClientRect().top") > 48
    assert "fold=" in compared.url
    compared.go_back()
    expect(compared.locator(f"#{name}")).to_have_attribute("aria-expanded", "true")


def test_a_row_opens_under_itself_and_leads_to_both_traces(compared: Page) -> None:
    compared.locator(".pairrow .t").nth(1).click()
    expect(compared.locator(".sides")).to_be_visible()
    compared.get_by_role("link", name="In trace B").click()
    expect(compared.locator(".detail .span")).to_be_visible()


def test_a_cause_goes_to_its_row(compared: Page) -> None:
    compared.locator(CAUSE).first.click()
    expect(compared.locator(".pairrow.is-open")).to_be_in_viewport()
    assert urlsplit(compared.url).fragment.startswith("r")


@pytest.mark.parametrize("javascript", [True, False])
def test_two_ticks_in_the_results_are_compared(
    new_page: Callable[..., Page], server: str, javascript: bool
) -> None:
    page = new_page(java_script_enabled=javascript)
    page.goto(f"{server}/traces?q=trace.root%3Dcheckout")
    boxes = page.get_by_role("checkbox", name="Compare ")
    for number in (0, 2):
        boxes.nth(number).focus()
        page.keyboard.press("Space")
    expect(page.locator(".pick").nth(4)).to_have_css("opacity", "1")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".aligned")).to_be_visible()
    assert set(parse_qs(urlsplit(page.url).query)) == {"a", "b"}


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_nothing_is_wider_than_the_window(new_page: Callable[..., Page], address: str, width: int) -> None:
    page = new_page(viewport={"width": width, "height": 800})
    page.goto(address + "&rows=all")
    page.locator(".pairrow .t").nth(1).click()
    expect(page.locator(".sides")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.querySelectorAll('*').length") < 5_000


def test_a_service_of_common_length_is_written_out_beside_a_short_operation(compared: Page) -> None:
    cut = compared.evaluate(
        "[...document.querySelectorAll('.causes b.cut')].filter((b) => b.scrollWidth > b.clientWidth).length"
    )
    assert compared.locator(".causes b.cut").count()
    assert cut == 0
