"""An opened span in a real browser: arrangement and filter of attributes, copies, links; accessible in all its kinds."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import serious_faults
from tests.views.traces import ID, MS, span
from webapp.model.spans import Event, Link, Resource
from webapp.store import Store

NewPage = Callable[..., Page]
SQL = "SELECT a, b FROM stock s LEFT JOIN rack r ON r.id = s.rack WHERE s.sku = 'A  1' AND r.open ORDER BY a LIMIT 10"
STACK = "Traceback (most recent call last):\n" + "".join(
    f'  File "/{place}/a.py", line {number}, in f\n    g()\n'
    for number, place in enumerate(["lib/python3/site-packages"] * 6 + ["app"])
) + "ValueError: <b>no</b>"  # fmt: skip
KINDS = {
    1: {"http.request.method": "GET", "url.full": "https://a.example/x", "http.response.status_code": 500,
        "http.route": "/x", "server.address": "a.example", "enduser.id": 'u"1', "retry": 3, "sampled": True},
    2: {"db.system": "postgresql", "db.query.text": SQL, "db.response.returned_rows": 3},
    3: {"messaging.system": "kafka", "messaging.destination.name": "orders", "messaging.operation.type": "publish"},
    4: {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.prompt": "why?\n" * 12,
        "gen_ai.completion": "because", "gen_ai.usage.input_tokens": 3},
    5: {"rpc.system": "grpc", "rpc.service": "a.B", "rpc.method": "C", "rpc.grpc.status_code": 14},
}  # fmt: skip


@pytest.fixture(scope="session")
def address(serve: Callable[[Store], str]) -> Iterator[str]:
    resource = Resource({"k8s.pod.name": "shop-1", "cloud.region": "eu", "service.version": "2"})
    failed = Event(
        "exception", 1_000_005 * MS, {"exception.type": "ValueError", "exception.stacktrace": STACK}
    )
    spans = [
        span(number, 0 if number == 1 else 1, number, 10 + number, attributes=attributes, resource=resource,
             events=[failed] if number in (1, 5) else [], status=2 if number == 5 else 0,
             links=[Link(ID, f"{3:016x}"), Link("ab" * 16, "1" * 16)] if number == 2 else [])
        for number, attributes in KINDS.items()
    ]  # fmt: skip
    with Store.open(None) as store:
        store.append(spans, store.start_source("test", "otlp", ""))
        store.settle()
        yield serve(store)


def opened(page: Page, address: str, number: int, more: str = "") -> None:
    page.goto(f"{address}/trace/{ID}?span={number:016x}{more}")


def test_attributes_become_a_tree_and_stay_one(page: Page, address: str) -> None:
    opened(page, address, 1)
    page.get_by_role("link", name="Tree").click()
    expect(page.locator(".branch > summary").first).to_have_text("http 3")
    expect(page.locator(".detail")).to_have_count(1)
    page.locator(".branch > summary").first.click()
    expect(page.get_by_text("request.method", exact=True)).to_be_hidden()
    opened(page, address, 2)
    expect(page.locator(".tree").first).to_be_visible()
    page.get_by_role("link", name="List").click()
    expect(page.locator(".tree")).to_have_count(0)


def test_the_filter_leaves_what_holds_the_text_also_in_the_resource(page: Page, address: str) -> None:
    opened(page, address, 1, "&attributes=tree")
    field = page.get_by_label("Filter the attributes of this span")
    rows = page.locator("[data-filtered] .kv tr:visible")
    field.fill("ROUTE")
    expect(rows).to_have_count(1)
    field.fill("shop-1")
    expect(rows).to_have_count(1)
    expect(page.locator(".kv").get_by_text("k8s.pod.name", exact=True)).to_be_visible()
    field.fill("nowhere")
    expect(page.get_by_text("No attribute holds that.")).to_be_visible()
    field.fill("")
    expect(page.get_by_text("No attribute holds that.")).to_be_hidden()


@pytest.mark.parametrize(
    ("label", "copied"),
    [
        ("Copy the value of enduser.id", 'u"1'),
        ("Copy key and value of enduser.id", 'enduser.id=u"1'),
        ("Copy enduser.id as JSON", '{"enduser.id": "u\\"1"}'),
        ("Copy retry as JSON", '{"retry": 3}'),
        ("Copy sampled as JSON", '{"sampled": true}'),
    ],
)
def test_value_row_and_json_are_copied(new_page: NewPage, address: str, label: str, copied: str) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    opened(page, address, 1)
    button = page.get_by_role("button", name=label, exact=True)
    button.focus()
    expect(button).to_be_visible()
    button.press("Enter")
    page.wait_for_function("async (text) => await navigator.clipboard.readText() === text", arg=copied)


def test_the_span_is_copied_as_otlp(new_page: NewPage, address: str) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    opened(page, address, 1)
    page.get_by_text("OTLP JSON", exact=True).click()
    page.locator(".raw").get_by_role("button", name="Copy").click()
    page.wait_for_function("async () => 'resourceSpans' in JSON.parse(await navigator.clipboard.readText())")


def test_a_stack_trace_unfolds_as_text(page: Page, address: str) -> None:
    opened(page, address, 5)
    expect(page.locator(".traceback").first).to_contain_text("12 lines of libraries")
    page.get_by_text("all 16 lines").click()
    expect(page.locator(".traceback >> visible=true").first).to_contain_text("ValueError: <b>no</b>")


@pytest.mark.parametrize("number", KINDS)
def test_each_kind_of_span_is_accessible_and_fits(page: Page, address: str, number: int) -> None:
    opened(page, address, number, "&attributes=tree")
    page.locator(".detail").hover()
    assert serious_faults(page, ".detail") == []
    page.set_viewport_size({"width": 390, "height": 800})
    wide = page.locator(".detail").evaluate("(box) => box.scrollWidth - box.clientWidth")
    assert wide <= 0


def test_all_of_it_is_there_without_scripts(new_page: NewPage, address: str) -> None:
    page = new_page(java_script_enabled=False)
    opened(page, address, 1)
    page.get_by_role("link", name="Tree").click()
    expect(page.locator(".branch > summary").first).to_be_visible()
    expect(page.get_by_label("Filter the attributes of this span")).to_be_hidden()
    opened(page, address, 2)
    page.locator(".detail .linked a").first.click()
    expect(page.locator(".detail")).to_contain_text("Kafka")
