"""Findings and what-if in Chromium: what htmx puts in, what the address then says, and that all of it is accessible."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import serious_faults
from tests.samples import checkout
from tests.views.test_trace_why import queries
from tests.views.traces import CHECK, ID, span
from webapp.model.spans import Kind, Span
from webapp.store import Store
from webapp.views.trace import page as trace
from webapp.views.trace import why as trace_why

Serve = Callable[[Store], str]


def url_of(serve: Serve, *spans: Span) -> str:
    store = Store.open(None)
    store.append(list(spans), store.start_source("test", "otlp", ""))
    store.settle()
    return f"{serve(store)}/trace/{ID}"


@pytest.fixture(scope="module")
def checkout_url(serve: Serve) -> str:
    return url_of(serve, *checkout.spans())


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_moving_the_slider_answers_and_changes_the_address(page: Page, checkout_url: str) -> None:
    page.goto(f"{checkout_url}?depth=2")
    page.get_by_text("What if something were faster?").click()
    page.locator("select[name=faster]").select_option("service:fraud-service")
    expect(page.locator("#answer")).to_contain_text("the response takes 2.40 s")
    page.get_by_role("slider").fill("100")
    expect(page.locator("#answer")).to_contain_text("the response takes 800 ms")
    assert asked(page) == {"depth": ["2"], "faster": ["service:fraud-service"], "percent": ["100"]}
    page.reload()
    expect(page.locator("#answer")).to_contain_text("the response takes 800 ms")
    expect(page.get_by_role("slider")).to_have_value("100")


def test_what_would_be_faster_stays_in_the_address_when_the_rows_change(
    page: Page, checkout_url: str
) -> None:
    page.goto(checkout_url)
    page.get_by_text("What if something were faster?").click()
    page.locator("select[name=faster]").select_option("service:fraud-service")
    expect(page.locator("#answer")).to_contain_text("2.40 s")
    page.locator(".caret").nth(1).click()
    expect(page.locator("tr.r")).to_have_count(4)
    assert asked(page)["faster"] == ["service:fraud-service"]
    page.get_by_role("link", name="1", exact=True).click()
    expect(page.locator("tr.r")).to_have_count(1)
    assert asked(page)["faster"] == ["service:fraud-service"]
    page.go_back()
    expect(page.locator("tr.r")).to_have_count(4)


def test_from_an_opened_span_to_what_if_it_were_faster(page: Page, checkout_url: str) -> None:
    page.goto(f"{checkout_url}?span={CHECK}")
    page.get_by_role("link", name="What if this were faster?").click()
    expect(page.locator("#answer")).to_contain_text("With this fraud-service · check 50% faster")
    expect(page.locator("#answer")).to_be_in_viewport()


def test_a_finding_leads_to_its_span(page: Page, serve: Serve) -> None:
    page.goto(url_of(serve, *queries(10)))
    page.locator(".finding").get_by_role("link", name="Last", exact=False).click()
    expect(page.locator("tr.r.is-open")).to_have_attribute("id", f"s{19:016x}")


def test_how_a_finding_is_known_opens_with_the_keyboard(page: Page, serve: Serve) -> None:
    page.goto(url_of(serve, *queries(10)))
    summary = page.locator(".finding summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".finding .rule p")).to_be_visible()


def test_findings_of_a_large_trace_come_after_the_page(
    page: Page, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (trace, trace_why):
        monkeypatch.setattr(module, "AT_ONCE", 5)
    page.goto(url_of(serve, *queries(10)))
    page.locator("#why > summary").click()
    expect(page.locator(".finding")).to_have_count(1)
    page.get_by_text("What if something were faster?").click()
    page.locator("select[name=faster]").select_option("operation:web · SELECT")
    expect(page.locator("#answer")).to_contain_text("the response takes")
    page.locator("tr.r").first.click()
    expect(page.locator(".detail")).to_be_visible()


SHIFTS = """
globalThis.shifted = 0;
new PerformanceObserver((found) => { for (const { value } of found.getEntries()) shifted += value; })
  .observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_moves_when_findings_come_after_the_page(
    new_page: Callable[..., Page], serve: Serve, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    for module in (trace, trace_why):
        monkeypatch.setattr(module, "AT_ONCE", 5)
    page = new_page(viewport={"width": width, "height": 900})
    page.add_init_script(SHIFTS)
    held = []
    page.route("**/why", lambda route: held.append(route))
    page.goto(url_of(serve, *queries(10)), wait_until="load")
    expect(page.locator("table.is-live")).to_be_visible()
    top = "document.querySelector('tr.r').getBoundingClientRect().top"
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    before = page.evaluate(top)
    expect(page.locator("div#why.later a")).to_be_visible()
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    expect(page.locator("details#why .shut")).to_contain_text("10 times in a row")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert (page.evaluate(top), page.evaluate("shifted")) == (before, 0)
    page.locator("#why > summary").click()
    expect(page.locator(".finding")).to_be_visible()


def test_another_path_is_chosen_in_the_menu(page: Page, serve: Serve) -> None:
    overflowing = span(2, 1, 20, 500, service="worker", name="reindex")
    page.goto(url_of(serve, span(1, 0, 0, 400, kind=Kind.SERVER), overflowing))
    page.locator(".paths summary").click()
    page.locator(".paths").get_by_role("link", name="As Jaeger").click()
    expect(page.locator(".pathline")).to_contain_text("As Jaeger draws it")
    assert asked(page) == {"overflow": ["truncate"]}


@pytest.mark.parametrize("width", [390, 1440])
def test_all_of_it_opened_is_accessible_and_fits(
    new_page: Callable[..., Page], serve: Serve, width: int
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    usual = [span(1, 0, 0, 9 + k, trace_id=f"{k + 1:032x}", name="SELECT") for k in range(20)]
    page.goto(url_of(serve, *queries(10), *usual) + f"?faster=service:web&span={12:016x}")
    expect(page.locator(".standing")).to_be_visible()
    page.locator(".finding summary").click()
    page.locator("#answer summary").click()
    page.locator(".paths summary").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_faults(page) == []
