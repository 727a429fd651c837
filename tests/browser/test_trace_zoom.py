"""The part of time that is shown: by wheel, keys, grips and the overview; and the whole screen from its address."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_trace import CHECKOUT, address, press, rows  # noqa: F401 - a fixture

NewPage = Callable[..., Page]


def shown(page: Page) -> tuple[float, float]:
    """Start and length of the lane in ms."""
    found = page.evaluate(
        "(({ begin, length }) => [begin / 1e6, length / 1e6])(document.querySelector('.wf-box').dataset)"
    )
    return found[0], found[1]


def zoomed(page: Page, begin_ms: float, length_ms: float, within_ms: float = 60) -> None:
    """Wait until about this is shown."""
    page.wait_for_function(
        """([begin, length, within]) => { const { dataset } = document.querySelector('.wf-box');
        return Math.abs(dataset.begin / 1e6 - begin) <= within && Math.abs(dataset.length / 1e6 - length) <= within }""",
        arg=[begin_ms, length_ms, within_ms],
    )


def middle(surface: Locator, share: float = 0.5) -> tuple[float, float]:
    box = surface.bounding_box()
    assert box
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


def test_the_wheel_with_ctrl_zooms_around_the_pointer(page: Page, address: str) -> None:  # noqa: F811
    page.goto(address + CHECKOUT)
    page.mouse.move(*middle(rows(page).first.locator("svg"), 0.25))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    zoomed(page, 1000 - 1000 / 1.3, 4000 / 1.3)
    page.mouse.wheel(0, 100)
    page.keyboard.up("Control")
    zoomed(page, 0, 4000)
    expect(page).not_to_have_url(re.compile("t1="))


def test_keys_go_closer_wider_earlier_and_later(page: Page, address: str) -> None:  # noqa: F811
    page.goto(address + CHECKOUT)
    press(page, "w")
    zoomed(page, 1000, 2000)
    press(page, "d")
    zoomed(page, 1500, 2000)
    press(page, "a")
    zoomed(page, 1000, 2000)
    press(page, "s")
    zoomed(page, 0, 4000)


def test_the_grips_and_the_overview(page: Page, address: str) -> None:  # noqa: F811
    page.goto(address + CHECKOUT)
    overview = page.locator("[data-map]")
    for grip, share in (("t0", 0.25), ("t1", 0.75)):
        page.mouse.move(*middle(page.locator(f"[data-grip={grip}]")))
        page.mouse.down()
        page.mouse.move(*middle(overview, 0.5))
        page.mouse.move(*middle(overview, share))
        page.mouse.up()
        zoomed(page, 1000, 3000 if grip == "t0" else 2000)
    page.go_back()
    zoomed(page, 1000, 3000)
    overview.dblclick()
    zoomed(page, 0, 4000)


def test_the_overview_shows_which_rows_and_leads_to_others(page: Page, address: str) -> None:  # noqa: F811
    from tests.browser.test_trace import BIG

    page.goto(address + BIG + "?depth=0")
    seen = page.locator("[data-seen]")
    expect(seen).to_have_attribute("y", "0%")
    box = page.locator("[data-map]").bounding_box()
    assert box
    page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)
    expect(page.locator("[data-place]")).to_contain_text(re.compile(r"Rows (4,9|5,0)\d\d to"))
    expect(seen).to_have_attribute("y", re.compile(r"^(49|50)\."))
    expect(page).to_have_url(re.compile(r"row=(49|50)\d\d"))


def test_the_address_is_the_screen(page: Page, new_page: NewPage, address: str) -> None:  # noqa: F811
    """Zoom, fold, opened span, columns, find and path, all made by hand, are there again for whoever opens the link."""
    page.goto(address + CHECKOUT)
    rows(page).nth(2).locator(".caret").click()
    expect(rows(page)).to_have_count(4)
    rows(page).nth(1).click()
    expect(page.locator(".detail")).to_be_visible()
    page.get_by_label("What rows show").click()
    page.get_by_role("checkbox", name="Slack").click()
    expect(page.get_by_role("columnheader", name="Slack")).to_be_visible()
    page.get_by_role("checkbox", name="Critical path").click()
    expect(page).to_have_url(re.compile("path=0"))
    page.locator("[data-find-field]").fill("name=charge")
    page.keyboard.press("Enter")
    expect(page.locator(".hit")).to_have_count(1)
    page.locator(".zoom input[name=t1]").fill("2s")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("t1=2s"))
    expect(page.locator(".detail")).to_be_visible()
    other = new_page()
    other.goto(page.url)
    expect(other.locator(".detail")).to_be_visible()
    for part in ("thead", "tr.r", ".detail .timing"):
        assert other.locator(part).all_inner_texts() == page.locator(part).all_inner_texts()
    assert shown(other) == shown(page)
    assert other.url == page.url
