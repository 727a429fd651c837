"""Spans, groups and numeric fields on the search page in a real browser; the same without scripts."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_from_the_first_sentence_to_the_traces_it_speaks_of(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    sentence = page.locator(".said").first
    expect(sentence).to_contain_text("p95 is 5.08 s since 10:08")
    sentence.get_by_role("link", name="Show 110 traces").click()
    expect(page.locator(".summary")).to_contain_text("110 traces")
    expect(page.locator(".results .mixnote").first).to_contain_text("fraud-service")
    expect(page.locator(".said")).to_have_count(0)


def test_groups_are_reached_sorted_and_left_by_links(page: Page, server: str) -> None:
    page.goto(f"{server}/traces")
    page.get_by_role("link", name="Groups", exact=True).click()
    page.wait_for_url("**show=groups*")
    page.get_by_label("Group by").fill("service.version")
    page.get_by_label("Group by").press("Enter")
    page.wait_for_url("**by=service.version*")
    page.get_by_role("link", name="All spans").click()
    page.wait_for_url("**among=all*")
    page.get_by_role("link", name="Critical", exact=True).click()
    expect(page.locator("th[aria-sort]")).to_have_text(re.compile("Critical"))
    expect(page.locator(".groups .title").first).to_have_text("2.14.0")
    page.locator(".groups .title").first.click()
    expect(page.locator("[data-query]")).to_have_value("service.version=2.14.0")
    expect(page.locator("table.results:not(.groups)")).to_be_visible()


def test_spans_open_in_their_trace(page: Page, server: str) -> None:
    page.goto(f"{server}/traces?show=spans&q=payment.status=failed&fields=payment.status")
    expect(page.locator(".results.spans tbody tr").first).to_contain_text("failed")
    page.locator(".results.spans .title").first.click()
    page.wait_for_url("**/trace/*span=*")
    expect(page.get_by_text("payment.status").first).to_be_visible()


def test_columns_are_chosen_in_a_menu(page: Page, server: str) -> None:
    page.goto(f"{server}/traces?q=payment.status=failed")
    page.locator("summary[title=Columns]").click()
    page.get_by_label("Further columns").fill("payment.status, kind")
    page.get_by_label("Further columns").press("Enter")
    page.wait_for_url("**fields=payment.status*")
    expect(page.locator(".results thead")).to_contain_text("payment.status")
    expect(page.locator(".results td.field").first).to_have_text("failed")


def test_a_drag_over_a_histogram_narrows_its_field(page: Page, server: str) -> None:
    page.goto(f"{server}/traces?y=payment.amount&among=all&chart=histogram")
    page.wait_for_selector(".js-plotly-plot .nsewdrag")
    box = page.locator(".nsewdrag").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5, steps=8)
    page.mouse.up()
    page.wait_for_url("**payment.amount*%3E%3D*")
    expect(page.locator("[data-query]")).to_have_value(
        re.compile(r"^payment\.amount>=[\d.]+ payment\.amount<[\d.]+$")
    )
    assert "from=" not in page.url


def test_without_scripts_groups_spans_and_the_table_of_values_work(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{server}/traces?show=groups")
    page.get_by_label("Group by").fill("kind")
    page.get_by_role("button", name="Group").click()
    expect(page.locator(".groups .title").first).to_have_text("server")
    page.goto(f"{server}/traces?y=payment.amount&among=all")
    page.locator("#as-table summary").click()
    page.get_by_role("link", name="Open the table").click()
    page.get_by_role("link", name="narrow to this").first.click()
    expect(page.locator(".summary")).to_contain_text("trace")
