"""The trace page in a real browser: keys, folding, windows of rows, find, zoom, copy, narrow, without scripts."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.bench.blocks import big_trace_id
from tests.bench.written import generated_spans
from tests.samples import checkout
from webapp.store import Store

NewPage = Callable[..., Page]
CHECKOUT = f"/trace/{checkout.TRACE_ID}"
MANY = 10_000
BIG = f"/trace/{big_trace_id(MANY)}"


@pytest.fixture(scope="session")
def address(serve: Callable[[Store], str]) -> Iterator[str]:
    """A server with the checkout trace and a trace of 10,000 spans."""
    with Store.open(None) as store:
        source = store.start_source("test", "otlp", "")
        store.append(checkout.spans(), source)
        for spans in generated_spans(MANY, big=(MANY,)):
            store.append(spans, source)
        store.settle()
        yield serve(store)


def rows(page: Page) -> Locator:
    return page.locator("tr.r")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.querySelector('.op')?.textContent ?? ''"))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_rows_are_walked_folded_and_opened_by_keys(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    press(page, "j", "j", "ArrowDown")
    expect(rows(page).nth(2)).to_be_focused()
    assert focused(page) == "charge"
    press(page, "ArrowLeft")
    expect(rows(page)).to_have_count(4)
    expect(rows(page).nth(2)).to_be_focused()
    press(page, "ArrowRight")
    expect(rows(page)).to_have_count(5)
    press(page, "ArrowRight", "Enter")
    expect(page.locator(".detail")).to_contain_text("nothing recorded: 94% of this span")
    expect(page).to_have_url(re.compile(r"span=b7ad6b7169203331"))
    press(page, "Escape")
    expect(page.locator(".detail")).to_have_count(0)
    press(page, "ArrowLeft")
    assert focused(page) == "charge"


def test_a_click_opens_a_span_and_later_rows_move_down(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    rows(page).nth(3).click()
    detail = page.locator(".detail")
    expect(detail).to_be_visible()
    below, last = detail.bounding_box(), rows(page).nth(4).bounding_box()
    assert below
    assert last
    assert abs(below["y"] + below["height"] - last["y"]) < 2
    page.reload()
    expect(page.locator(".detail")).to_be_visible()


def test_the_toolbar_changes_the_view_in_place(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    expect(page.locator(".c").first).to_be_attached()
    threads = page.locator(".th").count()
    press(page, "c")
    expect(page).to_have_url(re.compile("path=0"))
    expect(page.locator(".th")).to_have_count(0)
    press(page, "c")
    expect(page.locator(".th")).to_have_count(threads)
    press(page, "1")
    expect(rows(page)).to_have_count(1)
    press(page, "0")
    expect(rows(page)).to_have_count(5)


def test_find_counts_dims_and_walks(page: Page, address: str) -> None:
    page.goto(address + BIG)
    press(page, "f")
    page.keyboard.type("error")
    press(page, "Enter")
    count = page.locator("[data-found]")
    expect(count).to_have_text(re.compile(r"^1 of \d+$"))
    press(page, "n")
    expect(count).to_have_text(re.compile(r"^2 of "))
    expect(page.locator("tr.r:focus .hit")).to_be_visible()
    press(page, "N")
    expect(count).to_have_text(re.compile(r"^1 of "))
    press(page, "Escape")
    expect(page.locator("[data-found]")).to_have_count(0)


def test_the_next_error_is_unfolded(page: Page, address: str) -> None:
    page.goto(address + BIG + "?depth=1")
    expect(rows(page)).not_to_have_count(0)
    press(page, "e")
    expect(page.locator("tr.r:focus .err")).to_be_visible()
    expect(page).to_have_url(re.compile("fold="))


def test_the_overview_and_the_lane_zoom_by_drag(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    drag(page, page.locator("[data-map]"), 0.5, 0.75)
    expect(page).to_have_url(re.compile("t0=.*t1="))
    first = page.locator(".zoom input[name=t0]").input_value()
    assert 1.9 < float(first.split()[0]) < 2.1
    drag(page, rows(page).first.locator("svg"), 0.0, 0.5)
    expect(page.locator(".zoom input[name=t1]")).to_have_value(re.compile(r"2\.[45]\d? s"))
    press(page, "Z")
    expect(page).not_to_have_url(re.compile("t0="))
    rows(page).nth(1).focus()
    press(page, "z")
    expect(page.locator(".zoom input[name=t1]")).to_have_value("62.5 ms")


def drag(page: Page, surface: Locator, start: float, end: float) -> None:
    box = surface.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + end) / 2 * box["width"], y)
    page.mouse.move(box["x"] + end * box["width"], y)
    page.mouse.up()


def test_rows_far_away_come_when_scrolled_to(page: Page, address: str) -> None:
    page.goto(address + BIG + "?depth=0")
    height = page.evaluate("document.querySelector('.waterfall').offsetHeight")
    assert height == 28 + 30 * (int(page.locator(".waterfall").get_attribute("aria-rowcount") or 0) - 1)
    for share in (0.5, 0.9, 0.1, 1.0):
        page.evaluate(f"scrollTo(0, {share} * (document.documentElement.scrollHeight - innerHeight))")
        page.wait_for_function("""() => [0.5, 0.7, 0.9].every((share) =>
            document.elementFromPoint(120, innerHeight * share)?.closest('tr.r'))""")
    expect(page.locator("[data-place]")).to_contain_text(re.compile("to 10,0"))
    page.wait_for_function("() => document.querySelectorAll('tr.r').length <= 800")
    page.wait_for_function("() => document.getElementsByTagName('*').length <= 5000")


def test_a_fast_scroll_shows_bars_before_rows(page: Page, address: str) -> None:
    """With every window held back, the preview still draws what is in view."""
    page.goto(address + BIG + "?depth=0")
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some((e) => e.name.includes('/bars'))"
    )
    page.route("**/rows?*", lambda _: None)
    page.evaluate("scrollTo(0, 60000)")
    page.wait_for_function("""() => {
        const canvas = document.querySelector('.pane canvas');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        const colours = new Set();
        for (let at = 0; at < data.length; at += 400) colours.add(data.slice(at, at + 4).join());
        return colours.size > 4;
    }""")


def test_before_bars_are_loaded_the_preview_shows_where_names_will_be(page: Page, address: str) -> None:
    page.route("**/bars?*", lambda _: None)
    page.route("**/rows?*", lambda _: None)
    page.goto(address + BIG + "?depth=0")
    page.evaluate("scrollTo(0, 60000)")
    page.wait_for_function("""() => {
        const canvas = document.querySelector('.pane canvas');
        const line = canvas.getContext('2d').getImageData(60, 0, 1, canvas.height).data;
        return new Set(Array.from({ length: canvas.height }, (_, y) => line.slice(4 * y, 4 * y + 3).join())).size >= 3;
    }""")


def test_the_place_is_kept_in_the_address(page: Page, address: str) -> None:
    page.goto(address + BIG + "?depth=0")
    page.evaluate("scrollTo(0, 30000)")
    expect(page).to_have_url(re.compile(r"row=\d+"))
    page.wait_for_function("() => document.elementFromPoint(120, 500)?.closest('tr.r')")
    first = page.evaluate("document.elementFromPoint(120, 500).closest('tr').id")
    page.reload()
    page.wait_for_function(
        "(id) => Math.abs((document.getElementById(id)?.getBoundingClientRect().top ?? 0) - 500) < 90",
        arg=first,
    )


def test_the_focused_row_stays_while_others_go(page: Page, address: str) -> None:
    page.goto(address + BIG + "?depth=0")
    press(page, "j", "j")
    held = page.evaluate("document.activeElement.id")
    for share in (0.3, 0.6, 0.9):
        page.evaluate(f"scrollTo(0, {share} * document.documentElement.scrollHeight)")
        page.wait_for_function("() => document.elementFromPoint(120, innerHeight * 0.8)?.closest('tr.r')")
    assert page.evaluate("document.activeElement.id") == held


def test_a_failing_server_is_not_asked_in_a_loop(page: Page, address: str) -> None:
    page.goto(address + BIG + "?depth=0")
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=500)

    page.route("**/rows?*", refuse)
    began = time.monotonic()
    with page.expect_response("**/rows?*"):
        page.evaluate("scrollTo(0, 90000)")
    page.wait_for_timeout(900)
    assert len(asked) <= 10 * (time.monotonic() - began)  # a loop asks hundreds of times a second
    page.unroute("**/rows?*")
    page.wait_for_function("() => document.elementFromPoint(120, innerHeight * 0.8)?.closest('tr.r')")


def test_single_letters_can_be_switched_off(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    page.evaluate("localStorage.setItem('tailrace.letters-off', '1')")
    press(page, "1")
    page.wait_for_timeout(150)
    expect(rows(page)).to_have_count(5)
    press(page, "ArrowDown")
    expect(rows(page).first).to_be_focused()


def test_the_keys_are_told(page: Page, address: str) -> None:
    page.goto(address + CHECKOUT)
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("find in the trace")


def test_everything_but_drags_works_without_script(new_page: NewPage, address: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(address + CHECKOUT)
    rows(page).nth(2).locator(".caret").click()
    expect(rows(page)).to_have_count(4)
    rows(page).nth(1).locator(".t").click()
    expect(page.locator(".detail")).to_be_visible()
    page.locator(".segmented a", has_text="All").last.click()
    page.locator(".find input[name=find]").fill("name=check")
    page.keyboard.press("Enter")
    expect(page.locator(".hit")).to_have_count(1)
    page.goto(address + BIG + "?depth=0")
    page.get_by_role("link", name="Next 100 rows").click()
    expect(rows(page).first).to_have_attribute("aria-rowindex", "102")


def test_on_a_narrow_window_nothing_sticks_out(new_page: NewPage, address: str) -> None:
    page = new_page(viewport={"width": 520, "height": 900})
    for path in (CHECKOUT, CHECKOUT + "?span=b7ad6b7169203331", BIG):
        page.goto(address + path)
        expect(rows(page).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 520
    page.goto(address + CHECKOUT + "?span=b7ad6b7169203331")
    expect(page.locator(".detail")).to_be_visible()
    detail = page.locator(".detail > td").bounding_box()
    assert detail is not None
    assert detail["width"] == 520


def test_the_link_is_copied(new_page: NewPage, address: str) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(address + CHECKOUT + "?depth=2")
    press(page, "y")
    expect(page.locator("[data-copy-link]")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == address + CHECKOUT + "?depth=2"
