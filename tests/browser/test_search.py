"""The search page in a real browser: chart, typing, keys, without scripts, narrow."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_the_heat_map_is_a_heat_map(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.wait_for_selector(".js-plotly-plot .hm image", state="attached")
    types = page.evaluate(
        "() => document.querySelector('.js-plotly-plot')._fullData.map(trace => trace.type)"
    )
    assert types == ["heatmap", "heatmap", "scatter"]


def test_a_drag_over_the_chart_narrows_time_and_duration(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.wait_for_selector(".js-plotly-plot .nsewdrag")
    before = page.locator(".summary b").first.inner_text()
    box = page.locator(".nsewdrag").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + box["height"] * 0.5, steps=8)
    page.mouse.up()
    page.wait_for_url("**/traces?*from=*")
    expect(page.locator("[data-query]")).to_have_value(re.compile(r"trace\.duration>="))
    assert page.locator(".summary b").first.inner_text() != before


def test_a_click_on_a_point_opens_its_trace(page: Page, server: str) -> None:
    page.goto(f"{server}/traces?q=service%3Dpayment-service+duration>3s&chart=scatter")
    page.wait_for_selector(".js-plotly-plot .point")
    page.locator(".js-plotly-plot .point").last.hover(force=True)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**/trace/*")


def test_typing_colours_the_query_and_offers_keys(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.keyboard.press("/")
    page.keyboard.type("payment.st")
    option = page.locator("#suggestions li", has_text="payment.status")
    expect(option.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-query]")).to_have_value("payment.status=")
    page.keyboard.type("failed")
    expect(page.locator("[data-layer] .q-key")).to_have_text("payment.status")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=payment.status%3Dfailed*")


def test_escape_closes_the_offers_first_and_leaves_the_field_then(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.keyboard.press("/")
    page.keyboard.type("payment.st")
    expect(page.locator("#suggestions li").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()
    expect(page.locator("[data-query]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-query]")).not_to_be_focused()


def test_a_term_within_braces_is_completed_where_it_stands(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.keyboard.press("/")
    page.keyboard.type("{payment.st} >> {error}")
    for _ in range(len("} >> {error}")):
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("a")
    expect(page.locator("#suggestions li", has_text="payment.status").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-query]")).to_have_value("{payment.status=} >> {error}")
    page.keyboard.type("failed")
    expect(page.locator("[data-query]")).to_have_value("{payment.status=failed} >> {error}")
    expect(page.locator("[data-layer] .q-relation")).to_have_text(">>")


def test_a_word_is_followed_by_the_keys_it_occurs_in(page: Page, server: str) -> None:
    page.goto(f"{server}/traces?q=postgresql")
    key = page.locator(".occurs .chip").get_by_text("db.system", exact=True)
    expect(key).to_be_visible()
    key.click()
    page.wait_for_url("**q=db.system%3Dpostgresql*")


def test_a_search_is_saved_and_found_in_the_menu(page: Page, server: str) -> None:
    page.goto(f"{server}/traces?q=error&sort=slowest")
    page.locator(".saves summary").click()
    page.locator(".saves input[name=name]").fill("what fails slowly")
    page.locator(".saves button").click()
    page.wait_for_url("**/traces?q=error&sort=slowest")
    page.goto(f"{server}/traces?saved=what+fails+slowly")
    page.wait_for_url("**/traces?q=error&sort=slowest")
    page.locator(".saves summary").click()
    expect(page.locator(".saves li a", has_text="what fails slowly")).to_be_visible()
    page.goto(f"{server}/saved")
    page.get_by_role("button", name="Drop what fails slowly").click()
    expect(page.get_by_role("heading", name="Saved queries")).to_be_visible()
    expect(page.get_by_text("what fails slowly")).to_have_count(0)


def test_a_facet_click_swaps_the_page_and_the_back_button_returns(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.evaluate("() => { window.stayed = true }")
    page.locator(".facets a", has_text="payment-service").first.click()
    page.wait_for_url("**q=service%3Dpayment-service*")
    expect(page.locator("[data-query]")).to_have_value("service=payment-service")
    assert page.evaluate("() => window.stayed") is True
    page.go_back()
    expect(page.locator("[data-query]")).to_have_value("")


def test_keys_walk_the_results_and_open_one(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trace/*")


def test_single_letters_can_be_switched_off(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.keyboard.press("?")
    page.locator("dialog [data-letters]").uncheck()
    page.locator("dialog [data-close]").click()
    page.keyboard.press("t")
    assert page.evaluate("() => document.documentElement.dataset.theme") is None
    page.keyboard.press("?")
    page.locator("dialog [data-letters]").check()
    page.locator("dialog [data-close]").click()
    page.keyboard.press("t")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'light'")


def test_the_theme_recolours_the_chart_without_a_reload(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.wait_for_selector(".js-plotly-plot .hm image", state="attached")
    colour = "() => document.querySelector('.js-plotly-plot')._fullLayout.font.color"
    assert page.evaluate(colour) == "#626a79"
    page.keyboard.press("t")
    page.keyboard.press("t")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot')._fullLayout.font.color === '#8d95a5'"
    )


def test_without_scripts_search_facets_sort_and_pages_work(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{server}/traces")
    page.fill("[data-query]", "payment.status=failed")
    page.locator(".query button", has_text="Search").click()
    assert "q=payment.status" in page.url
    page.locator(".segmented a", has_text="Slowest").click()
    page.locator(".facets a", has_text="payment-service").first.click()
    assert page.locator(".results .title").count() > 0
    page.locator(".astable summary").click()
    page.locator(".astable a").click()
    assert page.locator("#chart-table tbody tr").count() > 0
    page.goto(f"{server}/traces")
    page.locator("a[rel=next]").click()
    assert "page=2" in page.url
    page.locator("[data-theme-form] button").click()
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_a_narrow_window_needs_no_sideways_scrolling(new_page: Callable[..., Page], server: str) -> None:
    page = new_page(viewport={"width": 520, "height": 900})
    for path in ("/traces", "/traces?q=payment.status=failed", "/graph", "/keys", "/syntax"):
        page.goto(f"{server}{path}")
        width = page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= 520, (path, width)


def test_a_pasted_trace_id_opens_the_trace_as_a_whole_page(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.keyboard.press("/")
    page.keyboard.type("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trace/4bf92f3577b34da6a3ce929d0e0e4736*")
    expect(page.locator("main .verdict")).to_contain_text("fraud-service · check is 80% of the 4.00 s")


def test_the_table_of_the_chart_opens_in_its_place(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.locator(".astable summary").click()
    expect(page.locator("#chart-table tbody tr")).not_to_have_count(0)


def test_a_query_that_cannot_be_read_is_said_in_place(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.fill("[data-query]", 'service~"["')
    page.keyboard.press("Enter")
    expect(page.locator(".problem")).to_contain_text("regular expression")
    expect(page.locator("[data-query]")).to_have_value('service~"["')
    assert page.locator(".topbar").count() == 1


def test_a_copied_link_pins_relative_times(new_page: Callable[..., Page], server: str) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{server}/traces?q=error&from=-15m&sort=slowest")
    found = page.locator(".summary b").first.inner_text()
    page.keyboard.press("y")
    expect(page.locator("[data-copy-link]")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    moment = r"2025-\d\d-\d\dT\d\d%3A\d\d%3A\d\d\.\d{3}Z"
    assert re.fullmatch(
        rf"{re.escape(server)}/traces\?q=error&from={moment}&sort=slowest&to={moment}", copied
    ), copied
    page.goto(copied)
    assert page.locator(".summary b").first.inner_text() == found
    page.locator("[data-copy-link]").click()
    expect(page.locator("[data-copy-link]")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == copied  # absolute times stay as they are


def test_a_link_copied_from_a_trace_pins_the_times_of_its_search(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{server}/traces?q=error&from=-15m")
    page.locator("[data-results] .title").first.click()
    expect(page).to_have_url(re.compile(r"/trace/.*from=-15m"))
    page.locator("[data-copy-link]").click()
    expect(page.locator("[data-copy-link]")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"/trace/[0-9a-f]{32}\?.*from=2025-.*to=2025-", copied)
    assert "from=-15m" in page.url
