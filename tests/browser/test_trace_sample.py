"""What the trace page tells of the slowest checkout of the sample data, also where the system gives the colours."""

import re

from playwright.sync_api import Page, expect

from tests.browser.test_trace import rows
from tests.serving import start
from webapp.app import create_app
from webapp.settings import Settings
from webapp.store import Store

SHOWN_IN_PART = """(tags) => tags.filter((tag) => {
    const [box, words] = [tag, tag.firstChild].map((one) => one.getBoundingClientRect());
    return words.top < box.bottom - 1 && words.right > box.right + 1;
}).length"""


def test_where_a_span_stands_among_its_kind_and_what_lies_between_its_events(
    page: Page, server: str, checkout: str
) -> None:
    page.goto(f"{server}/trace/{checkout}")
    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text(re.compile(r"fraud-service · check is \d+% of the"))
    expect(verdict).to_contain_text("Usually it takes")
    expect(verdict.locator(".tag", has_text="medium confidence")).to_have_attribute(
        "title", re.compile("clock")
    )
    rows(page).filter(has_text="fraud-service").locator(".num").first.click()
    detail = page.locator(".detail")
    expect(detail.locator(".standing")).to_contain_text(
        re.compile(r"Slower than \d+(\.\d)?% of \d+ check spans")
    )
    expect(detail.locator(".standing rect.own")).to_have_count(1)
    expect(detail.locator(".events .gap").first).to_contain_text("nothing recorded")
    rows(page).filter(has_text="order-service").locator(".caret").click()
    expect(page.locator(".k.bad")).to_have_attribute("title", re.compile("folded, .* errors? among them"))


def test_words_of_repairs_are_there_in_full_or_not_at_all(page: Page, server: str, checkout: str) -> None:
    page.goto(f"{server}/trace/{checkout}")
    tag = page.locator("tr.r .tag", has_text="clock")
    expect(tag).to_be_attached()
    for width in (1900, 1440, 1400, 1240, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        assert tag.evaluate_all(SHOWN_IN_PART) == 0


def test_bars_and_choices_are_seen_in_colours_of_the_system(page: Page, server: str, checkout: str) -> None:
    page.emulate_media(forced_colors="active")
    page.goto(f"{server}/trace/{checkout}")

    def colour(selector: str, part: str) -> str:
        place = page.locator(selector).first
        return str(place.evaluate("(one, part) => getComputedStyle(one)[part]", part))

    ink, paper = colour("h1", "color"), colour("body", "backgroundColor")
    assert ink != paper
    assert colour("tr.r rect.b", "stroke") == colour("tr.r rect.c", "fill") == ink
    assert colour("tr.r rect.b", "fill") == paper
    assert colour("tr.r rect.ring", "stroke") not in (ink, paper)
    assert colour(".tabs [aria-current]", "fontWeight") > colour(".tabs a:not([aria-current])", "fontWeight")
    assert colour("[role=checkbox][aria-checked=true] i", "borderColor") != paper
    expect(page.locator(".pane")).to_be_hidden()


def test_links_that_were_set_up_lead_out_of_a_span(page: Page, sample_store: Store, checkout: str) -> None:
    links = ("Wiki=https://wiki.example/{service.name}",)
    served, stop = start(create_app(sample_store, Settings(links=links)))
    try:
        page.goto(f"http://127.0.0.1:{served.effective_port}/trace/{checkout}")
        rows(page).first.locator(".num").first.click()
        link = page.locator(".detail").get_by_role("link", name="Wiki")
        expect(link).to_have_attribute("href", "https://wiki.example/web-storefront")
        expect(link).to_have_attribute("rel", re.compile("noopener"))
    finally:
        stop()
