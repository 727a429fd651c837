"""What the query box offers: the last queries while it is empty, suggestions while one types."""

import re
from contextlib import suppress
from urllib.parse import urlencode

from playwright.sync_api import Error, Page, Route, expect


def test_recent_queries_are_links_below_the_empty_box(page: Page, server: str) -> None:
    for query in ("error", "duration>1s", "error", '"<b>bold</b>"', 'service~"["'):
        page.goto(f"{server}/traces?{urlencode({'q': query})}")
    page.goto(f"{server}/traces?sort=slowest")
    links = page.locator("[data-recent] a")
    expect(links.first).to_be_hidden()
    page.keyboard.press("/")
    expect(links).to_have_text(
        ['"<b>bold</b>"', "error", "duration>1s"]
    )  # newest first, each once, none that is wrong
    page.keyboard.type("x")
    expect(links.first).to_be_hidden()
    page.keyboard.press("Backspace")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-query]")).to_be_focused()
    expect(links.first).to_be_hidden()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/traces\?sort=slowest&q=duration%3E1s$"))


def test_suggestions_that_come_after_the_box_was_left_stay_closed(page: Page, server: str) -> None:
    held: list[Route] = []
    page.route("**/suggest?*", lambda route: held.append(route))
    page.goto(f"{server}/traces")
    with page.expect_request("**/suggest?*"):
        page.locator("[data-query]").press_sequentially("x")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    for route in held:
        with suppress(Error):  # the page no longer waits for it
            route.fulfill(
                json={
                    "line": "x",
                    "completions": [{"text": "x", "at": 1, "words": "x", "count": ""}],
                    "said": "",
                }
            )
    page.evaluate("() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
    expect(page.locator("[data-query]")).to_be_focused()
    expect(page.locator("#suggestions")).to_be_hidden()


def test_recent_queries_are_ten_and_can_be_forgotten(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.evaluate(
        "localStorage.setItem('tailrace.recent', JSON.stringify([...Array(12).keys()].map((n) => `duration>${n}s`)))"
    )
    page.goto(f"{server}/traces?q=root")
    page.locator("[aria-label='Clear the query']").click()
    expect(page).to_have_url(f"{server}/traces")
    page.locator("[data-query]").click()
    expect(page.locator("[data-recent] a")).to_have_count(10)
    expect(page.locator("[data-recent] a").first).to_have_text("root")
    page.locator("[data-recent] a").nth(2).click()
    expect(page).to_have_url(re.compile("q=duration"))
    expect(page.locator("[data-query]")).to_have_value("duration>1s")
    page.goto(f"{server}/traces")
    page.locator("[data-query]").click()
    page.get_by_role("button", name="Forget these").click()
    expect(page.locator("[data-recent]")).to_be_hidden()
    assert page.evaluate("localStorage.getItem('tailrace.recent')") == "[]"


def test_recent_queries_that_something_else_wrote_are_passed_over(page: Page, server: str) -> None:
    for kept in ("{", "7", '{"a": 1}', "[1, null]"):
        page.goto(f"{server}/traces")
        page.evaluate("kept => localStorage.setItem('tailrace.recent', kept)", kept)
        page.reload()
        page.locator("[data-query]").click()
        expect(page.locator("[data-recent]")).to_be_hidden()
