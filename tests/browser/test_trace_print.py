"""On paper: light, without controls, with the verdict, the rows and the address at the foot."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

VIEWS = {
    "": "tr.r",
    "view=flame": ".fr",
    "view=spans": ".spans tbody tr",
    "view=map": ".mapcalls tbody tr",
    "view=events": ".moments tbody tr",
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_trace_on_paper(page: Page, server: str, checkout: str, view: str, tmp_path: Path) -> None:
    address = f"{server}/trace/{checkout}" + (f"?{view}" if view else "")
    page.goto(address)
    expect(page.locator(VIEWS[view]).first).to_be_visible()
    assert page.pdf(path=tmp_path / "trace.pdf", prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in (".topbar", ".toolbar", ".crumbs", ".zoom", ".whatif", ".titleline .btn", ".copy"):
        assert not any(one.is_visible() for one in page.locator(hidden).all()), hidden
    expect(page.get_by_role("region", name="Verdict")).to_be_visible()
    expect(page.locator(VIEWS[view]).first).to_be_visible()
    expect(page.locator(".printed")).to_have_text(address)
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(18, 21, 28)"


def test_all_rows_that_are_there_follow_one_another_and_are_counted(
    page: Page, server: str, checkout: str
) -> None:
    page.goto(f"{server}/trace/{checkout}?alike=0")
    expect(page.locator(".is-live")).to_be_visible()
    page.emulate_media(media="print")
    tops = page.evaluate(
        "[...document.querySelectorAll('tr.r')].map((row) => row.getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    assert tops[-1] - tops[0] == pytest.approx(30 * (len(tops) - 1), abs=1)
    foot = page.locator(".printed")
    expect(foot).to_have_attribute("data-rows", str(len(tops)))
    assert "counter(row)" in page.evaluate(
        "getComputedStyle(document.querySelector('.printed'), '::before').content"
    )


def test_two_traces_on_paper(page: Page, server: str, checkout: str) -> None:
    page.goto(f"{server}/compare?b={checkout}&with=p50")
    expect(page.locator(".pairrow").first).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".toolbar")).to_be_hidden()
    expect(page.locator(".causes .diff rect:not(.zero)").first).to_be_visible()
    expect(page.locator(".printed")).to_contain_text("/compare?")
