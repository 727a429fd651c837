"""What rows of the trace page can do in a real browser, beside what every row can: siblings that are alike."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_trace import focused, press, rows
from tests.views.test_trace_alike import shelf
from tests.views.traces import ID, span
from webapp.store import Store

NewPage = Callable[..., Page]
SHELF = f"/trace/{ID}"
WIDE = f"/trace/{ID[::-1]}"


@pytest.fixture(scope="session")
def address(serve: Callable[[Store], str]) -> Iterator[str]:
    """A server with twelve alike siblings in a small trace, and three thousand in another."""
    with Store.open(None) as store:
        source = store.start_source("test", "otlp", "")
        store.append(shelf(), source)
        wide = [span(10 + k, 1, k, k + 5, name="row", trace_id=ID[::-1]) for k in range(3_000)]
        store.append([span(1, 0, 0, 4_000, trace_id=ID[::-1]), *wide], source)
        store.settle()
        yield serve(store)


def test_alike_siblings_unfold_and_fold_by_keys(page: Page, address: str) -> None:
    page.goto(address + SHELF)
    press(page, "j", "j", "j")
    expect(rows(page).nth(2)).to_be_focused()
    press(page, "ArrowRight")
    expect(page).to_have_url(re.compile("fold=[0-9a-f]{16}-"))
    expect(rows(page).nth(26)).to_be_attached()
    expect(rows(page).nth(2)).to_be_focused()
    press(page, "ArrowLeft")  # first what is below the first of them …
    expect(rows(page)).to_have_count(26)
    press(page, "ArrowLeft")  # … then all of them
    expect(rows(page)).to_have_count(4)
    expect(rows(page).nth(2)).to_be_focused()
    press(page, "Enter")
    expect(rows(page).nth(20)).to_be_attached()


def test_a_click_on_their_row_shows_them(page: Page, address: str) -> None:
    page.goto(address + SHELF)
    rows(page).nth(2).locator(".lane").click()
    expect(rows(page).nth(26)).to_be_attached()
    expect(page.locator(".detail")).to_have_count(0)
    page.locator("a.alike").click()
    expect(rows(page)).to_have_count(4)
    page.reload()
    expect(rows(page)).to_have_count(4)


def test_find_opens_them(page: Page, address: str) -> None:
    page.goto(address + SHELF)
    press(page, "f")
    page.keyboard.type("name=SELECT")
    press(page, "Enter")
    expect(page.locator("[data-found]")).to_have_text("1 of 12")
    assert focused(page) == "SELECT"


def test_three_thousand_unfold_in_windows(page: Page, address: str) -> None:
    page.goto(address + WIDE)
    expect(rows(page)).to_have_count(2)
    rows(page).nth(1).locator(".caret").click()
    expect(page.locator(".waterfall")).to_have_attribute("aria-rowcount", "3002")
    page.evaluate("scrollTo(0, 60000)")
    page.wait_for_function("() => document.elementFromPoint(120, innerHeight * 0.8)?.closest('tr.r')")
    press(page, "e")  # none: nothing moves
    page.evaluate("scrollTo(0, 0)")
    page.locator("a.alike").click()
    expect(page.locator(".waterfall")).to_have_attribute("aria-rowcount", "3")


def test_a_subtree_is_focused_on_and_left_by_keys(page: Page, address: str) -> None:
    page.goto(address + SHELF)
    press(page, "j", "j", "r")
    expect(page).to_have_url(re.compile("root=0{15}2"))
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_be_focused()
    expect(page.locator(".focus")).to_contain_text("Whole trace")
    press(page, "R")
    expect(rows(page)).to_have_count(4)
    page.go_back()
    expect(rows(page)).to_have_count(2)


def test_filters_stand_below_the_find_field(page: Page, address: str) -> None:
    page.goto(address + SHELF)
    pill = page.locator(".pills a", has_text="catalog")
    expect(pill).to_be_hidden()
    press(page, "f")
    pill.click()
    expect(page.locator(".note").first).to_contain_text("24 of 27 spans")
    expect(rows(page)).to_have_count(26)
    page.get_by_role("checkbox", name="only", exact=True).click()
    expect(rows(page)).to_have_count(4)
    page.locator(".find .clear").click()
    page.locator(".shares a", has_text="catalog").click()
    expect(rows(page)).to_have_count(26)


def test_a_line_follows_the_pointer_and_says_the_time(page: Page, address: str) -> None:
    page.goto(address + SHELF)
    lane = rows(page).nth(1).locator("svg").bounding_box()
    assert lane
    page.mouse.move(lane["x"] + lane["width"] / 2, lane["y"] + 10)
    expect(page.locator(".at")).to_have_text("450 ms")
    page.mouse.move(lane["x"] - 300, lane["y"] + 10)
    expect(page.locator(".at")).to_have_count(0)


def test_all_is_reached_without_script(new_page: NewPage, address: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(address + SHELF)
    rows(page).nth(2).locator(".t").click()
    expect(rows(page)).to_have_count(27)
    page.locator("a.alike").click()
    expect(rows(page)).to_have_count(4)
    page.locator(".toolbar details.menu summary").click()
    page.get_by_role("checkbox", name="Alike siblings as one row").click()
    expect(rows(page)).to_have_count(27)
