"""What the address of the trace page holds, and what links, Back and Reload make of it."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_trace import drag, press, rows
from tests.samples import checkout
from tests.views.traces import span
from webapp.store import Store

CHECKOUT = f"/trace/{checkout.TRACE_ID}"
WIDE_ID = "5" * 32
WIDE = f"/trace/{WIDE_ID}"
LEAF = f"{3000:016x}"


@pytest.fixture(scope="session")
def address(serve: Callable[[Store], str]) -> Iterator[str]:
    """A server with the checkout trace, and one of 3,061 spans that opens with most of them folded away."""
    batches = [span(n, 1, n, n + 10, trace_id=WIDE_ID) for n in range(2, 62)]
    leaves = [span(100 + k, 2 + k % 60, k % 60 + 2, k % 60 + 3, trace_id=WIDE_ID) for k in range(3000)]
    with Store.open(None) as store:
        source = store.start_source("test", "otlp", "")
        store.append([*checkout.spans(), span(1, 0, 0, 900, trace_id=WIDE_ID), *batches, *leaves], source)
        store.settle()
        yield serve(store)


def in_sight(page: Page, selector: str) -> None:
    page.wait_for_function(
        """(selector) => {
            const box = document.querySelector(selector)?.getBoundingClientRect();
            return box && box.top > 0 && box.top < innerHeight;
        }""",
        arg=selector,
    )


def test_a_link_to_a_span_unfolds_shows_and_focuses_it(page: Page, address: str) -> None:
    page.goto(f"{address}{WIDE}?span={LEAF}")
    expect(page.locator(f"#s{LEAF}")).to_be_focused()
    expect(page.locator(f"#d{LEAF}")).to_be_visible()
    in_sight(page, f"#d{LEAF}")
    page.goto(f"{address}{WIDE}/show/{LEAF}")
    expect(page.locator(f"#s{LEAF}")).to_be_focused()
    expect(page).not_to_have_url(re.compile("#"))
    expect(page).to_have_url(re.compile(r"span=.*fold="))


def test_open_spans_stay_open_when_the_toolbar_is_used(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    rows(page).nth(3).click()
    expect(page).to_have_url(re.compile("span="))
    for link in page.locator("#view .toolbar a:not([href*='.json'])").all():
        assert "span=b7ad6b7169203331" in (link.get_attribute("href") or "")
    page.locator(".segmented a", has_text="2").click()
    expect(page).to_have_url(re.compile("span=b7ad6b7169203331.*depth=2"))
    page.locator(".segmented a", has_text="All").last.click()
    expect(page.locator(".detail")).to_be_visible()
    page.locator(".find input[name=find]").fill("check")
    press(page, "Enter")
    expect(page).to_have_url(re.compile("span=b7ad6b7169203331.*find=check"))


def test_back_from_another_page_finds_the_window_where_it_stood(page: Page, address: str) -> None:
    page.goto(f"{address}{WIDE}?depth=0")
    rows(page).nth(12).click()
    expect(page.locator(".detail")).to_be_visible()
    for y in (700, 150):
        before = page.evaluate("JSON.stringify(history.state)")
        page.evaluate(f"scrollTo(0, {y})")
        page.wait_for_function(
            "before => JSON.stringify(history.state) !== before", arg=before
        )  # kept once at rest
        page.get_by_role("link", name="Service graph").evaluate(
            "link => link.click()"
        )  # a real click scrolls to it
        page.wait_for_url("**/graph")
        page.go_back()
        page.wait_for_function(f"() => Math.abs(scrollY - {y}) < 3")


def test_a_drawn_zoom_is_short_and_undone_by_back(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    drag(page, page.locator("[data-map]"), 0.271, 0.5137)
    expect(page).to_have_url(re.compile(r"t0=1\.\d{1,3}s&t1=2\.\d{1,3}s$"))
    zoomed = page.locator(".zoom input[name=t0]").input_value()
    drag(page, page.locator("[data-map]"), 0.1, 0.2)
    expect(page.locator(".zoom input[name=t0]")).not_to_have_value(zoomed)
    page.go_back()
    expect(page.locator(".zoom input[name=t0]")).to_have_value(zoomed)
    page.go_back()
    expect(page.locator(".zoom input[name=t0]")).to_have_value("0")
    page.go_forward()
    expect(page.locator(".zoom input[name=t0]")).to_have_value(zoomed)


def test_a_depth_moves_the_focus_to_the_nearest_row_that_is_left(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    rows(page).nth(3).focus()
    press(page, "2")
    expect(page.locator("tr.r:focus .op")).to_have_text("charge")
    press(page, "0")
    expect(page.locator("tr.r:focus .op")).to_have_text("charge")


def test_many_folds_make_a_short_address_that_is_turned_and_reloaded(page: Page, address: str) -> None:
    folds = ".".join(f"{number:016x}" for number in range(2, 62))
    page.goto(f"{address}{WIDE}?depth=0&fold={folds}")
    expect(rows(page)).to_have_count(61)
    expect(page).to_have_url(re.compile(r"fold=kept-[0-9a-f]{12}$"))
    rows(page).nth(1).locator(".caret").click()
    expect(page.locator(".waterfall")).to_have_attribute("aria-rowcount", str(1 + 61 + 50))
    expect(page).to_have_url(re.compile(rf"fold=kept-[0-9a-f]{{12}}\.{2:016x}"))
    page.reload()
    expect(page.locator(".waterfall")).to_have_attribute("aria-rowcount", str(1 + 61 + 50))


def test_a_time_that_is_none_is_named_and_the_view_stays(page: Page, address: str) -> None:
    page.goto(f"{address}{CHECKOUT}?t0=80ms&t1=3s")
    page.locator(".zoom input[name=t0]").fill("abc")
    press(page, "Enter")
    expect(page.locator("#zoom-problem")).to_contain_text("“abc” is no time")
    expect(page).to_have_url(re.compile(r"\?t0=80ms&t1=3s$"))


def test_shortcuts_are_loaded_once(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    page.wait_for_load_state("networkidle")
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len([name for name in loaded if "shortcuts.js" in name]) == 1
