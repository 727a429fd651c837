"""The service graph: from a query to the connection that matters to its traces; as a matrix; without scripts."""

from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_from_failing_traces_to_those_of_one_connection(page: Page, server: str) -> None:
    page.goto(f"{server}/graph")
    page.get_by_label("Traces that match").fill("error")
    page.get_by_label("Traces that match").press("Enter")
    expect(page.locator(".drawing")).to_contain_text("from 88 traces")
    page.get_by_label("Focus a service").fill("payment-service")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".inspector")).to_contain_text("of all critical-path time")
    expect(page.locator(".canvas [aria-current=true]")).to_have_count(1)
    page.get_by_role("link", name="Traces of payment-service to api.stripe.com").click()
    page.wait_for_url("**/traces?*")
    assert "error" in page.get_by_label("Query", exact=True).input_value()
    expect(page.locator("table.results")).to_be_visible()


def test_hops_and_forms_are_links_that_keep_the_rest(page: Page, server: str) -> None:
    page.goto(f"{server}/graph?focus=fraud-service&hops=1")
    expect(page.locator(".canvas .node")).to_have_count(3)
    expect(page.locator(".canvas .more").last).to_contain_text("more)")
    page.get_by_label("Calls around the focus").get_by_role("link", name="3", exact=True).click()
    expect(page.locator(".canvas .node")).not_to_have_count(3)
    page.get_by_role("link", name="Matrix").click()
    expect(page.locator(".matrix")).to_be_visible()
    assert "focus=fraud-service" in page.url
    assert "hops=3" in page.url
    page.locator(".matrix td a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/traces?*")


def test_without_scripts_it_is_all_there(new_page: Callable[..., Page], server: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{server}/graph?q=error&form=matrix")
    expect(page.locator(".matrix")).to_be_visible()
    page.get_by_role("link", name="Graph", exact=True).click()
    expect(page.locator(".canvas")).to_be_visible()
    page.locator(".node", has_text="order-service").click()
    expect(page.locator(".inspector")).to_contain_text("order-service")


def test_a_narrow_window_has_the_table(new_page: Callable[..., Page], server: str) -> None:
    page = new_page(viewport={"width": 520, "height": 800})
    page.goto(f"{server}/graph?focus=payment-service")
    expect(page.locator(".canvas")).to_be_hidden()
    expect(page.locator("table.calls")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 520
