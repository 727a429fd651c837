"""The data-quality report in the page of sources: numbers of planted faults, and the lists behind them."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import serious_faults
from tests.planted import stored
from tests.planted_faults import COUNTS, SECRETS, faulty_spans
from webapp.store import Store


@pytest.fixture(scope="module")
def faulty(serve: Callable[[Store], str]) -> Iterator[str]:
    with stored(faulty_spans()) as store:
        yield serve(store)


def test_the_report_comes_into_the_page_and_its_numbers_lead_to_as_many(page: Page, faulty: str) -> None:
    page.goto(f"{faulty}/sources")
    rows = page.locator(".remark-row")
    expect(rows).to_have_count(len(COUNTS))
    for code, count, noun in (
        ("clock_skew", 4, "traces"),
        ("silent_errors", 3, "spans"),
        ("email", 2, "spans"),
    ):
        row = page.locator(f"[data-code={code}]").first
        expect(row.get_by_role("link").first).to_have_text(f"{count} {noun}")
        row.get_by_role("link").first.click()
        expect(page.locator("main, .results").first).to_contain_text(re.compile(rf"(?<![\d,]){count} {noun}"))
        page.go_back()
        expect(rows).to_have_count(len(COUNTS))
    assert not [secret for secret in SECRETS if secret in page.content()]
    page.goto(f"{faulty}/sources/quality")
    expect(rows).to_have_count(len(COUNTS))
    assert serious_faults(page) == []


def test_one_source_without_scripts_by_the_keyboard(new_page: Callable[..., Page], faulty: str) -> None:
    page = new_page(java_script_enabled=False, viewport={"width": 520, "height": 900})
    page.goto(f"{faulty}/source?id=1")
    page.get_by_role("link", name="Faults of what was recorded").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/sources/quality\?source=1"))
    again = page.get_by_role("link", name="See whether it is done")
    while again.count():
        again.click()
    expect(page.locator(".remark-row")).to_have_count(len(COUNTS))
    page.locator("[data-code=missing_parents] a").first.press("Enter")
    expect(page.locator("body")).to_contain_text("3 traces")
