"""From what stands out to its traces, and to the trace that shows it."""

import re
from collections.abc import Callable
from threading import Event

import pytest
from playwright.sync_api import Page, expect

from tests.samples import checkout
from webapp.loading import analyse_pending, findings
from webapp.store import Store


@pytest.fixture
def looked(server: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{server}/insights.json?wait=60")


@pytest.mark.usefixtures("looked")
@pytest.mark.parametrize("script", [True, False])
def test_an_insight_leads_to_its_traces_and_a_trace_to_the_finding(
    new_page: Callable[..., Page], server: str, *, script: bool
) -> None:
    page = new_page(java_script_enabled=script)
    page.goto(f"{server}/insights")
    expect(page.locator("#looked")).to_contain_text("traces looked at")
    row = page.locator(".find-row", has_text="order_items")
    expect(row).to_contain_text("N+1 queries")
    row.get_by_role("link", name="75 traces").click()
    expect(page).to_have_url(re.compile(r"trace\.finding"))
    expect(page.locator("body")).to_contain_text("75 traces")
    page.go_back()
    page.locator(".find-row", has_text="order_items").get_by_role("link", name="most, ").click()
    expect(page).to_have_url(re.compile(r"/trace/"))
    more = page.get_by_role("link", name="What else was found in this trace")
    if not script and more.count():  # it is there at once where it was worked out before
        more.click()
    expect(page.locator("body")).to_contain_text("times in a row")


@pytest.mark.usefixtures("looked")
def test_a_kind_is_hidden_and_shown_again_by_the_keyboard(new_page: Callable[..., Page], server: str) -> None:
    page = new_page()
    page.goto(f"{server}/insights")
    rows = page.locator(".find-row", has_text="Missing spans")
    expect(rows).not_to_have_count(0)
    hide = rows.first.get_by_role("link", name="not useful")
    hide.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(0)
    expect(page).to_have_url(re.compile(r"hide=missing_spans"))
    again = page.get_by_role("link", name="Show Missing spans again")
    again.focus()
    page.keyboard.press("Enter")
    expect(rows).not_to_have_count(0)


@pytest.mark.usefixtures("looked")
def test_how_it_is_known_and_thresholds_open_by_the_keyboard(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page()
    page.goto(f"{server}/insights?kind=n_plus_one")
    how = page.locator(".find-row .how summary").first
    how.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".find-row .how p").first).to_contain_text("5 or more queries of one span")
    page.locator(".thresholds > summary").focus()
    page.keyboard.press("Enter")
    page.get_by_label("N+1 queries: how many").fill("25")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"n_plus_one\.count=25(?!.*gap)"))
    expect(page.locator(".find-row").first).to_contain_text("28 (up to 30) times in a row")


@pytest.mark.usefixtures("looked")
def test_on_a_narrow_window_the_filters_start_closed(new_page: Callable[..., Page], server: str) -> None:
    page = new_page(viewport={"width": 520, "height": 900})
    page.goto(f"{server}/insights")
    kinds = page.locator(".filters").get_by_role("link", name="Stragglers")
    expect(kinds).to_be_hidden()
    page.get_by_text("Filters", exact=True).click()
    kinds.click()
    expect(page).to_have_url(re.compile(r"kind=straggler"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 520


def test_an_open_page_follows_the_looking_to_its_end(
    page: Page, serve: Callable[[Store], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, look = Event(), findings.look_at_next
    monkeypatch.setattr(findings, "look_at_next", lambda *given: gate.wait(60) and look(*given))
    with Store.open(None) as store:
        store.append(checkout.spans(), store.start_source("test", "otlp", ""))
        analyse_pending(store)
        page.goto(f"{serve(store)}/insights")
        for _ in range(2):
            with page.expect_response("**/insights"):
                expect(page.locator("#looked")).to_contain_text("Looked at 0")
        gate.set()
        expect(page.locator("#looked")).to_contain_text("1 trace looked at")
        page.close()
