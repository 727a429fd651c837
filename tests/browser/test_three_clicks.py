"""From the list of traces to the cause in three clicks: what is slow, what is different about it, which span it is."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.formats.answer_key import FOLDER
from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store


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


def test_a_recorded_incident_is_explained_in_three_clicks(page: Page, serve: Callable[[Store], str]) -> None:
    """A minute of Online Boutique with a planted fault, as Nezha recorded it."""
    path = FOLDER / "spans_csv" / "IntelligentDDS__Nezha__rca_data_2022-08-23_trace_16_42_trace.csv"
    if not path.is_file():
        pytest.skip("the shared collection of trace files is not on this machine")
    with Store.open(None) as store:
        load([str(path)], store, Progress())
        page.goto(f"{serve(store)}/traces")
        page.get_by_role(
            "link", name="What makes these slow?"
        ).click()  # 1: what is different about the slow ones
        said = re.compile(r"slower: .*adservice · hipstershop\.AdServiceImpl/getAds is slower")
        expect(page.locator("#main")).to_contain_text(said)
        page.locator(".offers a", has_text="nearest to the median").first.click()  # 2: a usual one of them
        expect(page.locator(".verdict .say").first).to_contain_text(
            "adservice · hipstershop.AdServiceImpl/getAds"
        )
        page.locator(".verdict .say a").first.click()  # 3: the span that owns the time
        expect(page).to_have_url(re.compile(r"span=[0-9a-f]{16}"))
        expect(page.locator("#main")).to_contain_text("k8s.pod.name")
