"""From the list of traces to the cause in three clicks: what is slow, what is different about it, which span it is."""

import re

from playwright.sync_api import Page, expect


def test_the_slow_checkout_is_explained_in_three_clicks(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    slow = page.locator(".said").first
    expect(slow).to_contain_text("web-storefront · POST /checkout: p95 is 5.08 s since 10:08")
    slow.get_by_role(
        "link", name="What makes these slow?"
    ).click()  # 1: what is different about the slow ones
    expect(page.locator("#main")).to_contain_text(re.compile(r"slower: .*fraud-service · check is slower"))
    expect(page.locator("#main")).to_contain_text(re.compile(r"service\.version.*2\.14\.0"))
    page.locator("a[href^='/trace/']").first.click()  # 2: one of them
    expect(page.locator(".verdict .say").first).to_contain_text("fraud-service · check is")
    page.locator(".verdict .say a").first.click()  # 3: the span that owns the time
    expect(page.locator("#main")).to_contain_text("fraud.model")


def test_the_failed_orders_are_explained_from_the_list_of_traces(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    failing = page.locator(".said[data-kind=failing]")
    expect(failing).to_contain_text("Stripe API timeout")
    failing.get_by_role("link", name="Show 11 traces").click()
    expect(page.locator(".summary")).to_contain_text("11 traces")
    page.locator(".results .title").first.click()
    expect(page.locator(".verdict")).to_contain_text("Failed in payment-service")
