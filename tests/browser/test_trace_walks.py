"""From one end of the trace page to the other with the keyboard alone, and without a script; and axe over all of it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessible import serious_faults
from tests.browser.test_trace import press, rows

NewPage = Callable[..., Page]
MOST_TABS = 120


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus; it must be seen there, and its ring with it."""
    handle = wanted.element_handle()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => wanted === document.activeElement", handle):
            expect(wanted).to_be_in_viewport()
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


def test_the_whole_page_with_the_keyboard_alone(page: Page, server: str, checkout: str) -> None:
    page.goto(f"{server}/trace/{checkout}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    press(page, "Enter")
    for name in ("Compare", "Download"):
        menu = page.get_by_label(name, exact=True)
        tab_to(page, menu)
        press(page, "Enter")
        tab_to(page, menu.locator("xpath=..").get_by_role("link").first)
        page.keyboard.press("Shift+Tab")
        press(page, "Enter")
        expect(menu.locator("xpath=..").get_by_role("link").first).to_be_hidden()
    tab_to(page, page.get_by_role("region", name="Verdict").get_by_role("link").first)

    tab_to(page, page.locator(".whatif > summary"))
    press(page, "Enter")
    tab_to(page, page.locator(".whatif select"))
    tab_to(page, page.get_by_role("slider", name="Percent faster"))
    press(page, "End")
    expect(page.locator("#answer .then")).to_contain_text("100% faster")

    tab_to(page, page.get_by_role("checkbox", name="Critical path"))
    press(page, "Space")
    expect(page.get_by_role("checkbox", name="Critical path")).to_have_attribute("aria-checked", "false")
    expect(page.get_by_role("checkbox", name="Critical path")).to_be_focused()
    press(page, "Space")
    expect(page.get_by_role("checkbox", name="Critical path")).to_have_attribute("aria-checked", "true")

    tab_to(page, page.get_by_label("What rows show"))
    press(page, "Enter")
    tab_to(page, page.get_by_role("checkbox", name="Slack"))
    press(page, "Space")
    expect(page.get_by_role("columnheader", name="Slack")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Slack")).to_be_focused()
    tab_to(page, page.get_by_label("Attribute to show as a column"))
    page.keyboard.type("payment.status")
    press(page, "Enter")
    expect(page.get_by_role("columnheader", name="payment.status")).to_be_visible()

    tab_to(page, page.get_by_label("Find in trace", exact=True).last)
    page.keyboard.type("check")
    press(page, "Enter")
    expect(page.locator("tr.r:focus .hit")).to_be_visible()
    press(page, "Enter")
    expect(page.locator(".detail")).to_be_visible()
    tab_to(page, page.locator(".detail").get_by_role("link", name="Zoom to this span"))
    press(page, "Enter")
    expect(page).to_have_url(re.compile("t0=.*t1=|t1="))
    press(page, "Escape")
    press(page, "Z")
    expect(page).not_to_have_url(re.compile("t1="))

    page.locator("[data-find-field]").focus()
    tab_to(page, page.locator(".zoom input[name=t0]"))
    page.keyboard.press("Control+a")
    page.keyboard.type("1s")
    press(page, "Enter")
    expect(page).to_have_url(re.compile("t0=1s"))
    expect(page.locator(".zoom input[name=t0]")).to_be_focused()


@pytest.mark.parametrize("view", ["Flame graph", "Spans", "Map", "Events"])
def test_every_view_with_the_keyboard_alone(page: Page, server: str, checkout: str, view: str) -> None:
    page.goto(f"{server}/trace/{checkout}?find=check")
    tab = page.get_by_role("navigation", name="Views").get_by_role("link", name=view)
    tab.focus()
    press(page, "Enter")
    expect(page.locator("#view")).to_have_attribute("aria-label", view)
    tab_to(page, page.get_by_role("checkbox", name="Errors only"))
    box = page.locator("#view .tablebox, #view .astable > summary").first
    tab_to(page, box)
    if view == "Flame graph":
        press(page, "Enter")
    tab_to(page, page.locator("#view tbody a, #view .note a, #view .message a").first)
    press(page, "Enter")
    expect(page.locator("#main")).to_be_visible()


def test_the_whole_page_without_a_script(new_page: NewPage, server: str, checkout: str) -> None:
    page = new_page(java_script_enabled=False)
    address = f"{server}/trace/{checkout}"
    page.goto(address)
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("%")
    page.locator(".whatif > summary").click()
    page.get_by_role("slider", name="Percent faster").fill("100")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#answer .then")).to_contain_text("100% faster")

    page.get_by_label("What rows show").click()
    page.get_by_role("checkbox", name="Start").click()
    expect(page.get_by_role("columnheader", name="Start")).to_be_visible()
    page.get_by_label("What rows show").click()
    page.get_by_label("Attribute to show as a column").fill("payment.status")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("columnheader", name="payment.status")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Start")).to_be_visible()

    rows(page).last.locator(".t").click()
    expect(page.locator(".detail .timing")).to_contain_text("Duration")
    page.locator(".detail").get_by_role("link", name="Own page").click()
    expect(page.locator(".spanpage .timing")).to_be_visible()
    page.goto(address)
    page.locator(".zoom input[name=t0]").fill("1s")
    page.get_by_role("button", name="Zoom").click()
    expect(page.locator(".zoom input[name=t0]")).to_have_value(re.compile("^1"))

    for view in ("Flame graph", "Spans", "Map", "Events"):
        page.get_by_role("navigation", name="Views").get_by_role("link", name=view).click()
        expect(page.locator("#view")).to_have_attribute("aria-label", view)
    page.get_by_label("Download", exact=True).click()
    page.get_by_role("link", name="Redact before downloading").click()
    page.get_by_label("E-mail addresses").check()
    page.get_by_role("button", name="Show what is removed").click()
    expect(page.locator("#redact")).to_contain_text("Download")
    page.goto(address)
    page.get_by_label("Compare", exact=True).click()
    page.get_by_role("link", name="Compare with…").click()
    page.locator(".choose input").first.fill(checkout)
    page.locator(".choose button").click()
    expect(page.locator(".pairrow").first).to_be_visible()


def test_findings_of_a_large_trace_are_a_link_without_a_script(
    new_page: NewPage,
    server: str,
    checkout: str,
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{server}/trace/{checkout}/why")
    expect(page.locator("#why")).to_be_attached()


@pytest.mark.parametrize("width", [1440, 520])
def test_axe_finds_nothing_serious_in_any_view(
    new_page: NewPage,
    server: str,
    checkout: str,
    width: int,
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    states = (
        "?cols=self+start+slack+payment.status&faster=service%3Afraud-service&find=check",
        "?view=flame&only=path", "?view=spans", "?view=spans&by=span&errors=1", "?view=map&find=check", "?view=events",
        "/redact?redact=preset:email", "/why",
    )  # fmt: skip
    for state in states:
        page.goto(f"{server}/trace/{checkout}{state}")
        if "cols" in state:
            rows(page).last.click()
            expect(page.locator(".detail")).to_be_visible()
            page.get_by_label("What rows show").click()
        page.evaluate(
            "for (const one of document.querySelectorAll('#main details:not(.menu)')) one.open = true"
        )
        assert serious_faults(page) == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state
