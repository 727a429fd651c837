"""A page that is open while traces come in."""

import json
import time
from collections.abc import Callable
from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect

from tests.views.sending import until
from webapp.store import Store


def send(server: str, trace: int, span: int = 1) -> None:
    now = time.time_ns()
    one = {
        "traceId": f"{trace:032x}",
        "spanId": f"{span:016x}",
        "name": f"work {trace}",
        "startTimeUnixNano": str(now),
        "endTimeUnixNano": str(now + 1000),
    }
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}).encode()
    request = Request(f"{server}/v1/traces", body, {"Content-Type": "application/json"})  # noqa: S310
    with urlopen(request) as answer:  # noqa: S310
        assert answer.status == 200


def test_an_open_page_tells_of_newer_traces_and_moves_nothing(
    page: Page, serve: Callable[[Store], str]
) -> None:
    with Store.open(None) as store:
        server = serve(store)
        page.goto(f"{server}/traces")
        expect(page.get_by_role("heading", name="Send traces")).to_be_visible()
        send(server, 1)
        page.wait_for_url(f"**/trace/{1:032x}")  # it opens by itself
        page.goto(f"{server}/traces")
        expect(page.locator("table.results tbody tr")).to_have_count(1)
        send(server, 2)
        send(server, 3)
        newer = page.get_by_role("link", name="2 newer traces")
        expect(newer).to_be_visible()
        expect(page.locator("table.results tbody tr")).to_have_count(1)
        newer.click()
        expect(page.locator("table.results tbody tr")).to_have_count(3)
        expect(page.get_by_text("still arriving").first).to_be_visible()
        expect(newer).to_be_hidden()


def test_an_open_trace_tells_of_spans_that_came_and_shows_them_where_one_is(
    page: Page, serve: Callable[[Store], str]
) -> None:
    with Store.open(None) as store:
        server = serve(store)
        send(server, 1)
        until(lambda: store.summary_of(f"{1:032x}"))
        page.goto(f"{server}/trace/{1:032x}")
        expect(page.locator(".verdict").get_by_text("Still arriving")).to_be_visible()
        rows = page.locator("#view .r")
        expect(rows).to_have_count(1)
        place = rows.first.bounding_box()
        send(server, 1, span=2)
        came = page.get_by_role("link", name="1 span came: show it")
        expect(came).to_be_visible()
        assert rows.first.bounding_box() == place
        expect(rows).to_have_count(1)
        came.click()
        expect(rows).to_have_count(2)
        expect(came).to_be_hidden()
        expect(page.locator(".verdict").get_by_text("Still arriving")).to_be_hidden(timeout=30_000)
