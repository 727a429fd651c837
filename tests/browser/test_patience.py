"""A page that takes long, as somebody sees it who waits for it, stops it and starts it again."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest
from flask import Response
from playwright.sync_api import Page, expect

from tests.browser.accessible import serious_faults
from tests.serving import start
from webapp.app import create_app
from webapp.store import Store
from webapp.views.patience import Pages, patient
from webapp.working import step

Slow = tuple[str, Event]


@pytest.fixture
def slow(sample_store: Store) -> Iterator[Slow]:
    """The address of a page that is there only when the event is set."""
    ready = Event()
    app = create_app(sample_store)
    app.config["pages"] = Pages(sample_store, patience_seconds=0.2)

    def count() -> Response:
        step("Counting the grains of sand", 2, 4)
        while not ready.wait(0.05):
            step("Counting the grains of sand", 2, 4)
        return Response("<h1>Enough of them</h1>", mimetype="text/html")

    app.add_url_rule("/sand", view_func=patient(count))
    served, stop = start(app)
    yield f"http://127.0.0.1:{served.effective_port}/sand?beach=1", ready
    ready.set()
    stop()


@pytest.mark.parametrize("script", [True, False])
def test_a_page_that_takes_long_is_stopped_and_started_again(
    new_page: Callable[..., Page], slow: Slow, *, script: bool
) -> None:
    url, ready = slow
    page = new_page(java_script_enabled=script)
    page.goto(url)
    expect(page.get_by_role("heading")).to_have_text("Counting the grains of sand …")
    expect(page.locator("progress")).to_have_attribute("value", "1")
    expect(page.locator("#work")).to_contain_text("Step 2 of 4")
    if script:
        assert serious_faults(page) == []
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading")).to_contain_text("Stopped after")
    expect(page.locator("#main")).to_contain_text("Not done: Counting the grains of sand, step 2 of 4.")
    page.get_by_role("link", name="Start again").click()
    expect(page.get_by_role("heading")).to_have_text("Counting the grains of sand …")
    ready.set()
    expect(page.get_by_role("heading")).to_have_text("Enough of them")
    assert page.url == url
