"""Accessibility by axe-core on every page, under the content policy; test_trace_walks.py has the views of a trace."""

import pytest
from playwright.sync_api import Page

from tests.browser.accessible import serious_faults

PATHS = [
    "/traces",
    "/traces?q=payment.status%3Dfailed",
    "/traces?q=duration>fast",
    "/graph",
    "/graph?focus=payment-service",
    "/graph?form=matrix&q=error",
    "/services?open=payment-service&from=-30m",
    "/service?name=payment-service&from=-30m",
    "/insights",
    "/insights?kind=n_plus_one&n_plus_one.count=6&hide=gap",
    "/sources",
    "/source?id=2",
    "/keys",
    "/syntax",
    "/saved",
    "/occurs?q=postgresql",
    "/traces?q=%7Berror%7D%20>>%20%7Broot",
    "/nowhere",
    "/compare",
    "/compare?a=CHECKOUT",
    "COMPARED",
]


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_no_serious_violation(page: Page, server: str, checkout: str, path: str) -> None:
    path = path.replace("COMPARED", "/compare?b=CHECKOUT&with=p50").replace("CHECKOUT", checkout)
    page.goto(server + path)
    for name in page.locator(".pairrow .t").all()[:2]:
        name.click()
        page.wait_for_load_state("networkidle")
    page.wait_for_load_state("networkidle")
    assert serious_faults(page) == []
